"""The report command: all wallets for reading."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from hypertrack.config import Settings
from hypertrack.files import require_writable, write_parts
from hypertrack.pipeline.classify import fresh_profiles
from hypertrack.records import EVERYBODY, Choice

__all__ = ["Choice", "ReportFormat", "write_report"]

ReportFormat = Literal["text", "json", "csv", "md"]

REPORT_NAMES: dict[ReportFormat, str] = {
    "text": "final_report.txt",
    "json": "final_report.json",
    "csv": "final_report.csv",
    "md": "final_report.md",
}


def write_report(
    settings: Settings,
    *,
    report_format: ReportFormat = "text",
    with_model: bool = True,
    kept_file: Path | None = None,
    choice: Choice = EVERYBODY,
) -> Path:
    """Write the report and return its path.

    Args:
        kept_file: Of the profiles in this file, and not of the dataset's.
        choice: Which wallets.

    Raises:
        ConfigError: There is nothing to rank by of the name in the choice.
        DatasetError: As `fresh_profiles`, or profiles that lack what is to be ranked by.
    """
    file = settings.out / REPORT_NAMES[report_format]
    require_writable(file)
    if choice.by is not None and kept_file is None:
        _require_name(choice.by)
    profiles = fresh_profiles(settings, with_model=with_model, kept_file=kept_file)
    from hypertrack.outputs.report import render_csv, render_markdown, render_report
    from hypertrack.outputs.report_json import render_json

    renderers: dict[ReportFormat, Callable[..., Iterator[str]]] = {
        "text": render_report,
        "json": render_json,
        "csv": render_csv,
        "md": render_markdown,
    }
    write_parts(file, renderers[report_format](profiles, settings.report, choice))
    return file


def _require_name(by: str) -> None:
    """Say before the work that there is nothing of that name."""
    from hypertrack.features.registry import REGISTRY
    from hypertrack.outputs.ranking import require_name

    require_name(by, REGISTRY)
