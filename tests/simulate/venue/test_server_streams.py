"""What subscribers are sent while time passes."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import pytest
from exchange_fakes import (
    AT_ONCE,
    HandSource,
    VenueClient,
    block,
    blocks,
    channel_of,
    coin,
    ids_of,
    info,
    quote,
    trade,
)
from fakes import ALICE, BOB, CAROL, START_MS

from hypertrack.config import SimulateSettings
from hypertrack.errors import ConfigError
from hypertrack.simulate.market.market import Market
from hypertrack.simulate.venue.market_source import MarketSource
from hypertrack.simulate.venue.server import running_exchange
from hypertrack.simulate.venue.source import Event


def test_every_trade_arrives_once_and_in_order() -> None:
    with (
        running_exchange(HandSource(blocks(500)), AT_ONCE) as exchange,
        VenueClient(exchange.url) as client,
    ):
        client.subscribe("trades", coin="BTC")

        received = client.trades(last_id=500)

        assert received == list(range(1, 501))
        assert [trade_id for _, _, trade_id in exchange.sent.trades()] == received


def test_market_arrives_whole_one_coin_and_one_block_a_frame() -> None:
    settings = SimulateSettings(port=0, speed=0, settle_s=0.1, hours=0.05, wallets=100, coins=4)
    source = MarketSource(Market(settings))
    with running_exchange(source, settings) as exchange, VenueClient(exchange.url) as client:
        for one in source.coins:
            client.subscribe("trades", coin=one.name)
        snapshots = [client.data("trades") for _ in source.coins]

        found: set[tuple[int, str, int]] = set()
        while len(found) < exchange.sent.n_trades or not exchange.finished.is_set():
            trades = client.data("trades")
            assert len({(one["coin"], one["time"]) for one in trades}) == 1
            found |= {(one["time"], one["coin"], one["tid"]) for one in trades}

        assert found == set(exchange.sent.trades())
        assert len(found) > 500
        assert {len(snapshot) for snapshot in snapshots} == {30}


def test_best_bid_and_offer_is_sent_only_when_it_changed() -> None:
    events = [
        quote(START_MS + 100, "100.0", "101.0"),
        quote(START_MS + 200, "100.0", "101.0"),
        quote(START_MS + 300, "100.0", "102.0"),
        block(trade(START_MS + 400, 1)),
    ]
    with (
        running_exchange(HandSource(events), AT_ONCE) as exchange,
        VenueClient(exchange.url) as client,
    ):
        client.subscribe("bbo", coin="BTC")
        client.subscribe("trades", coin="BTC")

        frames = client.frames(lambda frame: 1 in ids_of(frame))

    times = [frame["data"]["time"] for frame in frames if channel_of(frame) == "bbo"]
    assert times == [START_MS, START_MS + 100, START_MS + 300]  # the first is the snapshot


def test_books_of_all_coins_share_one_clock_at_the_venues_pace() -> None:
    events = [
        quote(START_MS + 10, "100.0", "101.0"),
        quote(START_MS + 20, "50.0", "51.0", name="ETH"),
    ]
    source = HandSource(events, extra_ms=20_000)
    with running_exchange(source, AT_ONCE) as exchange, VenueClient(exchange.url) as client:
        client.subscribe("l2Book", coin="BTC")
        client.subscribe("l2Book", coin="ETH")
        client.frames(lambda frame: channel_of(frame) == "l2Book")
        client.frames(lambda frame: channel_of(frame) == "l2Book")

        books = [client.data("l2Book") for _ in range(6)]

    offsets = [(book["coin"], book["time"] - START_MS) for book in books]
    assert offsets == [
        *[("BTC", 5_360), ("ETH", 5_360)],
        *[("BTC", 10_720), ("ETH", 10_720)],
        *[("BTC", 16_080), ("ETH", 16_080)],
    ]


def test_fast_books_come_ten_times_as_often() -> None:
    source = HandSource([quote(START_MS + 10, "100.0", "101.0")], extra_ms=2_000)
    with running_exchange(source, AT_ONCE) as exchange, VenueClient(exchange.url) as client:
        client.subscribe("l2Book", coin="BTC", fast=True)
        client.data("l2Book")

        times = [client.data("l2Book")["time"] - START_MS for _ in range(3)]

    assert times == [540, 1_080, 1_620]


def test_candle_is_updated_within_its_minute_and_never_closed() -> None:
    events = [
        block(trade(START_MS + 10_000, 1, price="100.0", size="1.0")),
        block(trade(START_MS + 59_900, 2, price="105.0", size="0.5")),
        block(trade(START_MS + 180_100, 3, price="104.0", size="0.25")),
    ]
    source = HandSource(events, extra_ms=60_000)
    with running_exchange(source, AT_ONCE) as exchange, VenueClient(exchange.url) as client:
        client.subscribe("candle", coin="BTC", interval="1m")
        client.frame()
        candles = [client.data("candle") for _ in range(3)]
        exchange.finished.wait(5)
        client.send({"method": "ping"})
        after = client.frame()

    assert [(one["t"] - START_MS, one["c"], one["v"], one["n"]) for one in candles] == [
        (0, "100.0", "1.0", 1),
        (0, "105.0", "1.5", 2),
        (180_000, "104.0", "0.25", 1),
    ]
    assert after == {"channel": "pong"}


def test_candle_updates_are_at_most_two_a_second_and_keep_the_last_state() -> None:
    source = HandSource(blocks(599), extra_ms=1_000)  # ten trades a second, up to 59.9 s
    with running_exchange(source, AT_ONCE) as exchange, VenueClient(exchange.url) as client:
        client.subscribe("candle", coin="BTC", interval="1m")
        client.frame()

        candles = [client.data("candle")]
        while candles[-1]["n"] < 599:
            candles.append(client.data("candle"))

    assert len(candles) == 120
    assert candles[-1]["v"] == "299.5"


def test_last_state_of_a_minute_precedes_the_next_minute() -> None:
    events = [
        block(trade(START_MS + 59_700, 1, price="100.0")),
        block(trade(START_MS + 59_990, 2, price="99.0")),
        block(trade(START_MS + 60_010, 3, price="98.0")),
    ]
    source = HandSource(events, extra_ms=1_000)
    with running_exchange(source, AT_ONCE) as exchange, VenueClient(exchange.url) as client:
        client.subscribe("candle", coin="BTC", interval="1m")
        client.frame()

        candles = client.frames(
            lambda frame: frame["data"]["n"] == 1 and frame["data"]["c"] == "98.0"
        )

    assert candles[-2]["data"]["n"] == 2
    assert candles[-2]["data"]["c"] == "99.0"


def test_longer_candles_join_minutes() -> None:
    events = [
        block(trade(START_MS + 1_000, 1, price="100.0", size="1.0")),
        block(trade(START_MS + 61_000, 2, price="90.0", size="2.0")),
        block(trade(START_MS + 290_000, 3, price="95.0", size="3.0")),
    ]
    source = HandSource(events, open_ms=START_MS + 299_000)
    with running_exchange(source, AT_ONCE) as exchange, VenueClient(exchange.url) as client:
        client.subscribe("candle", coin="BTC", interval="5m")

        candle = client.data("candle")

    assert candle == {
        **{"t": START_MS, "T": START_MS + 299_999, "s": "BTC", "i": "5m"},
        **{"o": "100.0", "c": "95.0", "h": "100.0", "l": "90.0", "v": "6.0", "n": 3},
    }


def test_mids_and_contexts_come_at_their_own_pace() -> None:
    source = HandSource([quote(START_MS + 10, "100.0", "101.0")], extra_ms=10_500)
    with running_exchange(source, AT_ONCE) as exchange, VenueClient(exchange.url) as client:
        client.subscribe("allMids")
        client.subscribe("activeAssetCtx", coin="BTC")
        exchange.finished.wait(5)
        client.send({"method": "ping"})

        frames = client.frames(lambda frame: channel_of(frame) == "pong")

    counts = Counter(channel_of(frame) for frame in frames)
    assert counts["allMids"] == 1 + 2
    assert counts["activeAssetCtx"] == 1 + 10
    last = [frame for frame in frames if channel_of(frame) == "allMids"][-1]
    assert last["data"]["mids"]["BTC"] == "100.5"


def test_context_of_a_spot_coin_has_its_own_channel() -> None:
    source = HandSource([], coins=(coin("@107", price_usd=41.2),), extra_ms=2_000)
    with running_exchange(source, AT_ONCE) as exchange, VenueClient(exchange.url) as client:
        client.subscribe("activeAssetCtx", coin="@107")

        context = client.data("activeSpotAssetCtx")

    assert context["coin"] == "@107"
    assert "circulatingSupply" in context["ctx"]


def test_wallet_is_sent_its_fills() -> None:
    events = [
        block(trade(START_MS + 100, 1, users=(ALICE, BOB), price="100.0", size="2.0")),
        block(trade(START_MS + 200, 2, users=(CAROL, BOB))),
        block(
            trade(START_MS + 300, 3, users=(BOB, ALICE), is_buy=False, price="110.0", size="1.0")
        ),
    ]
    with (
        running_exchange(HandSource(events, extra_ms=10), AT_ONCE) as exchange,
        VenueClient(exchange.url) as client,
    ):
        client.subscribe("userFills", user=ALICE, aggregateByTime=False)
        snapshot, *updates = [client.data("userFills") for _ in range(3)]

    assert snapshot == {"isSnapshot": True, "user": ALICE, "fills": []}
    fills = [update["fills"][0] for update in updates]
    assert [(fill["tid"], fill["dir"], fill["crossed"]) for fill in fills] == [
        (1, "Open Long", True),
        (3, "Close Long", True),
    ]
    assert fills[1]["closedPnl"] == "10.0"  # one of two coins, bought at 100, sold at 110
    assert fills[1]["startPosition"] == "2.0"


def test_explorer_sends_bare_arrays_of_consecutive_blocks() -> None:
    source = HandSource(blocks(200), extra_ms=1_000)
    with (
        running_exchange(source, AT_ONCE) as exchange,
        VenueClient(exchange.url, "/explorer/ws") as client,
    ):
        client.subscribe("explorerBlock")
        assert client.frame()["channel"] == "subscriptionResponse"
        exchange.finished.wait(5)
        client.send({"method": "ping"})
        frames = client.frames(lambda frame: channel_of(frame) == "pong")[:-1]

    items = [item for frame in frames for item in frame]
    assert [] in frames
    assert all(later["height"] - one["height"] == 1 for one, later in pairwise(items))
    assert all(START_MS < item["blockTime"] <= START_MS + 21_000 for item in items)
    assert items[0].keys() == {"blockTime", "hash", "height", "numTxs", "proposer"}
    assert (len(items[0]["hash"]), len(items[0]["proposer"])) == (66, 42)


def test_explorer_transactions_are_the_orders_behind_the_trades() -> None:
    events = [
        block(trade(START_MS + 70, 99)),
        block(trade(START_MS + 140, 199, is_twap=True)),
    ]
    source = HandSource(events, extra_ms=1_000)
    with (
        running_exchange(source, AT_ONCE) as exchange,
        VenueClient(exchange.url, "/explorer/ws") as client,
    ):
        client.subscribe("explorerTxs")
        client.frame()

        transactions = client.frames(bool)[-1]

    assert [one["action"]["type"] for one in transactions] == ["order"]
    assert transactions[0]["hash"] == f"0x{99:064x}"
    assert transactions[0]["user"] == ALICE
    assert transactions[0].keys() == {"action", "block", "error", "hash", "time", "user"}


def test_exchange_goes_on_answering_after_the_end() -> None:
    with (
        running_exchange(HandSource(blocks(3)), AT_ONCE) as exchange,
        VenueClient(exchange.url) as client,
    ):
        client.subscribe("trades", coin="BTC")
        assert client.trades(last_id=3) == [1, 2, 3]
        assert exchange.finished.wait(5)

        client.send({"method": "ping"})

        assert client.frame() == {"channel": "pong"}
        assert info(exchange.url, type="exchangeStatus")["time"] == START_MS + 300


def test_events_of_the_evm_chain_are_no_frames() -> None:
    data = b'{"header":{"number":"0x5"},"transactions":[],"transfers":[]}'
    events = [Event(START_MS + 10, "evm", "", data), *blocks(2)]
    with (
        running_exchange(HandSource(events), AT_ONCE) as exchange,
        VenueClient(exchange.url) as client,
    ):
        client.subscribe("trades", coin="BTC")
        client.frame()

        frames = client.frames(lambda frame: 2 in ids_of(frame))

    assert {channel_of(frame) for frame in frames} == {"trades"}


def test_exchange_stops_while_its_market_is_being_made() -> None:
    settings = SimulateSettings(port=0, speed=0, settle_s=0, hours=24, wallets=100, coins=4)
    source = MarketSource(Market(settings))
    with running_exchange(source, settings) as exchange, VenueClient(exchange.url) as client:
        client.subscribe("trades", coin=source.coins[0].name)
        client.data("trades")

    assert exchange.finished.is_set()
    assert 0 < exchange.time_ms - source.start_ms < source.end_ms - source.start_ms


def test_what_breaks_the_source_is_raised_at_the_end() -> None:
    class Broken(HandSource):
        def events(self) -> Iterator[Event]:
            yield from blocks(2_500)
            raise ValueError("no more")

    with (
        pytest.raises(ValueError, match="no more"),
        running_exchange(Broken(blocks(1), extra_ms=10**6), AT_ONCE) as exchange,
        VenueClient(exchange.url) as client,
    ):
        client.subscribe("trades", coin="BTC")
        assert exchange.finished.wait(5)


def test_port_in_use_is_a_settings_error() -> None:
    with running_exchange(HandSource([]), AT_ONCE) as exchange:
        port = int(exchange.url.rpartition(":")[2])

        with (
            pytest.raises(ConfigError, match=f"found 127.0.0.1:{port} in use"),
            running_exchange(HandSource([]), SimulateSettings(port=port)),
        ):
            pass
