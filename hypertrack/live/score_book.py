"""What two models say of the same wallets, written before it can be known who was right.

A wallet has one row a block of time: the first time it is measured in it. The outcome of a block's
rows begins after the block and the embargo, so that those of a wallet never overlap.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from hypertrack.journal import read_journal
from hypertrack.live.chain import Chain, Link
from hypertrack.records import Challenge, JsonError, OutcomeRow, ScoreRow, decode_json

SCORES_NAME, OUTCOMES_NAME = "scores.jsonl", "outcomes.jsonl"
"""In the folder of what live writes."""

DECIMALS = 6

Array = NDArray[Any]

T = TypeVar("T", ScoreRow, OutcomeRow)


class Beside(NamedTuple):
    """What a row says beside the scores, as `ScoreRow` has it."""

    features: str = ""
    is_agreed: bool | None = None


class ScoreBook:
    """Writes the rows of one challenge.

    Args:
        file: ``scores.jsonl``; made where it is missing.
        names: Of the scores.

    Raises:
        DatasetError: A line in its middle is no record: somebody changed it.
    """

    def __init__(self, file: Path, challenge: Challenge, names: Sequence[str]):
        self._challenge = challenge
        self._names = tuple(names)
        self._chain = Chain(file)

    def has_row(self, wallet: str, window: tuple[int, int]) -> bool:
        """Return whether a wallet has its row of the block in which a window ends."""
        return id_of(self._challenge, wallet, window[1] - 1) in self._chain.ids

    def write(
        self,
        wallets: Sequence[str],
        window: tuple[int, int],
        champion: Array,
        challenger: Array,
        beside: Sequence[Beside] = (),
    ) -> int:
        """Write what both say of wallets that have no row in this block; return how many.

        Args:
            window: Start and exclusive end of the features, exchange time.
            champion: Its scores, ``[wallets, names]``.
            challenger: As the other.
            beside: What else is known of each wallet; nothing where it is left out.

        Raises:
            OSError: The disk is full, or broken.
        """
        scored_ms = window[1] - 1
        n_new = 0
        told = beside or (Beside(),) * len(wallets)
        for row, wallet in enumerate(wallets):
            row_id = id_of(self._challenge, wallet, scored_ms)
            if row_id not in self._chain.ids:
                scores = {
                    "champion": self._named(champion[row]),
                    "challenger": self._named(challenger[row]),
                }
                make = partial(self._row, row_id, wallet, window, scores, told[row])
                self._chain.prepare(row_id, make)
                n_new += 1
        self._chain.commit()
        return n_new

    def close(self) -> None:
        """Close the file."""
        self._chain.close()

    def _row(
        self,
        row_id: str,
        wallet: str,
        window: tuple[int, int],
        scores: dict[str, dict[str, float]],
        beside: Beside,
        link: Link,
    ) -> ScoreRow:
        return ScoreRow(
            id=row_id,
            seq=link.seq,
            prev=link.prev,
            wallet=wallet,
            scored_ms=window[1] - 1,
            window=window,
            champion=self._challenge.champion,
            challenger=self._challenge.challenger,
            scores=scores,
            features_hash=self._challenge.features_hash,
            features=beside.features,
            is_agreed=beside.is_agreed,
        )

    def _named(self, scores: Array) -> dict[str, float]:
        """Return scores by name; what is no number is not there: no line could be read with it."""
        rounded = np.round(scores.astype(np.float64), DECIMALS)
        named = zip(self._names, rounded.tolist(), strict=True)
        return {name: score for name, score in named if math.isfinite(score)}


def id_of(challenge: Challenge, wallet: str, scored_ms: int) -> str:
    """Return the id of a wallet's row in a block of a challenge: there is one."""
    pair = f"{challenge.started_ms} {challenge.champion} {challenge.challenger}"
    said = f"{pair} {challenge.features_hash} {scored_ms // challenge.block_ms} {wallet}"
    return hashlib.sha256(said.encode()).hexdigest()[:24]


def read_scores(file: Path, challenge: Challenge) -> Iterator[ScoreRow]:
    """Yield the rows of a challenge; lines that cannot be read are left out."""
    for row in _rows(file, ScoreRow):
        is_own = row.id == id_of(challenge, row.wallet, row.scored_ms)
        if is_own and row.scores.keys() >= {"champion", "challenger"}:
            yield row


def read_outcomes(file: Path) -> Mapping[str, OutcomeRow]:
    """Return outcomes by the id of their row of scores."""
    return {row.id: row for row in _rows(file, OutcomeRow)}


def _rows(file: Path, kind: type[T]) -> Iterator[T]:
    for line in read_journal(file):
        try:
            yield decode_json(line, kind)
        except (JsonError, UnicodeDecodeError):
            continue
