"""Recordings of an exchange that misbehaves: verification finds each loss, and nothing else."""

from pathlib import Path

import pytest
from exchange_fakes import AT_ONCE, HandSource, blocks
from fakes import START_MS
from recorder_fakes import lines, n_rows, record_until, settings_for

from hypertrack.records import MINUTE_MS, Feed, RecordingStatus
from hypertrack.simulate.venue.faults import Faults
from hypertrack.simulate.venue.server import running_exchange
from hypertrack.store.dataset import open_dataset
from hypertrack.store.verification import Verification, verify_dataset

N_MINUTES = 10
N_TRADES = N_MINUTES * 60 + 30
"""A trade each second of two coins, half a second apart: the last minute stays open."""

SENT = sorted(
    blocks(N_TRADES, step_ms=1_000)
    + blocks(N_TRADES, start_ms=START_MS + 500, step_ms=1_000, name="ETH"),
    key=lambda event: event.time_ms,
)

Minute = tuple[str, int]


def is_over(status: RecordingStatus) -> bool:
    """Whether the last trade was seen and both coins' candles were written."""
    return status.exchange_time_ms == SENT[-1].time_ms and (
        n_rows(status, Feed.CANDLES) >= 2 * N_MINUTES
    )


def recorded(folder: Path, faults: Faults, **settings: float) -> Verification:
    with running_exchange(HandSource(SENT), AT_ONCE, faults) as exchange:
        record_until(is_over, folder, settings_for(exchange.url, "trades", "candles", **settings))
    with open_dataset(folder) as dataset:
        return verify_dataset(dataset)


def lacking_minutes(folder: Path) -> set[Minute]:
    """Return the whole minutes after the first in which the folder lacks a trade that was sent."""
    stored = {(line["coin"], line["tid"]) for line in lines(folder, "trades")}
    missing = {
        (coin, (START_MS + shift + nth * 1_000) // MINUTE_MS * MINUTE_MS)
        for coin, shift in (("BTC", 0), ("ETH", 500))
        for nth in range(1, N_TRADES + 1)
        if (coin, nth) not in stored
    }
    last_ms = START_MS + N_MINUTES * MINUTE_MS
    return {(coin, start_ms) for coin, start_ms in missing if START_MS < start_ms < last_ms}


def found_minutes(found: Verification) -> set[Minute]:
    return {(minute.coin, minute.start_ms) for minute in found.incomplete_minutes}


@pytest.mark.parametrize(
    ("faults", "causes"),
    [
        pytest.param(Faults(break_after_frames=600, miss_trades=80), {"error"}, id="drop"),
        pytest.param(
            Faults(break_after_frames=600, miss_trades=100, break_by="close"),
            {"closed"},
            id="close",
        ),
        pytest.param(Faults(truncate_every=171), {"unreadable"}, id="half frames"),
    ],
)
def test_every_loss_is_found_and_explained(
    tmp_path: Path, faults: Faults, causes: set[str]
) -> None:
    found = recorded(tmp_path, faults)

    lacking = lacking_minutes(tmp_path)
    assert lacking
    assert found_minutes(found) == lacking
    assert found.n_unexplained == 0
    assert {gap.cause for gap in found.gaps} == causes
    assert found.completeness is not None
    assert found.completeness < 1


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(Faults(), id="no fault"),
        pytest.param(Faults(break_after_frames=600, miss_trades=20), id="covered by the replay"),
        pytest.param(Faults(duplicate_every=3), id="frames twice"),
        pytest.param(Faults(has_unknown_keys=True, has_greeting=True), id="keys of the future"),
    ],
)
def test_nothing_is_found_where_nothing_was_lost(tmp_path: Path, faults: Faults) -> None:
    found = recorded(tmp_path, faults)

    assert lacking_minutes(tmp_path) == set()
    assert found_minutes(found) == set()
    assert found.gaps == ()
    assert found.completeness == 1.0
    assert found.n_judged >= 2 * (N_MINUTES - 1)
    assert (found.n_duplicate_trades, found.n_out_of_order, found.n_behind) == (0, 0, 0)


def test_silent_socket_leaves_nothing_unexplained(tmp_path: Path) -> None:
    faults = Faults(break_after_frames=600, break_by="stall", miss_trades=80)
    found = recorded(tmp_path, faults, ping_interval_s=0.1, pong_timeout_s=1.0)

    assert found_minutes(found) == lacking_minutes(tmp_path)
    assert found.n_unexplained == 0


def test_trade_that_vanishes_from_the_file_is_found_without_a_gap(tmp_path: Path) -> None:
    recorded(tmp_path, Faults())
    path = tmp_path / "trades.jsonl"
    kept = [line for line in path.read_bytes().splitlines(True) if b'"tid":200,' not in line]
    path.write_bytes(b"".join(kept))

    with open_dataset(tmp_path) as dataset:
        found = verify_dataset(dataset)

    assert found_minutes(found) == lacking_minutes(tmp_path)
    assert found.n_unexplained == found.n_incomplete == 2
