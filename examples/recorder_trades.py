"""Print the trades of one coin as they come.

Usage: python examples/recorder_trades.py BTC [--url URL]
Needs nothing but the venue; Ctrl-C ends it. `hypertrack record --trades` stores the same.
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
    for row in stream(venue.market_ws, Subscription(Feed.TRADES, options.coin)):
        trade = decode_json(bytes(row.raw))  # the venue's object, as it came
        buyer, seller = trade["users"]
        side = "bought" if trade["side"] == "B" else "sold"  # the taker's side
        deal = f"taker {side} {trade['sz']} at {trade['px']}"
        print(f"{row.exchange_time_ms} {deal}, buyer {buyer}, seller {seller}")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
