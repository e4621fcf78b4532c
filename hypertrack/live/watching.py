"""Who is watched: lists of wallets, by address, by file, by verdict."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from hypertrack.config import WatchlistSettings
from hypertrack.files import FileStamp, stamp_of
from hypertrack.records import Evidence
from hypertrack.wallet_lists import read_wallets


class Watchlists:
    """Tells on which lists a wallet is.

    Raises:
        ConfigError: A file cannot be read, or a line of it is no address.
    """

    def __init__(self, lists: Sequence[WatchlistSettings], evidence: Mapping[str, Evidence]):
        self._lists = lists
        self._evidence = evidence
        self._stamp_by_file: dict[Path, FileStamp | None] = {}
        self._by_file: dict[Path, frozenset[str]] = {}
        self._listed = {one.name: frozenset(map(str.lower, one.wallets)) for one in lists}
        self.read_changed_files()

    def of(self, wallet: str) -> tuple[str, ...]:
        """Return the names of the lists that a wallet is on."""
        return tuple(one.name for one in self._lists if self._holds(one, wallet))

    def listed(self) -> frozenset[str]:
        """Return all wallets that are named, in a list or a file of one."""
        return frozenset().union(*self._listed.values(), *self._by_file.values())

    def read_changed_files(self) -> None:
        """Read anew the files that have changed."""
        for one in self._lists:
            if one.file is not None and self._is_changed(one.file):
                self._by_file[one.file] = frozenset(read_wallets(one.file, f"watchlist {one.name}"))

    def _is_changed(self, file: Path) -> bool:
        stamp = stamp_of(file)
        is_changed = file not in self._stamp_by_file or self._stamp_by_file[file] != stamp
        self._stamp_by_file[file] = stamp
        return is_changed

    def _holds(self, one: WatchlistSettings, wallet: str) -> bool:
        if wallet in self._listed[one.name]:
            return True
        if one.file is not None and wallet in self._by_file[one.file]:
            return True
        known = self._evidence.get(wallet)
        return known is not None and known.verdict in one.verdicts
