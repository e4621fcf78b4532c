"""The diff command: what became of wallets from one set of profiles to another."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hypertrack.cli.session import OutOption, Session

if TYPE_CHECKING:
    from hypertrack.pipeline.diff import DiffView


def diff(
    session: Session,
    before: Annotated[str, typer.Argument(help="Profiles, a folder with some, or a recording.")],
    after: Annotated[str, typer.Argument(help="The same, later.")],
    top: Annotated[int, typer.Option(min=0, help="Wallets to show.")] = 20,
    report: Annotated[Path | None, typer.Option(help="Write a page too (.html).")] = None,
    out: OutOption = None,
    open_: Annotated[
        bool, typer.Option("--open", help="Open the page, diff.html unless --report says.")
    ] = False,
) -> None:
    """Compare two files of profiles, or two recordings: who entered, left, changed or moved.

    An estimate has moved where its two intervals do not touch.

    Example: hypertrack diff monday.parquet tuesday.parquet

    Example: hypertrack diff january february --report diff.html --json
    """
    from hypertrack.cli.browser import open_page
    from hypertrack.pipeline.diff import compare, json_parts, require_page, view_of, write_page
    from hypertrack.text import ascii_json

    page = report or (Path("diff.html") if open_ else None)
    require_page(page)
    sides = [session.load({"data": place, "out": out}).settings for place in (before, after)]
    with session.err.status("comparing"), compare(*sides) as found:
        if page is not None:
            write_page(found, page)
        if session.is_json:
            for part in json_parts(found):
                sys.stdout.write(ascii_json(part.encode()))
        view = view_of(found, top=top)
    if not session.is_json:
        _show(session, view)
    if page is not None:
        session.err.print(f"\nwrote {page}", markup=False, soft_wrap=True)
        if open_:
            open_page(session, page)


def _show(session: Session, view: "DiffView") -> None:
    from rich.text import Text

    from hypertrack.cli.tables import plain_table

    for nth, sentence in enumerate(view.says):
        session.out.print(Text(sentence, "" if nth else "bold"))
    for remark in view.remarks:
        session.out.print(Text(f"note: {remark}", "yellow"))
    tables = (
        (("verdict before", "after", "wallets"), view.verdicts),
        (("category", "before", "after", "gained", "lost"), view.categories),
        (("beyond its intervals", "compared", "up", "down"), view.estimates),
        (("score, no interval", "compared", "median change", "95 %"), view.scores),
        (("wallet", "what became of it"), [row[:2] for row in view.wallets]),
    )
    for headings, rows in tables:
        if rows:
            session.out.print()
            session.out.print(plain_table(headings, rows))
    if view.n_more:
        session.err.print(f"\nand {view.n_more:,} more: --top N, or --json for all")
