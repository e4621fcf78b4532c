"""The signals command: the track record checked."""

from pathlib import Path
from typing import Annotated

import typer

from hypertrack.cli.models import take_shared
from hypertrack.cli.session import Session, command
from hypertrack.errors import DatasetError

N_SHOWN = 10


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    signals = typer.Typer(
        no_args_is_help=True,
        help="The track record that live writes before the outcome.\n\n"
        "Example: hypertrack signals verify",
    )
    signals.callback()(take_shared)
    command(signals)(verify)
    app.add_typer(signals, name="signals")


def verify(
    session: Session,
    file: Annotated[
        Path | None, typer.Option(help="Of signals; default DATA/live/signals.jsonl.")
    ] = None,
) -> None:
    """Check that no signal was changed, taken out or put in since it was written.

    Example: hypertrack signals verify
    """
    from hypertrack.pipeline.signals import verify as run

    found = run(session.load().settings, file)
    if session.is_json:
        session.emit(
            {
                "file": found.file,
                "n_signals": found.n_signals,
                "head": found.head,
                "breaks": [one._asdict() for one in found.breaks],
            }
        )
    for one in [] if session.is_json else found.breaks[:N_SHOWN]:
        session.out.print(f"line {one.line} {one.says}", markup=False, soft_wrap=True)
    if found.breaks:
        raise DatasetError(f"{found.file}: the chain is broken at {len(found.breaks):,} lines")
    if not session.is_json:
        session.out.print(
            f"{found.n_signals:,} signals, each names the one before; head {found.head}",
            markup=False,
            soft_wrap=True,
        )
