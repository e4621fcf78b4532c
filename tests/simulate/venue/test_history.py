"""A market most of which is past when its exchange opens."""

import pytest

from hypertrack.config import SimulateSettings
from hypertrack.errors import ConfigError
from hypertrack.records import HOUR_MS, MINUTE_MS
from hypertrack.simulate.market.market import Market
from hypertrack.simulate.venue.market_source import RECENT_MS, MarketSource


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(SimulateSettings(hours=3, wallets=300, coins=3, trades_per_second=0.05))


def test_exchange_opens_when_its_past_is_over(market: Market) -> None:
    assert MarketSource(market).open_ms == market.start_ms + 10 * MINUTE_MS
    assert MarketSource(market, 2 * HOUR_MS).open_ms == market.start_ms + 2 * HOUR_MS


def test_of_what_is_long_past_trades_and_prices_alone_are_told(market: Market) -> None:
    source = MarketSource(market, 150 * MINUTE_MS)

    events = list(source.events())

    old = [each for each in events if each.time_ms < source.open_ms - RECENT_MS - 10 * MINUTE_MS]
    blocks = {
        block
        for chunk in market.chunks()
        for block in zip(chunk.trades.time_ms.tolist(), chunk.trades.coin.tolist(), strict=True)
    }
    assert {each.channel for each in old} == {"trades", "prices"}
    assert sum(each.channel == "trades" for each in events) == len(blocks)
    assert {"bbo", "evm"} <= {each.channel for each in events if each.time_ms > source.open_ms}


def test_market_that_is_past_as_a_whole_is_refused(market: Market) -> None:
    with pytest.raises(ConfigError, match="a market of 3 h cannot open when 3 h of it are past"):
        MarketSource(market, 3 * HOUR_MS)
