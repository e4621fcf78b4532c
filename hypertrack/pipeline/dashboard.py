"""The dashboard command: all wallets for looking, one page that works offline."""

from pathlib import Path

from hypertrack.config import Settings
from hypertrack.pipeline.classify import fresh_profiles

DASHBOARD_NAME = "wallet_dashboard.html"


def write_dashboard(settings: Settings, *, with_model: bool = True) -> Path:
    """Write the dashboard page and return its path."""
    from hypertrack.files import write_text
    from hypertrack.outputs.dashboard import render_dashboard

    profiles = fresh_profiles(settings, with_model=with_model)
    file = settings.out / DASHBOARD_NAME
    write_text(file, render_dashboard(profiles, settings.dashboard, settings.report))
    return file
