"""The demo command: the whole job on a simulated exchange."""

from pathlib import Path
from typing import Annotated

import typer

from hypertrack.cli.session import Session
from hypertrack.cli.simulate import SkillFlag, TrendFlag


def demo(
    session: Session,
    out: Annotated[Path, typer.Option(help="Folder for everything it makes.")] = Path("demo"),
    open_: Annotated[bool, typer.Option("--open", help="Open the dashboard.")] = False,
    seed: Annotated[int | None, typer.Option(help="Another seed is another market.")] = None,
    hours: Annotated[float, typer.Option(help="Simulated hours.", min=3)] = 6.0,
    wallets: Annotated[int, typer.Option(help="Simulated wallets.", min=300)] = 1_500,
    skill: SkillFlag = None,
    trend: TrendFlag = None,
) -> None:
    """Do the whole job on a simulated exchange on this machine.

    Records it over real sockets, trains, classifies, writes report and dashboard, and compares
    what was found with the truth.

    Example: hypertrack demo --open
    """
    from hypertrack.cli.browser import open_page
    from hypertrack.cli.demo_display import show_result
    from hypertrack.cli.progress import StageBars, progress_bars
    from hypertrack.pipeline.demo import Demo

    flags: dict[str, object] = {
        "simulate.seed": seed,
        "simulate.hours": hours,
        "simulate.wallets": wallets,
        "simulate.skill": skill,
        "simulate.trend": trend or None,
    }
    settings = session.load({**flags, "simulate.speed": 0.0}).settings
    with progress_bars(session) as bars:
        result = Demo.in_folder(settings, out).run(StageBars(bars).show)
    show_result(session, result)
    if open_:
        open_page(session, Path(result.dashboard))
