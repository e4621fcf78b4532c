"""Progress bars: what is being done, how far, how long still."""

from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def progress_bars(session: Session) -> Iterator[Progress]:
    """Give a display for stderr; every task needs a ``detail``, which may be empty.

    Work that fails takes its bars away, so that the reason stands alone.
    """
    was_quiet = session.err.quiet
    try:
        with _bars(session) as bars:
            try:
                yield bars
            except BaseException:
                bars.live.transient = True
                # Rich ends with a blank line where it has no terminal to take bars away from.
                session.err.quiet |= not session.err.is_terminal
                raise
    finally:
        session.err.quiet = was_quiet


def _bars(session: Session) -> Progress:
    detail = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    return Progress(
        SpinnerColumn(finished_text="[green]✓[/]"),
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
        BarColumn(bar_width=10),
        TaskProgressColumn(table_column=Column(no_wrap=True, min_width=4)),
        TimeRemainingColumn(
            compact=True, elapsed_when_finished=True, table_column=Column(no_wrap=True, min_width=5)
        ),
        TextColumn("{task.fields[detail]}", style="dim", markup=False, table_column=detail),
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
