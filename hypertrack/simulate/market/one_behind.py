"""One job at a time on a thread, while the next one is prepared."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self


class OneBehind:
    """Does jobs in order, at most one behind; a context that leaves no job under way.

    What fails is raised by the call that comes next.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "one-behind")
        self._job: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    def begin(self, job: Callable[[], None]) -> None:
        """Begin a job once the one before is done."""
        self.wait()
        self._job = self._thread.submit(job)

    def wait(self) -> None:
        """Return when all jobs are done."""
        if self._job is not None:
            self._job.result()
