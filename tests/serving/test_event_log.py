"""What happened lately: nothing lost, nothing twice, and a reset where that cannot be."""

from hypertrack.serving.event_log import KEPT_EVENTS, EventLog


def filled(n: int) -> EventLog:
    log = EventLog()
    for number in range(1, n + 1):
        log.add("signal", b'{"n":%d}' % number)
    return log


def test_reader_gets_what_follows_the_last_event_he_has() -> None:
    log = filled(5)

    assert log.number_after(log.id_of(3)) == 3
    assert [event.number for event in log.after(3, 100)] == [4, 5]
    assert [event.number for event in log.after(0, 2)] == [1, 2]
    assert log.after(5, 100) == []


def test_first_reader_has_everything_until_now() -> None:
    assert filled(5).number_after(None) == 5
    assert EventLog().number_after(None) == 0


def test_the_last_ten_thousand_events_can_be_resumed_and_no_more() -> None:
    log = filled(KEPT_EVENTS + 2)  # the first two are gone

    assert log.number_after(log.id_of(2)) == 2
    assert [event.number for event in log.after(2, 1)] == [3]
    assert log.number_after(log.id_of(1)) is None
    assert not log.is_all_after(1)


def test_event_of_another_run_or_of_none_cannot_be_resumed() -> None:
    log = filled(5)

    for unknown in (EventLog().id_of(3), "3", "", "x-3", log.id_of(6), f"{log.id_of(3)}x", "-"):
        assert log.number_after(unknown) is None, unknown


def test_state_that_is_as_before_is_no_change() -> None:
    log = EventLog()
    log.set_state("status", b"1")
    version = log.states["status"].version

    log.set_state("status", b"1")
    assert log.states["status"].version == version
    log.set_state("status", b"2")

    assert log.states["status"].version > version
