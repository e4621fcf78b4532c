"""The dashboard command: all wallets for looking, one page that works offline."""

from pathlib import Path

from hypertrack.config import Settings
from hypertrack.files import require_writable, write_text
from hypertrack.pipeline.classify import fresh_profiles

DASHBOARD_NAME = "wallet_dashboard.html"


def write_dashboard(
    settings: Settings, *, with_model: bool = True, kept_file: Path | None = None
) -> Path:
    """Write the dashboard page and return its path.

    Args:
        kept_file: Of the profiles in this file, and not of the dataset's.
    """
    file = settings.out / DASHBOARD_NAME
    require_writable(file)
    profiles = fresh_profiles(settings, with_model=with_model, kept_file=kept_file)
    from hypertrack.outputs.dashboard import render_dashboard

    n = settings.dashboard.max_histories
    found = None
    if kept_file is None and n:  # the profiles of a file may be of other data
        from hypertrack.pipeline.histories import histories

        found = histories(settings, profiles, n)
    page = render_dashboard(profiles, settings.dashboard, settings.report, found)
    write_text(file, page)
    return file
