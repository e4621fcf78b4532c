"""How fast archives become a dataset, and in how much memory.

    python tests/bench/bench_import.py [fills, default 1,000,000]

Fills of 200 coins and 5,000 wallets, both sides of each trade in one block of one to eight trades,
packed with lz4 like the venue's archives, one file an hour.
"""

import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from hypertrack.importing.importer import Importer
from hypertrack.importing.source_files import find_files
from hypertrack.store.files.session import open_session

N_FILLS = 1_000_000
START_S = 1_767_600_000
HOUR_S = 3_600


def events(rng: random.Random, time_ms: int, trade_id: int) -> list[list[object]]:
    """Return the two fills of a trade in the venue's shape and size."""
    price, size = f"{rng.uniform(1, 1e5):.1f}", f"{rng.uniform(0.01, 10):.4f}"
    common = {"coin": f"COIN{rng.randrange(200)}", "px": price, "sz": size, "time": time_ms}
    taker = rng.choice("AB")
    return [
        [
            f"0x{rng.randrange(5_000):040x}",
            {
                **common,
                **{"side": side, "startPosition": f"{rng.uniform(-9, 9):.4f}", "dir": "Open Long"},
                **{"closedPnl": "0.0", "hash": f"0x{trade_id:064x}", "oid": trade_id * 2},
                **{"crossed": side == taker, "fee": "0.499952", "tid": trade_id},
                **{"feeToken": "USDC", "twapId": None},
            },
        ]
        for side in "AB"
    ]


def blocks(rng: random.Random, hour: int, n_fills: int, first_id: int) -> Iterator[bytes]:
    """Yield the blocks of an hour as lines."""
    n_done = 0
    while n_done < n_fills:
        at_ms = int((START_S + hour * HOUR_S + n_done / n_fills * HOUR_S) * 1000)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at_ms // 1000))
        found: list[list[object]] = []
        for _ in range(rng.randrange(1, 9)):
            found += events(rng, at_ms, first_id + n_done + len(found))
        n_done += len(found)
        when = f"{stamp}.{at_ms % 1000:03}"
        block = {"local_time": f"{when}400000", "block_time": f"{when}111517"}
        yield json.dumps({**block, "block_number": at_ms, "events": found}).encode() + b"\n"


def write_archive(folder: Path, n_fills: int, n_hours: int = 4) -> None:
    """Write packed hours that hold so many fills, or a few more."""
    rng = random.Random(7)
    day = folder / time.strftime("%Y%m%d", time.gmtime(START_S))
    day.mkdir(parents=True)
    first = time.gmtime(START_S).tm_hour
    for hour in range(n_hours):
        path = day / f"{first + hour}.lz4"
        with pa.CompressedOutputStream(str(path), "lz4") as file:
            for line in blocks(rng, hour, n_fills // n_hours, 1 + hour * n_fills):
                file.write(line)


def main() -> None:
    n_fills = int(sys.argv[1].replace(",", "")) if len(sys.argv) > 1 else N_FILLS
    with tempfile.TemporaryDirectory() as name:
        write_archive(Path(name) / "archive", n_fills)
        at_start_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        start_s = time.perf_counter()
        files, _ = find_files([Path(name) / "archive"])
        with open_session(Path(name) / "data") as session:
            importer = Importer(session, files)
            for _ in importer.run():
                pass
        took_s = time.perf_counter() - start_s
        counts = importer.report().counts
        peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    fills = counts["fills"]
    packed_mib = sum(file.n_bytes for file in files) / 2**20
    print(f"{fills:,} fills ({packed_mib:,.0f} MiB of lz4) to {counts['trades']:,} trades")
    print(f"in {took_s:.1f} s: {fills / took_s:,.0f} fills/s, {fills / took_s * 60:,.0f} a minute")
    print(f"peak memory {peak_mib:,.0f} MiB, {at_start_mib:,.0f} MiB before it began")


if __name__ == "__main__":
    main()
