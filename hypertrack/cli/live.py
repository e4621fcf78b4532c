"""The live command: wallets told while they trade."""

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hypertrack.cli.session import OutOption, Session
from hypertrack.errors import ConfigError

if TYPE_CHECKING:
    from hypertrack.config import Settings
    from hypertrack.records import LiveStatus


def live(
    session: Session,
    follow: Annotated[
        bool, typer.Option("--follow", help="Read a dataset that another `record` is writing.")
    ] = False,
    replay: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Say what would have been signalled since then; deliver nothing."
        ),
    ] = None,
    signals: Annotated[
        str | None,
        typer.Option(help="- writes each signal to stdout; of --replay, the file to write."),
    ] = None,
    out: OutOption = None,
) -> None:
    """Follow a growing recording: what leaders do becomes signals, what rules ask for alerts.

    Leaders, rules and receivers stand in the settings, under follow, alerts and sinks. Each signal
    is on disk, in DATA/live/signals.jsonl, before it is sent anywhere.

    Example: hypertrack live --follow --signals -

    Example: hypertrack live --follow --replay 2026-01-05T08:00 --signals replayed.jsonl
    """
    settings = session.load({"out": out}).settings
    if not follow:
        raise ConfigError(
            "live follows what another process records: start `hypertrack record`, and beside it "
            "`hypertrack live --follow`"
        )
    if replay is not None:
        _replay(session, settings, replay, signals)
        return
    if signals not in (None, "-"):
        raise ConfigError(
            f"--signals takes - (stdout); signals are in DATA/live/signals.jsonl, found {signals!r}"
        )
    _follow(session, settings, is_to_stdout=signals == "-" or session.is_json)


def _follow(session: Session, settings: "Settings", *, is_to_stdout: bool) -> None:
    from hypertrack.cli.recording_display import stopped_by_signals
    from hypertrack.pipeline.live import follow as run

    stop = threading.Event()
    with stopped_by_signals(stop), session.err.status("reading what is there") as status:
        last = run(
            settings,
            stop,
            lambda found: status.update(_status_line(found)),
            _write_line if is_to_stdout else _teller(session),
        )
    session.done({"status": last}, f"stopped: {_status_line(last)}")


def _replay(session: Session, settings: "Settings", text: str, signals: str | None) -> None:
    from hypertrack.cli.parsing import parse_time_ms
    from hypertrack.pipeline.live import replay as run

    if signals is None or signals == "-":
        raise ConfigError("--replay writes a chain of its own: name its file with --signals FILE")
    since_ms = parse_time_ms(text)
    with session.err.status("replaying"):
        found = run(settings, since_ms, Path(signals), lambda _: None)
    session.done({"status": found}, f"{_status_line(found)}; {signals}")


def _write_line(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.flush()


def _teller(session: Session) -> Callable[[bytes], None]:
    """Return what prints a signal for people."""
    from rich.text import Text

    from hypertrack.clock import utc
    from hypertrack.records import Signal, decode_json
    from hypertrack.text import printable

    def tell(line: bytes) -> None:
        said = decode_json(line, Signal)
        verdict = "not judged" if said.verdict is None else said.verdict.name
        words = (
            f"{utc(said.action_ms)}  {said.leader[:10]}…{said.leader[-4:]}  {said.kind} "
            f"{said.side} {said.size} {said.coin} at {said.vwap}, {said.delay_ms / 1_000:.1f} s "
            f"ago  [{verdict}]"
        )
        session.out.print(Text(printable(words)), soft_wrap=True)

    return tell


def _status_line(found: "LiveStatus") -> str:
    from hypertrack.clock import utc

    said = (
        f"up to {utc(found.watermark_ms)}: {found.n_trades:,} trades, {found.n_signals:,} signals, "
        f"{found.n_alerts:,} alerts"
    )
    if found.n_late:
        said += f", {found.n_late:,} trades late"
    for sink in found.sinks:
        if sink.state == "off":
            said += f"; {sink.name} is off ({sink.cause})"
        elif sink.n_waiting:
            said += f"; {sink.n_waiting:,} wait for {sink.name}"
    return said
