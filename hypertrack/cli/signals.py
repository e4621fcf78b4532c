"""The signals command: the track record checked."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hypertrack.cli.models import take_shared
from hypertrack.cli.session import Session, command
from hypertrack.errors import DatasetError

if TYPE_CHECKING:
    from hypertrack.pipeline.signals import Checked

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
        Path | None, typer.Option(help="A chain; default DATA/live/signals.jsonl and those beside.")
    ] = None,
) -> None:
    """Check that nothing of the track record was changed, taken out or put in since written.

    That is signals, and where they are, steps on paper, scores of two models and their outcomes.

    Example: hypertrack signals verify
    """
    from hypertrack.pipeline.signals import verify as run
    from hypertrack.pipeline.signals import verify_beside

    settings = session.load().settings
    first = run(settings, file)
    others = () if file else verify_beside(settings)
    if session.is_json:
        session.emit(_said(first, "n_signals") | {"beside": [_said(one) for one in others]})
    else:
        for one in (first, *others):
            _show(session, one, is_alone=not others)
    broken = [one for one in (first, *others) if one.breaks]
    if broken:
        raise DatasetError(
            "; ".join(
                f"{one.file}: the chain is broken at {len(one.breaks):,} lines" for one in broken
            )
        )


def _said(one: "Checked", count: str = "n_lines") -> dict[str, object]:
    return {
        "file": one.file,
        count: one.n_lines,
        "head": one.head,
        "breaks": [each._asdict() for each in one.breaks],
    }


def _show(session: Session, one: "Checked", *, is_alone: bool) -> None:
    of = "" if is_alone else f"{one.file.name}: "
    lines = [f"{of}line {each.line} {each.says}" for each in one.breaks[:N_SHOWN]]
    whole = f"{of}{one.n_lines:,} {one.holds}, each names the one before; head {one.head}"
    for line in lines or [whole]:
        session.out.print(line, markup=False, soft_wrap=True)
