"""The record command: the live venue to a dataset."""

import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hypertrack.cli.parsing import choose_feeds, parse_duration_s
from hypertrack.cli.session import Session
from hypertrack.errors import ConfigError
from hypertrack.text import printable

if TYPE_CHECKING:
    from hypertrack.config import Settings
    from hypertrack.pipeline.record import RecordingReport, SessionMode

NEXT = ("verify", "verdict", "dashboard --no-model")
"""What to do with a recording first: is it whole, is anybody worth copying, who is there."""

N_NAMED = 5

TradesFlag = Annotated[bool | None, typer.Option(help="Every trade, with both wallets.")]
BboFlag = Annotated[bool | None, typer.Option(help="Best bid and offer.")]
BooksFlag = Annotated[bool | None, typer.Option(help="Order books, 20 levels.")]
CandlesFlag = Annotated[bool | None, typer.Option(help="Closed 1-minute candles.")]
BlocksFlag = Annotated[bool | None, typer.Option(help="HyperCore and HyperEVM blocks.")]
NetworkOption = Annotated[str | None, typer.Option(help="mainnet or testnet.")]
AppendFlag = Annotated[bool, typer.Option("--append", help="Go on with the data here.")]
ClearFlag = Annotated[bool, typer.Option("--clear", help="Delete the data here (asks).")]
YesFlag = Annotated[bool, typer.Option("--yes", help="Do not ask.")]

ContextsFlag = Annotated[
    bool | None, typer.Option(help="Funding, open interest, oracle price: each minute.")
]
TransactionsFlag = Annotated[
    bool | None, typer.Option(help="Their transactions, ERC-20 transfers decoded.")
]
CoinsOption = Annotated[
    str | None, typer.Option(help="all, top:N by day volume, or BTC,ETH,xyz:SP500,@107.")
]
UrlOption = Annotated[
    str | None, typer.Option(help="Another venue with the same protocol: http://host:port.")
]
DurationOption = Annotated[str | None, typer.Option(help="90s, 10m, 6h, 2d; default until Ctrl-C.")]
RedundantFlag = Annotated[
    bool | None,
    typer.Option("--redundant/--no-redundant", help="Receive trades over two sockets."),
]
FillsOption = Annotated[
    str | None,
    typer.Option(help="Every fill of the venue too: wss://provider, or a node's folder."),
]
SealFlag = Annotated[
    bool | None,
    typer.Option("--seal/--no-seal", help="Turn finished hours into Parquet meanwhile."),
]
MetricsPortOption = Annotated[
    int | None, typer.Option(help="Serve Prometheus metrics on this port.")
]
MetricsHostOption = Annotated[
    str | None, typer.Option(help="To whom; default 127.0.0.1, this machine alone.")
]


def record(
    session: Session,
    trades: TradesFlag = None,
    bbo: BboFlag = None,
    l2book: BooksFlag = None,
    candles: CandlesFlag = None,
    contexts: ContextsFlag = None,
    blocks: BlocksFlag = None,
    transactions: TransactionsFlag = None,
    coins: CoinsOption = None,
    network: NetworkOption = None,
    url: UrlOption = None,
    duration: DurationOption = None,
    redundant: RedundantFlag = None,
    fills: FillsOption = None,
    seal: SealFlag = None,
    metrics_port: MetricsPortOption = None,
    metrics_host: MetricsHostOption = None,
    append: AppendFlag = False,
    clear: ClearFlag = False,
    yes: YesFlag = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan alone.")] = False,
) -> None:
    """Record the live venue. Data already here moves to archive/<utc>/ first.

    No feed flag records all seven; a positive one only those named; --no-... all but those.

    Example: hypertrack record --trades --candles --coins top:50 --duration 6h
    """
    chosen = {"trades": trades, "bbo": bbo, "l2book": l2book, "candles": candles}
    chosen |= {"contexts": contexts, "blocks": blocks, "transactions": transactions}
    duration_s = None if duration is None else parse_duration_s(duration)
    mode = chosen_mode(session, append=append, clear=clear, yes=yes or dry_run)
    flags: dict[str, object] = {"record.coins": coins, "venue.network": network, "venue.url": url}
    flags |= {"record.redundant": redundant, "record.seal": seal, "record.fills": fills}
    flags |= {"record.metrics_port": metrics_port, "record.metrics_host": metrics_host}
    settings = recording_settings(session, flags, chosen)
    _record(session, settings, mode, duration_s, is_dry=dry_run)


def recording_settings(
    session: Session, flags: Mapping[str, object], chosen: Mapping[str, bool | None]
) -> "Settings":
    """Return the settings in force with the feeds that were chosen, None where one was not."""
    configured = session.load(flags).settings.record.feeds
    return session.load({**flags, "record.feeds": choose_feeds(configured, chosen)}).settings


def _record(
    session: Session,
    settings: "Settings",
    mode: "SessionMode",
    duration_s: float | None,
    *,
    is_dry: bool,
) -> None:
    from hypertrack.cli.recording_display import show_plan, status_display, stopped_by_signals
    from hypertrack.pipeline.record import plan as ask_for_plan
    from hypertrack.pipeline.record import record as run

    with session.err.status("asking the venue for its coins"):
        plan = ask_for_plan(settings)
    show_plan(session, plan)
    if is_dry:
        return
    stop = threading.Event()
    display = status_display(session, settings.record.status_interval_s)
    with stopped_by_signals(stop), display as show:
        report = run(settings, plan, stop, show, mode=mode, duration_s=duration_s)
    say_recorded(session, settings, report)


def say_recorded(session: Session, settings: "Settings", report: "RecordingReport") -> None:
    """Say what was recorded, what is missing, and what to do with it."""
    session.done(
        {"report": report},
        f"recorded {report.status.n_rows:,} lines in {report.folder}; {_report_place(settings)} "
        f"what and what is missing{_unobserved(report)}{_followed(report)}\n\nNext:\n"
        + "\n".join(f"  {session.command(words)}" for words in NEXT),
    )


def _unobserved(report: "RecordingReport") -> str:
    """Return what was asked for and never came, with the reason; a few names stand for many."""
    names = report.unobserved
    more = f" and {len(names) - N_NAMED} more" if len(names) > N_NAMED else ""
    return f"; never observed: {', '.join(names[:N_NAMED])}{more}" if names else ""


def _followed(report: "RecordingReport") -> str:
    """Return what came of a source of all fills, and what it and the tape lack of each other."""
    fills = report.status.followed
    if fills is None:
        return ""
    return (
        f"; {fills.n_fills:,} fills of everybody, which lack {fills.n_only_on_tape:,} trades of "
        f"the tape, and the tape {fills.n_only_in_fills:,} of theirs"
    )


def _report_place(settings: "Settings") -> str:
    if isinstance(settings.data, Path):
        return "data_collection_report.txt there says"
    return "its table sessions holds the report, which says"


def chosen_mode(session: Session, *, append: bool, clear: bool, yes: bool) -> "SessionMode":
    """Return what becomes of data that is there; to delete it is confirmed.

    Raises:
        ConfigError: Both were asked for, or nobody is there to confirm.
    """
    if append and clear:
        raise ConfigError("--append keeps what --clear deletes: give one of them")
    if not clear:
        return "append" if append else "rotate"
    folder = session.load().settings.data
    if not yes:
        if not sys.stdin.isatty():
            raise ConfigError(f"--clear deletes the recording in {folder}: confirm with --yes")
        typer.confirm(f"Delete the recording in {printable(str(folder))}?", abort=True, err=True)
    return "clear"
