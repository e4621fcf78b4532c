"""The whole time that is followed: everybody's copies in it, and the steps of its equity."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hypertrack.market.arrays import Flags, Floats, Ints
from hypertrack.records import DAY_MS
from hypertrack.skill.following import Copies, Round
from hypertrack.skill.rankings import Candidates

N_STEPS = 120
"""Of the equity that is drawn."""


@dataclass(frozen=True)
class Course:
    """The whole time that is followed, and everybody's copies in it.

    Attributes:
        everybody: The candidates of each round.
        copies: All of theirs, those without a known gain too.
        expected_bps: True gain of a copy of each wallet, ``[wallets]``; None where not known.
        top: Slots, each of which puts one position's size into every bet of its leader.
        block_ms: Length of the blocks of time behind the intervals.
    """

    rounds: Sequence[Round]
    everybody: Sequence[Candidates]
    copies: Copies
    expected_bps: Floats | None
    wallets: Sequence[str]
    top: int
    block_ms: int

    @property
    def start_ms(self) -> int:
        """Return the first cut."""
        return self.rounds[0].future.start_ms

    @property
    def end_ms(self) -> int:
        """Return the end of the last round."""
        return self.rounds[-1].future.end_ms

    @cached_property
    def times_ms(self) -> Ints:
        """Ends of the steps in which equity is drawn."""
        steps: Ints = np.linspace(self.start_ms, self.end_ms, N_STEPS + 1).astype(np.int64)[1:]
        return steps

    @cached_property
    def first_key(self) -> Ints:
        """Where the entities of each round begin, numbered over all rounds; one more for all."""
        sizes = [0, *(each.n_entities for each in self.everybody)]
        return np.cumsum(np.array(sizes, dtype=np.int64))

    @cached_property
    def key(self) -> Ints:
        """Number of each copy's entity, over all rounds."""
        return self.first_key[self.copies.nth_round] + self.copies.entity

    @cached_property
    def is_seen(self) -> Flags:
        """Which copies have a known gain."""
        return ~np.isnan(self.copies.gross_bps)

    @cached_property
    def count(self) -> Floats:
        """How many copies with a known gain each entity and round has."""
        return self.sums_by_key(np.ones(len(self.copies)))

    def blocks(self, time_ms: Ints) -> Ints:
        """Return the block of time of each moment."""
        return (time_ms - self.start_ms) // self.block_ms

    def days(self, rounds: Sequence[int]) -> float:
        """Return how long some rounds last together."""
        return sum(self.rounds[nth].future.length_ms for nth in rounds) / DAY_MS

    def sums_by_key(self, values: Floats) -> Floats:
        """Return the sums of what is known of the copies of each entity and round."""
        n_keys = int(self.first_key[-1])
        found = np.bincount(self.key[self.is_seen], values[self.is_seen], n_keys)
        return found.astype(np.float64)

    def steps(self, time_ms: Ints) -> Ints:
        """Return the step of each moment; what ends after the last round belongs to its end."""
        found: Ints = np.searchsorted(self.times_ms, time_ms, side="left")
        return np.minimum(found, len(self.times_ms) - 1)

    def equity_bps(self, copies: Copies) -> Floats:
        """Return what some copies earned of the capital by the end of each step."""
        by_step = np.bincount(self.steps(copies.closed_ms), copies.net_bps, len(self.times_ms))
        return np.cumsum(by_step) / self.top
