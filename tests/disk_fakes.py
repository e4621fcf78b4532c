"""A disk that fills up, one that does not follow, and one that tells what reached it."""

import os
import resource
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch


@contextmanager
def file_size_limit(n_bytes: int) -> Iterator[None]:
    """Make the system refuse to let files grow, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def stalled_disk() -> Iterator[threading.Event]:
    """Let every `os.pwrite` wait while the event that is given is cleared, then do it."""
    is_going, write = threading.Event(), os.pwrite
    is_going.set()

    def write_late(descriptor: int, data: bytes, offset: int) -> int:
        assert is_going.wait(20)
        return write(descriptor, data, offset)

    with patch("os.pwrite", write_late):
        try:
            yield is_going
        finally:
            is_going.set()


@dataclass
class DiskLog:
    """What happened to the files of a folder, in order, as ``verb name`` relative to it.

    Verbs: ``write`` (`os.pwrite`), ``sync`` (of a file or a folder), ``rename`` (the new name)
    and ``remove``.
    """

    folder: Path
    events: list[str] = field(default_factory=list)
    synced_bytes: dict[str, int] = field(default_factory=dict)
    """The size that each file had when it was synced last."""
    renamed_unsynced: list[str] = field(default_factory=list)
    """Files renamed although what they hold now was not synced: empty ones after a power cut."""
    on_event: Callable[[str], None] = lambda _event: None
    """Called with each event, once it has happened."""
    _synced: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Size and time of the last change at the last sync, by inode."""

    def of(self, *names: str) -> list[str]:
        """Return the events of some files, in order."""
        return [event for event in self.events if event.partition(" ")[2] in names]

    def note(self, verb: str, path: Path) -> None:
        if path.is_relative_to(self.folder):
            event = f"{verb} {path.relative_to(self.folder)}"
            self.events.append(event)
            self.on_event(event)

    def note_sync(self, descriptor: int) -> None:
        path, found = path_of(descriptor), os.fstat(descriptor)
        self._synced[found.st_ino] = (found.st_size, found.st_mtime_ns)
        if path.is_relative_to(self.folder) and stat.S_ISREG(found.st_mode):
            self.synced_bytes[str(path.relative_to(self.folder))] = found.st_size
        self.note("sync", path)

    def note_rename(self, target: Path) -> None:
        found = target.stat()
        if self._synced.get(found.st_ino) != (found.st_size, found.st_mtime_ns):
            self.renamed_unsynced.append(target.name)
        self.note("rename", target)


@contextmanager
def logged_disk(folder: Path) -> Iterator[DiskLog]:
    """Write down, in any thread, what is done to the files of a folder; all is done as ever.

    Seen are the calls of `os`, also those that `pathlib` makes. What is written through Python's
    own files or by a library is seen where it is synced or renamed.
    """
    log = DiskLog(folder)

    def then(call: Callable[..., Any], note: Callable[..., None]) -> Callable[..., Any]:
        def done(*words: Any, **more: Any) -> Any:
            result = call(*words, **more)
            note(*words)
            return result

        return done

    notes: dict[str, Callable[..., None]] = {
        "pwrite": lambda descriptor, *_: log.note("write", path_of(descriptor)),
        "fsync": log.note_sync,
        "fdatasync": log.note_sync,
        "rename": lambda _source, target: log.note_rename(Path(target)),
        "replace": lambda _source, target: log.note_rename(Path(target)),
        "unlink": lambda path: log.note("remove", Path(path)),
    }
    with ExitStack() as patched:
        for name, note in notes.items():
            patched.enter_context(patch(f"os.{name}", then(getattr(os, name), note)))
        yield log


def path_of(descriptor: int) -> Path:
    return Path(f"/proc/self/fd/{descriptor}").readlink()
