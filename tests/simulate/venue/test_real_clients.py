"""Clients that nobody here wrote: the venue's own Python SDK, and ccxt."""

import asyncio
import queue
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import ccxt.pro
import pytest
from hyperliquid.info import Info

from hypertrack.config import SimulateSettings
from hypertrack.simulate.market.market import Market
from hypertrack.simulate.venue.market_source import MarketSource
from hypertrack.simulate.venue.server import running_exchange
from hypertrack.simulate.venue.venue_rules import VenueRules

COINS = ("BTC", "HYPE", "@107", "xyz:SP500", "PURR/USDC")


@dataclass(frozen=True)
class Venue:
    """A running exchange and the SDK connected to it."""

    url: str
    sdk: Info


SETTINGS = SimulateSettings(port=0, speed=30, settle_s=0.2, hours=1, wallets=300, coins=12)


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(SETTINGS)


@pytest.fixture(scope="module")
def venue(market: Market) -> Iterator[Venue]:
    """A market that runs for an hour at thirty times the speed, from the first subscription."""
    rules = VenueRules(info_weight_per_minute=None)  # all tests are one address
    with running_exchange(MarketSource(market), SETTINGS, rules=rules) as exchange:
        sdk = Info(exchange.url, perp_dexs=["", "xyz"])
        yield Venue(exchange.url, sdk)
    sdk.ws_manager.join(5)  # its thread ends with the connection
    sdk.disconnect_websocket()


@pytest.fixture
def sdk(venue: Venue) -> Info:
    return venue.sdk


@pytest.mark.parametrize(
    ("subscription", "channel"),
    [
        *[({"type": "trades", "coin": coin}, "trades") for coin in COINS],
        *[({"type": "l2Book", "coin": coin}, "l2Book") for coin in COINS],
        *[({"type": "bbo", "coin": coin}, "bbo") for coin in COINS],
        ({"type": "candle", "coin": "BTC", "interval": "1m"}, "candle"),
        ({"type": "allMids"}, "allMids"),
        ({"type": "activeAssetCtx", "coin": "BTC"}, "activeAssetCtx"),
        ({"type": "activeAssetCtx", "coin": "@107"}, "activeSpotAssetCtx"),
        ({"type": "userFills", "user": "0x" + "1" * 40}, "userFills"),
    ],
    ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else value,
)
def test_sdk_receives_what_it_subscribes(
    sdk: Info, subscription: dict[str, str], channel: str
) -> None:
    received: queue.Queue[Any] = queue.Queue()

    sdk.subscribe(subscription, received.put)

    assert received.get(timeout=10)["channel"] == channel


def test_sdk_receives_trades_that_go_on_after_the_replay(sdk: Info) -> None:
    received: queue.Queue[Any] = queue.Queue()
    sdk.subscribe({"type": "trades", "coin": "ETH"}, received.put)

    frames = [received.get(timeout=10)["data"] for _ in range(20)]

    assert len(frames[0]) == 30
    assert all(one["time"] > frames[0][-1]["time"] for frame in frames[1:] for one in frame)


def test_sdk_reads_every_answer_it_knows(sdk: Info) -> None:
    universe = [entry["name"] for entry in sdk.meta()["universe"]]
    trades = sdk.post("/info", {"type": "recentTrades", "coin": "BTC"})
    user = trades[0]["users"][0]
    now = sdk.post("/info", {"type": "exchangeStatus"})["time"]
    fills = sdk.user_fills(user)

    assert "BTC" in universe
    assert sdk.asset_to_sz_decimals[sdk.name_to_asset("BTC")] == 5
    assert sdk.name_to_asset("xyz:SP500") == 110_000
    assert float(sdk.all_mids()["BTC"]) > 0
    assert len(sdk.l2_snapshot("BTC")["levels"][0]) == 20
    assert sdk.candles_snapshot("BTC", "1m", now - 300_000, now)[0]["s"] == "BTC"
    assert sdk.funding_history("BTC", now - 7_200_000, now)[0]["coin"] == "BTC"
    # From its own time on: an answer is the oldest 2,000, and a busy wallet has more.
    since = sdk.user_fills_by_time(user, fills[0]["time"])
    assert fills[0]["tid"] in {fill["tid"] for fill in since}
    assert len(sdk.meta_and_asset_ctxs()[1]) == len(universe)
    assert len(sdk.spot_meta_and_asset_ctxs()[1]) == len(sdk.spot_meta()["universe"])
    assert "marginSummary" in sdk.user_state(user)
    assert "balances" in sdk.spot_user_state(user)
    assert sdk.user_role(user)["role"] in {"user", "vault", "subAccount"}


def test_sdk_reads_the_accounts_of_wallets(market: Market, venue: Venue) -> None:
    sdk = Info(venue.url, skip_ws=True)
    holder = market.wallets[market.start_positions.wallet[0]]
    sub, master = (market.wallets[at] for at in next(iter(market.kinship.master_of.items())))
    vault = next(iter(market.kinship.vaults.values()))

    held = sdk.user_state(holder)["assetPositions"][0]["position"]
    fills = sdk.user_fills_by_time(holder, 0, market.start_ms, aggregate_by_time=True)
    windows = dict(sdk.portfolio(holder))
    flows = sdk.user_non_funding_ledger_updates(holder, 0)

    assert float(held["szi"]) != 0
    assert held["coin"] in {fill["coin"] for fill in fills}
    assert len(windows["perpAllTime"]["pnlHistory"]) > 1
    assert flows[0]["delta"]["type"] == "deposit"
    assert sdk.user_funding_history(holder, 0)[0]["delta"]["type"] == "funding"
    assert sdk.user_fills(holder)[0]["tid"] > 0
    assert sdk.user_twap_slice_fills(holder) is not None
    assert sdk.query_sub_accounts(master)[0]["subAccountUser"] == sub
    assert sdk.user_role(sub) == {"role": "subAccount", "data": {"master": master}}
    assert float(sdk.user_vault_equities(vault.leader)[0]["equity"]) > 0
    assert sdk.user_fees(holder)["feeSchedule"]["cross"] == "0.00045"
    assert sdk.extra_agents(holder) is not None


@asynccontextmanager
async def ccxt_client(url: str) -> AsyncIterator[Any]:
    client = ccxt.pro.hyperliquid({"enableRateLimit": False})
    client.urls["api"]["public"] = client.urls["api"]["private"] = url
    client.urls["api"]["ws"]["public"] = url.replace("http://", "ws://") + "/ws"
    try:
        await client.load_markets()
        yield client
    finally:
        await client.close()


def with_ccxt(venue: Venue, act: Callable[[Any], Awaitable[Any]]) -> Any:
    """Return what an action with a fresh client returns."""

    async def run() -> Any:
        async with ccxt_client(venue.url) as client:
            return await asyncio.wait_for(act(client), 20)

    return asyncio.run(run())


def test_ccxt_loads_perps_spot_and_builders_markets(venue: Venue) -> None:
    async def act(client: Any) -> Any:
        return client.markets

    markets = with_ccxt(venue, act)

    kinds = {market["type"] for market in markets.values()}
    names = {market["info"]["name"] for market in markets.values()}
    assert kinds == {"swap", "spot"}
    assert set(COINS) <= names
    assert markets["BTC/USDC:USDC"]["precision"]["amount"] == pytest.approx(1e-5)


def test_ccxt_watches_trades(venue: Venue) -> None:
    trades = with_ccxt(venue, lambda client: client.watch_trades("BTC/USDC:USDC"))

    assert trades[-1]["symbol"] == "BTC/USDC:USDC"
    assert {trade["side"] for trade in trades} <= {"buy", "sell"}
    assert trades[-1]["price"] > 0


def test_ccxt_watches_the_book(venue: Venue) -> None:
    book = with_ccxt(venue, lambda client: client.watch_order_book("BTC/USDC:USDC"))

    assert len(book["bids"]) == len(book["asks"]) == 20
    assert book["bids"][0][0] < book["asks"][0][0]


def test_ccxt_watches_candles(venue: Venue) -> None:
    candles = with_ccxt(venue, lambda client: client.watch_ohlcv("BTC/USDC:USDC", "1m"))

    start, opened, high, low, close, volume = candles[-1]
    assert start % 60_000 == 0
    assert low <= min(opened, close) <= max(opened, close) <= high
    assert volume > 0


def test_ccxt_fetches_what_it_knows(venue: Venue) -> None:
    async def act(client: Any) -> Any:
        symbol = "BTC/USDC:USDC"
        return {
            "book": await client.fetch_order_book(symbol),
            "tickers": await client.fetch_tickers(),
            "candles": await client.fetch_ohlcv(symbol, "1m"),
            "funding": await client.fetch_funding_rates(),
            "interest": await client.fetch_open_interest(symbol),
            "status": await client.fetch_status(),
            "time": await client.fetch_time(),
        }

    found = with_ccxt(venue, act)

    assert len(found["book"]["bids"]) == 20
    assert found["tickers"]["BTC/USDC:USDC"]["last"] > 0
    assert found["candles"][0][0] % 60_000 == 0
    assert "BTC/USDC:USDC" in found["funding"]
    assert found["interest"]["openInterestAmount"] > 0
    assert found["status"]["status"] == "ok"
    assert found["time"] > 1_767_571_200_000


def test_ccxt_reads_the_fills_of_a_wallet(venue: Venue) -> None:
    async def act(client: Any) -> Any:
        recent = await client.public_post_info({"type": "recentTrades", "coin": "BTC"})
        return await client.fetch_trades("BTC/USDC:USDC", params={"user": recent[0]["users"][0]})

    fills = with_ccxt(venue, act)

    assert fills[0]["symbol"] == "BTC/USDC:USDC"
    assert fills[0]["fee"]["currency"] == "USDC"
