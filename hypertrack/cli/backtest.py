"""The backtest command: whether following would have paid, on the terminal."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hypertrack.cli.session import OutOption, Session, SkillEstimatorOption

if TYPE_CHECKING:
    from hypertrack.pipeline.backtest import Told

DelayOption = Annotated[
    float | None, typer.Option(min=0, help="Seconds after the wallet; default copy.delay_s.")
]
ExpectedOption = Annotated[
    Path | None,
    typer.Option(help="Truth of a simulated recording: expected gains beside the realised."),
]
PageOption = Annotated[
    Path | None,
    typer.Option(help="Page; default backtest.html in --out. Its numbers lie beside it."),
]


def backtest(
    session: Session,
    top: Annotated[int, typer.Option(min=1, help="Wallets each ranking follows at once.")] = 20,
    delay_s: DelayOption = None,
    size_usd: Annotated[
        float | None, typer.Option(min=1, help="Of each position; default copy.size_usd.")
    ] = None,
    truth: ExpectedOption = None,
    report: PageOption = None,
    estimator: SkillEstimatorOption = None,
    out: OutOption = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Say whether following the best wallets would have paid, after delay and costs.

    At each cut wallets are ranked by what happened before it, and followed until the next.

    Example: hypertrack backtest --top 20 --delay-s 5 --open

    Example: hypertrack backtest --size-usd 5000 --json
    """
    from hypertrack.cli.browser import open_page
    from hypertrack.pipeline.backtest import run_backtest

    flags = {
        "out": out,
        "copy.delay_s": delay_s,
        "copy.size_usd": size_usd,
        "skill.estimator": estimator,
    }
    settings = session.load(flags).settings
    with session.err.status("telling skill from luck") as status:
        told, page = run_backtest(
            settings,
            top=top,
            truth=truth,
            report=report,
            on_round=lambda nth, n: status.update(f"telling skill from luck, cut {nth} of {n}"),
        )
    if session.is_json:
        session.emit(told)
    else:
        show_backtest(session, told)
        session.err.print(f"\nwrote {page}", markup=False, soft_wrap=True)
    if open_:
        open_page(session, page)


def show_backtest(session: Session, told: "Told") -> None:
    """Print the sentences, then a line a ranking: the more columns the wider the terminal."""
    from rich.text import Text

    from hypertrack.cli.tables import plain_table
    from hypertrack.pipeline.backtest import table_of
    from hypertrack.text import printable

    for nth, sentence in enumerate(told.sentences):
        session.out.print(Text(sentence, "bold" if nth < 2 else ""))
    if told.backtest.notice:
        session.out.print(Text(printable(told.backtest.notice), "yellow"))
    headings, rows = table_of(told.backtest, session.out.width)
    session.out.print()
    session.out.print(plain_table(headings, rows, gap=2))
    session.out.print(
        Text("bps a bet of its notional; ± half a 95 % interval from blocks of time", "dim")
    )
