"""The follow command: how following on paper stands, on the terminal."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hypertrack.cli.session import Session

if TYPE_CHECKING:
    from hypertrack.pipeline.follow import FollowTold
    from hypertrack.records import FollowResult

N_SHOWN = 10


def follow(
    session: Session,
    file: Annotated[
        Path | None, typer.Option(help="Log of a replay; default DATA/live/follow.jsonl.")
    ] = None,
) -> None:
    """Say what following the leaders on paper has brought, and what lies between them and you.

    `hypertrack live --follow` keeps the log where follow.capital_usd is set. Nothing is ordered.

    Example: hypertrack follow

    Example: hypertrack follow --file replayed.follow.jsonl --json
    """
    from hypertrack.pipeline.follow import follow_result

    told = follow_result(session.load().settings, file)
    if session.is_json:
        session.emit(told)
        return
    from rich.text import Text

    from hypertrack.text import printable

    for nth, sentence in enumerate(told.sentences):
        session.out.print(Text(printable(sentence), "bold" if nth == 0 else ""))
    _show_parts(session, told)
    _show_positions(session, told.result)


def _show_parts(session: Session, told: "FollowTold") -> None:
    """Print the leaders' result, what lies between, and ours."""
    from rich.text import Text

    from hypertrack.cli.tables import plain_table
    from hypertrack.clock import utc

    session.out.print()
    session.out.print(plain_table(("what lies between", "USD"), told.parts))
    found = told.result
    paper = found.paper
    words = (
        f"{paper.n_orders:,} {'order' if paper.n_orders == 1 else 'orders'}, "
        f"${paper.turnover_usd:,.0f} traded; equity "
        f"${found.equity_usd:,.2f}, drawdown at most ${paper.drawdown_usd:,.2f} "
        f"({float(paper.drawdown_frac):.1%}); as of {utc(found.until_ms)}"
    )
    session.out.print(Text(words, "dim"))


def _show_positions(session: Session, found: "FollowResult") -> None:
    from hypertrack.cli.tables import plain_table
    from hypertrack.text import with_minus

    if not found.positions:
        return
    rows = [
        (
            one.coin,
            f"{one.leader[:10]}…{one.leader[-4:]}",
            with_minus(f"{one.size:f}"),
            f"{one.mark_px:f}",
            with_minus(f"{one.notional_usd:,.2f}"),
        )
        for one in found.positions[:N_SHOWN]
    ]
    session.out.print()
    session.out.print(plain_table(("coin", "after", "size", "price", "USD"), rows))
    n_more = len(found.positions) - N_SHOWN
    if n_more > 0:
        session.out.print(f"and {n_more:,} more", markup=False)
