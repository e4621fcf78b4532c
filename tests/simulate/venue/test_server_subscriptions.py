"""Subscribing: acknowledgements, snapshots, errors, and what kills a socket."""

import json

import pytest
from exchange_fakes import (
    AT_ONCE,
    CLOSED,
    HandSource,
    VenueClient,
    block,
    blocks,
    coin,
    quote,
    trade,
)
from fakes import ALICE, START_MS

from hypertrack.config import SimulateSettings
from hypertrack.simulate.venue.server import running_exchange
from hypertrack.simulate.venue.venue_rules import VenueRules

STILL = SimulateSettings(port=0, speed=1, settle_s=60)
"""Time never begins: snapshots alone are sent."""

HISTORY = HandSource(
    [quote(START_MS + 50, "84143.0", "84144.0"), *blocks(40)], open_ms=START_MS + 60_000
)


def test_acknowledgement_fills_in_the_defaults_and_precedes_the_snapshot() -> None:
    with running_exchange(HISTORY, STILL) as exchange, VenueClient(exchange.url) as client:
        client.subscribe("l2Book", coin="BTC")

        acknowledgement, snapshot = client.text(), client.frame()

    assert acknowledgement == (
        '{"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":'
        '{"type":"l2Book","coin":"BTC","nSigFigs":null,"mantissa":null,"fast":false}}}'
    )
    assert snapshot["channel"] == "l2Book"


def test_trades_begin_with_the_last_thirty_oldest_first_and_unmarked() -> None:
    with running_exchange(HISTORY, STILL) as exchange, VenueClient(exchange.url) as client:
        client.subscribe("trades", coin="BTC")
        client.frame()

        snapshot = client.frame()

    assert snapshot.keys() == {"channel", "data"}
    assert [one["tid"] for one in snapshot["data"]] == list(range(11, 41))
    assert snapshot["data"][0] == trade(START_MS + 1_100, 11)


def test_thirty_trades_come_again_with_every_subscription() -> None:
    with running_exchange(HISTORY, STILL) as exchange, VenueClient(exchange.url) as client:
        client.subscribe("trades", coin="BTC")
        client.unsubscribe("trades", coin="BTC")
        client.subscribe("trades", coin="BTC")

        frames = [client.frame() for _ in range(5)]

    assert [frame["channel"] for frame in frames] == [
        "subscriptionResponse",
        "trades",
        "subscriptionResponse",
        "subscriptionResponse",
        "trades",
    ]
    assert frames[1] == frames[4]


@pytest.mark.parametrize(
    ("kind", "options", "channel"),
    [
        ("bbo", {"coin": "BTC"}, "bbo"),
        ("candle", {"coin": "BTC", "interval": "1m"}, "candle"),
        ("allMids", {}, "allMids"),
        ("activeAssetCtx", {"coin": "BTC"}, "activeAssetCtx"),
        ("userFills", {"user": ALICE}, "userFills"),
    ],
)
def test_channel_begins_with_its_snapshot(kind: str, options: dict[str, str], channel: str) -> None:
    with running_exchange(HISTORY, STILL) as exchange, VenueClient(exchange.url) as client:
        client.subscribe(kind, **options)

        frames = [client.frame(), client.frame()]

    assert [frame["channel"] for frame in frames] == ["subscriptionResponse", channel]


def test_whole_book_has_twenty_levels_and_the_fast_one_five() -> None:
    with running_exchange(HISTORY, STILL) as exchange, VenueClient(exchange.url) as client:
        client.subscribe("l2Book", coin="BTC")
        whole = client.data("l2Book")
        client.subscribe("l2Book", coin="BTC", fast=True)
        fast = client.data("l2Book")

    bids, asks = whole["levels"]
    assert (len(bids), len(asks), "fast" in whole) == (20, 20, False)
    assert bids[0] == {"px": "84143.0", "sz": "1.0", "n": 3}
    assert asks[0] == {"px": "84144.0", "sz": "2.0", "n": 3}
    assert [float(level["px"]) for level in bids] == sorted(
        {float(level["px"]) for level in bids}, reverse=True
    )
    assert fast == {**whole, "levels": [bids[:5], asks[:5]], "fast": True}


def test_candle_of_the_snapshot_is_the_one_under_way() -> None:
    events = [
        block(trade(START_MS + 1_000, 1, price="100.0", size="0.5")),
        block(
            trade(START_MS + 2_000, 2, price="103.5", size="0.25"),
            trade(START_MS + 2_000, 3, price="99.0", size="0.25"),
        ),
        block(trade(START_MS + 3_000, 4, price="101.0", size="1.0")),
    ]
    source = HandSource(events, open_ms=START_MS + 10_000)
    with running_exchange(source, STILL) as exchange, VenueClient(exchange.url) as client:
        client.subscribe("candle", coin="BTC", interval="1m")

        candle = client.data("candle")

    assert candle == {
        **{"t": START_MS, "T": START_MS + 59_999, "s": "BTC", "i": "1m"},
        **{"o": "100.0", "c": "101.0", "h": "103.5", "l": "99.0", "v": "2.0", "n": 4},
    }


def test_ping_is_answered_without_data() -> None:
    with running_exchange(HISTORY, STILL) as exchange, VenueClient(exchange.url) as client:
        client.send({"method": "ping"})

        assert client.text() == '{"channel":"pong"}'


def test_second_subscription_of_the_same_is_an_error_in_normal_form() -> None:
    with running_exchange(HISTORY, STILL) as exchange, VenueClient(exchange.url) as client:
        client.subscribe("bbo", coin="BTC")
        client.subscribe("bbo", coin="BTC")

        assert client.data("error") == 'Already subscribed: {"type":"bbo","coin":"BTC"}'


def test_unsubscribing_what_is_not_held_is_an_error() -> None:
    with running_exchange(HISTORY, STILL) as exchange, VenueClient(exchange.url) as client:
        client.unsubscribe("trades", coin="ETH")

        assert client.text() == (
            '{"channel":"error","data":"Already unsubscribed: '
            '{\\"type\\":\\"trades\\",\\"coin\\":\\"ETH\\"}"}'
        )


@pytest.mark.parametrize(
    "text",
    [
        '{"method": "subscribe", "subscription": {"type": "noSuchType", "coin": "BTC"}}',
        '{"method":"subscribe","subscription":{"type":"bbo","coin":["BTC","ETH"]}}',
        '{"method":"subscribe","subscription":{"type":"webData2","user":"0x0"}}',
        '{"method":"subscribe","subscription":{"type":"candle","coin":"BTC","interval":"7m"}}',
        '{"method":"subscribe"}',
        '{"method":"dance"}',
        '{"method":"post","request":{"type":"info","payload":{"type":"meta"}}}',
        "[1, 2",
    ],
)
def test_unreadable_request_is_echoed_to_the_letter_and_the_socket_lives(text: str) -> None:
    with running_exchange(HISTORY, STILL) as exchange, VenueClient(exchange.url) as client:
        client.send(text)
        client.send({"method": "ping"})

        error, pong = client.frame(), client.frame()

    problem = "Error parsing JSON into valid websocket request: "
    assert error == {"channel": "error", "data": problem + text}
    assert pong == {"channel": "pong"}


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("trades", {"coin": "NOPE"}),
        ("bbo", {"coin": "btc"}),
        ("candle", {"coin": "XYZ:SP500", "interval": "1m"}),
        ("activeAssetCtx", {"coin": "SP500"}),
        ("l2Book", {"coin": "BTC", "nSigFigs": 6}),
        ("l2Book", {"coin": "BTC", "mantissa": 2}),
        ("l2Book", {"coin": "BTC", "nSigFigs": 5, "mantissa": 3}),
    ],
)
def test_unknown_coin_or_book_kills_the_socket_without_a_frame(
    kind: str, options: dict[str, object]
) -> None:
    source = HandSource([], coins=(coin("BTC"), coin("xyz:SP500")))
    rules = VenueRules(refusal_wall_s=0.02)
    with (
        running_exchange(source, STILL, rules=rules) as exchange,
        VenueClient(exchange.url) as client,
    ):
        client.subscribe("bbo", coin="BTC")
        before = [client.frame()["channel"], client.frame()["channel"]]
        client.subscribe(kind, **options)
        client.send({"method": "ping"})

        assert client.text() == CLOSED
    assert before == ["subscriptionResponse", "bbo"]


def test_posted_request_is_answered_with_its_id() -> None:
    with running_exchange(HISTORY, STILL) as exchange, VenueClient(exchange.url) as client:
        client.send(
            {
                "method": "post",
                "id": 7,
                "request": {"type": "info", "payload": {"type": "l2Book", "coin": "NOPE"}},
            }
        )

        assert client.text() == (
            '{"channel":"post","data":{"id":7,"response":'
            '{"type":"info","payload":{"type":"l2Book","data":null}}}}'
        )


def test_grouped_book_rounds_prices_away_from_the_middle_and_tells_the_spread() -> None:
    source = HandSource([quote(START_MS, "84143.0", "84149.0")])
    with running_exchange(source, STILL) as exchange, VenueClient(exchange.url) as client:
        client.subscribe("l2Book", coin="BTC", nSigFigs=4)

        book = client.data("l2Book")

    assert (book["levels"][0][0]["px"], book["levels"][1][0]["px"]) == ("84140.0", "84150.0")
    assert book["spread"] == "6.0"


def test_handshake_negotiates_no_compression() -> None:
    with running_exchange(HISTORY, STILL) as exchange, VenueClient(exchange.url) as client:
        assert "sec-websocket-extensions" not in client.socket.getheaders()


def test_explorer_feed_on_the_wrong_host_says_nothing_but_an_empty_array() -> None:
    with running_exchange(HISTORY, AT_ONCE) as exchange, VenueClient(exchange.url) as client:
        client.subscribe("explorerBlock")
        exchange.finished.wait(5)
        client.send({"method": "ping"})

        frames = client.frames(lambda frame: frame == {"channel": "pong"})

    assert frames[0]["channel"] == "subscriptionResponse"
    assert frames[1:] == [[], {"channel": "pong"}]


def test_json_has_no_spaces() -> None:
    with running_exchange(HISTORY, STILL) as exchange, VenueClient(exchange.url) as client:
        client.subscribe("trades", coin="BTC")
        client.text()

        text = client.text()

    assert text == json.dumps(json.loads(text), separators=(",", ":"))
