"""The board: the newest profile of every wallet of the window, and how it differs from before."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hypertrack.records import ProfileColumns
from hypertrack.store.profile_rows import joined, taken


@dataclass(frozen=True)
class ProfileChange:
    """What is another in a wallet's profile than before.

    Attributes:
        entered: Categories, and whether each is proven.
        left: The same of those it no longer holds.
        scores: Before and after, by name; none without a model.
    """

    wallet: str
    as_of_ms: int
    entered: dict[str, bool]
    left: dict[str, bool]
    scores: dict[str, tuple[float, float]]


class Board:
    """Profiles by wallet, each of its own time."""

    def __init__(self) -> None:
        self.columns: ProfileColumns | None = None
        self._row_by_wallet: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._row_by_wallet)

    def total_values(self) -> NDArray[np.float64]:
        """Return what everybody on it has traded, USD."""
        return np.zeros(0) if self.columns is None else self.columns.features["total_value"]

    def put(self, measured: ProfileColumns) -> list[ProfileChange]:
        """Take profiles in place of older ones of the same wallets; return what has changed.

        Of who was not on the board nothing is known to have changed.
        """
        before = self.columns
        if before is None:
            self._take(measured)
            return []
        changes = list(self._changes(before, measured))
        new = set(measured.wallets.tolist())
        others = [row for wallet, row in self._row_by_wallet.items() if wallet not in new]
        self._take(joined(taken(before, np.array(others, dtype=np.intp)), measured))
        return changes

    def keep(self, wallets: set[str], n_since: dict[str, int]) -> None:
        """Forget who is not among these, and note how many fills each had since its profile."""
        if self.columns is None:
            return
        rows = [row for wallet, row in self._row_by_wallet.items() if wallet in wallets]
        kept = taken(self.columns, np.array(rows, dtype=np.intp))
        since = np.array([n_since[wallet] for wallet in kept.wallets.tolist()], dtype=np.int64)
        self._take(replace(kept, live={**kept.live, "n_fills_since": since}))

    def clear(self) -> None:
        """Forget everybody."""
        self.columns = None
        self._row_by_wallet = {}

    def _take(self, columns: ProfileColumns) -> None:
        self.columns = columns
        self._row_by_wallet = {wallet: row for row, wallet in enumerate(columns.wallets.tolist())}

    def _changes(self, before: ProfileColumns, now: ProfileColumns) -> Iterator[ProfileChange]:
        for row, wallet in enumerate(now.wallets.tolist()):
            old_row = self._row_by_wallet.get(wallet)
            if old_row is None:
                continue
            held, holds = _held(before, old_row), _held(now, row)
            yield ProfileChange(
                wallet=wallet,
                as_of_ms=int(now.live["as_of_ms"][row]),
                entered={name: holds[name] for name in holds if name not in held},
                left={name: held[name] for name in held if name not in holds},
                scores={
                    name: (float(before.scores[name][old_row]), float(values[row]))
                    for name, values in now.scores.items()
                    if name in before.scores
                },
            )


def _held(columns: ProfileColumns, row: int) -> dict[str, bool]:
    """Return the categories of a wallet, and whether each is proven."""
    verdicts = columns.verdicts
    start = int(verdicts.ends[row - 1]) if row else 0
    places = range(start, int(verdicts.ends[row]))
    return {verdicts.names[verdicts.category[at]]: bool(verdicts.is_proven[at]) for at in places}
