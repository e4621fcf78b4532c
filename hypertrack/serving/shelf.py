"""The newest profiles: opened when they change, and the page made of them once for all readers."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from hypertrack.errors import DatasetError
from hypertrack.files import FileStamp, stamp_of
from hypertrack.outputs.served_page import LiveRows
from hypertrack.records import HOUR_MS, Histories, ProfileSet
from hypertrack.serving.historian import Historian
from hypertrack.serving.newer_rows import NewerRows

log = logging.getLogger(__name__)

Opener = Callable[[Path], ProfileSet]


@dataclass(frozen=True)
class ProfileFiles:
    """Where profiles are.

    Attributes:
        kept: Of the whole recording, by `hypertrack classify`.
        live: Of the wallets that live has measured since.
    """

    kept: Path
    live: Path


def live_rows(live: ProfileSet) -> LiveRows:
    """Return which wallets were measured live, and when."""
    data = live.header.data
    names = ("wallet", "as_of_ms", "n_fills_since")
    wallets, as_of_ms, n_since = (live.column(name).tolist() for name in names)
    return LiveRows(
        window_h=(data.end_ms - data.start_ms) / HOUR_MS,
        by_wallet=dict(zip(wallets, zip(as_of_ms, n_since, strict=True), strict=True)),
    )


class Shown(NamedTuple):
    """What a page is made of."""

    profiles: ProfileSet | None
    histories: Histories | None
    live: LiveRows | None

    def is_same(self, other: "Shown") -> bool:
        """Return whether these are the very same."""
        return all(one is another for one, another in zip(self, other, strict=True))


class Shelf:
    """Opens profiles; its calls block, and are made in one thread.

    A file that cannot be read, such as one of another version, is logged once and left aside.

    Args:
        historian: Asked for what wallets did over the recording; None where nobody wants to know.
        make_page: Makes the page of some profiles; None where there are none yet.

    Attributes:
        page_cost_s: CPU time that the last page took to make.
    """

    def __init__(
        self,
        files: ProfileFiles,
        open_profiles: Opener,
        historian: Historian | None,
        make_page: Callable[[ProfileSet | None, Histories | None, LiveRows | None], str],
    ):
        self._files = files
        self._open = open_profiles
        self._historian = historian
        self._kept: ProfileSet | None = None
        self._kept_stamp: FileStamp | None = None
        self._live: LiveRows | None = None
        self._make_page = make_page
        self.page_cost_s = 0.0
        self._opened: tuple[object, ProfileSet | None] | None = None
        self._page: tuple[Shown, bytes] | None = None

    def stamps(self) -> tuple[object, ...]:
        """Return what changes with what is shown."""
        n_read = 0 if self._historian is None else self._historian.n_read
        return *self._file_stamps(), n_read

    def profiles(self) -> ProfileSet | None:
        """Return the newest profiles; None where there are none yet."""
        stamps = self._file_stamps()
        if self._opened is None or self._opened[0] != stamps:
            self._opened = stamps, self._read()
        return self._opened[1]

    def page(self) -> bytes:
        """Return the page of the newest profiles."""
        profiles = self.profiles()
        shown = Shown(profiles, self._histories(), self._live)
        if self._page is None or not self._page[0].is_same(shown):
            begun_s = time.thread_time()
            self._page = shown, self._make_page(*shown).encode()
            self.page_cost_s = time.thread_time() - begun_s
        return self._page[1]

    def close(self) -> None:
        """End what is read in the background."""
        if self._historian is not None:
            self._historian.close()

    def _histories(self) -> Histories | None:
        if self._kept is None or self._historian is None:
            return None
        return self._historian.of(self._files.kept, self._kept_stamp)

    def _file_stamps(self) -> tuple[FileStamp | None, FileStamp | None]:
        return stamp_of(self._files.kept), stamp_of(self._files.live)

    def _read(self) -> ProfileSet | None:
        kept, live = self._kept_profiles(), self._one(self._files.live)
        if kept and live and live.header.data.end_ms <= kept.header.data.end_ms:
            live = None  # everybody was measured since
        self._live = None if live is None else live_rows(live)
        return NewerRows(kept, live) if kept and live else kept or live

    def _kept_profiles(self) -> ProfileSet | None:
        """Return those of the whole recording; as long as their file is the same, the same ones."""
        stamp = stamp_of(self._files.kept)
        if self._kept is None or self._kept_stamp != stamp:
            self._kept_stamp, self._kept = stamp, self._one(self._files.kept)
        return self._kept

    def _one(self, file: Path) -> ProfileSet | None:
        if not file.is_file():
            return None
        try:
            return self._open(file)
        except DatasetError as error:
            log.warning("profiles are not shown: %s", error)
            return None
