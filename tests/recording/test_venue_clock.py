"""Which times are believed, and how far they move a recording on; times of frames are seconds."""

import pytest
from clock_fakes import ManualClock
from fakes import START_MS

from hypertrack.recording.exchange_time import JUDGED_ROWS, ExchangeTime
from hypertrack.recording.venue_clock import VenueClock
from hypertrack.records import DAY_MS, HOUR_MS


class Bench:
    """Frames of a venue whose clock is off by so much, one each 50 ms."""

    def __init__(self, skew_ms: int = 0) -> None:
        self.clock = ManualClock()
        self.venue = VenueClock(self.clock)
        self.skew_ms = skew_ms

    @property
    def now_ms(self) -> int:
        return self.clock.wall_ns() // 1_000_000 + self.skew_ms

    def pass_frames(self, n_frames: int, *, step_s: float = 0.05, speed: float = 1.0) -> None:
        for _ in range(n_frames):
            self.clock.advance(step_s)
            self.skew_ms += round((speed - 1) * step_s * 1_000)
            self.frame(0)

    def frame(self, ahead_ms: int) -> int | None:
        """Take a frame dated so far ahead, if it is plausible; return where time stands then."""
        time_ms, received_ns = self.now_ms + ahead_ms, self.clock.wall_ns()
        is_plausible = self.venue.is_plausible(time_ms, received_ns)
        self.venue.note(time_ms, received_ns)
        return self.venue.reached(time_ms) if is_plausible else None


@pytest.mark.parametrize("skew_ms", [0, -300 * DAY_MS, 5 * 60_000])
def test_time_a_minute_beyond_the_usual_skew_is_no_time(skew_ms: int) -> None:
    bench = Bench(skew_ms)
    bench.pass_frames(100)

    assert bench.frame(61_000) is None
    assert bench.frame(365 * DAY_MS) is None
    assert bench.frame(-10_000) is not None


def test_venue_in_our_time_is_judged_from_its_first_frames_on() -> None:
    bench = Bench()
    bench.pass_frames(10)

    assert bench.frame(HOUR_MS) is None


def test_replay_over_two_sockets_of_which_one_falls_behind_loses_no_frame() -> None:
    bench = Bench(-300 * DAY_MS)
    bench.pass_frames(100, step_s=0.001, speed=200)
    behind = [bench.frame(-90_000) for _ in range(100)]

    assert None not in behind
    assert bench.frame(0) == bench.now_ms


def test_clock_that_jumps_ahead_moves_exchange_time_by_a_second_at_most() -> None:
    bench = Bench()
    bench.pass_frames(200)
    before_ms = bench.now_ms

    reached = [bench.frame(30_000) for _ in range(20)]

    assert max(filter(None, reached)) <= before_ms + 1_000


def test_replay_at_speed_is_believed_although_its_times_run_away() -> None:
    bench = Bench(-300 * DAY_MS)

    bench.pass_frames(300, step_s=0.001, speed=5_000)
    assert bench.frame(4_000) == bench.now_ms + 4_000


def test_pause_in_a_replay_at_speed_needs_a_second_frame_to_be_believed() -> None:
    bench = Bench(-300 * DAY_MS)
    bench.pass_frames(300, step_s=0.001, speed=5_000)

    assert bench.frame(5 * 60_000) is None
    assert bench.frame(5 * 60_000) == bench.now_ms + 5 * 60_000


def test_first_frames_may_be_of_any_time_but_one_far_in_the_future() -> None:
    bench = Bench(HOUR_MS)  # our own clock is an hour slow

    assert bench.frame(0) == START_MS + HOUR_MS
    assert bench.frame(365 * DAY_MS) is None


def test_wall_clock_that_is_set_is_learned_anew() -> None:
    bench = Bench()
    bench.pass_frames(100)
    bench.clock.slept_s = 2 * 3_600  # and the venue's clock with it

    assert bench.frame(0) is None  # plausible, but alone
    assert bench.frame(0) == bench.now_ms


def test_lateness_leaves_one_row_in_a_thousand_out_of_account() -> None:
    time = ExchangeTime()
    for late_ms in (0,) * 500 + (3_000,):
        time.count(late_ms)
    assert time.lateness_ms == 3_000

    for late_ms in (0,) * 499 + (200,) * 2:
        time.count(late_ms)
    assert time.lateness_ms == 200  # of 1,002 rows the latest one is left out


def test_lateness_of_long_ago_is_forgotten() -> None:
    time = ExchangeTime()
    for late_ms in (5_000,) * 10 + (0,) * (JUDGED_ROWS + 32):
        time.count(late_ms)

    assert time.lateness_ms == 0


def test_certain_time_is_the_newest_less_the_lateness_of_every_socket() -> None:
    everywhere = ExchangeTime()
    one, other = ExchangeTime(everywhere), ExchangeTime(everywhere)
    one.see(10_000)
    other.see(9_000)
    other.count(2_000)

    assert (one.certain_ms, other.certain_ms, everywhere.certain_ms) == (10_000, 7_000, 8_000)
