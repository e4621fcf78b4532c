"""What a window holds as evidence: openings, lots and bets of every entity, and of a placebo."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from hypertrack.market.window import Window
from hypertrack.skill.arrays import Floats, Ints
from hypertrack.skill.bets import Bets, CoinView, bets_of_coin, joined
from hypertrack.skill.fetching import execution_batches, price_paths, stretches_by_coin
from hypertrack.skill.horizons import horizons_ms
from hypertrack.skill.openings import Lots, Openings, openings_and_lots
from hypertrack.skill.price_path import motion_of

COPY_DELAYS_MS = (0, 1_000, 5_000, 30_000, 300_000)
"""At which what is left of a move is measured."""

PLACEBO_FRAC = (0.1, 0.9)
"""Of the window, how far the times of a placebo are moved around the circle."""

NOTHING_WATCHED = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


@dataclass(frozen=True)
class Evidence:
    """Everything that is judged.

    Attributes:
        entity_of_wallet: Number of each wallet's entity, ``[wallets]``.
        horizon_ms: Of each entity, ``[entities]``.
        openings: By coin, then wallet and time.
        bets: Of all openings.
        taker_bets: Of openings as taker alone, which others can copy; with ``early_{delay}ms``,
            the part of the move that was over by then, bps, and ``half_spread_bps``, NaN where
            none was recorded.
        placebo: As ``bets``, at times that have nothing to do with the decisions.
    """

    window: Window
    entity_of_wallet: Ints
    horizon_ms: Ints
    openings: Openings
    lots: Lots
    bets: Bets
    taker_bets: Bets
    placebo: Bets

    @property
    def n_entities(self) -> int:
        """Return how many entities there are, with or without bets."""
        return len(self.horizon_ms)


def gather(
    con: Any, window: Window, entity_of_wallet: Ints, rng: np.random.Generator
) -> Evidence | None:
    """Return the evidence of a window; None where nobody opened anything.

    Args:
        con: Holds the dataset.
        window: Nothing outside of it is looked at, but for prices before it.
        entity_of_wallet: Below 0 for wallets that are not judged, ``[wallets]``.
        rng: Of the placebo.
    """
    judged = np.flatnonzero(entity_of_wallet >= 0)
    found = [openings_and_lots(batch) for batch in execution_batches(con, window, judged)]
    if not sum(len(opened) for opened, _ in found):
        return None
    openings = _joined_openings([opened for opened, _ in found])
    lots = Lots(
        **{
            name: np.concatenate([getattr(closed, name) for _, closed in found])
            for name in Lots.__dataclass_fields__
        }
    )
    n_entities = int(entity_of_wallet.max()) + 1
    horizon_ms = horizons_ms(lots, entity_of_wallet, n_entities)
    shift_ms = (window.length_ms * rng.uniform(*PLACEBO_FRAC, n_entities)).astype(np.int64)
    parts = []
    stretches = stretches_by_coin(con)
    for coin, path in price_paths(con, window):
        rows = slice(*np.searchsorted(openings.coin, [coin, coin + 1]))
        of_coin = openings.take(rows)
        motion = motion_of(path, window)
        view = CoinView(coin, path, motion, window, stretches.get(coin, NOTHING_WATCHED))
        parts.append(_bets(view, of_coin, entity_of_wallet[of_coin.wallet], horizon_ms, shift_ms))
    return Evidence(
        window, entity_of_wallet, horizon_ms, openings, lots, *map(joined, zip(*parts, strict=True))
    )


def _bets(
    view: CoinView, openings: Openings, entity: Ints, horizon_ms: Ints, shift_ms: Ints
) -> tuple[Bets, Bets, Bets]:
    """Return the bets of one coin: all of them, those as taker, and a placebo's."""
    own_ms = horizon_ms[entity]
    taken = np.flatnonzero(openings.is_taker)
    as_taker, of_taker, taker_ms = openings.take(taken), entity[taken], own_ms[taken]
    return (
        bets_of_coin(view, openings, entity, own_ms),
        bets_of_coin(view, as_taker, of_taker, taker_ms, _copied(view, as_taker, taker_ms)),
        bets_of_coin(view, _moved(openings, shift_ms[entity], view.window), entity, own_ms),
    )


def _copied(view: CoinView, openings: Openings, horizon_ms: Ints) -> dict[str, Floats]:
    whole = view.markouts(openings, horizon_ms)
    early = {
        f"early_{delay}ms": whole - view.markouts(openings, horizon_ms, delay)
        for delay in COPY_DELAYS_MS[1:]
    }
    return {**early, "half_spread_bps": view.path.half_spread_at(openings.time_ms - 1)}


def _moved(openings: Openings, shift_ms: Ints, window: Window) -> Openings:
    """Return openings with their times moved around the circle of the window."""
    time_ms = window.start_ms + (openings.time_ms - window.start_ms + shift_ms) % window.length_ms
    return Openings(**{**vars(openings), "time_ms": time_ms})


def _joined_openings(parts: list[Openings]) -> Openings:
    """Return openings by coin, and within a coin as they came: by wallet and time."""
    names = Openings.__dataclass_fields__
    together = Openings(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    )
    return together.take(np.argsort(together.coin, kind="stable"))
