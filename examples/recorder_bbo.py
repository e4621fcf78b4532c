"""Print the best bid and offer of one coin as they come.

Usage: python examples/recorder_bbo.py BTC [--url URL]
Needs nothing but the venue; Ctrl-C ends it. `hypertrack record --bbo` stores the same.
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
    for row in stream(venue.market_ws, Subscription(Feed.BBO, options.coin)):
        bid, ask = decode_json(bytes(row.raw))["bbo"]  # either is null where nobody quotes
        shown = [f"{side['px']} x {side['sz']}" if side else "none" for side in (bid, ask)]
        print(f"{row.exchange_time_ms} bid {shown[0]}, ask {shown[1]}")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
