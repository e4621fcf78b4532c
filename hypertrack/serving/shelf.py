"""The newest profiles: opened when they change, and the page made of them once for all readers."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from hypertrack.errors import DatasetError
from hypertrack.records import ProfileSet
from hypertrack.serving.newer_rows import NewerRows

log = logging.getLogger(__name__)

Opener = Callable[[Path], ProfileSet]


class Stamp(NamedTuple):
    """What changes with a file."""

    inode: int
    mtime_ns: int
    n_bytes: int


def stamp_of(file: Path) -> Stamp | None:
    """Return the stamp of a file; None where there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return Stamp(found.st_ino, found.st_mtime_ns, found.st_size)


@dataclass(frozen=True)
class ProfileFiles:
    """Where profiles are.

    Attributes:
        kept: Of the whole recording, by `hypertrack classify`.
        live: Of the wallets that live has measured since.
    """

    kept: Path
    live: Path


class Shelf:
    """Opens profiles; its calls block, and are made in one thread.

    A file that cannot be read, such as one of another version, is logged once and left aside.

    Args:
        make_page: Makes the page of some profiles; None where there are none yet.

    Attributes:
        page_cost_s: CPU time that the last page took to make.
    """

    def __init__(
        self,
        files: ProfileFiles,
        open_profiles: Opener,
        make_page: Callable[[ProfileSet | None], str],
    ):
        self._files = files
        self._open = open_profiles
        self._make_page = make_page
        self.page_cost_s = 0.0
        self._opened: tuple[object, ProfileSet | None] | None = None
        self._page: tuple[ProfileSet | None, bytes] | None = None

    def stamps(self) -> tuple[Stamp | None, Stamp | None]:
        """Return what changes with the profiles."""
        return stamp_of(self._files.kept), stamp_of(self._files.live)

    def profiles(self) -> ProfileSet | None:
        """Return the newest profiles; None where there are none yet."""
        stamps = self.stamps()
        if self._opened is None or self._opened[0] != stamps:
            self._opened = stamps, self._read()
        return self._opened[1]

    def page(self) -> bytes:
        """Return the page of the newest profiles."""
        profiles = self.profiles()
        if self._page is None or self._page[0] is not profiles:
            begun_s = time.thread_time()
            self._page = profiles, self._make_page(profiles).encode()
            self.page_cost_s = time.thread_time() - begun_s
        return self._page[1]

    def _read(self) -> ProfileSet | None:
        kept, live = self._one(self._files.kept), self._one(self._files.live)
        if kept is None or live is None:
            return kept or live
        is_newer = live.header.data.end_ms > kept.header.data.end_ms
        return NewerRows(kept, live) if is_newer else kept

    def _one(self, file: Path) -> ProfileSet | None:
        if not file.is_file():
            return None
        try:
            return self._open(file)
        except DatasetError as error:
            log.warning("profiles are not shown: %s", error)
            return None
