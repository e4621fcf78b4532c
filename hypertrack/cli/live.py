"""The live command: wallets told while they trade."""

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hypertrack.cli.record import say_recorded
from hypertrack.cli.recording_options import RecordingOptions
from hypertrack.cli.session import OutOption, Session
from hypertrack.errors import ConfigError

if TYPE_CHECKING:
    from hypertrack.config import Settings
    from hypertrack.pipeline.record import SessionMode
    from hypertrack.records import LiveStatus

FollowFlag = Annotated[
    bool, typer.Option("--follow", help="Record nothing: another `record` writes the dataset.")
]
MEANT_FOR_BOTH = frozenset({"network", "url", "metrics_port", "metrics_host", "yes"})
"""Options of a recording that mean something, or no harm, where nothing is recorded."""

ReplayOption = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="With --follow: say what would have been signalled since then; deliver nothing.",
    ),
]
SignalsOption = Annotated[
    str | None,
    typer.Option(help="- writes each signal to stdout; of --replay, the file to write."),
]


def live(
    session: Session,
    *,
    follow: FollowFlag = False,
    replay: ReplayOption = None,
    signals: SignalsOption = None,
    recording: RecordingOptions,
    out: OutOption = None,
) -> None:
    """Record, and tell what wallets do while they do it: signals, alerts, profiles.

    Leaders, rules and receivers stand in the settings, under follow, alerts and sinks. Each signal
    is on disk, in DATA/live/signals.jsonl, before it is sent anywhere. Recording never waits.

    Example: hypertrack live --append --coins top:50

    Example: hypertrack live --follow --signals -

    Example: hypertrack live --follow --replay 2026-01-05T08:00 --signals replayed.jsonl
    """
    _check(follow, replay, signals)
    if follow:
        _refuse_recording(recording)
        settings = session.load({**recording.flags(), "out": out}).settings
        _follow_or_replay(session, settings, replay, signals)
        return
    duration_s = recording.duration_s()
    mode = recording.mode(session)
    settings = recording.settings(session, {"out": out})
    _record(session, settings, mode, duration_s, signals)


def _check(follow: bool, replay: str | None, signals: str | None) -> None:
    """Refuse what cannot be meant.

    Raises:
        ConfigError: There is something.
    """
    if replay is not None and not follow:
        raise ConfigError("--replay records nothing: add --follow")
    if replay is None and signals not in (None, "-"):
        raise ConfigError(
            f"--signals takes - (stdout); signals are in DATA/live/signals.jsonl, found {signals!r}"
        )


def _refuse_recording(recording: RecordingOptions) -> None:
    """Refuse what says how to record where nothing is recorded."""
    if given := recording.given_but(MEANT_FOR_BOTH):
        raise ConfigError(f"--follow records nothing: leave out --{given[0]}, or --follow")


def _follow_or_replay(
    session: Session, settings: "Settings", replay: str | None, signals: str | None
) -> None:
    if replay is not None:
        _replay(session, settings, replay, signals)
    else:
        _follow(session, settings, is_to_stdout=signals == "-" or session.is_json)


def _record(
    session: Session,
    settings: "Settings",
    mode: "SessionMode",
    duration_s: float | None,
    signals: str | None,
) -> None:
    from hypertrack.cli.recording_display import show_plan, status_display, stopped_by_signals
    from hypertrack.pipeline.live_process import LiveProcess
    from hypertrack.pipeline.live_recording import record_live
    from hypertrack.pipeline.record import plan as ask_for_plan

    with session.err.status("asking the venue for its coins"):
        plan = ask_for_plan(settings)
    show_plan(session, plan)
    stop = threading.Event()
    on_line = _write_line if signals == "-" or session.is_json else _teller(session)
    follower = LiveProcess(settings, on_line, session.log_to_stderr, stop)

    def beside() -> str:
        return "" if follower.status is None else f"live {_status_line(follower.status)}"

    display = status_display(session, settings.record.status_interval_s, beside)
    with stopped_by_signals(stop), display as show:
        report = record_live(settings, plan, follower, stop, show, mode=mode, duration_s=duration_s)
    if follower.status is not None:
        session.err.print(f"live {_status_line(follower.status)}", markup=False, soft_wrap=True)
    say_recorded(session, settings, report)


def _follow(session: Session, settings: "Settings", *, is_to_stdout: bool) -> None:
    from rich.text import Text

    from hypertrack.cli.recording_display import stopped_by_signals
    from hypertrack.pipeline.live import follow as run

    stop = threading.Event()
    with stopped_by_signals(stop), session.err.status("reading what is there") as status:
        last = run(
            settings,
            stop,
            lambda found: status.update(Text(_status_line(found))),  # names are no markup
            _write_line if is_to_stdout else _teller(session),
            prepare=session.log_to_stderr,
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
    measuring = found.measuring
    if measuring.n_profiles:
        said += f", {measuring.n_profiles:,} profiles of {measuring.window_h or 0:.1f} h"
    if measuring.has_lost_weight:
        said += ", of a model that has lost its weight"
    if measuring.n_waiting:
        said += (
            f", {measuring.n_waiting:,} wait, the oldest for {measuring.oldest_age_s or 0:,.0f} s"
        )
    if found.n_awaited:
        said += f", {found.n_awaited:,} positions awaited after a gap"
    if found.challenge is not None:
        said += f", challenge {found.challenge.decision} after {found.challenge.n_blocks:,} blocks"
    if found.n_late:
        said += f", {found.n_late:,} trades late"
    for sink in found.sinks:
        if sink.state == "off":
            said += f"; {sink.name} is off ({sink.cause})"
        elif sink.n_waiting:
            said += f"; {sink.n_waiting:,} wait for {sink.name}"
    return said
