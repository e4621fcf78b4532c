"""The profiles of a classification: columns in a file, and sentences when they are looked at."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hypertrack.categories.cases import make_profiles
from hypertrack.records import ProfileColumns, ProfileHeader, WalletProfile

if TYPE_CHECKING:
    from hypertrack.store.profiles import ProfileFile


@dataclass(frozen=True)
class Profiles:
    """A `ProfileSet` in a file."""

    file: "ProfileFile"

    @property
    def header(self) -> ProfileHeader:
        """Return what they rest on."""
        return self.file.header

    def column(self, name: str) -> NDArray[Any]:
        """Return one column, ``[wallets]``."""
        return self.file.column(name)

    def holds(self, names: Collection[str] | None = None) -> NDArray[np.bool_]:
        """Return which wallets hold one of these categories, ``[wallets]``; any where None."""
        return self.file.holds(names)

    def wallets(self, rows: NDArray[np.intp]) -> Iterator[WalletProfile]:
        """Make the profiles of some rows, ascending, in the memory of a row group."""
        for columns in self.file.batches(rows):
            yield from make_profiles(columns, self.header)

    def batches(self) -> Iterator[ProfileColumns]:
        """Yield the columns of all wallets, a row group at a time."""
        return self.file.batches(np.arange(self.header.n_wallets))

    def find(self, wallet: str) -> WalletProfile | None:
        """Return the profile of one wallet; None where it has none."""
        row = self.file.row_of(wallet)
        return None if row is None else next(self.wallets(np.array([row])))
