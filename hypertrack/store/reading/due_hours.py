"""The full hour that a rate of funding is of: it is told some milliseconds after it.

Source:
    Protocol, section 3.
"""

from hypertrack.records import HOUR_MS, MINUTE_MS

MOST_OFF_MS = 10 * MINUTE_MS
"""Farther from a full hour a time is no hour's: those of other zones are off by a quarter of one
or more, and would stand beside another rate of the same hour."""

DUE_MS = f'("time" + {HOUR_MS // 2}) // {HOUR_MS} * {HOUR_MS}'
"""`due_hour_ms` of a column of times, as an expression."""

IS_DUE = f'abs("time" - {DUE_MS}) <= {MOST_OFF_MS}'
"""Whether there is one; not true of no time."""


def due_hour_ms(time_ms: int) -> int:
    """Return the full hour that a rate is of.

    Raises:
        ValueError: The time is of no full hour.
    """
    hour_ms = (time_ms + HOUR_MS // 2) // HOUR_MS * HOUR_MS
    if abs(time_ms - hour_ms) > MOST_OFF_MS:
        raise ValueError(f"time {time_ms} of no full hour")
    return hour_ms
