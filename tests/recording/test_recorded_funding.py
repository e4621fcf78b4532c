"""Funding from recorded contexts against what the simulated venue itself booked."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from exchange_fakes import AT_ONCE, info
from fakes import write_dataset
from recorder_fakes import lines, record_until, settings_for

from hypertrack.config import FeatureSettings, FeeSettings, SimulateSettings
from hypertrack.features.engine import FeatureEngine
from hypertrack.market.profit import window_profit
from hypertrack.market.window import Window
from hypertrack.records import HOUR_MS
from hypertrack.simulate.market.market import Market
from hypertrack.simulate.venue.market_source import MarketSource
from hypertrack.simulate.venue.server import running_exchange
from hypertrack.store.dataset import open_dataset

SETTINGS = SimulateSettings(seed=3, hours=1.1, wallets=60, coins=2, trades_per_second=0.5)


@pytest.mark.slow  # half an hour of a market, in some seconds
def test_funding_of_wallets_is_what_the_venue_booked(tmp_path: Path) -> None:
    source = MarketSource(Market(SETTINGS), history_ms=HOUR_MS)  # half of it: it opens at 0:33
    end_ms = source.end_ms - 60_000  # the last trade may be some seconds before
    with running_exchange(source, AT_ONCE) as exchange:
        settings = settings_for(exchange.url, "trades", "contexts")
        record_until(lambda s: (s.exchange_time_ms or 0) >= end_ms, tmp_path, settings)
        told = {
            wallet: info(exchange.url, type="userFills", user=wallet)
            for wallet in busiest(lines(tmp_path, "trades"))
        }
        booked = {
            wallet: info(exchange.url, type="userFunding", user=wallet, startTime=source.start_ms)
            for wallet in told
        }
    recorded = {line["tid"] for line in lines(tmp_path, "trades")}
    fills = [
        {"received_ns": 1, "user": wallet, **fill}
        for wallet, own in told.items()
        for fill in own
        if fill["tid"] in recorded
    ]
    write_dataset(tmp_path, fills=fills)

    with open_dataset(tmp_path) as dataset:
        engine = FeatureEngine(dataset, FeatureSettings(), FeeSettings())
        window = Window(engine.start_ms, engine.end_ms)
        rows = window_profit(engine.backend, window, FeeSettings())
        names = dict(dataset.connection.execute("FROM wallets").fetchall())
        coins = dict(dataset.connection.execute("FROM coins").fetchall())
        found = [
            (names[row["wallet_id"]], coins[row["coin_id"]], row["funding_usd"])
            for row in engine.backend.rows(rows)
            if row["funding_usd"] is not None
        ]

    checked = 0
    for wallet, coin, funding_usd in found:
        paid = [
            float(one["delta"]["usdc"])
            for one in booked[wallet]
            if one["delta"]["coin"] == coin and window.start_ms <= due_ms(one) < window.end_ms
        ]
        assert funding_usd == pytest.approx(sum(paid), rel=0.01, abs=1e-5)
        checked += bool(paid)
    assert checked > 10


def busiest(trades: list[dict[str, Any]]) -> list[str]:
    """Return as many wallets as can be asked about within a minute's weight."""
    counted = Counter(user for line in trades for user in line["users"])
    return [wallet for wallet, _ in counted.most_common(12)]


def due_ms(payment: dict[str, Any]) -> int:
    """Return the full hour of a payment, which is booked some milliseconds later."""
    return int(payment["time"]) // HOUR_MS * HOUR_MS
