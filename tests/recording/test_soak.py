"""A simulated day, recorded at speed while the exchange breaks every now and then."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from campaign_fakes import Trade, outcome_of
from exchange_fakes import AT_ONCE

from hypertrack.simulate.market.market import Market
from hypertrack.simulate.venue.faults import Faults
from hypertrack.simulate.venue.market_source import MarketSource
from hypertrack.simulate.venue.server import Exchange, running_exchange
from hypertrack.simulate.venue.venue_rules import VenueRules
from hypertrack.store.dataset import open_dataset

HOURS = 24
FRAMES_BETWEEN_BREAKS = 40_000
MAX_WAIT_S = 1_200.0
SAMPLE_S = 0.5

BREAKS = (
    Faults(break_after_frames=FRAMES_BETWEEN_BREAKS, miss_trades=20),
    Faults(break_after_frames=FRAMES_BETWEEN_BREAKS, miss_trades=200, break_by="close"),
    Faults(break_after_frames=FRAMES_BETWEEN_BREAKS, miss_trades=1_000),
)


def resident_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextmanager
def recorder(url: str, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run ``hypertrack record`` and end it with SIGTERM; it must end with 0."""
    words = ["--trades", "--candles", "--bbo", "--coins", "all", "--url", url]
    command = [sys.executable, "-m", "hypertrack", "record", *words, "--data", str(folder)]
    environment = {"HYPERTRACK_RECORD__MAX_NEW_SOCKETS_PER_MINUTE": "10000"}
    environment |= {"HYPERTRACK_RECORD__BACKOFF_MAX_S": "0.5"}
    with (folder.parent / "said.txt").open("wb") as said:
        process = subprocess.Popen(command, stderr=said, env=os.environ | environment)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()


def sealed_trades(folder: Path) -> list[Trade]:
    """Return the trades of sealed hours and of the open file, each once."""
    query = "SELECT time_ms, coin, trade_id FROM trades JOIN coins USING (coin_id)"
    with open_dataset(folder) as dataset:
        return dataset.connection.execute(query).fetchall()


def play_to_the_end(exchange: Exchange, pid: int) -> tuple[list[float], int]:
    """Break the exchange again and again; return memory by the half second, and the breaks."""
    memory_mib: list[float] = []
    n_armed, waited_s = 0, 0.0
    while not exchange.finished.wait(SAMPLE_S):
        waited_s += SAMPLE_S
        assert waited_s < MAX_WAIT_S
        is_back = httpx.get(f"{exchange.url}/control").json()["connections"] > 0
        if exchange.n_breaks == n_armed and is_back:
            exchange.arm(BREAKS[n_armed % len(BREAKS)])
            n_armed += 1
        memory_mib.append(resident_mib(pid))
    return memory_mib, exchange.n_breaks


@pytest.mark.slow
@pytest.mark.soak
def test_day_at_speed_is_whole_but_for_what_the_ledger_says(tmp_path: Path) -> None:
    market = Market(AT_ONCE.model_copy(update={"hours": HOURS, "settle_s": 0.5}))
    folder = tmp_path / "recorded"
    # A day's questions come within minutes.
    rules = VenueRules(info_weight_per_minute=None)
    with running_exchange(MarketSource(market), AT_ONCE, rules=rules) as exchange:
        with recorder(exchange.url, folder) as process:
            memory_mib, n_breaks = play_to_the_end(exchange, process.pid)
            threading.Event().wait(3.0)  # the last candles have their grace, the last fills answer
        sent = list(exchange.sent.trades())
    verify = [sys.executable, "-m", "hypertrack", "verify", "--data", str(folder)]
    found = json.loads(subprocess.run([*verify, "--json"], capture_output=True, check=True).stdout)

    outcome = outcome_of("a simulated day", folder, sent, n_breaks, stored=sealed_trades(folder))
    warm = memory_mib[len(memory_mib) // 4 :]
    print(f"\n{outcome}")
    print(f"completeness {found['completeness']:.4%}, minutes judged {found['n_judged']:,}")
    print(f"minutes incomplete {found['n_incomplete']:,}, unexplained {found['n_unexplained']:,}")
    print(f"memory {memory_mib[0]:.0f} MiB at first, then {min(warm):.0f} to {max(warm):.0f} MiB")
    print(subprocess.run(verify, capture_output=True, check=True, text=True).stdout)
    assert outcome.n_explained == outcome.n_lost < 0.1 * outcome.n_sent
    assert found["n_unexplained"] == found["n_torn_lines"] == found["n_quarantined"] == 0
    assert found["n_judged"] > 0.9 * HOURS * 60 * len(market.coins)
    assert n_breaks > 10
