"""Print the order book of one coin as they come.

Usage: python examples/recorder_l2book.py BTC [--url URL]
Needs nothing but the venue; Ctrl-C ends it. `hypertrack record --l2book` stores the same.
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
    for row in stream(venue.market_ws, Subscription(Feed.L2BOOK, options.coin)):
        bids, asks = decode_json(bytes(row.raw))["levels"]  # best first, up to 20 a side
        depth_usd = sum(float(level["px"]) * float(level["sz"]) for level in bids + asks)
        best = [levels[0]["px"] if levels else "none" for levels in (bids, asks)]
        print(f"{row.exchange_time_ms} best {best[0]} / {best[1]}, {depth_usd:,.0f} USD shown")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
