"""SIGKILL at random moments of recorders into databases, one of which crashes meanwhile."""

import random
import signal
import threading
from contextlib import suppress
from operator import attrgetter
from pathlib import Path

import pytest
from campaign_fakes import Note, fork_server, outcome_of
from database_fakes import database_url, write_session
from exchange_fakes import HandSource, blocks, coin
from postgres_fakes import PostgresServer

from hypertrack.config import SimulateSettings
from hypertrack.simulate.venue.server import running_exchange
from hypertrack.simulate.venue.venue_rules import VenueRules
from hypertrack.store.database.copying import write_folder

N_KILLS = 12
LONGEST_S = 0.5
SPEED = 50
LENGTH_MS = 120_000 * SPEED


def source() -> HandSource:
    """Return the market; it is made in the process that needs it alone."""
    return HandSource(
        sorted(
            (
                event
                for name, step_ms in (("BTC", 50), ("ETH", 500))
                for event in blocks(LENGTH_MS // step_ms, step_ms=step_ms, name=name)
            ),
            key=attrgetter("time_ms"),
        ),
        coins=(coin("BTC"), coin("ETH")),
    )


def header_in(spool: Path) -> bytes | None:
    """Return what a recorder writes last before it begins."""
    found = list(spool.glob("*/spool.json"))
    return found[0].read_bytes() if found else None


def wait_for_another(spool: Path, before: bytes | None) -> None:
    """Wait until a recorder has begun after the one that wrote this header."""
    for _ in range(1_000):
        with suppress(FileNotFoundError):  # it has just been deleted
            if header_in(spool) not in {None, before}:
                return
        threading.Event().wait(0.01)


def kill_recorders(
    text: str, spool: Path, server: PostgresServer | None
) -> list[tuple[int, str, int]]:
    """Kill one recorder after the other; every fourth finds that its database has crashed."""
    rng = random.Random(5)
    settings = SimulateSettings(port=0, speed=SPEED, settle_s=0.05)
    rules = VenueRules(info_weight_per_minute=None)
    with (
        running_exchange(source(), settings, rules=rules) as exchange,
        fork_server(exchange.url, text, "trades", spool=str(spool)) as recorders,
    ):
        for nth in range(N_KILLS):
            before = header_in(spool)
            recorder = recorders.start(checkpoint_interval_s=rng.choice([0.02, 5.0]))
            if nth % 4:  # of the others most are killed before they have begun
                wait_for_another(spool, before)
            threading.Event().wait(rng.uniform(0, LONGEST_S))
            is_crash = server is not None and nth % 4 == 3
            if is_crash:
                server.stop("immediate")
                threading.Event().wait(rng.uniform(0, LONGEST_S))
            ended_by = recorders.kill(recorder)
            assert ended_by == signal.SIGKILL or is_crash  # it may have crashed before the start
            if is_crash:
                server.start()
        return list(exchange.sent.trades())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["SQLite", "PostgreSQL, which crashes"])
def test_kills_lose_nothing_in_silence_in_a_database_either(
    kind: str, tmp_path: Path, note: Note, request: pytest.FixtureRequest
) -> None:
    text, server = f"sqlite:///{tmp_path}/dataset.db", None
    if kind != "SQLite":
        server = request.getfixturevalue("postgres")
        text = server.url("campaign")
    sent = kill_recorders(text, tmp_path / "spool", server)

    write_session(database_url(text), tmp_path / "spool", {}, "append")  # loads what is left

    write_folder(database_url(text), tmp_path / "copy")
    outcome = outcome_of(f"SIGKILL, into {kind}", tmp_path / "copy", sent, N_KILLS)
    assert outcome.n_sent > 2_000
    assert 0 < outcome.n_lost < outcome.n_sent
    note(outcome)
