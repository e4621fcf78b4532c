"""The edge of every wallet in a window, and in the one after: what a model is to foresee."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice, repeat

import numpy as np

from hypertrack.config import FeeSettings
from hypertrack.market.arrays import Floats, Ints
from hypertrack.market.engine.market import Market
from hypertrack.market.engine.plans import Columns
from hypertrack.market.fees import scheduled_rates
from hypertrack.market.price_path import PricePath
from hypertrack.market.window import Window
from hypertrack.skill.bets import TO_BPS, Bets, CoinView, Outlook, bets_of_coin, joined
from hypertrack.skill.coin_motion import motion_of
from hypertrack.skill.estimate import Estimates, Tally, moderated, tally
from hypertrack.skill.evidence import counts_from_ms
from hypertrack.skill.fetching import (
    Stretches,
    execution_batches,
    fetch,
    made_ahead,
    people,
    price_paths,
    some_of,
)
from hypertrack.skill.horizons import horizons_of, usual_holding_ms
from hypertrack.skill.openings import Lots, Openings, openings_and_lots
from hypertrack.skill.put_aside import OpeningsAside
from hypertrack.skill.shrinkage import fit, posterior

SIDES_AT_ONCE = 2
"""Cuts judged at one time: more would hold more copies of what was opened than they save."""


@dataclass(frozen=True)
class WalletEdges:
    """What was measured of every wallet's openings in a window, ``[wallets]``; NaN where nothing.

    Attributes:
        edge_bps: Gain of its bets, before costs.
        error_bps: Standard error of that.
        n_bets: As taker; 0 without any.
    """

    edge_bps: Floats
    error_bps: Floats
    n_bets: Floats


@dataclass(frozen=True)
class TwoWindows:
    """A past and what came after it, judged over horizons that the past alone has fixed.

    Attributes:
        shrunk_bps: Expected edge, of the past, 0 for who has not bets enough, ``[wallets]``.
        shrunk_sd_bps: What the past leaves open of it.
        cost_bps: What a wallet's openings of the past cost it: fee by role, and how much worse
            than the mid before them they were; NaN without any.
    """

    past: WalletEdges
    later: WalletEdges
    shrunk_bps: Floats
    shrunk_sd_bps: Floats
    cost_bps: Floats


def two_windows(
    con: Market, past: Window, later: Window, fees: FeeSettings, n_wallets: int
) -> TwoWindows:
    """Return what every wallet's openings came to in both windows; nothing of the venue's own.

    Args:
        con: Holds the dataset.
        later: Begins where ``past`` ends, or after it. Nothing in it tells of the past.
        n_wallets: Of the dataset; each is judged by itself, the venue's own not at all.
    """
    (found,) = each_two_windows(con, [(past, later)], fees, n_wallets)
    return found


def each_two_windows(
    con: Market, pairs: Sequence[tuple[Window, Window]], fees: FeeSettings, n_wallets: int
) -> list[TwoWindows]:
    """Return the same of each pair of windows.

    How long all wallets hold has to be known before anything is judged: what they opened is put
    aside until then. The prices of all coins stay in memory.

    Args:
        pairs: Pasts, all of which begin at one time, and what came after.
        fees: As for `two_windows`.
        n_wallets: As for `two_windows`.
    """
    windows = [window for pair in pairs for window in pair]
    whole = Window(windows[0].start_ms, max(window.end_ms for window in windows))
    ahead = _batches(con, whole, counts_from_ms(con, n_wallets))
    with closing(ahead) as batches, OpeningsAside() as aside:
        horizons, n_each = _put_aside(aside, batches, windows, n_wallets)
        rates = fetch(con, scheduled_rates(con, fees).order_by("coin_id"))
        sides = [
            Sides(past, later, horizon_ms, rates, n_wallets)
            for (past, later), horizon_ms in zip(pairs, horizons, strict=True)
        ]
        for coin, path, watched in price_paths(con, whole):
            for side in sides:
                side.know(coin, path, watched)
        with ThreadPoolExecutor(SIDES_AT_ONCE) as pool:
            for first in range(0, len(aside), n_each):
                opened = zip(sides, _opened(aside, first, n_each, len(sides)), strict=True)
                while few := list(islice(opened, SIDES_AT_ONCE)):
                    list(pool.map(lambda each: each[0].add(*each[1]), few))
    return [side.found() for side in sides]


def _batches(con: Market, window: Window, since_ms: Ints) -> Generator[Columns, None, None]:
    """Yield what some wallets at a time did in a window, as far as it counts.

    Args:
        since_ms: As of `counts_from_ms`.
    """
    with closing(made_ahead(execution_batches(con, window, people(con)))) as ahead:
        for batch in ahead:
            yield some_of(batch, batch["time_ms"] >= since_ms[batch["wallet_id"]])


def _put_aside(
    aside: OpeningsAside, batches: Iterable[Columns], windows: Sequence[Window], n_wallets: int
) -> tuple[list[Ints], int]:
    """Put aside what was opened, and return how long everybody holds.

    Args:
        windows: Pasts, each before what came after it.

    Returns:
        The horizon of each wallet as each past has fixed it, and how many parts each batch is: one
        for each window where later fills tell more, else one for all of them.
    """
    pasts, n_each = windows[::2], 1
    own = np.full((len(pasts), n_wallets), np.nan)
    n_lots = np.zeros((len(pasts), n_wallets), dtype=np.int64)
    everybody = np.arange(n_wallets)
    for rows in batches:
        n_each = len(windows) if "known_ms" in rows else 1
        known = known_at(rows, [window.end_ms for window in windows])
        for nth, (window, (opened, closed)) in enumerate(zip(windows, known, strict=True)):
            if nth % 2 == 0:
                until = closed.take(closed.time_ms < window.end_ms)
                held, n = usual_holding_ms(until, everybody, n_wallets)
                own[nth // 2, n > 0], n_lots[nth // 2] = held[n > 0], n_lots[nth // 2] + n
            if n_each > 1:
                is_in = (opened.time_ms >= window.start_ms) & (opened.time_ms < window.end_ms)
                aside.put(opened.take(is_in))
            elif nth == 0:
                aside.put(opened)
    return [horizons_of(*each) for each in zip(own, n_lots, pasts, strict=True)], n_each


def _opened(
    aside: OpeningsAside, first: int, n_each: int, n_pairs: int
) -> Iterator[tuple[Openings, Openings]]:
    """Yield for each pair of windows what some wallets opened, as far as was known in each."""
    if n_each == 1:
        opened = aside[first]
        yield from repeat((opened, opened), n_pairs)
        return
    for past in range(first, first + n_each, 2):
        yield aside[past], aside[past + 1]


def known_at(rows: Columns, ends_ms: Sequence[int]) -> Iterator[tuple[Openings, Lots]]:
    """Yield what was opened, by coin and time, and closed, as far as one could know by each end.

    Some of it may have come after the end.

    Args:
        rows: Of `fetching.execution_batches`.
    """
    if "known_ms" not in rows:  # where nobody tells later, what is known is known at once
        yield from repeat(openings_and_lots(rows), len(ends_ms))
        return
    for end_ms in ends_ms:
        was_there = rows["time_ms"] < end_ms
        seen = {name: column[was_there] for name, column in rows.items()}
        is_told = seen["known_ms"] < end_ms
        known = np.where(is_told, seen["known_before"], np.nan)
        yield openings_and_lots({**seen, "known_before": known})


class Sides:
    """What wallets' openings came to on both sides of a cut, added up some wallets at a time."""

    def __init__(
        self, past: Window, later: Window, horizon_ms: Ints, rates: Columns, n_wallets: int
    ):
        self._windows, self._horizon_ms, self._rates = (past, later), horizon_ms, rates
        self._views: list[tuple[CoinView, CoinView]] = []
        self._before: list[Tally] = []
        self._after: list[Tally] = []
        self._cost_bps, self._n_costs = np.zeros(n_wallets), np.zeros(n_wallets)

    def know(self, coin: int, path: PricePath, watched: Stretches) -> None:
        """Take the prices of a coin, as it is seen from both windows."""
        first, second = (
            CoinView(coin, path, motion_of(path, window), window, watched)
            for window in self._windows
        )
        self._views.append((first, second))

    def add(self, opened: Openings, opened_later: Openings) -> None:
        """Take what some wallets opened, by coin and time, as far as it is in each window."""
        views = [first for first, _ in self._views], [second for _, second in self._views]
        self._before += self._tallied(opened, views[0], self._add_costs)
        self._after += self._tallied(opened_later, views[1])

    def found(self) -> TwoWindows:
        """Return what all of them came to."""
        n_wallets = len(self._cost_bps)
        before, after = (
            moderated(Tally.joined(parts)) if parts else None
            for parts in (self._before, self._after)
        )
        shrunk, shrunk_sd = _shrunk(before, n_wallets)
        cost = np.full(n_wallets, np.nan)
        np.divide(self._cost_bps, self._n_costs, out=cost, where=self._n_costs > 0)
        return TwoWindows(
            past=_of_wallets(before, n_wallets),
            later=_of_wallets(after, n_wallets),
            shrunk_bps=shrunk,
            shrunk_sd_bps=shrunk_sd,
            cost_bps=cost,
        )

    def _tallied(
        self,
        openings: Openings,
        views: Sequence[CoinView],
        tell: Callable[[Outlook], None] = lambda _: None,
    ) -> list[Tally]:
        """Return what the wallets' bets come to, nothing where nobody has one.

        Args:
            openings: By coin and time.
            views: Of the coins.
            tell: Told of the openings of each.
        """
        parts: list[Bets] = []
        for view in views:
            opened = openings.of_coin(view.coin).within(view.window)
            outlook = view.outlook(opened, self._horizon_ms[opened.wallet])
            tell(outlook)
            bets = bets_of_coin(outlook, opened.wallet)
            parts += [bets] if len(bets) else []
        return [tally(joined(parts), self._horizon_ms)] if parts else []

    def _add_costs(self, outlook: Outlook) -> None:
        sure = np.flatnonzero(outlook.openings.are_sure)
        opened, mid = outlook.openings.take(sure), outlook.entry[sure]
        row = np.searchsorted(self._rates["coin_id"], outlook.view.coin)
        taker_bps, maker_bps = self._rates["taker_bps"][row], self._rates["maker_bps"][row]
        fee = np.where(opened.is_taker, taker_bps, maker_bps)
        cost = fee + opened.direction * (opened.price / mid - 1) * TO_BPS
        is_known = np.isfinite(cost)
        n_wallets = len(self._cost_bps)
        self._cost_bps += np.bincount(opened.wallet[is_known], cost[is_known], n_wallets)
        self._n_costs += np.bincount(opened.wallet[is_known], minlength=n_wallets)


def _of_wallets(measured: Estimates | None, n_wallets: int) -> WalletEdges:
    edge, error = np.full((2, n_wallets), np.nan)
    n_bets = np.zeros(n_wallets)
    if measured is not None:
        is_told = np.isfinite(measured.error_bps) & (measured.error_bps > 0)
        wallet = measured.entity[is_told]
        edge[wallet], error[wallet] = measured.edge_bps[is_told], measured.error_bps[is_told]
        n_bets[measured.entity] = measured.n_bets
    return WalletEdges(edge, error, n_bets)


def _shrunk(measured: Estimates | None, n_wallets: int) -> tuple[Floats, Floats]:
    """Return what to expect of each wallet, and how sure that is; of one with too few, nothing."""
    mean, sd = np.zeros(n_wallets), np.full(n_wallets, np.nan)
    if measured is None or not measured.is_tested.any():
        return mean, sd
    rows = np.flatnonzero(measured.is_tested)
    of = measured.edge_bps[rows], measured.error_bps[rows], measured.df[rows]
    known = posterior(*of, fit(*of))
    mean[measured.entity[rows]], sd[measured.entity[rows]] = known.mean_bps, known.sd_bps
    return mean, sd
