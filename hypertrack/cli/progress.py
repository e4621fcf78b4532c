"""Progress bars: what is being done, how far, how long still."""

from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column

from hypertrack.cli.session import Session


def progress_bars(session: Session) -> Progress:
    """Return a display for stderr; every task needs a ``detail``, which may be empty."""
    detail = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    return Progress(
        SpinnerColumn(finished_text="[green]✓[/]"),
        TextColumn("{task.description}", table_column=Column(no_wrap=True)),
        BarColumn(bar_width=10),
        TaskProgressColumn(table_column=Column(no_wrap=True, min_width=4)),
        TimeRemainingColumn(
            compact=True, elapsed_when_finished=True, table_column=Column(no_wrap=True, min_width=5)
        ),
        TextColumn("[dim]{task.fields[detail]}[/]", table_column=detail),
        console=session.err,
        expand=True,
    )


class StageBars:
    """One bar a stage, each added when its stage begins."""

    def __init__(self, bars: Progress):
        self._bars = bars
        self._task_by_stage: dict[str, TaskID] = {}

    def show(self, stage: str, frac: float, detail: str) -> None:
        """Show how far a stage is, ``frac`` from 0 to 1."""
        if stage not in self._task_by_stage:
            self._task_by_stage[stage] = self._bars.add_task(stage, total=1.0, detail="")
        self._bars.update(self._task_by_stage[stage], completed=frac, detail=detail)
