"""Who is watched: lists of wallets, by address, by file, by verdict."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hypertrack.config import WatchlistSettings
from hypertrack.errors import ConfigError
from hypertrack.records import Evidence
from hypertrack.text import read_text

LINE = re.compile(r"(0[xX][0-9a-fA-F]{40})(?:[\s,].*)?")


class Watchlists:
    """Tells on which lists a wallet is.

    Raises:
        ConfigError: A file cannot be read, or a line of it is no address.
    """

    def __init__(self, lists: Sequence[WatchlistSettings], evidence: Mapping[str, Evidence]):
        self._lists = lists
        self._evidence = evidence
        self._stamp_by_file: dict[Path, tuple[int, int]] = {}
        self._by_file: dict[Path, frozenset[str]] = {}
        self._listed = {one.name: frozenset(map(str.lower, one.wallets)) for one in lists}
        self.read_changed_files()

    def of(self, wallet: str) -> tuple[str, ...]:
        """Return the names of the lists that a wallet is on."""
        return tuple(one.name for one in self._lists if self._holds(one, wallet))

    def read_changed_files(self) -> None:
        """Read anew the files that have changed."""
        for one in self._lists:
            if one.file is not None and self._is_changed(one.file):
                self._by_file[one.file] = frozenset(read_watchlist(one.file))

    def _is_changed(self, file: Path) -> bool:
        try:
            found = file.stat()
        except FileNotFoundError:
            raise ConfigError(f"watchlist {file} is not there") from None
        stamp = (found.st_mtime_ns, found.st_size)
        is_changed = self._stamp_by_file.get(file) != stamp
        self._stamp_by_file[file] = stamp
        return is_changed

    def _holds(self, one: WatchlistSettings, wallet: str) -> bool:
        if wallet in self._listed[one.name]:
            return True
        if one.file is not None and wallet in self._by_file[one.file]:
            return True
        known = self._evidence.get(wallet)
        return known is not None and known.verdict in one.verdicts


def read_watchlist(file: Path) -> Iterator[str]:
    """Yield the addresses of a file: one a line, with a label behind it or without; ``#`` comments.

    Raises:
        ConfigError: It cannot be read, or a line is no address.
    """
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        found = LINE.fullmatch(text)
        if found is None:
            raise ConfigError(f"{file}, line {number}: begins with no address (0x and 40 digits)")
        yield found[1].lower()
