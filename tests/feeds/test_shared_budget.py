"""The budget of all processes: one file, one count."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from clock_fakes import ManualClock

from hypertrack.errors import ConfigError
from hypertrack.feeds.shared_budget import SharedBudget, is_recording, recording_here, venue_budget

GO = threading.Event()

MakeBudget = Callable[..., SharedBudget]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def budget(tmp_path: Path, clock: ManualClock) -> MakeBudget:
    return lambda limit=100: SharedBudget(tmp_path / "budget.json", lambda: limit, clock)


def test_two_processes_spend_one_budget(budget: MakeBudget, clock: ManualClock) -> None:
    first, second = budget(), budget()

    first.settle(str(first.reserve(60, GO)), 60)
    second.settle(str(second.reserve(60, GO)), 60)

    assert clock.now_s == pytest.approx(60)  # the second waited until the first was a minute old


def test_weight_that_an_answer_did_not_have_is_free_again(
    budget: MakeBudget, clock: ManualClock
) -> None:
    shared = budget()
    owner = shared.reserve(100, GO)

    shared.settle(str(owner), 20)
    shared.reserve(80, GO)

    assert clock.now_s == 0


def test_weight_counts_from_when_its_answer_came(budget: MakeBudget, clock: ManualClock) -> None:
    shared = budget()
    owner = shared.reserve(100, GO)
    clock.advance(5)
    shared.settle(str(owner), 100)

    shared.reserve(1, GO)

    assert clock.now_s == pytest.approx(65)


def test_refusal_halves_the_budget_for_five_minutes(budget: MakeBudget, clock: ManualClock) -> None:
    shared = budget()
    shared.halve()
    shared.settle(str(shared.reserve(50, GO)), 50)

    shared.reserve(1, GO)
    waited_s = clock.now_s
    clock.advance(300)
    shared.settle(str(shared.reserve(50, GO)), 50)
    shared.settle(str(shared.reserve(50, GO)), 50)

    assert waited_s == pytest.approx(60)
    assert clock.now_s == pytest.approx(360)  # the whole budget again, at once


def test_question_beyond_the_whole_budget_is_asked_alone(
    budget: MakeBudget, clock: ManualClock
) -> None:
    shared = budget(100)
    shared.settle(str(shared.reserve(10, GO)), 10)

    owner = shared.reserve(120, GO)

    assert owner is not None
    assert clock.now_s == pytest.approx(60)


def test_stop_ends_the_wait(budget: MakeBudget) -> None:
    shared, stop = budget(), threading.Event()
    shared.reserve(100, stop)
    stop.set()

    assert shared.reserve(1, stop) is None


@pytest.mark.parametrize("text", [b"", b"{", b'{"spent":[[1', b"\xff\xfe", b"[]"])
def test_file_that_cannot_be_read_begins_anew(
    budget: MakeBudget, tmp_path: Path, clock: ManualClock, text: bytes
) -> None:
    (tmp_path / "budget.json").write_bytes(text)

    assert budget().reserve(100, GO) is not None
    assert clock.now_s == 0


def test_clock_that_was_set_back_blocks_for_a_minute_at_most(
    budget: MakeBudget, clock: ManualClock
) -> None:
    budget().settle(str(budget().reserve(100, GO)), 100)
    clock.slept_s -= 86_400

    budget().reserve(1, GO)

    assert clock.now_s == pytest.approx(60)


def test_recorder_is_known_while_it_runs_and_no_longer(tmp_path: Path) -> None:
    before = is_recording(tmp_path)
    with recording_here(tmp_path), recording_here(tmp_path):
        meanwhile = is_recording(tmp_path)

    assert (before, meanwhile, is_recording(tmp_path)) == (False, True, False)


def test_budgets_of_two_hosts_are_two(tmp_path: Path, clock: ManualClock) -> None:
    one = venue_budget("https://api.example.org/info", tmp_path, lambda: 100, clock)
    other = venue_budget("http://127.0.0.1:8765/info", tmp_path, lambda: 100, clock)
    one.reserve(100, GO)
    other.reserve(100, GO)

    assert clock.now_s == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "budget-127.0.0.1-8765.json",
        "budget-api.example.org.json",
    ]


def test_place_that_cannot_be_written_is_said(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "file").touch()
    shared = venue_budget("http://127.0.0.1:1/info", tmp_path / "file" / "x", lambda: 1, clock)

    with pytest.raises(ConfigError, match="set XDG_STATE_HOME"):
        shared.reserve(1, GO)
