"""Commands that show what is known: report, dashboard, wallet, categories."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from hypertrack.config import Settings
from hypertrack.errors import ConfigError, DatasetError
from hypertrack.pipeline.analysis import fresh_profiles
from hypertrack.records import WALLET_PATTERN, ProfileHeader, WalletProfile

if TYPE_CHECKING:  # the commands load these when they run
    from hypertrack.categories.catalog import RuleRow
    from hypertrack.outputs.reason_views import ScoreView

__all__ = [
    "DASHBOARD_NAME",
    "REPORT_NAMES",
    "ReportFormat",
    "ScoreView",
    "category_rows",
    "find_wallet",
    "reasons",
    "write_dashboard",
    "write_report",
]

ReportFormat = Literal["text", "json", "csv", "md"]

DASHBOARD_NAME = "wallet_dashboard.html"
REPORT_NAMES: dict[ReportFormat, str] = {
    "text": "final_report.txt",
    "json": "final_report.json",
    "csv": "final_report.csv",
    "md": "final_report.md",
}


def write_report(
    settings: Settings, *, report_format: ReportFormat = "text", with_model: bool = True
) -> Path:
    """Write the report of all wallets and return its path."""
    from hypertrack.files import write_parts
    from hypertrack.outputs.report import render_csv, render_json, render_markdown, render_report

    renderers: dict[ReportFormat, Callable[..., Iterator[str]]] = {
        "text": render_report,
        "json": render_json,
        "csv": render_csv,
        "md": render_markdown,
    }
    profiles = fresh_profiles(settings, with_model=with_model)
    file = settings.out / REPORT_NAMES[report_format]
    write_parts(file, renderers[report_format](profiles, settings.report))
    return file


def write_dashboard(settings: Settings, *, with_model: bool = True) -> Path:
    """Write the dashboard page and return its path."""
    from hypertrack.files import write_text
    from hypertrack.outputs.dashboard import render_dashboard

    profiles = fresh_profiles(settings, with_model=with_model)
    file = settings.out / DASHBOARD_NAME
    write_text(file, render_dashboard(profiles, settings.dashboard, settings.report))
    return file


def find_wallet(
    settings: Settings, address: str, *, with_model: bool = True
) -> tuple[ProfileHeader, WalletProfile]:
    """Return the profile of one wallet, with what it rests on.

    Args:
        address: Any case.

    Raises:
        ConfigError: Not an address.
        DatasetError: The wallet was not seen in the recording.
    """
    wallet = address.strip().lower()
    if not WALLET_PATTERN.fullmatch(wallet):
        raise ConfigError(f"a wallet is 0x and 40 hexadecimal digits, found {address!r}")
    profiles = fresh_profiles(settings, with_model=with_model, is_kept=False)
    profile = profiles.find(wallet)
    if profile is None:
        raise DatasetError(
            f"wallet {wallet} is not among the {profiles.header.n_wallets:,} seen in "
            f"{settings.data}"
        )
    return profiles.header, profile


def reasons(header: ProfileHeader, profile: WalletProfile) -> "tuple[ScoreView, ...]":
    """Return in words what moved the scores of a wallet; empty where there are none."""
    from hypertrack.outputs.reason_views import score_views

    return score_views(header, profile)


def category_rows(settings: Settings) -> "tuple[RuleRow, ...]":
    """Return the 30 rules in words, with the thresholds in force."""
    from hypertrack.categories.catalog import describe_catalog

    return describe_catalog(settings.categories)
