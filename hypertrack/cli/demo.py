"""The demo command: the whole story on a simulated exchange."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from hypertrack.cli.session import Session
from hypertrack.cli.simulate import SkillFlag, TrendFlag


def demo(
    session: Session,
    out: Annotated[Path, typer.Option(help="Folder for everything it makes.")] = Path("demo"),
    open_: Annotated[bool, typer.Option("--open", help="Open the dashboard.")] = False,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Half a day, not three days: every stage, less to find."),
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Another seed is another market.")] = None,
    hours: Annotated[
        float | None, typer.Option(help="Simulated hours, 72 by default.", min=8)
    ] = None,
    wallets: Annotated[
        int | None, typer.Option(help="Simulated wallets, 600 by default.", min=300)
    ] = None,
    skill: SkillFlag = "copyable",
    trend: TrendFlag = None,
) -> None:
    """Tell the whole story on a simulated exchange on this machine.

    Imports days of its archives, records its last hours over real sockets, asks it about the best
    wallets, trains, classifies, and shows the verdicts beside the truth: also what following the
    most profitable would have brought.

    Example: hypertrack demo --open
    """
    from hypertrack.cli.browser import open_page
    from hypertrack.cli.demo_display import show_result
    from hypertrack.cli.progress import StageBars, progress_bars
    from hypertrack.pipeline.demo import QUICK, WHOLE, Demo

    flags = {
        **{"simulate.seed": seed, "simulate.skill": skill, "simulate.trend": trend or None},
        **{"simulate.hours": hours, "simulate.wallets": wallets},
    }
    settings = session.load(flags).settings
    scale = QUICK if quick else WHOLE
    scale = replace(scale, hours=hours or scale.hours, wallets=wallets or scale.wallets)
    with progress_bars(session) as bars:
        result = Demo.in_folder(settings, out, scale).run(StageBars(bars).show)
    show_result(session, result)
    if open_:
        open_page(session, Path(result.dashboard))
