"""The import command: data from elsewhere to a dataset."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from hypertrack.cli.session import Session
from hypertrack.clock import utc
from hypertrack.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypertrack.pipeline.importing import (
        Format,
        ImportProgress,
        ImportReport,
        LeftOut,
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
            help="auto, node_fills_by_block, node_fills, node_trades, capture or dataset.",
        ),
    ] = AUTO,
    append: Annotated[bool, typer.Option("--append", help="Go on with the data here.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be read, write nothing.")
    ] = False,
) -> None:
    """Import archives, captures or other datasets, plain or .lz4.

    Data already here moves to archive/<utc>/ first, unless --append goes on with it.

    Example: hypertrack import node_fills_by_block/hourly/20260105 --data january
    Example: hypertrack import recorded_data --data sqlite:///recording.db
    """
    from hypertrack.pipeline import importing

    settings = session.load().settings
    with importing.as_files(settings, paths) as places:
        with session.err.status("looking at the files"):
            files, left_out = importing.find_sources(settings, places, _format(format_))
            surveys = [importing.survey(file) for file in files] if dry_run else []
        if dry_run:
            _show_surveys(session, surveys, left_out)
            return
        report = _import(session, files, append=append)
    for left in (*left_out, *report.left_out):
        session.err.print(f"left out {left.path}: {left.reason}", style="yellow", markup=False)
    n_trades = report.counts.get("trades", 0)
    text = f"imported {n_trades:,} trades from {len(report.files):,} files into {report.folder}"
    session.done({"report": report, "left_out": left_out}, text + _remarks(report))


def _import(session: Session, files: "Sequence[SourceFile]", *, append: bool) -> "ImportReport":
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
        return import_data(settings, files, show, mode="append" if append else "rotate")


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
    said = {"dust": "set_aside.jsonl", "unpaired": "set_aside.jsonl"}
    said |= {"ambiguous": "set_aside.jsonl", "quarantined": "quarantine.jsonl"}
    met = [
        f"{report.counts[name]:,} {name} ({file})"
        for name, file in said.items()
        if report.counts.get(name)
    ]
    return f"; not used: {', '.join(met)}" if met else ""


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
