"""Bets: the openings of an entity in a coin within a block of time, judged by what followed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hypertrack.market.arrays import Flags, Floats, Ints, group_sizes, group_starts, in_order, sums
from hypertrack.market.price_path import PricePath
from hypertrack.market.window import Window
from hypertrack.skill.coin_motion import CoinMotion
from hypertrack.skill.openings import Openings

SHORTEST_BLOCK_MS = 300_000
"""Blocks of five minutes under horizons of thirty flagged somebody in 10 of 10 markets without
skill: a block is never shorter than the horizon."""

LADDER = (0.25, 0.5, 1.0)
"""Parts of the horizon after which a third of a position each is left, as far as a bet is judged.

How soon a wallet's foresight comes true nobody knows, and holding on after it did adds noise
alone. On simulated markets the rank correlation with the true edge is .28 so, and .24 where all is
held to the end; with an eighth added, or twice the horizon, it is no better.
"""

RESTING = 0.25
"""What an opening by a resting order counts beside one that took.

Its moment is whoever's who took it, often one that knows more; its wallet's own foresight shows in
it little. On simulated days the rank correlation with the true edge is .52 so, of wallets with ten
bets as taker, and .33 where all openings count alike, with those of resting orders alone added.
There resting orders foresee nothing (`Strategies.views`): on the venue this is an assumption.
"""

TO_BPS = 1e4


@dataclass(frozen=True)
class CoinView:
    """What is known of one coin in the window of the evidence.

    Attributes:
        stretches: When its trades were watched without a gap begins and ends, ascending.
    """

    coin: int
    path: PricePath
    motion: CoinMotion
    window: Window
    stretches: tuple[Ints, Ints]

    def outlook(
        self,
        openings: Openings,
        horizon_ms: Ints,
        ladder: Sequence[float] = LADDER,
        ahead_ms: Sequence[int] = (),
    ) -> "Outlook":
        """Return at which prices positions of some openings are taken and left.

        Args:
            openings: In the coin.
            horizon_ms: Of each, ``[openings]``.
            ladder: Parts of the horizon at whose ends equal parts of the position are left, the
                whole horizon among them.
            ahead_ms: Times after each at which prices are asked for more than once.
        """
        held_ms = np.stack([(horizon_ms * part).astype(np.int64) for part in ladder])
        end_ms = openings.time_ms + horizon_ms
        return Outlook(
            view=self,
            openings=openings,
            horizon_ms=horizon_ms,
            held_ms=held_ms,
            entry=self.path.at(openings.time_ms, is_strict=True),
            later=np.stack([self.path.at(openings.time_ms + held) for held in held_ms]),
            ahead={each: self.path.at(openings.time_ms + each) for each in ahead_ms},
            is_seen=self.are_seen(openings.time_ms, end_ms),
        )

    def are_seen(self, begin_ms: Ints, end_ms: Ints) -> Flags:
        """Return which spans end within the window, and were watched to their end."""
        return (end_ms < self.window.end_ms) & self.are_watched(begin_ms, end_ms)

    def are_watched(self, begin_ms: Ints, end_ms: Ints) -> Flags:
        """Return which spans lie within one stretch."""
        starts_ms, ends_ms = self.stretches
        nth = np.searchsorted(starts_ms, begin_ms, side="right") - 1
        if not len(starts_ms):
            return np.zeros(len(begin_ms), dtype=np.bool_)
        is_in: Flags = (nth >= 0) & (end_ms <= ends_ms[nth])
        return is_in


@dataclass(frozen=True)
class Outlook:
    """Openings of one coin, and what was later; looked up once, whatever the delay.

    Attributes:
        horizon_ms: After which each is judged, ``[openings]``.
        held_ms: Until equal parts of the position are left, ``[parts, openings]``.
        entry: Mid prices strictly before the openings.
        later: Mid prices of when they are left, ``[parts, openings]``.
        ahead: Those of some times after the openings, by that time in ms.
        is_seen: Whether the horizon ends within the window, and was watched to its end.
    """

    view: CoinView
    openings: Openings
    horizon_ms: Ints
    held_ms: Ints
    entry: Floats
    later: Floats
    ahead: Mapping[int, Floats]
    is_seen: Flags

    def take(self, rows: Ints) -> "Outlook":
        """Return some of them."""
        return Outlook(
            view=self.view,
            openings=self.openings.take(rows),
            horizon_ms=self.horizon_ms[rows],
            held_ms=self.held_ms[:, rows],
            entry=self.entry[rows],
            later=self.later[:, rows],
            ahead={after_ms: price[rows] for after_ms, price in self.ahead.items()},
            is_seen=self.is_seen[rows],
        )

    def after(self, delay_ms: int) -> Floats:
        """Return the mid price some time after each opening."""
        known = self.ahead.get(delay_ms)
        return self.view.path.at(self.openings.time_ms + delay_ms) if known is None else known

    def markouts(self, delay_ms: int = 0) -> Floats:
        """Return what a position taken ``delay_ms`` after each opening gained, bps, mid to mid.

        The mean over the parts of direction · (mid(t + held) / mid(t + delay) − 1 − drift ·
        (held − delay)), where without a delay the mid strictly before the opening is the price.
        0 where the delay is not shorter than the time held; NaN where a price is missing, the
        horizon ends after the window, or trades are missing between.
        """
        openings, motion = self.openings, self.view.motion
        entry = self.after(delay_ms) if delay_ms else self.entry
        gain = np.zeros(len(openings))
        for held_ms, later in zip(self.held_ms, self.later, strict=True):
            drift = motion.drift_per_s * (held_ms - delay_ms) / 1000
            gain += np.where(delay_ms < held_ms, later / entry - 1 - drift, 0.0)
        to_bps = TO_BPS / len(self.held_ms)
        return np.where(self.is_seen, openings.direction * gain * to_bps, np.nan)


@dataclass(frozen=True)
class Bets:
    """One row a bet: an entity, a coin, a block of time.

    Attributes:
        block: Number of the block, in blocks of the entity's own length.
        markout_bps: Mean over its openings, each as far as it is trusted to be one.
        weight: One over the standard deviation of a one-minute return expected at its first
            opening, 1/bps, times that trust. Over the variance, which were best if an edge were
            as many bps in a quiet hour as in a wild one, half as many were told from luck.
        n_openings: As taker, and no doubtful ones.
        first_ms: Of its openings.
        known_frac: Share of its openings before which the position was known.
        measures: Means over its openings of whatever else was measured, by name.
    """

    entity: Ints
    coin: Ints
    block: Ints
    markout_bps: Floats
    weight: Floats
    n_openings: Ints
    first_ms: Ints
    known_frac: Floats
    measures: Mapping[str, Floats]

    def __len__(self) -> int:
        return len(self.entity)

    def take(self, rows: Ints | Flags) -> "Bets":
        """Return some of them."""
        columns = {name: column[rows] for name, column in vars(self).items() if name != "measures"}
        measures = {name: column[rows] for name, column in self.measures.items()}
        return Bets(**columns, measures=measures)


def block_length_ms(horizon_ms: Ints) -> Ints:
    """Return the length of an entity's blocks."""
    return np.maximum(horizon_ms, SHORTEST_BLOCK_MS)


def bets_of_coin(
    outlook: Outlook, entity: Ints, measures: Mapping[str, Floats] | None = None
) -> Bets:
    """Return the bets that openings of one coin make, by entity and block.

    Openings without a markout make none. Those of several wallets of an entity are one bet.

    Args:
        outlook: Of the openings in the order of time, each over its entity's horizon.
        entity: Whose each opening is, ``[openings]``.
        measures: What else was measured of each opening.
    """
    openings, motion = outlook.openings, outlook.view.motion
    measured = {"markout_bps": outlook.markouts(), **(measures or {})}
    block = openings.time_ms // block_length_ms(outlook.horizon_ms)
    known = np.flatnonzero(~np.isnan(measured["markout_bps"]))
    order = known[in_order(entity[known])]  # of each still in the order of time
    starts = group_starts(entity[order], block[order])
    size = group_sizes(starts, len(order))
    first = order[starts]
    trust = np.where(openings.is_taker, openings.trust, RESTING * openings.trust)[order]
    trusted = sums(trust, starts)
    means = {name: sums(trust * c[order], starts) / trusted for name, c in measured.items()}
    weight = trusted / size / np.sqrt(motion.variance_at(openings.time_ms[first]))
    bets = Bets(
        entity=entity[first],
        coin=openings.coin[first],
        block=block[first],
        markout_bps=means.pop("markout_bps"),
        weight=weight,
        n_openings=sums(trust == 1.0, starts).astype(np.int64),
        first_ms=openings.time_ms[first],
        known_frac=sums(openings.is_known[order], starts) / np.maximum(size, 1),
        measures=means,
    )
    return bets.take(np.isfinite(weight))  # a coin whose price never moved tells nothing


def joined(parts: Sequence[Bets]) -> Bets:
    """Return bets of several coins, by entity, block and coin."""
    names = [name for name in vars(parts[0]) if name != "measures"]
    together = Bets(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names},
        measures={
            name: np.concatenate([part.measures[name] for part in parts])
            for name in parts[0].measures
        },
    )
    return together.take(in_order(together.entity, together.block, together.coin))
