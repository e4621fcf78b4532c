"""Exchange time: how fast it passes, and that it never outruns the exchange."""

import asyncio
import math

from hypertrack.clock import Clock

_TICK_S = 0.005
_MAX_STEP_S = 0.05
"""Wall time that one turn may make up for: a busy exchange slows down instead of racing."""
_FREE_STEP_MS = 1_000
"""Exchange time of a turn at unlimited speed."""


class ExchangeClock:
    """The exchange's clock; it moves when it is told to, in turns.

    Args:
        now_ms: Exchange time at the start.
        speed: Exchange seconds per wall second; 0 and infinity let the readers set the pace.

    Attributes:
        now_ms: Exchange time up to which everything has happened.
    """

    def __init__(self, now_ms: int, speed: float, clock: Clock):
        self.now_ms = now_ms
        self.is_unlimited = speed == 0 or math.isinf(speed)
        self._speed = speed
        self._clock = clock
        self._target_ms = float(now_ms)
        self._turned_s = clock.monotonic_s()

    def start(self) -> None:
        """Let time pass from now on."""
        self._turned_s = self._clock.monotonic_s()

    def turn(self) -> int:
        """Return the exchange time up to which things are to happen in this turn."""
        if self.is_unlimited:
            return self.now_ms + _FREE_STEP_MS
        now_s = self._clock.monotonic_s()
        passed_s = min(now_s - self._turned_s, _MAX_STEP_S)
        self._turned_s = now_s
        self._target_ms += passed_s * self._speed * 1_000
        return int(self._target_ms)

    async def rest(self) -> None:
        """Wait for the next turn; others have their turn in any case."""
        if self.is_unlimited:
            await asyncio.sleep(0)
            return
        left_s = self._turned_s + _TICK_S - self._clock.monotonic_s()
        await asyncio.sleep(max(left_s, 0))
