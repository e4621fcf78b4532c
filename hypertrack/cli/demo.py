"""The demo command: the whole story on a simulated exchange."""

import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hypertrack.cli.session import Session
from hypertrack.cli.simulate import SkillFlag, TrendFlag
from hypertrack.errors import ConfigError

MINUTES = 10.0

if TYPE_CHECKING:
    from hypertrack.config import Settings
    from hypertrack.pipeline.demo import Scale
    from hypertrack.pipeline.demo_live import LiveDemoResult


QuickFlag = Annotated[
    bool, typer.Option("--quick", help="Half a day, not three days: every stage, less to find.")
]
LiveFlag = Annotated[
    bool,
    typer.Option("--live", help="Ten minutes at 60 times: wallets told and followed on paper."),
]


def demo(
    session: Session,
    out: Annotated[Path, typer.Option(help="Folder for everything it makes.")] = Path("demo"),
    open_: Annotated[
        bool, typer.Option("--open", help="Open the dashboard; of --live the page while it moves.")
    ] = False,
    quick: QuickFlag = False,
    live: LiveFlag = False,
    minutes: Annotated[
        float | None, typer.Option(min=0.5, help="Of --live, 10 by default.")
    ] = None,
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

    Example: hypertrack demo --live --minutes 2
    """
    from hypertrack.cli.browser import open_page
    from hypertrack.pipeline.demo import QUICK, WHOLE

    flags = {
        **{"simulate.seed": seed, "simulate.skill": skill, "simulate.trend": trend or None},
        **{"simulate.hours": hours, "simulate.wallets": wallets},
    }
    _refuse_idle(live, {"--quick": quick, "--hours": hours, "--wallets": wallets}, minutes)
    settings = session.load(flags).settings
    if live:
        _live(session, settings, out, minutes or MINUTES, is_opened=open_)
        return
    scale = QUICK if quick else WHOLE
    scale = replace(scale, hours=hours or scale.hours, wallets=wallets or scale.wallets)
    dashboard = _whole_story(session, settings, out, scale)
    if open_:
        open_page(session, dashboard)


def _verdict(found: "LiveDemoResult") -> str:
    """Say whom it would name, had it to: the leaders were not chosen for that."""
    judged = f"Of {found.n_judged:,} wallets, judged over {found.judged_h:.1f} h, "
    if found.n_copy:
        return f"{judged}{found.n_copy:,} are worth copying (COPY); the leaders were chosen before."
    return (
        f"{judged}nobody is worth copying (COPY): hours tell nobody from luck. The leaders were "
        "chosen for taking often, not for skill."
    )


def _refuse_idle(is_live: bool, of_story: Mapping[str, object], minutes: float | None) -> None:
    """Refuse options that would do nothing.

    Raises:
        ConfigError: There are some.
    """
    idle = [name for name, value in of_story.items() if value]
    if is_live and idle:
        raise ConfigError(
            f"--live has a market of its own size, for as long as --minutes: leave {idle[0]} out"
        )
    if minutes is not None and not is_live:
        raise ConfigError("--minutes is how long --live takes: add --live, or leave it out")


def _whole_story(session: Session, settings: "Settings", out: Path, scale: "Scale") -> Path:
    """Tell it, and return its dashboard."""
    from hypertrack.cli.demo_display import show_result
    from hypertrack.cli.progress import StageBars, progress_bars
    from hypertrack.pipeline.demo import Demo

    with progress_bars(session) as bars:
        result = Demo.in_folder(settings, out, scale).run(StageBars(bars).show)
    show_result(session, result)
    return Path(result.dashboard)


def _live(
    session: Session, settings: "Settings", out: Path, minutes: float, *, is_opened: bool
) -> None:
    from hypertrack.cli.browser import open_url
    from hypertrack.cli.progress import StageBars, progress_bars
    from hypertrack.cli.recording_display import stopped_by_signals
    from hypertrack.pipeline.demo_live import LiveDemo

    def show_page(url: str) -> None:
        session.err.print(f"the page, while it moves: {url}", markup=False, soft_wrap=True)
        if is_opened:
            open_url(session, url)

    with progress_bars(session) as bars:
        demo = LiveDemo(settings, minutes, StageBars(bars).show, show_page)
        with stopped_by_signals(demo.stop):
            found = demo.run(out)
    if session.is_json:
        session.emit(found)
        return
    session.out.print(
        f"\n[bold]Simulated[/], not the venue: {found.n_recorded:,} lines recorded, "
        f"{found.n_signals:,} signals of {len(found.leaders)} wallets that take and "
        f"{found.n_alerts:,} alerts of what paper opened; {found.n_delivered:,} of them delivered "
        "to a webhook on this machine."
    )
    session.out.print(_verdict(found))
    for sentence in found.sentences:
        session.out.print(sentence, markup=False)
    options = f" --config {shlex.quote(found.config)}"
    commands = ("follow", "signals verify", "verdict", "serve")
    session.done({}, "\nNext:\n" + "\n".join(f"  hypertrack {c}{options}" for c in commands))
