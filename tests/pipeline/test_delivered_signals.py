"""What delivered signals brought, over a small market worked by hand."""

from pathlib import Path
from typing import Any

import pytest
from fakes import START_MS, trade
from paper_fakes import NOBODY, observed_trades, write_lines
from serving_fakes import FACTS

from hypertrack.config import Settings
from hypertrack.pipeline.delivered_signals import delivered, signals_net
from hypertrack.pipeline.places import open_engine
from hypertrack.records import HOUR_MS, SignalsNet, decode_json, encode_json

BUYER, SELLER = NOBODY


def traded(at_ms: int, price: float, coin: str = "BTC") -> dict[str, Any]:
    facts = {"price": price, "coin": coin, "trade_id": at_ms + 1}
    return trade(START_MS + at_ms, buyer=BUYER, seller=SELLER, taker=BUYER, **facts)


def write_signals(folder: Path, *said: dict[str, Any], fate: str = "delivered") -> None:
    """Add signals, of which a sink has said how each ended."""
    facts = {"coin": "BTC", "kind": "open", "side": "buy", "emitted_ms": START_MS, "prev": ""}
    known = decode_json(encode_json(FACTS), dict)
    lines = [{**known, **facts, "seq": 1, **one} for one in said]
    lines = [{**one, "action_ms": START_MS + one["action_ms"]} for one in lines]
    write_lines(folder, "signals", lines)
    ended = {"sink": "phone", "fate": fate, "made_ms": 1, "ended_ms": 2, "n_tries": 1}
    write_lines(folder, "deliveries", [{"id": one["id"], **ended} for one in said])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Three hours of two coins; a trade of ETH was missed in the first."""
    in_btc = [traded(0, 100.0), traded(5_000, 101.0), traded(HOUR_MS + 5_000, 103.0)]
    in_eth = [traded(at_ms, 10.0, "ETH") for at_ms in (0, HOUR_MS, 3 * HOUR_MS)]
    write_lines(tmp_path, "trades", sorted([*in_btc, *in_eth], key=lambda one: one["time"]))
    seen = observed_trades((0, 3 * HOUR_MS + 1))
    seen += observed_trades((0, 60_000), (70_000, 3 * HOUR_MS + 1), coin="ETH")
    write_lines(tmp_path, "coverage", seen)
    return Settings(data=tmp_path, out=tmp_path)


def net(settings: Settings, since_ms: int = 0) -> SignalsNet:
    assert isinstance(settings.data, Path)
    signals = list(delivered(settings.data / "signals.jsonl", since_ms))
    with open_engine(settings) as engine:
        return signals_net(engine, settings, signals, HOUR_MS)


def test_copy_is_entered_after_the_delay_held_for_a_block_and_paid_for_twice(
    settings: Settings,
) -> None:
    assert isinstance(settings.data, Path)
    write_signals(settings.data, {"id": "a", "action_ms": 0})

    found = net(settings)

    # From 101 to 103, less 4.5 bps of fees and 2 of half a spread on either leg.
    assert found.net_bps == pytest.approx((103 / 101 - 1) * 10_000 - 2 * (4.5 + 2))
    assert (found.n_signals, found.n_blocks, found.interval) == (1, 1, None)
    assert (found.delay_s, found.held_s) == (5.0, 3_600.0)


def test_sale_gains_by_what_a_purchase_loses_but_for_the_costs(settings: Settings) -> None:
    assert isinstance(settings.data, Path)
    write_signals(settings.data, {"id": "a", "action_ms": 0, "side": "sell"})

    assert net(settings).net_bps == pytest.approx(-(103 / 101 - 1) * 10_000 - 13)


def test_missed_trade_leaves_a_signal_out_and_one_that_is_not_over_waits(
    settings: Settings,
) -> None:
    assert isinstance(settings.data, Path)
    write_signals(
        settings.data,
        {"id": "whole", "action_ms": 0},
        {"id": "gap", "action_ms": 0, "coin": "ETH"},
        {"id": "late", "action_ms": 2 * HOUR_MS},
    )

    found = net(settings)

    assert (found.n_signals, found.n_masked, found.n_waiting) == (1, 1, 1)


def test_only_entries_count_that_somebody_took_since_then(settings: Settings) -> None:
    assert isinstance(settings.data, Path)
    write_signals(
        settings.data,
        {"id": "close", "action_ms": 0, "kind": "close"},
        {"id": "before", "action_ms": 0, "emitted_ms": START_MS - 1},
        {"id": "own", "action_ms": 0},
    )
    write_signals(settings.data, {"id": "refused", "action_ms": 0}, fate="refused")

    found = list(delivered(settings.data / "signals.jsonl", START_MS))

    assert [one.id for one in found] == ["own"]
    assert net(settings, START_MS + 1).net_bps is None
