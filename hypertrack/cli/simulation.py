"""Commands around the simulated exchange: simulate, demo."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hypertrack.cli.session import Session, command
from hypertrack.errors import ConfigError

if TYPE_CHECKING:
    from hypertrack.config import Settings
    from hypertrack.pipeline.simulation import Exchange


SkillFlag = Annotated[
    str | None,
    typer.Option(help="Who foresees prices: none, realistic, default, copyable.", metavar="WORLD"),
]
TrendFlag = Annotated[
    list[str] | None,
    typer.Option(help="A coin that drifts, a fraction a day; repeatable.", metavar="COIN=FRAC"),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    command(app)(simulate)
    command(app)(demo)


def simulate(
    session: Session,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 for a free one.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed is another market.")] = None,
    speed: Annotated[
        float | None, typer.Option(help="Exchange seconds per second; 0 as fast as clients read.")
    ] = None,
    hours: Annotated[float | None, typer.Option(help="Exchange hours until it is over.")] = None,
    wallets: Annotated[int | None, typer.Option(help="Wallets that may trade.")] = None,
    coins: Annotated[int | None, typer.Option(help="Coins, up to 197.")] = None,
    skill: SkillFlag = None,
    trend: TrendFlag = None,
    truth: Annotated[
        Path | None, typer.Option(help="Write the truth of every wallet (.parquet, .csv).")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Serve a raw capture of the venue instead.")
    ] = None,
    write: Annotated[
        Path | None, typer.Option(help="Write a dataset folder at once, without a server.")
    ] = None,
    trades: Annotated[int | None, typer.Option(help="With --write: this many trades.")] = None,
) -> None:
    """Run an exchange on this machine that speaks the venue's protocol.

    Record from it with: hypertrack record --url http://127.0.0.1:8765

    Example: hypertrack simulate --speed 60 --skill realistic --truth truth.parquet
    """
    if replay is not None and (write is not None or truth is not None):
        raise ConfigError("--replay serves a capture, whose truth nobody knows: drop the others")
    if trades is not None and write is None:
        raise ConfigError("--trades goes with --write DIR")
    names = {"port": port, "seed": seed, "speed": speed, "hours": hours}
    flags: dict[str, object] = {f"simulate.{key}": value for key, value in names.items()}
    flags |= {"simulate.wallets": wallets, "simulate.coins": coins}
    flags |= {"simulate.skill": skill, "simulate.trend": trend or None}
    settings = session.load(flags).settings
    if write is not None:
        _write(session, settings, write, trades, truth)
        return
    _serve(session, settings, replay, truth)


def _serve(session: Session, settings: "Settings", replay: Path | None, truth: Path | None) -> None:
    from hypertrack.cli.recording import stopped_by_signals
    from hypertrack.pipeline.simulation import serve

    stop = threading.Event()
    with stopped_by_signals(stop):
        serve(
            settings,
            stop,
            lambda exchange: _say_ready(session, exchange),
            lambda exchange: _say_finished(session, exchange),
            replay=replay,
            truth=truth,
        )


def _write(
    session: Session, settings: "Settings", folder: Path, trades: int | None, truth: Path | None
) -> None:
    from hypertrack.cli.progress import progress_bars
    from hypertrack.pipeline.simulation import write

    n_trades = 0
    with progress_bars(session) as progress:
        task = progress.add_task("writing trades", total=1.0, detail="")
        for event in write(settings, folder, n_trades=trades, truth=truth):
            n_trades = event.n_trades
            progress.update(task, completed=event.frac, detail=f"{n_trades:,} trades")
    text = f"wrote {n_trades:,} trades to {folder}"
    session.done({"folder": str(folder), "trades": n_trades}, text)


def _say_ready(session: Session, exchange: "Exchange") -> None:
    if session.is_json:
        session.emit({"event": "listening", "url": exchange.url})
    else:
        session.out.print(
            f"listening on {exchange.url} (record --url {exchange.url})", soft_wrap=True
        )


def _say_finished(session: Session, exchange: "Exchange") -> None:
    if session.is_json:
        session.emit(
            {"event": "finished", "trades": exchange.sent.n_trades, "time_ms": exchange.time_ms}
        )
    else:
        session.err.print("the market is over; still answering until Ctrl-C")


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
    from hypertrack.cli.demo import show_result
    from hypertrack.cli.progress import StageBars, progress_bars
    from hypertrack.pipeline.demo import Demo

    flags: dict[str, object] = {
        "simulate.seed": seed,
        "simulate.hours": hours,
        "simulate.wallets": wallets,
    }
    flags |= {"simulate.skill": skill, "simulate.trend": trend or None}
    settings = session.load({**flags, "simulate.speed": 0.0}).settings
    with progress_bars(session) as bars:
        result = Demo.in_folder(settings, out).run(StageBars(bars).show)
    show_result(session, result)
    if open_:
        open_page(session, Path(result.dashboard))
