"""The simulate command: an exchange on this machine."""

import math
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hypertrack.cli.session import Session
from hypertrack.errors import ConfigError

if TYPE_CHECKING:
    from hypertrack.cli.tables import PlainTable
    from hypertrack.config import Settings
    from hypertrack.pipeline.simulate import Exchange, WorldRow, WritePlan


SkillFlag = Annotated[
    str | None,
    typer.Option(help="Who foresees prices: none, realistic, default, copyable.", metavar="WORLD"),
]
DATASET = "dataset"
FormatFlag = Annotated[
    str,
    typer.Option("--format", help="With --write: dataset, or node_fills_by_block for archives."),
]
TruthFlag = Annotated[
    Path | None, typer.Option(help="Write the truth of every wallet (.parquet, .csv).")
]
ReplayFlag = Annotated[Path | None, typer.Option(help="Serve a raw capture of the venue instead.")]
WriteFlag = Annotated[
    Path | None, typer.Option(help="Write a dataset folder at once, without a server.")
]
TradesFlag = Annotated[int | None, typer.Option(help="With --write: so many trades.", min=1)]
SealedFlag = Annotated[
    bool, typer.Option("--sealed", help="With --write: hours as Parquet, as seal leaves them.")
]
HolesFlag = Annotated[
    int | None, typer.Option(help="With archives: stretches of blocks to leave out.", min=0)
]
CheckFlag = Annotated[
    bool,
    typer.Option(
        "--check",
        help="Play half an hour of a market of the venue's size, or what other flags say, and "
        "print its figures beside the real ones.",
    ),
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
    history_hours: Annotated[
        float | None, typer.Option(help="Hours of them that are past when it opens.", min=0)
    ] = None,
    wallets: Annotated[int | None, typer.Option(help="Wallets that may trade.")] = None,
    coins: Annotated[int | None, typer.Option(help="Coins, up to 197.")] = None,
    skill: SkillFlag = None,
    trend: TrendFlag = None,
    truth: TruthFlag = None,
    replay: ReplayFlag = None,
    write: WriteFlag = None,
    trades: TradesFlag = None,
    format_: FormatFlag = DATASET,
    sealed: SealedFlag = False,
    holes: HolesFlag = None,
    check: CheckFlag = False,
) -> None:
    """Run an exchange on this machine that speaks the venue's protocol.

    Record from it with: hypertrack record --url http://127.0.0.1:8765

    Example: hypertrack simulate --speed 60 --skill realistic --truth truth.parquet

    Example: hypertrack simulate --write archives --format node_fills_by_block --holes 2
    """
    if replay is not None and (write is not None or truth is not None):
        raise ConfigError("--replay serves a capture, whose truth nobody knows: drop the others")
    plan = _plan(write, trades, format_, sealed=sealed, holes=holes)
    if check and (replay or write or truth or port is not None or speed is not None):
        raise ConfigError("--check plays a market and prints: it serves and writes nothing")
    names = {"port": port, "seed": seed, "speed": speed, "hours": hours}
    flags: dict[str, object] = {f"simulate.{key}": value for key, value in names.items()}
    flags |= {"simulate.history_hours": history_hours}
    flags |= {"simulate.wallets": wallets, "simulate.coins": coins}
    flags |= {"simulate.skill": skill, "simulate.trend": trend or None}
    if check:
        _check(session, flags)
        return
    settings = session.load(flags).settings
    if write is not None:
        _write(session, settings, write, plan, truth)
        return
    _serve(session, settings, replay, truth)


def _check(session: Session, flags: dict[str, object]) -> None:
    from hypertrack.cli.market_lines import show_market
    from hypertrack.pipeline.market_lines import VENUE_SIZE, simulated_market

    venue = {f"simulate.{name}": value for name, value in VENUE_SIZE.items()}
    given = {name: value for name, value in flags.items() if value is not None}
    settings = session.load(venue | given).settings
    with session.err.status("playing the market"):
        found = simulated_market(settings)
    show_market(session, found)


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


def _plan(
    write: Path | None, trades: int | None, form: str, *, sealed: bool, holes: int | None
) -> "WritePlan":
    """Return what is to be written, where the flags go together.

    Raises:
        ConfigError: They do not.
    """
    from hypertrack.pipeline.simulate import WriteForm, WritePlan

    wanted = {"--trades": trades is not None, "--format": form != DATASET}
    wanted |= {"--sealed": sealed, "--holes": holes is not None}
    flags = [flag for flag, is_given in wanted.items() if is_given]
    if write is None and flags:
        raise ConfigError(f"{flags[0]} goes with --write DIR")
    forms = {DATASET: WriteForm.SEALED if sealed else WriteForm.DATASET}
    forms[WriteForm.NODE_FILLS_BY_BLOCK.value] = WriteForm.NODE_FILLS_BY_BLOCK
    if form not in forms:
        raise ConfigError(f"--format must be one of {', '.join(forms)}, found {form}")
    if holes is not None and form == DATASET:
        raise ConfigError("--holes goes with --format node_fills_by_block: a dataset has no blocks")
    if sealed and form != DATASET:
        raise ConfigError("--sealed is for datasets, and archives are packed already: drop it")
    return WritePlan(form=forms[form], n_trades=trades, n_holes=holes or 0)


def _write(
    session: Session, settings: "Settings", folder: Path, plan: "WritePlan", truth: Path | None
) -> None:
    from hypertrack.cli.progress import progress_bars
    from hypertrack.pipeline.simulate import world_of, write

    n_trades = 0
    with progress_bars(session) as progress:
        task = progress.add_task("writing trades", total=1.0, detail="")
        for event in write(settings, folder, plan, truth=truth):
            n_trades = event.n_trades
            progress.update(task, completed=event.frac, detail=f"{n_trades:,} trades")
    text = f"wrote {n_trades:,} trades to {folder}"
    world = () if truth is None else world_of(truth)
    session.done({"folder": str(folder), "trades": n_trades, "world": world}, text)
    if world and not session.is_json and not session.is_quiet:
        session.out.print(_world_table(world))


def _world_table(world: "Sequence[WorldRow]") -> "PlainTable":
    """Return the truth in a few rows: edges in bps, p10 / p50 / p90 and medians."""
    from hypertrack.cli.tables import plain_table

    headings = ("truth", "wallets", "openings", "edge bps", "SNR", "net", "copied", "copyable")
    rows = [
        (
            row.name,
            f"{row.n_wallets:,}",
            f"{row.n_openings:,}",
            " / ".join(_bps(edge) for edge in row.edge_bps),
            "–" if math.isnan(row.snr) else f"{row.snr:.2f}",
            _bps(row.net_edge_bps),
            _bps(row.copy_edge_bps_5s),
            f"{row.n_copyable:,}",
        )
        for row in world
    ]
    return plain_table(headings, rows, gap=1)  # fits 80 columns


def _bps(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.1f}"


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
