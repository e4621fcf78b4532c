"""What was asked for and never observed: told in the ledger and at the end, and no success."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from exchange_fakes import AT_ONCE, HandSource, blocks, coin
from fakes import START_MS
from recorder_fakes import coverage_of, plan_for, record_until, settings_for

from hypertrack.config import Settings
from hypertrack.errors import VenueError
from hypertrack.recording.plan import RecordingPlan, SocketPlan
from hypertrack.recording.recorder import Recorder
from hypertrack.records import RecordingStatus
from hypertrack.simulate.venue.faults import Faults
from hypertrack.simulate.venue.server import running_exchange
from hypertrack.store.files.session import open_session

SOURCE = HandSource(
    [event for both in zip(blocks(200), blocks(200, name="ETH"), strict=True) for event in both],
    coins=(coin("BTC"), coin("ETH")),
)
END_MS = START_MS + 200 * 100


def has_reached_the_end(status: RecordingStatus) -> bool:
    return status.exchange_time_ms == END_MS


@contextmanager
def closed_port() -> Iterator[int]:
    """Give a port that answers to nobody: bound, and never listened on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def with_sockets_at(plan: RecordingPlan, port: int) -> RecordingPlan:
    """Return a plan whose venue answers questions, and opens no socket."""
    sockets = tuple(
        SocketPlan(url=f"ws://127.0.0.1:{port}/ws", subscriptions=one.subscriptions)
        for one in plan.sockets
    )
    return RecordingPlan(
        endpoints=plan.endpoints,
        feeds=plan.feeds,
        coins=plan.coins,
        sockets=sockets,
        evm_feeds=(),
        left_out=(),
    )


def record(settings: Settings, plan: RecordingPlan, folder: Path, duration_s: float) -> None:
    with open_session(folder, "rotate") as session:
        Recorder(settings, plan, session).run(duration_s)


def test_recording_whose_socket_never_opened_is_an_error_and_a_gap(tmp_path: Path) -> None:
    with running_exchange(SOURCE, AT_ONCE) as exchange, closed_port() as port:
        settings = settings_for(exchange.url)
        plan = with_sockets_at(plan_for(settings), port)

        with pytest.raises(VenueError, match=r"nothing was observed: of 2 streams none") as error:
            record(settings, plan, tmp_path, 0.3)

    assert error.value.exit_code == 1
    for name in ("BTC", "ETH"):
        ((status, start_ms, end_ms, cause, missed),) = coverage_of(tmp_path, f"trades:{name}")
        assert (status, cause, missed) == ("gap", "unopened", None)
        assert end_ms - start_ms >= 250  # of the wall clock: no exchange time was ever seen
    report = (tmp_path / "data_collection_report.txt").read_text()
    assert "Never observed: trades:BTC (unopened), trades:ETH (unopened)" in report
    assert "Intervals missing: 2 (unopened)" in report


def test_one_coin_never_acknowledged_is_missing_from_the_beginning_on(tmp_path: Path) -> None:
    with running_exchange(SOURCE, AT_ONCE, Faults(mute="ETH")) as exchange:
        report = record_until(has_reached_the_end, tmp_path, settings_for(exchange.url))

    assert report.unobserved == ("trades:ETH (unacknowledged)",)
    assert report.n_gaps_by_cause == {"unacknowledged": 1}
    assert coverage_of(tmp_path, "trades:ETH") == [
        ("gap", START_MS + 100, END_MS, "unacknowledged", None)
    ]
    assert coverage_of(tmp_path, "trades:BTC")[0][0] == "observed"


def test_quiet_coin_that_is_acknowledged_counts_as_observed(tmp_path: Path) -> None:
    source = HandSource(blocks(1), coins=(coin("BTC"), coin("ETH")))
    with running_exchange(source, AT_ONCE) as exchange:
        settings = settings_for(exchange.url, coins="ETH")
        record(settings, plan_for(settings), tmp_path, 0.5)

    assert coverage_of(tmp_path, "trades:ETH") == []
