"""Progress bars: what is being done, how far, how long still."""

from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from hypertrack.cli.session import Session


def progress_bars(session: Session) -> Progress:
    """Return a display for stderr; every task needs a ``detail``, which may be empty."""
    return Progress(
        SpinnerColumn(finished_text="[green]✓[/]"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.fields[detail]}[/]"),
        console=session.err,
    )
