"""The edge of every wallet in a window, and in the one after: what a model is to foresee."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hypertrack.config import FeeSettings
from hypertrack.market.engine.computer import Market
from hypertrack.market.fees import scheduled_rates
from hypertrack.market.window import Window
from hypertrack.skill.arrays import Floats, Ints
from hypertrack.skill.bets import TO_BPS, Bets, CoinView, bets_of_coin, joined
from hypertrack.skill.estimate import Estimates, estimate
from hypertrack.skill.evidence import counts_from_ms, openings_of
from hypertrack.skill.fetching import fetch, price_paths
from hypertrack.skill.horizons import horizons_ms
from hypertrack.skill.openings import Openings
from hypertrack.skill.price_path import motion_of
from hypertrack.skill.shrinkage import fit, posterior


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
    """Return what every wallet's openings came to in both windows.

    Args:
        con: Holds the dataset.
        later: Begins where ``past`` ends, or after it. Nothing in it tells of the past.
        n_wallets: Of the dataset; each is judged by itself.
    """
    everybody, since_ms = np.arange(n_wallets), counts_from_ms(con, n_wallets)
    opened, lots, _ = openings_of(con, past, everybody, since_ms)
    horizon_ms = horizons_ms(lots, everybody, n_wallets, past)
    whole = Window(past.start_ms, later.end_ms)
    opened_later = _within(openings_of(con, whole, everybody, since_ms)[0], later)
    coins = list(_views(con, whole, (past, later)))
    before = _estimated(opened, [views[0] for views in coins], horizon_ms)
    after = _estimated(opened_later, [views[1] for views in coins], horizon_ms)
    shrunk, shrunk_sd = _shrunk(before, n_wallets)
    return TwoWindows(
        past=_of_wallets(before, n_wallets),
        later=_of_wallets(after, n_wallets),
        shrunk_bps=shrunk,
        shrunk_sd_bps=shrunk_sd,
        cost_bps=_costs(con, opened, [views[0] for views in coins], fees, n_wallets),
    )


def _within(openings: Openings, window: Window) -> Openings:
    return openings.take((openings.time_ms >= window.start_ms) & (openings.time_ms < window.end_ms))


def _views(
    con: Market, whole: Window, windows: tuple[Window, Window]
) -> Iterator[tuple[CoinView, CoinView]]:
    """Yield each coin as it is seen from both windows."""
    for coin, path, watched in price_paths(con, whole):
        first, second = (
            CoinView(coin, path, motion_of(path, window), window, watched) for window in windows
        )
        yield first, second


def _estimated(openings: Openings, views: list[CoinView], horizon_ms: Ints) -> Estimates | None:
    """Return the estimates of all wallets with a bet; None where nobody has one."""
    parts: list[Bets] = []
    for view in views:
        opened = openings.of_coin(view.coin)
        bets = bets_of_coin(view.outlook(opened, horizon_ms[opened.wallet]), opened.wallet)
        parts += [bets] if len(bets) else []
    return estimate(joined(parts), horizon_ms) if parts else None


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


def _costs(
    con: Market, openings: Openings, views: list[CoinView], fees: FeeSettings, n_wallets: int
) -> Floats:
    """Return the mean cost of each wallet's openings, bps; NaN of none."""
    rates = fetch(con, scheduled_rates(con, fees).order_by("coin_id"))
    total, count = np.zeros(n_wallets), np.zeros(n_wallets)
    for view in views:
        opened = openings.of_coin(view.coin)
        opened = opened.take(opened.are_sure)
        row = np.searchsorted(rates["coin_id"], view.coin)
        fee = np.where(opened.is_taker, rates["taker_bps"][row], rates["maker_bps"][row])
        mid = view.path.at(opened.time_ms, is_strict=True)
        cost = fee + opened.direction * (opened.price / mid - 1) * TO_BPS
        is_known = np.isfinite(cost)
        total += np.bincount(opened.wallet[is_known], cost[is_known], n_wallets)
        count += np.bincount(opened.wallet[is_known], minlength=n_wallets)
    mean = np.full(n_wallets, np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean
