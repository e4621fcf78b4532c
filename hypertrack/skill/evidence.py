"""What a window holds as evidence: openings, lots and bets of every entity, and of a placebo."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from hypertrack.market.account_states import chosen_by_profit
from hypertrack.market.engine.computer import Market
from hypertrack.market.window import Window
from hypertrack.skill.arrays import Flags, Floats, Ints
from hypertrack.skill.bets import Bets, CoinView, Outlook, bets_of_coin, joined
from hypertrack.skill.fetching import execution_batches, fetch, price_paths
from hypertrack.skill.horizons import horizons_ms
from hypertrack.skill.openings import Lots, Openings, openings_and_lots
from hypertrack.skill.price_path import PricePath, motion_of
from hypertrack.skill.role_curve import RoleCurve

CURVE_MS = (1_000, 5_000, 30_000, 300_000)
"""Delays at which what is left of a move is measured, beside the user's own."""

EVER_MS = np.iinfo(np.int64).min

PLACEBO_FRAC = (0.1, 0.9)
"""Of the window, how far the times of a placebo are moved around the circle."""

_INT: Ints = np.zeros(0, dtype=np.int64)
_FLOAT: Floats = np.zeros(0)
_FLAG: Flags = np.zeros(0, dtype=np.bool_)

NOTHING_DONE = (
    Openings(_INT, _INT, _INT, _INT, _FLAG, _FLAG, _FLOAT, _FLOAT, _FLAG, _FLOAT),
    Lots(_INT, _INT, _INT, _FLOAT, _FLAG),
)

BY_COIN = ("coin", "time_ms")

T = TypeVar("T", Openings, Lots)


@dataclass(frozen=True)
class Evidence:
    """Everything that is judged.

    Attributes:
        entity_of_wallet: Number of each wallet's entity, ``[wallets]``.
        horizon_ms: Of each entity, ``[entities]``.
        openings: By coin, then time; no doubtful ones.
        bets: Of all openings, doubtful ones too.
        taker_bets: Of openings as taker alone, which others can copy; with ``early_{delay}ms``,
            the part of the move that was over by then, bps, and ``half_spread_bps``, NaN where
            none was recorded.
        placebo: As ``bets``, at times that have nothing to do with the decisions.
        by_role: What followed the openings of takers and makers, doubtful ones left out.
        walk_bps_per_usd: What a taker's order of each coin moves its own price, ``[coins]``; NaN
            where no taker opened.
        n_uncounted: Executions of each wallet from before what it does counts, ``[wallets]``.
        since_ms: From when on it does, as of `counts_from_ms`.
    """

    window: Window
    entity_of_wallet: Ints
    horizon_ms: Ints
    openings: Openings
    lots: Lots
    bets: Bets
    taker_bets: Bets
    placebo: Bets
    by_role: RoleCurve
    walk_bps_per_usd: Floats
    n_uncounted: Ints
    since_ms: Ints

    @property
    def n_entities(self) -> int:
        """Return how many entities there are, with or without bets."""
        return len(self.horizon_ms)


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
    since_ms: Ints | None = None,
) -> Evidence:
    """Return the evidence of a window.

    Args:
        con: Holds the dataset.
        window: Nothing outside of it is looked at, but for prices before it.
        entity_of_wallet: Below 0 for wallets that are not judged, ``[wallets]``.
        rng: Of the placebo.
        delays_ms: At which what is left of a move is measured.
        since_ms: As of `counts_from_ms`; all of it counts where None.
    """
    if since_ms is None:
        since_ms = np.full(len(entity_of_wallet), EVER_MS)
    judged = np.flatnonzero(entity_of_wallet >= 0)
    openings, lots, n_uncounted = openings_of(con, window, judged, since_ms)
    n_entities = int(entity_of_wallet.max(initial=-1)) + 1
    horizon_ms = horizons_ms(lots, entity_of_wallet, n_entities, window)
    shift_ms = (window.length_ms * rng.uniform(*PLACEBO_FRAC, n_entities)).astype(np.int64)
    parts: list[tuple[Bets, Bets, Bets]] = []
    by_role = RoleCurve(n_entities)
    walk = np.full(int(openings.coin.max(initial=-1)) + 1, np.nan)
    for view in _views(con, window):
        of_coin = openings.of_coin(view.coin)
        if not len(of_coin) and parts:
            continue
        entity = entity_of_wallet[of_coin.wallet]
        parts.append(_bets(view, of_coin, entity, horizon_ms, shift_ms, delays_ms))
        if len(of_coin):
            sure = of_coin.take(of_coin.are_sure)
            walk[view.coin] = walk_bps_per_usd(view.path, sure)
            by_role.add(view, sure, entity_of_wallet[sure.wallet])
    bets, taker_bets, placebo = (joined(of_coins) for of_coins in zip(*parts, strict=True))
    return Evidence(
        window=window,
        entity_of_wallet=entity_of_wallet,
        horizon_ms=horizon_ms,
        openings=openings.take(openings.are_sure),
        lots=lots,
        bets=bets,
        taker_bets=taker_bets,
        placebo=placebo,
        by_role=by_role,
        walk_bps_per_usd=walk,
        n_uncounted=n_uncounted,
        since_ms=since_ms,
    )


def _views(con: Market, window: Window) -> Iterator[CoinView]:
    """Yield each traded coin as it is seen from a window."""
    for coin, path, watched in price_paths(con, window):
        yield CoinView(coin, path, motion_of(path, window), window, watched)


def openings_of(
    con: Market, window: Window, wallets: Ints, since_ms: Ints
) -> tuple[Openings, Lots, Ints]:
    """Return what some wallets opened, or may have, by coin and time, and what they closed.

    Args:
        since_ms: From when on what each wallet did counts, ``[all wallets]``.

    Returns:
        Openings, lots, and how many executions of each wallet did not count.
    """
    found, n_uncounted = [NOTHING_DONE], np.zeros(len(since_ms), dtype=np.int64)
    for batch in execution_batches(con, window, wallets):
        does_count = batch["time_ms"] >= since_ms[batch["wallet_id"]]
        n_uncounted += np.bincount(batch["wallet_id"][~does_count], minlength=len(n_uncounted))
        counted = {name: column[does_count] for name, column in batch.items()}
        found.append(openings_and_lots(counted))
    lots = rows_joined(Lots, [closed for _, closed in found])
    return openings_by_coin([opened for opened, _ in found]), lots, n_uncounted


def walk_bps_per_usd(path: PricePath, openings: Openings) -> float:
    """Return by how much a taker's order pays more for each USD of its size, bps.

    Beyond half the spread, by least squares through 0 over what takers of the tape paid: deep
    books are seldom recorded, and this is what was found in them. NaN of no taker.
    """
    taken = openings.take(np.flatnonzero(openings.is_taker))
    mid = path.at(taken.time_ms, is_strict=True)
    paid_bps = taken.direction * (taken.price / mid - 1) * 1e4
    beyond = paid_bps - np.nan_to_num(path.half_spread_at(taken.time_ms - 1))
    is_seen = ~np.isnan(beyond)
    usd = taken.notional_usd[is_seen]
    if not len(usd):
        return float("nan")
    return max(float((usd * beyond[is_seen]).sum() / (usd**2).sum()), 0.0)


def _bets(
    view: CoinView,
    openings: Openings,
    entity: Ints,
    horizon_ms: Ints,
    shift_ms: Ints,
    delays_ms: Sequence[int],
) -> tuple[Bets, Bets, Bets]:
    """Return the bets of one coin: all of them, those as taker, and a placebo's."""
    own_ms = horizon_ms[entity]
    outlook = view.outlook(openings, own_ms)
    taken = np.flatnonzero(openings.is_taker & openings.are_sure)
    as_taker = outlook.take(taken)
    elsewhen = _moved(openings, shift_ms[entity], view.window)
    order = np.argsort(elsewhen.time_ms, kind="stable")
    moved = view.outlook(elsewhen.take(order), own_ms[order])
    return (
        bets_of_coin(outlook, entity),
        bets_of_coin(as_taker, entity[taken], _copied(as_taker, delays_ms)),
        bets_of_coin(moved, entity[order]),
    )


def _copied(outlook: Outlook, delays_ms: Sequence[int]) -> dict[str, Floats]:
    whole = outlook.markouts()
    early = {f"early_{delay}ms": whole - outlook.markouts(delay) for delay in delays_ms}
    seen_ms = outlook.openings.time_ms - 1
    return {**early, "half_spread_bps": outlook.view.path.half_spread_at(seen_ms)}


def _moved(openings: Openings, shift_ms: Ints, window: Window) -> Openings:
    """Return openings with their times moved around the circle of the window."""
    time_ms = window.start_ms + (openings.time_ms - window.start_ms + shift_ms) % window.length_ms
    return Openings(**{**vars(openings), "time_ms": time_ms})


def openings_by_coin(parts: Sequence[Openings]) -> Openings:
    """Return openings as one, by coin and time: prices are then looked up along memory.

    Column by column: of all of them there are never three copies.
    """
    coin, time_ms = (np.concatenate([vars(part)[name] for part in parts]) for name in BY_COIN)
    order = np.lexsort((time_ms, coin))
    del coin, time_ms
    names = vars(parts[0])
    columns = {name: np.concatenate([vars(part)[name] for part in parts])[order] for name in names}
    return Openings(**columns)


def rows_joined(kind: type[T], parts: Sequence[T]) -> T:
    """Return records of columns as one, in their order."""
    names = vars(parts[0])
    return kind(**{name: np.concatenate([vars(part)[name] for part in parts]) for name in names})
