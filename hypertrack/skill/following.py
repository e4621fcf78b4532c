"""Following: what somebody who copied everybody would have earned, bet by bet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hypertrack.market.arrays import Floats, Ints, group_starts, in_order
from hypertrack.market.engine.market import Market
from hypertrack.market.price_path import PricePath
from hypertrack.market.window import Window
from hypertrack.skill.bets import TO_BPS, CoinView, block_length_ms
from hypertrack.skill.closings import Closings, by_coin, closings
from hypertrack.skill.coin_motion import motion_of
from hypertrack.skill.fetching import execution_batches, price_paths
from hypertrack.skill.openings import NO_OPENINGS, Openings, openings_and_lots
from hypertrack.skill.walk_costs import no_walks, recorded_walks, walk_bps_per_usd

CURVE_DELAYS_MS = (0, 1_000, 5_000, 30_000, 300_000)
"""Of the curve that shows what being late costs."""


@dataclass(frozen=True)
class Round:
    """One cut: chosen by what happened in ``past``, followed in ``future``."""

    past: Window
    future: Window


@dataclass(frozen=True)
class Followable:
    """Whom one could follow in a round, by numbers of its own.

    Attributes:
        entity_of_wallet: Below 0 for who is not followed, ``[wallets]``.
        horizon_ms: How long each is held at most, ``[entities]``.
    """

    entity_of_wallet: Ints
    horizon_ms: Ints


@dataclass(frozen=True)
class FollowTerms:
    """How a follower trades.

    Attributes:
        delay_ms: After the leader's execution, in and out.
        size_usd: Of each position.
        taker_bps: Fee of one leg, ``[coins]``.
        half_spread_bps: Where neither a fresh quote nor a book was recorded.
        until_ms: When the recording ends: positions are not held beyond.
    """

    delay_ms: int
    size_usd: float
    taker_bps: Floats
    half_spread_bps: float
    until_ms: int


@dataclass(frozen=True)
class Copies:
    """Copied bets, a row each: by round, entity, coin and time.

    Attributes:
        nth_round: Number of the round; ``entity`` is a number of its own.
        wallet: Whose opening was copied.
        opened_ms: When the follower was in; ``closed_ms`` when he was out.
        gross_bps: What the mid did for him meanwhile.
        drift_bps: The part of it that the coin's mean return in the round explains.
        cost_bps: Fee, half the spread and the book's depth, of both legs.
        by_delay: Gross less drift, had he been so late, ``[delays, copies]``; NaN where unknown.
    """

    nth_round: Ints
    entity: Ints
    wallet: Ints
    coin: Ints
    opened_ms: Ints
    closed_ms: Ints
    gross_bps: Floats
    drift_bps: Floats
    cost_bps: Floats
    by_delay: Floats

    def __len__(self) -> int:
        return len(self.entity)

    @property
    def net_bps(self) -> Floats:
        """Return what was earned after costs."""
        return self.gross_bps - self.cost_bps

    @property
    def adjusted_bps(self) -> Floats:
        """Return what was earned after costs, were it not for the drift of the market."""
        return self.gross_bps - self.drift_bps - self.cost_bps

    def take(self, rows: Any) -> "Copies":
        """Return some of them."""
        return Copies(**{name: column[..., rows] for name, column in vars(self).items()})


def follow_all(
    con: Market, rounds: Sequence[Round], everybody: Sequence[Followable], terms: FollowTerms
) -> Copies:
    """Copy every candidate in every round.

    A bet (`bets.Bets`) is copied once, at its first opening as taker, for the entity's horizon or
    until the leader is flat or turns round, whichever comes first. The gain is NaN without a price
    at an end, with trades missing between, or where the recording ends before the bet does.

    Args:
        con: Holds the dataset.
        everybody: Of each round.
        terms: How the follower trades.
    """
    judged = np.unique(
        np.concatenate([np.flatnonzero(each.entity_of_wallet >= 0) for each in everybody])
    )
    whole = Window(rounds[0].past.start_ms, terms.until_ms)
    openings, closed = _taken(con, whole, judged)
    no_books = no_walks(len(terms.taker_bps), terms.size_usd)
    walks = recorded_walks(con, openings, terms.delay_ms, terms.until_ms, no_books)
    half_spread_bps = walks.half_spread_or(terms.half_spread_bps)
    recorded_bps = walks.asked_bps(walks.bps)
    parts = [_NOTHING]
    for coin, path, watched in price_paths(con, whole):
        opened = openings.of_coin(coin)
        in_coin = _Coin(
            coin=coin,
            path=path,
            stretches=watched,
            openings=opened,
            closings=closed.of_coin(coin),
            half_spread_bps=float(half_spread_bps[coin]),
            walk_bps=_walk_bps(recorded_bps[coin], path, opened, terms.size_usd),
        )
        parts += [
            in_coin.follower(each.future, terms).copies(nth, known)
            for nth, (each, known) in enumerate(zip(rounds, everybody, strict=True))
        ]
    return _joined(parts)


def _walk_bps(recorded_bps: float, path: PricePath, openings: Openings, size_usd: float) -> float:
    """Return what size costs by the recorded books, else by what takers paid."""
    if not np.isnan(recorded_bps):
        return float(recorded_bps)
    return float(np.nan_to_num(walk_bps_per_usd(path, openings))) * size_usd


def _joined(parts: Sequence[Copies]) -> Copies:
    together = Copies(
        **{
            name: np.concatenate([vars(part)[name] for part in parts], axis=-1)
            for name in vars(parts[0])
        }
    )
    by = (together.opened_ms, together.coin, together.entity, together.nth_round)
    return together.take(np.lexsort(by))


def _taken(con: Market, window: Window, wallets: Ints) -> tuple[Openings, Closings]:
    """Return openings as taker by coin and time, and what ended positions."""
    opened, closed = [NO_OPENINGS], []
    for batch in execution_batches(con, window, wallets):
        opened.append(openings_and_lots(batch)[0])
        closed.append(closings(batch))
    together = Openings.joined(opened)
    together = together.take(np.flatnonzero(together.is_taker & together.are_sure))
    return together.take(in_order(together.coin, together.time_ms)), by_coin(closed)


@dataclass(frozen=True)
class _Coin:
    """What the whole recording holds of one coin."""

    coin: int
    path: PricePath
    stretches: tuple[Ints, Ints]
    openings: Openings
    closings: Closings
    half_spread_bps: float
    walk_bps: float

    def follower(self, future: Window, terms: FollowTerms) -> "_Follower":
        """Return who copies in it during a round."""
        time_ms = self.openings.time_ms
        until = Window(future.start_ms, terms.until_ms)
        motion = motion_of(self.path, future)
        return _Follower(
            view=CoinView(self.coin, self.path, motion, until, self.stretches),
            half_spread_bps=self.half_spread_bps,
            walk_bps=self.walk_bps,
            terms=terms,
            openings=self.openings.take((time_ms >= future.start_ms) & (time_ms < future.end_ms)),
            closings=self.closings,
        )


@dataclass(frozen=True)
class _Follower:
    """Copies the bets of one coin in one round."""

    view: CoinView
    half_spread_bps: float
    walk_bps: float
    terms: FollowTerms
    openings: Openings
    closings: Closings

    def copies(self, nth_round: int, known: Followable) -> Copies:
        """Return the copies of what candidates opened."""
        openings = self.openings
        entity = known.entity_of_wallet[openings.wallet]
        rows = _first_of_bets(openings, entity, known.horizon_ms)
        openings, entity = openings.take(rows), entity[rows]
        closed_ms = self.closings.after(openings.wallet, openings.time_ms)
        delay_ms = self.terms.delay_ms
        opened_ms = openings.time_ms + delay_ms
        ends_ms = openings.time_ms + known.horizon_ms[entity]
        until_ms = np.maximum(np.minimum(ends_ms, closed_ms + delay_ms), opened_ms)
        gross, drift = self._gain(openings, delay_ms, until_ms)
        by_delay = [
            np.subtract(*self._gain(openings, delay, np.minimum(ends_ms, closed_ms + delay)))
            for delay in CURVE_DELAYS_MS
        ]
        return Copies(
            nth_round=np.full(len(entity), nth_round),
            entity=entity,
            wallet=openings.wallet,
            coin=openings.coin,
            opened_ms=opened_ms,
            closed_ms=until_ms,
            gross_bps=gross,
            drift_bps=drift,
            cost_bps=self._cost(opened_ms) + self._cost(until_ms),
            by_delay=np.stack(by_delay),
        )

    def _gain(self, openings: Openings, delay_ms: int, until_ms: Ints) -> tuple[Floats, Floats]:
        """Return what the mid did from a delay on, and the drift in it, bps."""
        view, begin_ms = self.view, openings.time_ms + delay_ms
        held_s = np.maximum(until_ms - begin_ms, 0) / 1000
        entry = view.path.at(begin_ms, is_strict=delay_ms == 0)
        leave = view.path.at(np.maximum(until_ms, begin_ms))
        is_seen = (until_ms < view.window.end_ms) & view.are_watched(openings.time_ms, until_ms)
        move = np.where(is_seen, np.where(held_s > 0, leave / entry - 1, 0.0), np.nan)
        to_gain = openings.direction.astype(np.float64) * TO_BPS
        gain: Floats = to_gain * move
        drift: Floats = to_gain * view.motion.drift_per_s * held_s
        return gain, drift

    def _cost(self, time_ms: Ints) -> Floats:
        """Return what one leg costs, bps."""
        spread = self.view.path.half_spread_at(time_ms)
        spread = np.where(np.isnan(spread), self.half_spread_bps, spread)
        fee = float(self.terms.taker_bps[self.view.coin])
        cost: Floats = spread + self.walk_bps + fee
        return cost


def _first_of_bets(openings: Openings, entity: Ints, horizon_ms: Ints) -> Ints:
    """Return the rows of the first opening of everybody's bets."""
    rows = np.flatnonzero(entity >= 0)
    block = openings.time_ms[rows] // block_length_ms(horizon_ms[entity[rows]])
    order = in_order(entity[rows], block, openings.time_ms[rows])
    starts = group_starts(entity[rows][order], block[order])
    return rows[order[starts]]


_INT: Ints = np.zeros(0, dtype=np.int64)
_FLOAT: Floats = np.zeros(0)
_NOTHING = Copies(
    *(_INT,) * 6,
    *(_FLOAT,) * 3,
    by_delay=np.zeros((len(CURVE_DELAYS_MS), 0)),
)
