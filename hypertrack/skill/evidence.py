"""What a window holds as evidence: what the bets of every entity, and of a placebo, come to.

Wallets are looked at some at a time, those of an entity together; of all of them only sums stay.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

import numpy as np

from hypertrack.market.account_states import chosen_by_profit
from hypertrack.market.arrays import Floats, Ints, in_order
from hypertrack.market.engine.market import Market
from hypertrack.market.engine.plans import Columns
from hypertrack.market.window import Window
from hypertrack.skill.bets import LADDER, Bets, CoinView, Outlook, bets_of_coin, joined
from hypertrack.skill.coin_motion import motion_of
from hypertrack.skill.copy_edge import CopyTally, copy_tally
from hypertrack.skill.deeds import Deeds
from hypertrack.skill.estimate import Tally, tally
from hypertrack.skill.fetching import execution_batches, fetch, made_ahead, price_paths, some_of
from hypertrack.skill.gains import Gains, gains
from hypertrack.skill.horizons import horizons_of
from hypertrack.skill.openings import Decisions, Lots, Openings, openings_and_lots
from hypertrack.skill.put_aside import OpeningsAside
from hypertrack.skill.role_curve import AFTER_S, RoleCurve
from hypertrack.skill.walk_costs import slopes, walk_sums

CURVE_MS = (1_000, 5_000, 30_000, 300_000)
"""Delays at which what is left of a move is measured, beside the user's own."""

PARTS_AT_ONCE = 4
"""Of what was put aside: each takes some hundred megabytes, which many cores would not have."""

EVER_MS = np.iinfo(np.int64).min

PLACEBO_FRAC = (0.1, 0.9)
"""Of the window, how far the times of a placebo are moved around the circle."""


@dataclass(frozen=True)
class Evidence:
    """Everything that is judged.

    Attributes:
        entity_of_wallet: Number of each wallet's entity, ``[wallets]``.
        horizon_ms: Of each entity, ``[entities]``.
        bets: What those of all openings come to, of doubtful ones too.
        taker_bets: Of openings as taker alone, which others can copy.
        placebo: As ``bets``, at times that have nothing to do with the decisions.
        copies: What the bets as taker say of copying; of entities with enough of them.
        gains: Where what those bets gained came from; of the same entities.
        decisions: Openings as taker, in no order; no doubtful ones.
        deeds: Openings and exits, counted.
        by_role: What followed the openings of takers and makers, doubtful ones left out.
        walk_bps_per_usd: What a taker's order of each coin moves its own price, ``[coins]``; NaN
            where no taker opened.
        n_uncounted: Executions of each wallet from before what it does counts, ``[wallets]``.
        since_ms: From when on it does, as of `counts_from_ms`.
    """

    window: Window
    entity_of_wallet: Ints
    horizon_ms: Ints
    bets: Tally
    taker_bets: Tally
    placebo: Tally
    copies: CopyTally
    gains: Gains
    decisions: Decisions
    deeds: Deeds
    by_role: RoleCurve
    walk_bps_per_usd: Floats
    n_uncounted: Ints
    since_ms: Ints

    @property
    def n_entities(self) -> int:
        """Return how many entities there are, with or without bets."""
        return len(self.horizon_ms)


class Beside(Protocol):
    """Whoever is told of the same, to make something else of it.

    First what all wallets closed, then the prices of all coins, then what all wallets opened.
    """

    def add_lots(self, closed: Lots) -> None:
        """Take all that some wallets closed."""

    def know(self, views: Sequence[CoinView]) -> None:
        """Take the prices of all coins."""

    def add(self, openings: Openings) -> None:
        """Take all openings of some wallets, by coin and time."""


def counts_from_ms(con: Market, n_wallets: int) -> Ints:
    """Return from when on what each wallet did is evidence, ms, ``[wallets]``."""
    chosen = fetch(con, chosen_by_profit(con))
    since_ms = np.full(n_wallets, EVER_MS)
    since_ms[chosen["wallet_id"]] = chosen["since_ms"]
    return since_ms


def n_chosen_after(con: Market, n_wallets: int, at_ms: int) -> int:
    """Return how many wallets were chosen by a profit that was not all made by a time."""
    return int(np.count_nonzero(counts_from_ms(con, n_wallets) > at_ms))


def gather(
    con: Market,
    window: Window,
    entity_of_wallet: Ints,
    rng: np.random.Generator,
    delays_ms: Sequence[int] = CURVE_MS,
    beside: Beside | None = None,
) -> Evidence:
    """Return the evidence of a window.

    How long everybody holds has to be known before anything is judged: what wallets opened is put
    aside until then. The prices of all coins stay in memory.

    Args:
        con: Holds the dataset.
        window: Nothing outside of it is looked at, but for prices before it.
        entity_of_wallet: Below 0 for wallets that are not judged, ``[wallets]``.
        rng: Of the placebo.
        delays_ms: At which what is left of a move is measured.
        beside: Told of the same.
    """
    since_ms = counts_from_ms(con, len(entity_of_wallet))
    judged, leaders = np.flatnonzero(entity_of_wallet >= 0), _leaders(entity_of_wallet)
    ahead = made_ahead(execution_batches(con, window, judged, leaders))
    with closing(ahead) as batches, OpeningsAside() as aside:
        deeds, n_uncounted = _put_aside(aside, batches, entity_of_wallet, since_ms, beside)
        n_entities = len(deeds.n_exits)
        horizon_ms = horizons_of(deeds.held_ms, deeds.n_exits, window)
        shift_ms = (window.length_ms * rng.uniform(*PLACEBO_FRAC, n_entities)).astype(np.int64)
        views, by_role = list(_views(con, window)), RoleCurve(n_entities)
        by = _Tallying(views, entity_of_wallet, horizon_ms, shift_ms, delays_ms, by_role)
        tallied = _tallied_all(by, aside, beside)
    together = {
        name: kind.joined([getattr(each, name) for each in tallied])
        for name, kind in JOINED.items()
    }
    return Evidence(
        window=window,
        entity_of_wallet=entity_of_wallet,
        horizon_ms=horizon_ms,
        **together,
        deeds=deeds,
        by_role=by_role,
        walk_bps_per_usd=slopes(*np.sum([each.walked for each in tallied], axis=0)),
        n_uncounted=n_uncounted,
        since_ms=since_ms,
    )


def _put_aside(
    aside: OpeningsAside,
    batches: Iterable[Columns],
    entity_of_wallet: Ints,
    since_ms: Ints,
    beside: Beside | None,
) -> tuple[Deeds, Ints]:
    """Put aside what counts of everybody's openings, and return what else was counted.

    Returns:
        Deeds, and how many executions of each wallet did not count, ``[wallets]``.
    """
    deeds = Deeds(int(entity_of_wallet.max(initial=-1)) + 1)
    n_uncounted = np.zeros(len(since_ms), dtype=np.int64)
    for batch in batches:
        does_count = batch["time_ms"] >= since_ms[batch["wallet_id"]]
        n_uncounted += np.bincount(batch["wallet_id"][~does_count], minlength=len(since_ms))
        opened, closed = openings_and_lots(some_of(batch, does_count))
        deeds.add_openings(opened, entity_of_wallet[opened.wallet])
        deeds.add_lots(closed, entity_of_wallet)
        if beside is not None:
            beside.add_lots(closed)
        aside.put(opened)
    return deeds, n_uncounted


def _tallied_all(by: "_Tallying", aside: OpeningsAside, beside: Beside | None) -> "list[_Tallied]":
    """Return what all that was put aside comes to, a part each."""
    n_threads = min(os.cpu_count() or 1, PARTS_AT_ONCE)
    with ThreadPoolExecutor(n_threads) as pool:  # arrays let go of Python's lock
        found = pool.map(lambda nth: by.tallied(aside[nth]), range(len(aside)))
        if beside is not None:
            beside.know(by.views)
            for nth in range(len(aside)):
                beside.add(aside[nth])
        return list(found)


def _leaders(entity_of_wallet: Ints) -> Ints:
    """Return the first wallet of each wallet's entity, -1 for who is not judged."""
    judged = np.flatnonzero(entity_of_wallet >= 0)[::-1]
    first = np.full(len(entity_of_wallet) + 1, -1, dtype=np.int64)
    first[entity_of_wallet[judged]] = judged
    return first[entity_of_wallet]


def _views(con: Market, window: Window) -> Iterator[CoinView]:
    """Yield each traded coin as it is seen from a window."""
    for coin, path, watched in price_paths(con, window):
        yield CoinView(coin, path, motion_of(path, window), window, watched)


class _Tallied(NamedTuple):
    """What the openings of some entities come to; as of `Evidence`.

    Attributes:
        walked: Of takers' orders, as of `walk_sums`, ``[2, coins]``.
    """

    bets: Tally
    taker_bets: Tally
    placebo: Tally
    copies: CopyTally
    gains: Gains
    decisions: Decisions
    walked: Floats


JOINED: Mapping[str, Any] = {
    **dict.fromkeys(("bets", "taker_bets", "placebo"), Tally),
    "copies": CopyTally,
    "gains": Gains,
    "decisions": Decisions,
}
"""What is told of some entities at a time and joined to that of all, by what joins it."""


@dataclass(frozen=True)
class _Tallying:
    """What openings are judged by.

    Attributes:
        views: Of all coins.
        horizon_ms: Of each entity, ``[entities]``.
        shift_ms: By which the times of the placebo are moved, ``[entities]``.
        delays_ms: Of copies.
        by_role: Told what followed the openings that are tallied.
    """

    views: Sequence[CoinView]
    entity_of_wallet: Ints
    horizon_ms: Ints
    shift_ms: Ints
    delays_ms: Sequence[int]
    by_role: RoleCurve

    def tallied(self, openings: Openings) -> _Tallied:
        """Return what all openings of some entities come to, by coin and time."""
        walked = np.zeros((2, max((view.coin for view in self.views), default=-1) + 1))
        entity = self.entity_of_wallet[openings.wallet]
        parts: list[tuple[Bets, Bets, Bets]] = []
        for view in self.views:
            rows = slice(*np.searchsorted(openings.coin, [view.coin, view.coin + 1]))
            if rows.start < rows.stop or not parts:
                found, walked[:, view.coin] = self._bets_of(view, openings.take(rows), entity[rows])
                parts.append(found)
        bets, taker_bets, placebo = (joined(of_coins) for of_coins in zip(*parts, strict=True))
        taken = tally(taker_bets, self.horizon_ms)
        enough = taken.entity[taken.has_bets_enough]
        testable = taker_bets.take(np.isin(taker_bets.entity, enough))
        sure = openings.are_sure
        return _Tallied(
            bets=tally(bets, self.horizon_ms),
            taker_bets=taken,
            placebo=tally(placebo, self.horizon_ms),
            copies=copy_tally(testable),
            gains=gains(testable),
            decisions=Decisions.of(openings.take(sure), entity[sure]),
            walked=walked,
        )

    def _bets_of(
        self, view: CoinView, openings: Openings, entity: Ints
    ) -> tuple[tuple[Bets, Bets, Bets], tuple[float, float]]:
        """Return the bets of one coin: all, those as taker, a placebo's; and `walk_sums`."""
        own_ms = self.horizon_ms[entity]
        ahead_ms = sorted({*self.delays_ms} & {after_s * 1000 for after_s in AFTER_S})
        outlook = view.outlook(openings, own_ms, LADDER, ahead_ms)
        sure = np.flatnonzero(openings.are_sure)
        self.by_role.add(outlook.take(sure), entity[sure])  # nobody else adds to these entities
        taken = sure[openings.is_taker[sure]]
        as_taker = outlook.take(taken)
        measures = _copied(as_taker, self.delays_ms)
        elsewhen = moved(openings, self.shift_ms[entity], view.window)
        order = in_order(elsewhen.time_ms)
        placebo = view.outlook(elsewhen.take(order), own_ms[order])
        walked = walk_sums(as_taker.openings, as_taker.entry, measures["half_spread_bps"])
        bets = (
            bets_of_coin(outlook, entity),
            bets_of_coin(as_taker, entity[taken], measures),
            bets_of_coin(placebo, entity[order]),
        )
        return bets, walked


def _copied(outlook: Outlook, delays_ms: Sequence[int]) -> dict[str, Floats]:
    whole = outlook.markouts()
    early = {f"early_{delay}ms": whole - outlook.markouts(delay) for delay in delays_ms}
    seen_ms = outlook.openings.time_ms - 1
    return {**early, "half_spread_bps": outlook.view.path.half_spread_at(seen_ms)}


def moved(openings: Openings, shift_ms: Ints, window: Window) -> Openings:
    """Return openings with their times moved around the circle of the window."""
    time_ms = window.start_ms + (openings.time_ms - window.start_ms + shift_ms) % window.length_ms
    return replace(openings, time_ms=time_ms)
