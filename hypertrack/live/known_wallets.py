"""What is known of wallets: the profiles in force, read by wallet, anew when they change."""

from collections.abc import Collection, Iterator, Mapping
from math import isnan
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hypertrack.files import FileStamp, stamp_of
from hypertrack.records import Evidence
from hypertrack.store.profiles import ProfileFile

NUMBERS = (
    "entity_id",
    "n_bets",
    "p_edge_positive",
    "copy_edge_bps",
    "copy_edge_low_bps",
    "copy_edge_high_bps",
    "capacity_usd",
)


class Change(NamedTuple):
    """A wallet whose verdict is another than before."""

    wallet: str
    before: str
    after: str


class KnownWallets(Mapping[str, Evidence]):
    """Evidence by wallet, from a file of profiles; empty without one.

    The columns stay columns: evidence is made for the wallet that is asked for.

    Args:
        delay_s: The follower's, for which the profiles tell the copy edge.
    """

    def __init__(self, delay_s: float):
        self._delay_s = delay_s
        self._stamp: FileStamp | None = None
        self._row_by_wallet: dict[str, int] = {}
        self._verdicts = np.zeros(0, dtype=object)
        self._before: Mapping[str, str] | None = None

    def verdicts(self) -> dict[str, str]:
        """Return the verdict of every wallet."""
        if self._before is not None:
            return dict(self._before)
        return dict(zip(self._row_by_wallet, map(str, self._verdicts), strict=True))

    def go_on(self, verdicts: Mapping[str, str]) -> None:
        """Let verdicts that were in force before a restart be those of before."""
        self._before = verdicts

    def read_if_changed(self, file: Path) -> list[Change]:
        """Read the profiles if they are others than before; return whose verdict changed.

        Raises:
            DatasetError: The file holds no profiles; what was known stays in force.
        """
        stamp = stamp_of(file)
        if stamp is None or stamp == self._stamp:
            return []
        self._stamp = stamp  # also where it cannot be read: it is not tried again until it changes
        profiles = ProfileFile(file)
        before = self.verdicts()
        self._take(profiles)
        self._before = None
        return list(self._changes(before))

    def judged(self, verdicts: Collection[str]) -> list[str]:
        """Return who has one of these verdicts."""
        is_meant = np.isin(self._verdicts, list(verdicts))
        return [wallet for wallet, row in self._row_by_wallet.items() if is_meant[row]]

    def __getitem__(self, wallet: str) -> Evidence:
        row = self._row_by_wallet[wallet]
        number = {name: _known(column[row]) for name, column in self._numbers.items()}
        return Evidence(
            verdict=str(self._verdicts[row]),
            gate=_text(self._gates[row]),
            model=self._model,
            as_of_ms=self._as_of_ms,
            delay_s=self._delay_s,
            copy_edge_bps=number["copy_edge_bps"],
            copy_edge_low_bps=number["copy_edge_low_bps"],
            copy_edge_high_bps=number["copy_edge_high_bps"],
            n_bets=int(number["n_bets"] or 0),
            capacity_usd=number["capacity_usd"],
            confidence=number["p_edge_positive"],
            categories=tuple(name for name, held in self._held.items() if held[row]),
            entity=None if number["entity_id"] is None else f"entity {number['entity_id']:.0f}",
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._row_by_wallet)

    def __len__(self) -> int:
        return len(self._row_by_wallet)

    def _take(self, profiles: ProfileFile) -> None:
        is_judged = profiles.header.skill is not None
        wallets = profiles.column("wallet").tolist() if is_judged else []
        verdicts, gates = profiles.column("verdict"), profiles.column("verdict_gate")
        numbers = {name: profiles.column(name) for name in NUMBERS}
        names = profiles.header.n_wallets_by_category
        held = {name: profiles.holds([name]) for name in names}
        # All of it could be read: rows of one file are never taken for those of another.
        self._row_by_wallet = {wallet: row for row, wallet in enumerate(wallets)}
        self._verdicts, self._gates = verdicts, gates
        self._numbers, self._held = numbers, held
        self._model = None if profiles.header.model is None else profiles.header.model.version
        self._as_of_ms = profiles.header.data.end_ms

    def _changes(self, before: Mapping[str, str]) -> Iterator[Change]:
        for wallet, verdict in before.items():
            row = self._row_by_wallet.get(wallet)
            if row is not None and verdict != self._verdicts[row]:
                yield Change(wallet, verdict, str(self._verdicts[row]))


def _known(number: float) -> float | None:
    return None if isnan(number) else float(number)


def _text(found: object) -> str | None:
    return None if found is None else str(found)
