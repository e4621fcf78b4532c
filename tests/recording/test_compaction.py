"""Hours are sealed while the recorder goes on, and nothing is lost or doubled by it."""

from pathlib import Path

import pytest
from exchange_fakes import AT_ONCE, HandSource, blocks, coin
from recorder_fakes import n_rows, record_until, settings_for, trade_ids

from hypertrack.config import SimulateSettings
from hypertrack.recording import compaction as sealing
from hypertrack.records import Feed, RecordingStatus
from hypertrack.simulate.venue.server import running_exchange
from hypertrack.store.compaction.commit_journal import sealed_hours
from hypertrack.store.dataset import open_dataset

N_TRADES = 4 * 360 + 12
"""Four hours and two minutes of a trade every ten seconds."""

SOURCE = HandSource(blocks(N_TRADES, step_ms=10_000), coins=(coin(),), extra_ms=60_000)
FOUR_HOURS_IN_EIGHT_SECONDS = SimulateSettings(port=0, speed=1_800, settle_s=0.1)


def recorded_ids(folder: Path) -> list[int]:
    """Return the ids of all trades of a dataset, sealed and open, each as often as it is there."""
    with open_dataset(folder) as dataset:
        ids = dataset.connection.execute("SELECT trade_id FROM trades ORDER BY time_ms").fetchall()
        n_twice = dataset.summary().n_duplicate_trades
    return [trade_id for (trade_id,) in ids] + [0] * n_twice


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MIN_INTERVAL_S", 0.0)
    monkeypatch.setattr(sealing, "POLL_S", 0.01)


@pytest.mark.slow
def test_hours_are_sealed_while_trades_come_in(tmp_path: Path) -> None:
    n_open: list[int] = []

    def is_over(status: RecordingStatus) -> bool:
        hours = sealed_hours(tmp_path, Feed.TRADES)
        if hours and not n_open:
            n_open.append(n_rows(status, Feed.TRADES))
        return n_rows(status, Feed.TRADES) == N_TRADES and len(hours) == 4

    with running_exchange(SOURCE, FOUR_HOURS_IN_EIGHT_SECONDS) as exchange:
        record_until(is_over, tmp_path, settings_for(exchange.url, "trades", "candles"))

    assert n_open[0] < N_TRADES  # more came after the first hour was sealed
    assert recorded_ids(tmp_path) == list(range(1, N_TRADES + 1))
    assert trade_ids(tmp_path) == list(range(4 * 360, N_TRADES + 1))  # those of the fifth hour
    assert [path.stem for path in sealed_hours(tmp_path, Feed.CANDLES)][:3] == [
        f"2026-01-05T{hour:02}" for hour in (8, 9, 10)
    ]
    assert not list(tmp_path.rglob("*.part"))


def test_recorder_that_is_told_not_to_seals_nothing(tmp_path: Path) -> None:
    with running_exchange(SOURCE, AT_ONCE) as exchange:
        settings = settings_for(exchange.url, seal=False)
        record_until(lambda status: status.n_rows == N_TRADES, tmp_path, settings)

    assert sealed_hours(tmp_path, Feed.TRADES) == []
    assert trade_ids(tmp_path) == list(range(1, N_TRADES + 1))


def test_hours_of_a_session_before_are_sealed_when_it_is_continued(tmp_path: Path) -> None:
    with running_exchange(SOURCE, AT_ONCE) as exchange:
        unsealed = settings_for(exchange.url, seal=False)
        record_until(lambda status: status.n_rows == N_TRADES, tmp_path, unsealed)
        assert sealed_hours(tmp_path, Feed.TRADES) == []

        record_until(
            lambda _: len(sealed_hours(tmp_path, Feed.TRADES)) == 4,
            tmp_path,
            settings_for(exchange.url),
            mode="append",
        )

    assert recorded_ids(tmp_path) == list(range(1, N_TRADES + 1))


def test_stop_in_the_middle_of_a_sealing_leaves_everything_readable(tmp_path: Path) -> None:
    with running_exchange(SOURCE, AT_ONCE) as exchange:

        def is_sealing(status: RecordingStatus) -> bool:
            return status.n_rows == N_TRADES and (tmp_path / "sealed").exists()

        record_until(is_sealing, tmp_path, settings_for(exchange.url))

    assert recorded_ids(tmp_path) == list(range(1, N_TRADES + 1))
