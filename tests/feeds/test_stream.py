"""A single stream as an iterator."""

from itertools import islice

import pytest
from exchange_fakes import AT_ONCE, HandSource, blocks
from fakes import START_MS

from hypertrack.errors import VenueError
from hypertrack.feeds.stream import stream
from hypertrack.feeds.subscriptions import Subscription
from hypertrack.records import Feed
from hypertrack.simulate.venue.server import running_exchange


def test_rows_of_one_stream_come_in_order() -> None:
    with running_exchange(HandSource(blocks(20)), AT_ONCE) as exchange:
        url = exchange.url.replace("http", "ws") + "/ws"
        rows = list(islice(stream(url, Subscription(Feed.TRADES, "BTC")), 20))

    assert [row.row_id for row in rows] == list(range(1, 21))
    assert rows[0].exchange_time_ms == START_MS + 100


def test_unknown_coin_ends_with_an_error() -> None:
    with running_exchange(HandSource(blocks(20)), AT_ONCE) as exchange:
        url = exchange.url.replace("http", "ws") + "/ws"
        with pytest.raises(VenueError):
            next(stream(url, Subscription(Feed.TRADES, "NOPE")))
