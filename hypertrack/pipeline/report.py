"""The report command: all wallets for reading."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from hypertrack.config import Settings
from hypertrack.pipeline.classify import fresh_profiles

ReportFormat = Literal["text", "json", "csv", "md"]

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
    from hypertrack.files import write_text
    from hypertrack.outputs.report import render_csv, render_json, render_markdown, render_report

    renderers: dict[ReportFormat, Callable[..., str]] = {
        "text": render_report,
        "json": render_json,
        "csv": render_csv,
        "md": render_markdown,
    }
    profiles = fresh_profiles(settings, with_model=with_model)
    file = settings.out / REPORT_NAMES[report_format]
    write_text(file, renderers[report_format](profiles, settings.report))
    return file
