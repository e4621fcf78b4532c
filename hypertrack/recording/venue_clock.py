"""The venue's clock beside ours: which times can be, and how far they may move a recording on.

One trade dated a year ahead, or a clock that jumps half a minute ahead and back, must not decide
what was observed. Beside each frame stands our own monotonic clock, and the median of their
difference, the skew, is what a single frame cannot move. A venue that is replayed faster than
real time has no steady skew: there a time is only believed at once where it follows the others.
"""

from collections import deque
from statistics import median, quantiles

from hypertrack.clock import Clock
from hypertrack.records import DAY_MS, MAX_AHEAD_MS

EVERY_FRAMES = 8
"""Of so many frames one is noted: a recorder takes tens of thousands a second."""

NOTED_FRAMES = 64
LEARNED_FRAMES = 8
"""Before there are so many nothing is known of the skew."""

SAMPLE_S = 0.25
SAMPLES = 240
STEADY_SAMPLES = 12
STEADY_MS = 1_000.0
"""The middle half of a minute's samples lies within this: the venue lives in real time."""

EARLY_MS = 1_000
"""How much sooner than the median the quickest frames arrive."""

SUDDEN_MS = 20_000
"""Where there is no steady skew, one frame so far ahead of all others waits for a second one."""

MAX_DRIFT_MS = 10_000
"""Our wall clock was set, or the machine slept: the skew is another from then on."""


class VenueClock:
    """Shared by all sockets; what one thread reads while another writes may be a frame old."""

    def __init__(self, clock: Clock):
        self._clock = clock
        self._n_frames = 0
        self._drift_ms: float | None = None
        self._reached_ms: int | None = None
        self._sudden_ms: int | None = None
        self._forget()

    def _forget(self) -> None:
        self._limit_ms = float("-inf")
        """The greatest skew that is believed without looking closer."""
        self._skews_ms: deque[float] = deque(maxlen=NOTED_FRAMES)
        self._samples_ms: deque[float] = deque(maxlen=SAMPLES)
        self._next_sample_s = 0.0
        self._cap_ms: float | None = None

    def is_plausible(self, time_ms: int, received_ns: int) -> bool:
        """Return whether a row can be of a time, as far as frames before it tell."""
        now_s = self._clock.monotonic_s()
        skew_ms = time_ms - now_s * 1_000
        if skew_ms <= self._limit_ms:
            return True
        self._check_drift(received_ns, now_s)
        if len(self._skews_ms) < LEARNED_FRAMES:
            return time_ms <= received_ns // 1_000_000 + DAY_MS
        if self._cap_ms is not None or self._is_in_our_time():
            return False
        return skew_ms <= median(tuple(self._skews_ms)) + DAY_MS

    def note(self, time_ms: int, received_ns: int) -> None:
        """Take a live frame into account, also one that is not plausible: many make it so."""
        self._n_frames += 1
        if self._n_frames % EVERY_FRAMES and len(self._skews_ms) >= LEARNED_FRAMES:
            return
        now_s = self._clock.monotonic_s()
        self._check_drift(received_ns, now_s)
        self._skews_ms.append(time_ms - now_s * 1_000)
        if len(self._skews_ms) >= LEARNED_FRAMES:
            self._limit_ms = median(tuple(self._skews_ms)) + MAX_AHEAD_MS
        if now_s >= self._next_sample_s:
            self._next_sample_s = now_s + SAMPLE_S
            self._take_sample()

    def reached(self, time_ms: int) -> int | None:
        """Return how far a frame of a time moves exchange time; None where not yet."""
        if self._cap_ms is not None:
            time_ms = min(time_ms, round(self._clock.monotonic_s() * 1_000 + self._cap_ms))
        elif self._reached_ms is not None and time_ms > self._reached_ms + SUDDEN_MS:
            first_ms, self._sudden_ms = self._sudden_ms, time_ms
            if first_ms is None:
                return None
            time_ms = min(first_ms, time_ms)
        self._sudden_ms = None
        if self._reached_ms is None or time_ms > self._reached_ms:
            self._reached_ms = time_ms
        return time_ms

    def time_of(self, received_ns: int, newest_ms: int | None) -> int:
        """Return the exchange time at which something without a time was received.

        Our own time where the venue lives in it; else the newest time that it told.
        """
        received_ms = received_ns // 1_000_000
        if newest_ms is None:
            return received_ms
        if len(self._skews_ms) >= LEARNED_FRAMES:
            is_ours = self._is_in_our_time()
        else:
            is_ours = 0 <= received_ms - newest_ms < DAY_MS
        return received_ms if is_ours else newest_ms

    def _check_drift(self, received_ns: int, now_s: float) -> None:
        drift_ms = received_ns / 1e6 - now_s * 1_000
        if self._drift_ms is not None and abs(drift_ms - self._drift_ms) > MAX_DRIFT_MS:
            self._forget()
        self._drift_ms = drift_ms

    def _is_in_our_time(self) -> bool:
        """Return whether the venue's clock is ours, by and large: no replay's is."""
        skew_ms = median(tuple(self._skews_ms)) - (self._drift_ms or 0.0)
        return abs(skew_ms) <= MAX_AHEAD_MS

    def _take_sample(self) -> None:
        self._samples_ms.append(median(list(self._skews_ms)[-LEARNED_FRAMES:]))
        self._cap_ms = None
        if len(self._samples_ms) >= STEADY_SAMPLES:
            first, middle, third = quantiles(self._samples_ms, n=4)
            if third - first <= STEADY_MS:
                self._cap_ms = middle + EARLY_MS
