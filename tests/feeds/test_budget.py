"""Rate budgets on a clock that the test moves."""

import threading

from clock_fakes import ManualClock

from hypertrack.feeds.budget import RateBudget

GO = threading.Event()


def test_budget_waits_until_what_was_spent_is_a_minute_old() -> None:
    clock = ManualClock()
    budget = RateBudget(100, clock)

    budget.spend(60, GO)
    clock.advance(10)
    budget.spend(40, GO)
    budget.spend(50, GO)

    assert clock.now_s == 60  # the first 60 are back then
    assert budget.available() == 10


def test_no_minute_sees_more_than_the_limit() -> None:
    clock = ManualClock()
    budget = RateBudget(30, clock)
    moments = []

    for _ in range(100):
        budget.spend(1, GO)
        moments.append(clock.now_s)
        clock.advance(0.7)

    for start in moments:
        assert sum(start <= moment < start + 60 for moment in moments) <= 30


def test_stop_ends_the_wait() -> None:
    budget = RateBudget(1, ManualClock())
    stop = threading.Event()
    assert budget.spend(1, stop)
    stop.set()

    assert not budget.spend(1, stop)


def test_noted_units_count() -> None:
    budget = RateBudget(10, ManualClock())

    budget.note(12)

    assert budget.available() == 0


def test_more_than_the_whole_budget_is_spent_once_nothing_else_is() -> None:
    clock = ManualClock()
    budget = RateBudget(10, clock)
    budget.spend(1, GO)

    assert budget.spend(25, GO)
    assert clock.now_s == 60
