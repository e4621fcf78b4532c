"""One job at a time on a thread, while the next one is prepared."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class OneBehind:
    """Does jobs in order, at most one behind; to be closed.

    What fails is raised by the call that comes next.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "one-behind")
        self._job: Future[None] | None = None

    def close(self) -> None:
        """Return when no job is under way; the one that has not begun is given up."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def begin(self, job: Callable[[], None]) -> None:
        """Begin a job once the one before is done."""
        self.wait()
        self._job = self._thread.submit(job)

    def wait(self) -> None:
        """Return when all jobs are done."""
        if self._job is not None:
            self._job.result()
