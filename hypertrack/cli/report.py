"""The report command: all wallets for reading."""

from enum import StrEnum
from typing import Annotated

import typer

from hypertrack.cli.session import NoModelOption, OutOption, ProfilesOption, Session, refuse_both


class ReportFormat(StrEnum):
    """Formats of the report."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "md"


def report(
    session: Session,
    out: OutOption = None,
    format_: Annotated[
        ReportFormat, typer.Option("--format", help="What to write.")
    ] = ReportFormat.TEXT,
    min_tx: Annotated[
        int | None, typer.Option(help="Leave out wallets with fewer transactions.")
    ] = None,
    categories_only: Annotated[
        bool, typer.Option("--categories-only", help="Leave out wallets without a category.")
    ] = False,
    no_model: NoModelOption = False,
    profiles: ProfilesOption = None,
) -> None:
    """Write final_report.txt (or .json, .csv, .md).

    Example: hypertrack report --min-tx 10 --categories-only --format md
    """
    from hypertrack.pipeline.report import write_report

    refuse_both(no_model, profiles)
    flags = {
        "out": out,
        "report.min_tx": min_tx,
        "report.categories_only": categories_only or None,
    }
    settings = session.load(flags).settings
    with session.err.status("writing the report"):
        file = write_report(
            settings, report_format=format_.value, with_model=not no_model, kept_file=profiles
        )
    session.done({"file": str(file)}, f"wrote {file}")
