"""How fast trades reach a database through the spool, how much room they take, how fast they load.

    python tests/bench/bench_databases.py [trades, default 500,000]

The same lines into a folder, into SQLite and into a PostgreSQL server started for it (with fsync),
and beside them Python's own sqlite3, which inserts row by row what is parsed already.
"""

import json
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from hypertrack.clock import SystemClock
from hypertrack.config import DatabaseUrl, RecordSettings, parse_place
from hypertrack.records import Feed
from hypertrack.store.database.connecting import open_reader
from hypertrack.store.database.database_session import open_database_session
from hypertrack.store.dataset import open_dataset
from hypertrack.store.files.session import Session, open_session
from hypertrack.store.files.writing import LineWriter

sys.path.insert(0, str(Path(__file__).parents[1]))

from postgres_fakes import PostgresServer, find_server

N_TRADES = 500_000
TRADES_PER_FRAME = 2
START_MS = 1_767_600_000_000


def frames(n_trades: int, rng: random.Random) -> Iterator[bytes]:
    """Yield the lines of frames of trades, in the venue's shape and size."""
    wallets = [f"0x{rng.getrandbits(160):040x}" for _ in range(20_000)]
    for first in range(0, n_trades, TRADES_PER_FRAME):
        lines = []
        for nth in range(first, first + TRADES_PER_FRAME):
            made = {
                "received_ns": (START_MS + nth * 20) * 1_000_000,
                "coin": f"COIN{nth % 40}",
                "side": rng.choice("AB"),
                "px": f"{rng.uniform(80_000, 90_000):.1f}",
                "sz": f"{rng.uniform(0.1, 1):.5f}",
                "time": START_MS + nth * 20,
                "hash": f"0x{rng.getrandbits(256):064x}",
                "tid": rng.getrandbits(50),
                "users": rng.sample(wallets, 2),
            }
            lines.append(json.dumps(made, separators=(",", ":")).encode() + b"\n")
        yield b"".join(lines)


def record(opened: AbstractContextManager[Session], made: list[bytes]) -> float:
    """Write all frames as a recorder does; return the seconds until the dataset has them."""
    start_s = time.perf_counter()
    with opened as session:
        writer = LineWriter(session.folder, RecordSettings(), SystemClock(), session.hand_over)
        writer.start()
        for lines in made:
            writer.offer(Feed.TRADES, lines)
        writer.close()
    return time.perf_counter() - start_s


def load(place: Path | DatabaseUrl, n_trades: int) -> float:
    """Return the seconds that opening the dataset takes."""
    start_s = time.perf_counter()
    with open_dataset(place) as dataset:
        assert dataset.summary().n_trades == n_trades
    return time.perf_counter() - start_s


def insert_with_sqlite3(path: Path, made: list[bytes]) -> float:
    """Insert the same rows, whose keys were parsed before, with the standard library."""
    lines = [line for frame in made for line in frame.decode().splitlines()]
    parsed = [(t["time"], t["coin"], t["tid"], line) for line in lines for t in [json.loads(line)]]
    start_s = time.perf_counter()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(
        "CREATE TABLE trades (seq INTEGER PRIMARY KEY, time_ms BIGINT, coin TEXT, "
        "trade_id BIGINT, line TEXT, UNIQUE (time_ms, coin, trade_id))"
    )
    insert = "INSERT OR IGNORE INTO trades (time_ms, coin, trade_id, line) VALUES (?, ?, ?, ?)"
    for first in range(0, len(parsed), 40_000):
        connection.executemany(insert, parsed[first : first + 40_000])
        connection.commit()
    connection.close()
    return time.perf_counter() - start_s


def show(name: str, n_trades: int, write_s: float, n_bytes: int, load_s: float | None) -> None:
    """Print one line of the table."""
    read = "" if load_s is None else f"{n_trades / load_s:>12,.0f}"
    size_mb = n_bytes / n_trades  # bytes a trade are MB a million
    print(f"{name:<22}{n_trades / write_s:>12,.0f}{size_mb:>12,.0f}{read}", flush=True)


def main() -> None:
    """Print the table."""
    n_trades = int(sys.argv[1]) if len(sys.argv) > 1 else N_TRADES
    made = list(frames(n_trades, random.Random(7)))
    print(f"{'trades into':<22}{'written/s':>12}{'MB/million':>12}{'loaded/s':>12}")
    with tempfile.TemporaryDirectory() as name:
        folder, spool = Path(name) / "folder", Path(name) / "spool"
        write_s = record(open_session(folder), made)
        n_bytes = (folder / "trades.jsonl").stat().st_size
        show("folder (JSONL)", n_trades, write_s, n_bytes, load(folder, n_trades))

        url = parse_place(f"sqlite:///{name}/dataset.db")
        assert isinstance(url, DatabaseUrl)
        write_s = record(open_database_session(url, "rotate", spool, is_patient=True), made)
        n_bytes = Path(url.connection).stat().st_size
        show("SQLite", n_trades, write_s, n_bytes, load(url, n_trades))

        write_s = insert_with_sqlite3(Path(name) / "plain.db", made)
        n_bytes = (Path(name) / "plain.db").stat().st_size
        show("Python's sqlite3", n_trades, write_s, n_bytes, None)

        if (programs := find_server()) is not None:
            server = PostgresServer(programs, is_synced=True)
            server.start()
            try:
                url = parse_place(server.url("bench"))
                assert isinstance(url, DatabaseUrl)
                write_s = record(open_database_session(url, "rotate", spool, is_patient=True), made)
                with open_reader(url) as database:
                    size = "SELECT pg_total_relation_size('trades')"
                    n_bytes = database.rows(size)[0][0]
                show("PostgreSQL", n_trades, write_s, n_bytes, load(url, n_trades))
            finally:
                server.stop()
                server.remove()


if __name__ == "__main__":
    main()
