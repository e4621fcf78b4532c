"""The alerts commands: rules tried out before they are trusted."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hypertrack.cli.models import take_shared
from hypertrack.cli.session import Session, command
from hypertrack.errors import DatasetError

if TYPE_CHECKING:
    from hypertrack.config import Settings
    from hypertrack.records import Message


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    alerts = typer.Typer(
        no_args_is_help=True,
        help="The rules for alerts: what they may ask, a test, and what they would have said.\n\n"
        "Example: hypertrack alerts replay --since 6h",
    )
    alerts.callback()(take_shared)
    command(alerts)(fields)
    command(alerts)(test)
    command(alerts)(replay)
    app.add_typer(alerts, name="alerts")


def fields(session: Session) -> None:
    """List what happens, and what rules may ask of it.

    Example: hypertrack alerts fields
    """
    from hypertrack.cli.tables import plain_table
    from hypertrack.pipeline.alerts import fields as known

    session.load_without_data()
    rows = known()
    if session.is_json:
        names = ("event", "field", "type", "says")
        session.emit({"fields": [dict(zip(names, row, strict=True)) for row in rows]})
        return
    session.out.print(plain_table(("on", "field", "type or values", "what it is"), rows))


def test(session: Session, name: Annotated[str, typer.Argument(help="Of the alert.")]) -> None:
    """Send one marked test message to every sink of an alert.

    Example: hypertrack alerts test "a leader opens"
    """
    from hypertrack.pipeline.alerts import test as run

    with session.err.status("sending"):
        found = run(session.load_without_data(), name)
    if session.is_json:
        session.emit({"sinks": found})
    for one in [] if session.is_json else found:
        said = "took it" if one.is_delivered else f"did not take it: {one.cause}"
        session.out.print(f"{one.sink} {said}", markup=False, soft_wrap=True)
    failed = [one.sink for one in found if not one.is_delivered]
    if failed:
        raise DatasetError(f"not delivered to {', '.join(failed)}")


def replay(
    session: Session,
    since: Annotated[
        str, typer.Option(help="6h, 2d back from the newest trade, or a time in UTC.")
    ] = "6h",
) -> None:
    """Say what the rules would have sent over a recording; nothing is sent.

    Example: hypertrack alerts replay --since 6h
    """
    from hypertrack.clock import utc
    from hypertrack.pipeline.alerts import replayed
    from hypertrack.text import printable

    settings = session.load().settings
    with session.err.status("replaying"):
        found = replayed(settings, _since_ms(settings, since))
    if session.is_json:
        session.emit({"alerts": [{"to": to, **_said(message)} for message, to in found]})
        return
    for message, to in found:
        time_ms = _said(message)["time_ms"]
        words = f"{utc(time_ms)}  {message.text}  -> {', '.join(to)}"
        session.out.print(printable(words), markup=False, soft_wrap=True)
    session.err.print(f"{len(found):,} alerts would have been sent", markup=False)


def _said(message: "Message") -> dict[str, Any]:
    from hypertrack.records import decode_json

    said: dict[str, Any] = decode_json(bytes(message.data), dict)
    return said


def _since_ms(settings: "Settings", text: str) -> int:
    from hypertrack.cli.parsing import parse_duration_s, parse_time_ms
    from hypertrack.pipeline.places import newest_ms

    if "-" in text:
        return parse_time_ms(text)
    return newest_ms(settings) - round(parse_duration_s(text) * 1_000)
