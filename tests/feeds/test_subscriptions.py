"""What is asked of a socket, and which answer belongs to it."""

import json

import pytest

from hypertrack.feeds.frames import Unasked, parse_frame
from hypertrack.feeds.subscriptions import CORE, Subscription
from hypertrack.records import Feed


@pytest.mark.parametrize(
    ("feed", "coin", "wire"),
    [
        (Feed.TRADES, "@107", {"type": "trades", "coin": "@107"}),
        (Feed.BBO, "BTC", {"type": "bbo", "coin": "BTC"}),
        (Feed.CONTEXTS, "@107", {"type": "activeAssetCtx", "coin": "@107"}),
        (Feed.L2BOOK, "xyz:CL", {"type": "l2Book", "coin": "xyz:CL"}),
        (Feed.CANDLES, "BTC", {"type": "candle", "coin": "BTC", "interval": "1m"}),
        (Feed.BLOCKS, CORE, {"type": "explorerBlock"}),
        (Feed.TRANSACTIONS, CORE, {"type": "explorerTxs"}),
    ],
)
def test_request_is_the_venues(feed: Feed, coin: str, wire: dict[str, str]) -> None:
    request = json.loads(Subscription(feed, coin).request())

    assert request == {"method": "subscribe", "subscription": wire}


def test_echo_may_have_more_keys_than_were_sent() -> None:
    book = Subscription(Feed.L2BOOK, "BTC")

    assert book.is_echoed_by({"type": "l2Book", "coin": "BTC", "nSigFigs": None, "fast": False})
    assert not book.is_echoed_by({"type": "l2Book", "coin": "ETH", "fast": False})
    assert not book.is_echoed_by({"coin": "BTC"})


def test_stream_is_feed_and_coin() -> None:
    assert Subscription(Feed.TRADES, "xyz:CL").stream == "trades:xyz:CL"


@pytest.mark.parametrize(
    "answer",
    [
        {"channel": "subscriptionResponse", "data": {"method": "unsubscribe", "subscription": {}}},
        {"channel": "error", "data": 'Already unsubscribed: {"type":"trades","coin":"BTC"}'},
    ],
)
def test_answer_to_a_cancellation_acknowledges_nothing(answer: dict[str, object]) -> None:
    cancellation = json.loads(Subscription(Feed.TRADES, "BTC").cancellation())

    assert cancellation["method"] == "unsubscribe"
    assert isinstance(parse_frame(json.dumps(answer).encode()), Unasked)
