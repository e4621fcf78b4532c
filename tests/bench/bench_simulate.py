"""How fast the simulated market is made and written, and in how much memory.

Run: ``python tests/bench/bench_simulate.py [trades] [wallets] [hours] [form ...]``; forms are
``made`` (nothing is written), ``lines``, ``lines-without-bbo``, ``sealed`` and ``archives``. All
where none is named, each in its own process.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from hypertrack.config import SimulateSettings
from hypertrack.simulate.market.archives import ArchiveWriter
from hypertrack.simulate.market.bulk import settings_for, write_dataset
from hypertrack.simulate.market.hours import write_hours
from hypertrack.simulate.market.market import Market
from hypertrack.simulate.market.playing import played
from hypertrack.store.compaction.new_hours import NewHours


def make(market: Market, _path: Path, n_trades: int) -> None:
    for _ in played(market, leave, n_trades, None):
        pass


def leave(chunk: object) -> None:
    """Do nothing with a chunk."""


def write_lines(market: Market, path: Path, n_trades: int) -> None:
    for _ in write_dataset(market, path, n_trades):
        pass


def write_lines_without_bbo(market: Market, path: Path, n_trades: int) -> None:
    for _ in write_dataset(market, path, n_trades, with_quotes=False):
        pass


def write_sealed(market: Market, path: Path, n_trades: int) -> None:
    with NewHours(path) as hours:
        for _ in write_hours(market, path, hours, n_trades):
            pass
        hours.put_in_force()


def write_archives(market: Market, path: Path, n_trades: int) -> None:
    with ArchiveWriter(market, path) as archives:
        for _ in played(market, archives.write, n_trades, None):
            pass
        archives.finish()


FORMS: dict[str, Callable[[Market, Path, int], None]] = {
    "made": make,
    "lines": write_lines,
    "lines-without-bbo": write_lines_without_bbo,
    "sealed": write_sealed,
    "archives": write_archives,
}


def measure(form: str, n_trades: int, wallets: int, hours: float) -> None:
    market = Market(settings_for(SimulateSettings(wallets=wallets, hours=hours), n_trades))
    with tempfile.TemporaryDirectory() as folder:
        path, began_s, began_cpu_s = Path(folder), time.perf_counter(), time.process_time()
        FORMS[form](market, path, n_trades)
        wall_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
        size_mb = sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / 1e6
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{form:18} {n_trades:,} trades   wall {wall_s:6.1f} s   cpu {cpu_s:6.1f} s   "
        f"{size_mb:6,.0f} MB   {peak_mib} MiB",
        flush=True,
    )


def main(n_trades: int, wallets: int, hours: float, forms: list[str]) -> None:
    if len(forms) == 1:
        measure(forms[0], n_trades, wallets, hours)
        return
    for form in forms or FORMS:
        given = [str(n_trades), str(wallets), str(hours), form]
        subprocess.run([sys.executable, __file__, *given], check=True)


if __name__ == "__main__":
    words = sys.argv[1:]
    numbers = [words.pop(0) for _ in range(3) if words and words[0][0].isdigit()]
    n_trades, wallets, hours = [*numbers, *("1000000", "2000", "24")[len(numbers) :]]
    main(int(n_trades.replace("_", "")), int(wallets), float(hours), words)
