"""The report command: all wallets for reading."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from hypertrack.config import Settings
from hypertrack.files import require_writable, write_parts
from hypertrack.pipeline.classify import fresh_profiles

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
) -> Path:
    """Write the report of all wallets and return its path.

    Args:
        kept_file: Of the profiles in this file, and not of the dataset's.
    """
    file = settings.out / REPORT_NAMES[report_format]
    require_writable(file)
    profiles = fresh_profiles(settings, with_model=with_model, kept_file=kept_file)
    from hypertrack.outputs.report import render_csv, render_json, render_markdown, render_report

    renderers: dict[ReportFormat, Callable[..., Iterator[str]]] = {
        "text": render_report,
        "json": render_json,
        "csv": render_csv,
        "md": render_markdown,
    }
    write_parts(file, renderers[report_format](profiles, settings.report))
    return file
