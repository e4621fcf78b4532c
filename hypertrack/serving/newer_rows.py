"""Profiles of which some were measured again: the newer row of each wallet, as one set."""

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertrack.records import (
    SKILL_NUMBERS,
    SKILL_TEXTS,
    ProfileHeader,
    ProfileSet,
    WalletProfile,
    replace,
)

BATCH_WALLETS = 2_000
"""Made at a time: some 40 MB."""

OF_SKILL = frozenset((*SKILL_NUMBERS, *SKILL_TEXTS))


class NewerRows:
    """A `ProfileSet` of everybody, in which rows of another set take the place of older ones.

    A wallet that was not judged anew keeps its verdict with the evidence for it.

    Attributes:
        header: The older set's, with the counts of both.
    """

    def __init__(self, older: ProfileSet, newer: ProfileSet):
        self._older, self._newer = older, newer
        row_in_older = {wallet: row for row, wallet in enumerate(older.column("wallet").tolist())}
        again = newer.column("wallet").tolist()
        self._row_before = np.array([row_in_older.get(each, -1) for each in again], dtype=np.intp)
        is_kept = np.ones(len(row_in_older), dtype=bool)
        is_kept[self._row_before[self._row_before >= 0]] = False
        self._kept = np.flatnonzero(is_kept)
        counts = self._joined(older.column("tx_count"), newer.column("tx_count"))
        self._order = np.argsort(-counts, kind="stable")
        self.header = self._counted()

    def column(self, name: str) -> NDArray[Any]:
        """Return one column, ``[wallets]``."""
        before = self._older.column(name)
        return self._joined(before, self._again(name, before))[self._order]

    def holds(self, names: Collection[str] | None = None) -> NDArray[np.bool_]:
        """Return which wallets hold one of these categories, ``[wallets]``; any where None."""
        return self._joined(self._older.holds(names), self._newer.holds(names))[self._order]

    def wallets(self, rows: NDArray[np.intp]) -> Iterator[WalletProfile]:
        """Make the profiles of some rows, ascending, in bounded memory."""
        for start in range(0, len(rows), BATCH_WALLETS):
            yield from self._batch(self._order[rows[start : start + BATCH_WALLETS]])

    def _batch(self, places: NDArray[np.intp]) -> Iterator[WalletProfile]:
        n_kept = len(self._kept)
        again = places[places >= n_kept] - n_kept
        before = self._row_before[again]
        older = made(self._older, np.concatenate((self._kept[places[places < n_kept]], before)))
        newer = made(self._newer, again)
        for place in places.tolist():
            if place < n_kept:
                yield older[int(self._kept[place])]
                continue
            profile = newer[place - n_kept]
            known = older.get(int(self._row_before[place - n_kept]))
            if profile.skill is None and known is not None:
                profile = replace(profile, skill=known.skill)
            yield profile

    def _joined(self, before: NDArray[Any], again: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate((before[self._kept], again))

    def _again(self, name: str, before: NDArray[Any]) -> NDArray[Any]:
        """Return a column of the rows that are newer; what they do not tell is as it was."""
        if name not in OF_SKILL or self._newer.header.skill is not None:
            return self._newer.column(name)
        none = np.nan if before.dtype.kind == "f" else None
        found = np.full(len(self._row_before), none, dtype=before.dtype)
        is_known = self._row_before >= 0
        found[is_known] = before[self._row_before[is_known]]
        return found

    def _counted(self) -> ProfileHeader:
        header = self._older.header
        names = {*header.n_wallets_by_category, *self._newer.header.n_wallets_by_category}
        n_by_name = {name: int(np.count_nonzero(self.holds([name]))) for name in names}
        held = sorted(n_by_name.items(), key=lambda item: (-item[1], item[0]))
        return replace(
            header,
            n_wallets=len(self._order),
            n_with_category=int(np.count_nonzero(self.holds())),
            n_wallets_by_category={name: n for name, n in held if n},
        )


def made(profiles: ProfileSet, rows: NDArray[np.intp]) -> dict[int, WalletProfile]:
    """Return profiles by row; a negative row is nobody's."""
    asked = np.unique(rows[rows >= 0])
    return dict(zip(asked.tolist(), profiles.wallets(asked), strict=True))
