"""The import command: data from elsewhere to a dataset."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from hypertrack.cli.session import Session
from hypertrack.clock import utc
from hypertrack.errors import ConfigError
from hypertrack.records import checked_wallet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypertrack.pipeline.importing import (
        Format,
        ImportProgress,
        ImportReport,
        LeftOut,
        SessionMode,
        SourceFile,
        Survey,
    )

AUTO = "auto"


def import_(
    session: Session,
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH...", help="Files, folders of files, datasets, databases."),
    ],
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            help="node_fills_by_block, node_fills, node_trades, user_fills, asset_ctxs, "
            "market_data, capture or dataset.",
        ),
    ] = AUTO,
    wallet: Annotated[
        str | None, typer.Option(help="Whose fills those are that name no wallet (0x…).")
    ] = None,
    append: Annotated[bool, typer.Option("--append", help="Go on with the data here.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be read, write nothing.")
    ] = False,
) -> None:
    """Import archives, captures, answers to userFills or other datasets, plain or .lz4.

    Data already here moves to archive/<utc>/ first, unless --append goes on with it.

    Example: hypertrack import node_fills_by_block/hourly/20260105 --data january
    Example: hypertrack import recorded_data --data sqlite:///recording.db
    Example: hypertrack import fills.json --wallet 0x1111111111111111111111111111111111111111
    """
    from hypertrack.pipeline import importing

    settings, owner = session.load().settings, _wallet(wallet)
    with importing.as_files(settings, paths) as places:
        with session.err.status("looking at the files"):
            files, left_out = importing.find_sources(
                settings, places, _format(format_), wallet=owner
            )
            surveys = [importing.survey(file) for file in files] if dry_run else []
        if dry_run:
            _show_surveys(session, surveys, left_out)
            return
        report = _import(session, files, append=append, wallet=owner)
    for left in (*left_out, *report.left_out):
        session.err.print(f"left out {left.path}: {left.reason}", style="yellow", markup=False)
    n_trades = report.counts.get("trades", 0)
    text = f"imported {n_trades:,} trades from {len(report.files):,} files into {report.folder}"
    session.done({"report": report, "left_out": left_out}, text + _remarks(report))


def _import(
    session: Session, files: "Sequence[SourceFile]", *, append: bool, wallet: str | None
) -> "ImportReport":
    from hypertrack.cli.progress import progress_bars
    from hypertrack.pipeline.importing import import_data

    start_s = time.monotonic()
    with progress_bars(session) as bars:
        task = bars.add_task("importing", total=1.0, detail="")

        def show(event: "ImportProgress") -> None:
            rate = event.n_lines / max(time.monotonic() - start_s, 1e-3)
            detail = f"{event.n_trades:,} trades, {rate:,.0f} lines/s, {event.path.name}"
            bars.update(task, completed=event.frac, detail=detail)

        settings = session.load().settings
        mode: SessionMode = "append" if append else "rotate"
        return import_data(settings, files, show, mode=mode, wallet=wallet)


def _wallet(text: str | None) -> str | None:
    try:
        return None if text is None else checked_wallet(text)
    except ValueError as error:
        raise ConfigError(f"--wallet: {error}") from None


def _format(name: str) -> "Format | None":
    from hypertrack.pipeline.importing import Format

    if name == AUTO:
        return None
    try:
        return Format(name)
    except ValueError:
        known = ", ".join([AUTO, *Format])
        raise ConfigError(f"--format is one of {known}; found {name!r}") from None


def _remarks(report: "ImportReport") -> str:
    """Return what did not become a trade, with where it lies."""
    counts = report.counts
    n_fills = counts.get("fills", 0)
    lone = [f"{counts[name]:,} {name}" for name in LONE_FILLS if counts.get(name)]
    unused = [
        f"{counts[name]:,} {name} ({file})" for name, file in UNUSED.items() if counts.get(name)
    ]
    said = f", {n_fills:,} fills" if n_fills else ""
    said += "".join(f", {counts[name]:,} {of}" for name, of in OTHERS.items() if counts.get(name))
    said += f"; fills without a trade: {', '.join(lone)}" if lone else ""
    return said + (f"; not used: {', '.join(unused)}" if unused else "")


OTHERS = {"contexts": "contexts", "l2book": "books"}
LONE_FILLS = ("settlements", "dust", "unpaired")
UNUSED = {"ambiguous": "set_aside.jsonl", "quarantined": "quarantine.jsonl"}


def _show_surveys(
    session: Session, surveys: "Sequence[Survey]", left_out: "Sequence[LeftOut]"
) -> None:
    from hypertrack.cli.tables import plain_table

    if session.is_json:
        session.emit({"files": surveys, "left_out": left_out})
        return
    rows = [
        (
            found.path,
            found.format.value,
            f"{found.n_lines:,}",
            utc(found.start_ms),
            utc(found.end_ms) + (" (torn)" if found.is_torn else ""),
        )
        for found in surveys
    ]
    session.out.print(plain_table(("file", "format", "lines", "from", "to"), rows))
    for left in left_out:
        session.err.print(f"left out {left.path}: {left.reason}", style="yellow", markup=False)
