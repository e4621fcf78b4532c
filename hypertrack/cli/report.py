"""The report command: all wallets for reading."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hypertrack.cli.session import NoModelOption, OutOption, ProfilesOption, Session, refuse_both
from hypertrack.errors import ConfigError


class ReportFormat(StrEnum):
    """Formats of the report."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "md"


FormatOption = Annotated[ReportFormat, typer.Option("--format", help="What to write.")]
MinTxOption = Annotated[int | None, typer.Option(help="Leave out wallets with fewer transactions.")]
CategoriesOnlyFlag = Annotated[
    bool, typer.Option("--categories-only", help="Leave out wallets without a category.")
]
ByOption = Annotated[
    str | None,
    typer.Option(
        help="What makes one the best: verdict, a score, a feature; verdict where judged.",
        metavar="SCORE",
    ),
]
WatchlistOption = Annotated[
    Path | None, typer.Option(help="Only the wallets in this file, an address a line.")
]


def report(
    session: Session,
    out: OutOption = None,
    format_: FormatOption = ReportFormat.TEXT,
    min_tx: MinTxOption = None,
    categories_only: CategoriesOnlyFlag = False,
    top: Annotated[int | None, typer.Option(help="So many wallets, the best first.", min=1)] = None,
    by: ByOption = None,
    watchlist: WatchlistOption = None,
    no_model: NoModelOption = False,
    profiles: ProfilesOption = None,
) -> None:
    """Write final_report.txt (or .json, .csv, .md).

    Example: hypertrack report --min-tx 10 --categories-only --format md

    Example: hypertrack report --top 50 --by copy_edge_bps --format csv
    """
    from hypertrack.cli.parsing import read_wallets
    from hypertrack.pipeline.report import Choice, write_report

    refuse_both(no_model, profiles)
    if by is not None and top is None:
        raise ConfigError("--by says who is among the first: give --top N too")
    only = None if watchlist is None else read_wallets(watchlist, "--watchlist")
    choice = Choice(top, by, only)
    flags = {
        "out": out,
        "report.min_tx": min_tx,
        "report.categories_only": categories_only or None,
    }
    settings = session.load(flags).settings
    with session.err.status("writing the report"):
        file = write_report(
            settings,
            report_format=format_.value,
            with_model=not no_model,
            kept_file=profiles,
            choice=choice,
        )
    session.done({"file": str(file)}, f"wrote {file}")
