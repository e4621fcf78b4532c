"""What delivered signals have brought whoever copied them, after the delay and all costs."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hypertrack.config import Settings
from hypertrack.delivery.outbox import DELIVERIES_NAME
from hypertrack.journal import read_journal, read_whole
from hypertrack.live.paper_prices import taker_bps
from hypertrack.market.window import Window
from hypertrack.model.confidence import block_means, sequence_interval
from hypertrack.records import (
    ActionKind,
    Delivery,
    Fate,
    JsonError,
    Side,
    Signal,
    SignalsNet,
    decode_json,
)
from hypertrack.skill.fetching import Stretches, price_paths

if TYPE_CHECKING:
    from hypertrack.features.engine import FeatureEngine
    from hypertrack.market.price_path import PricePath

Array = NDArray[np.float64]

TO_BPS = 10_000
ALPHA = 0.05

ENTERS = frozenset({ActionKind.OPEN, ActionKind.ADD, ActionKind.FLIP})
"""What a copier enters a position after; what he leaves it after brings nothing by itself."""


class _Brought(NamedTuple):
    """What some signals brought, ``[signals]`` each; NaN where it cannot be told."""

    action_ms: NDArray[np.int64]
    net_bps: Array


def delivered(signals: Path, since_ms: int) -> Iterator[Signal]:
    """Yield the signals to enter that somebody took, of those made since a time, wall clock."""
    ids = set()
    for line in read_journal(signals.with_name(DELIVERIES_NAME)):
        try:
            delivery = decode_json(line, Delivery)
        except (JsonError, UnicodeDecodeError):
            continue
        if delivery.fate is Fate.DELIVERED:
            ids.add(delivery.id)
    for line in read_whole(signals):
        try:
            signal = decode_json(line, Signal)
        except (JsonError, UnicodeDecodeError):
            continue  # which `signals verify` says
        if signal.id in ids and signal.kind in ENTERS and signal.emitted_ms >= since_ms:
            yield signal


def signals_net(
    engine: "FeatureEngine", settings: Settings, signals: Sequence[Signal], block_ms: int
) -> SignalsNet:
    """Return what signals brought each, held for a block from the copier's delay on.

    One that is not over by the end of the dataset waits; where a trade of its coin was missed, or
    nothing tells a price, it is left out.

    Args:
        engine: Over the whole dataset.
        block_ms: How long a copy is held; signals of one such block share the market.
    """
    delay_ms = round(settings.copy.delay_s * 1_000)
    over = [one for one in signals if one.action_ms + delay_ms + block_ms < engine.end_ms]
    brought = list(_brought(engine, settings, over, (delay_ms, block_ms)))
    at_ms = np.concatenate([each.action_ms for each in brought] or [np.zeros(0, dtype=np.int64)])
    net_bps = np.concatenate([each.net_bps for each in brought] or [np.zeros(0)])
    is_known = ~np.isnan(net_bps)
    at_ms, net_bps = at_ms[is_known], net_bps[is_known]
    block = at_ms // block_ms - (at_ms.min() // block_ms if len(at_ms) else 0)
    sums, counts = np.bincount(block, net_bps), np.bincount(block)
    blocks = block_means(sums.astype(np.float64), counts.astype(np.float64), 1)
    return SignalsNet(
        n_signals=len(net_bps),
        n_waiting=len(signals) - len(over),
        n_masked=len(over) - len(net_bps),
        n_blocks=len(blocks),
        delay_s=settings.copy.delay_s,
        held_s=block_ms / 1_000,
        net_bps=float(blocks.mean()) if len(blocks) else None,
        interval=sequence_interval(blocks, ALPHA),
    )


def _brought(
    engine: "FeatureEngine", settings: Settings, signals: Sequence[Signal], spans: tuple[int, int]
) -> Iterator[_Brought]:
    by_coin = defaultdict(list)
    for signal in signals:
        by_coin[signal.coin].append(signal)
    if not by_coin:
        return
    coins = {
        row["coin_id"]: row["coin"] for row in engine.backend.rows(engine.backend.table("coins"))
    }
    window = Window(engine.start_ms, engine.end_ms)
    for coin_id, path, watched in price_paths(engine.backend, window):
        if own := by_coin.get(coins[coin_id]):
            yield _of_coin(path, watched, own, settings, spans)


def _of_coin(
    path: "PricePath",
    watched: Stretches,
    signals: Sequence[Signal],
    settings: Settings,
    spans: tuple[int, int],
) -> _Brought:
    action_ms = np.array([signal.action_ms for signal in signals], dtype=np.int64)
    side = np.array([1 if signal.side is Side.BUY else -1 for signal in signals])
    enter_ms, leave_ms = action_ms + spans[0], action_ms + sum(spans)
    gain_bps = side * (path.at(leave_ms) / path.at(enter_ms) - 1) * TO_BPS
    asked = settings.copy.taker_bps
    fee_bps = float(taker_bps(signals[0].coin, settings.fees)) if asked is None else asked
    cost_bps = 2 * fee_bps + sum(
        np.nan_to_num(path.half_spread_at(at_ms), nan=settings.copy.half_spread_bps)
        for at_ms in (enter_ms, leave_ms)
    )
    is_whole = _are_watched(watched, action_ms, leave_ms)
    return _Brought(action_ms, np.where(is_whole, gain_bps - cost_bps, np.nan))


def _are_watched(
    watched: Stretches, start_ms: NDArray[np.int64], end_ms: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which times lie in one stretch without a gap."""
    begins, ends = watched
    if not len(begins):
        return np.zeros(len(start_ms), dtype=np.bool_)
    place = np.searchsorted(begins, start_ms, side="right") - 1
    return (place >= 0) & (ends[np.maximum(place, 0)] >= end_ms)
