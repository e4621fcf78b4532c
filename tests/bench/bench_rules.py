"""Time the rules: python tests/bench/bench_rules.py [wallets].

Asks every rule of as many varied wallets as asked, with scores and without a dataset; prints
seconds and wallets a second.
"""

import sys
import time
from itertools import cycle, islice
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from profile_fakes import heads, profile_set

from hypertrack.categories.classify import classify_wallet
from hypertrack.config import CategorySettings


def main(n_wallets: int) -> None:
    """Run the benchmark."""
    profiles, by_head = profile_set(1_000).profiles, heads()
    start_s = time.perf_counter()
    for profile in islice(cycle(profiles), n_wallets):
        classify_wallet(profile.features, 5, profile.scores, CategorySettings(), by_head)
    took_s = time.perf_counter() - start_s
    print(f"{n_wallets:,} wallets in {took_s:.1f} s, {n_wallets / took_s:,.0f} a second")


if __name__ == "__main__":
    main(*(int(text.replace("_", "")) for text in sys.argv[1:] or ("100_000",)))
