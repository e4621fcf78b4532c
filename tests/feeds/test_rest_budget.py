"""What a recorder spends on REST counts for everybody, and nobody's disk stops it."""

import threading
from pathlib import Path

import pytest
from clock_fakes import ManualClock

from hypertrack.config import state_folder
from hypertrack.feeds.rest_budget import rest_budget
from hypertrack.feeds.shared_budget import venue_budget

URL = "http://budget.example/info"
GO = threading.Event()


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_recorder_and_whoever_asks_about_wallets_spend_one_budget() -> None:
    clock = ManualClock()
    recorder = rest_budget(URL, clock)
    accounts = venue_budget(URL, state_folder(), lambda: 600, clock)

    assert recorder.spend(500, GO)
    recorder.note(40)
    owner = accounts.reserve(60, GO)
    at_once_s = clock.now_s
    accounts.reserve(1, GO)

    assert owner is not None
    assert (at_once_s, clock.now_s) == (0, pytest.approx(60))


def test_recorder_takes_all_that_the_others_leave() -> None:
    clock = ManualClock()
    recorder = rest_budget(URL, clock)
    accounts = venue_budget(URL, state_folder(), lambda: 600, clock)
    accounts.settle(str(accounts.reserve(600, GO)), 600)

    assert recorder.spend(600, GO)
    assert clock.now_s == 0
    assert recorder.spend(1, GO)

    assert clock.now_s == pytest.approx(60)


def test_recorder_asks_on_where_the_file_cannot_be_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "hypertrack").write_text("no folder")
    clock = ManualClock()
    recorder = rest_budget(URL, clock)

    spent = [recorder.spend(600, GO) for _ in range(3)]

    assert spent == [True] * 3
    assert clock.now_s == pytest.approx(60)  # its own limit is kept
    (said,) = caplog.messages
    assert said.startswith("REST questions are counted for this process alone: ")


def test_stop_ends_the_wait() -> None:
    stop = threading.Event()
    stop.set()

    assert not rest_budget(URL, ManualClock()).spend(20, stop)
