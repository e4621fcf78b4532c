"""The simulate command: an exchange on this machine."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hypertrack.cli.session import Session
from hypertrack.errors import ConfigError

if TYPE_CHECKING:
    from hypertrack.config import Settings
    from hypertrack.pipeline.simulate import Exchange


SkillFlag = Annotated[
    str | None,
    typer.Option(help="Who foresees prices: none, realistic, default, copyable.", metavar="WORLD"),
]
TrendFlag = Annotated[
    list[str] | None,
    typer.Option(help="A coin that drifts, a fraction a day; repeatable.", metavar="COIN=FRAC"),
]


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
    trades: Annotated[int | None, typer.Option(help="With --write: so many trades.", min=1)] = None,
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
    from hypertrack.cli.recording_display import stopped_by_signals
    from hypertrack.pipeline.simulate import serve

    stop = threading.Event()
    status = session.err.status("making the market" if replay is None else "reading the capture")

    def say_ready(exchange: "Exchange") -> None:
        status.stop()
        _say_ready(session, exchange)

    with stopped_by_signals(stop), status:
        serve(
            settings,
            stop,
            say_ready,
            lambda exchange: _say_finished(session, exchange),
            replay=replay,
            truth=truth,
        )


def _write(
    session: Session, settings: "Settings", folder: Path, trades: int | None, truth: Path | None
) -> None:
    from hypertrack.cli.progress import progress_bars
    from hypertrack.pipeline.simulate import write

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
            f"listening on {exchange.url} (hypertrack record --url {exchange.url})", soft_wrap=True
        )


def _say_finished(session: Session, exchange: "Exchange") -> None:
    if session.is_json:
        session.emit(
            {"event": "finished", "trades": exchange.sent.n_trades, "time_ms": exchange.time_ms}
        )
    else:
        session.err.print("the market is over; still answering until Ctrl-C")
