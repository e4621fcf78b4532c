"""Live in a process of its own, beside the one that records, which never waits for it."""

import contextlib
import errno
import logging
import multiprocessing
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from hypertrack.clock import Clock, SystemClock
from hypertrack.config import Settings
from hypertrack.errors import ConfigError, HypertrackError
from hypertrack.pipeline.live import follow
from hypertrack.processes import shielded_from_interrupts
from hypertrack.records import LiveStatus

log = logging.getLogger(__name__)

RESTART_S = (1.0, 5.0, 30.0)
SOUND_S = 60.0
"""After so long the next death is the first again."""

END_S = 10.0
"""Its queues are flushed for 5 s; what has not ended by then is killed."""

NICENESS = 5
"""So much the recorder goes first where both want the processor."""

TELL_S = 2.0

STOP = "stop"

FULL_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Also what a limit of the process refuses: nothing more can be written either."""


class LiveProcess:
    """Follows the dataset of this process; started again when it dies.

    Wrong settings and a full disk end it for good, and set ``stop``: they would be there again. So
    does ``on_line`` when it fails: whoever reads the signals is gone.

    Args:
        on_line: Called with the line of each signal, on the disk by then.
        prepare: Called first in the new process; it has to be picklable.
        stop: Set where live cannot go on, so that recording ends too.
        restart_s: Waits before it is started again; the last as often as it takes.

    Attributes:
        status: The newest it has told.
        failure: Why it cannot go on.
        n_deaths: How often it was started again.
    """

    def __init__(
        self,
        settings: Settings,
        on_line: Callable[[bytes], None],
        prepare: Callable[[], None],
        stop: threading.Event,
        clock: Clock | None = None,
        restart_s: Sequence[float] = RESTART_S,
    ):
        unserved = settings.record.model_copy(update={"metrics_port": None})  # who records serves
        self._settings = settings.model_copy(update={"record": unserved})
        self._on_line, self._prepare = on_line, prepare
        self._stop = stop
        self._clock = clock or SystemClock()
        self._restart_s = restart_s
        self._context = multiprocessing.get_context("spawn")
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="live", daemon=True)
        self._ours: Any = None
        self.status: LiveStatus | None = None
        self.failure: HypertrackError | OSError | None = None
        self.n_deaths = 0
        self.pid: int | None = None

    def start(self) -> None:
        """Begin, once: further calls do nothing."""
        if self._thread.ident is None:
            self._thread.start()

    def end(self) -> None:
        """Let it deliver what it can within seconds, and end."""
        self._ending.set()
        if self._ours is not None:
            _send(self._ours, STOP)
        if self._thread.ident is not None:
            self._thread.join()

    def _watch(self) -> None:
        n_in_a_row = 0
        while not self._ending.is_set():
            began_s = self._clock.monotonic_s()
            code = self._run()
            if self._ending.is_set() or self.failure is not None:
                break
            is_sound = self._clock.monotonic_s() - began_s >= SOUND_S
            n_in_a_row = 1 if is_sound else n_in_a_row + 1
            self.n_deaths += 1
            wait_s = self._restart_s[min(n_in_a_row, len(self._restart_s)) - 1]
            log.warning("live ended (%s) and is started again in %g s", code, wait_s)
            self._clock.wait(self._ending, wait_s)
        if self.failure is not None:
            self._stop.set()

    def _run(self) -> int | None:
        """Run the process to its end; return its exit status."""
        self._ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_follow, args=(self._settings, theirs, self._prepare), name="live"
        )
        with shielded_from_interrupts():  # the terminal's: the parent says when to end
            process.start()
        self.pid = process.pid
        theirs.close()
        if self._ending.is_set():
            _send(self._ours, STOP)
        self._listen(process)
        process.join(END_S)
        if process.is_alive():
            process.kill()
            process.join()
        self._ours.close()
        return process.exitcode

    def _listen(self, process: BaseProcess) -> None:
        """Take what the process tells until it ends, or is late with its end."""
        late_s: float | None = None
        while late_s is None or self._clock.monotonic_s() < late_s:
            if self._ending.is_set() and late_s is None:
                late_s = self._clock.monotonic_s() + END_S
            try:
                if self._ours.poll(0.1):
                    self._take(*self._ours.recv())
                elif not process.is_alive():
                    return
            except (EOFError, OSError):
                return

    def _take(self, kind: str, told: Any) -> None:
        if kind == "status":
            self.status = told
        elif kind == "line":
            self._tell(told)
        else:
            self.failure = told

    def _tell(self, line: bytes) -> None:
        try:
            self._on_line(line)
        except OSError as error:  # of who is told; the process is well, and ends as on Ctrl-C
            self.failure = error
            _send(self._ours, STOP)


def _follow(settings: Settings, parent: Connection, prepare: Callable[[], None]) -> None:
    """Follow in this process until the parent says so, or is gone."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    os.nice(NICENESS)
    prepare()
    threading.Thread(target=_listen_to_parent, args=(parent, stop), daemon=True).start()
    telling = _Telling(parent)
    try:
        last = follow(
            settings,
            stop,
            lambda status: telling.put("status", status),
            lambda line: telling.put("line", line),
            prepare=prepare,
        )
        telling.put("status", last)
    except ConfigError as error:
        telling.put("failure", error)
    except HypertrackError as error:  # such as another process that follows: it may end
        log.error("%s", error)
        sys.exit(error.exit_code)
    except OSError as error:
        if error.errno not in FULL_DISK:
            raise
        reason = f"the disk of {settings.data} is full: make room, and go on with --append"
        telling.put("failure", HypertrackError(reason))
    finally:
        telling.end()


class _Telling:
    """Tells the parent, who may be busy, without waiting for him."""

    def __init__(self, parent: Connection):
        self._queue: queue.SimpleQueue[tuple[str, object] | None] = queue.SimpleQueue()
        self._parent = parent
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def put(self, kind: str, told: object) -> None:
        """Tell something, soon."""
        self._queue.put((kind, told))

    def end(self) -> None:
        """Tell what is left, if the parent listens."""
        self._queue.put(None)
        self._thread.join(TELL_S)

    def _run(self) -> None:
        while (told := self._queue.get()) is not None:
            _send(self._parent, told)


def _listen_to_parent(parent: Connection, stop: threading.Event) -> None:
    with contextlib.suppress(EOFError, OSError):  # where it is gone
        parent.recv()
    stop.set()


def _send(to: Connection, what: object) -> None:
    """Send something to who may be gone, which he is told otherwise."""
    with contextlib.suppress(OSError):
        to.send(what)
