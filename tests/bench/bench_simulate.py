"""How fast the simulated market is made and written, and in how much memory.

Run: ``python tests/bench/bench_simulate.py [trades] [wallets] [hours]``.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

from hypertrack.config import SimulateSettings
from hypertrack.simulate.market.bulk import settings_for, write_dataset
from hypertrack.simulate.market.market import Market


def peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main(n_trades: int = 1_000_000, wallets: int = 2_000, hours: float = 24.0) -> None:
    settings = settings_for(SimulateSettings(wallets=wallets, hours=hours), n_trades)
    began = time.perf_counter()
    made = sum(len(chunk.trades) for chunk in Market(settings).chunks())
    seconds = time.perf_counter() - began
    print(f"made    {made:,} trades in {seconds:.1f} s, {made / seconds:,.0f}/s, {peak_mib()} MiB")
    for with_quotes in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            path = Path(folder) / "dataset"
            for progress in write_dataset(
                Market(settings), path, n_trades, with_quotes=with_quotes
            ):
                written = progress.n_trades
            seconds = time.perf_counter() - began
            size = sum(file.stat().st_size for file in path.iterdir()) / 1e6
        what = "with bbo" if with_quotes else "without "
        rate = written / seconds
        print(f"wrote   {written:,} trades {what} in {seconds:.1f} s, {rate:,.0f}/s, ", end="")
        print(f"{size:,.0f} MB, {peak_mib()} MiB")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(*(kind(text) for kind, text in zip((int, int, float), arguments, strict=False)))
