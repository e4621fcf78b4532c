"""Print the one-minute candles of one coin as they come.

Usage: python examples/recorder_candle.py BTC [--url URL]
Needs nothing but the venue; Ctrl-C ends it. `hypertrack record --candles` stores the same.
"""

import argparse
import contextlib

from hypertrack.config import VenueSettings
from hypertrack.feeds.endpoints import endpoints
from hypertrack.feeds.stream import stream
from hypertrack.feeds.subscriptions import Subscription
from hypertrack.records import Feed, decode_json


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("coin", nargs="?", default="BTC")
    parser.add_argument("--url", help="another venue, such as http://127.0.0.1:8765")
    options = parser.parse_args()
    venue = endpoints(VenueSettings(url=options.url))
    for row in stream(venue.market_ws, Subscription(Feed.CANDLES, options.coin)):
        candle = decode_json(bytes(row.raw))  # sent at every trade: the minute is not over yet
        prices = " ".join(f"{name}={candle[name]}" for name in "ohlc")
        print(f"{row.exchange_time_ms} {prices} volume={candle['v']} trades={candle['n']}")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
