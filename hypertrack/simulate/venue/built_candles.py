"""Candles, built from the trades that the exchange published."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypertrack.records import DAY_MS, HOUR_MS, MINUTE_MS
from hypertrack.simulate.venue.numbers import rounded

INTERVALS = {
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": HOUR_MS,
    "2h": 2 * HOUR_MS,
    "4h": 4 * HOUR_MS,
    "8h": 8 * HOUR_MS,
    "12h": 12 * HOUR_MS,
    "1d": DAY_MS,
    "3d": 3 * DAY_MS,
    "1w": 7 * DAY_MS,
    "1M": 0,
}
"""Length of each, in the venue's spelling; a month's varies."""

_MONDAY_MS = 4 * DAY_MS
"""The first Monday after the epoch, when weeks begin."""


@dataclass(slots=True)
class MinuteCandle:
    """One minute of one coin; prices are the venue's text."""

    start_ms: int
    open: str
    high: str
    low: str
    close: str
    size: float
    count: int = 1


class CandleBook:
    """Every minute that had a trade, by coin, and longer candles made of them."""

    def __init__(self) -> None:
        self._minutes: dict[str, list[MinuteCandle]] = {}

    def add(self, coin: str, time_ms: int, price: str, size: float) -> None:
        """Add a trade; a late one goes into its own minute."""
        minutes = self._minutes.setdefault(coin, [])
        start = time_ms - time_ms % MINUTE_MS
        at = len(minutes)
        if minutes and minutes[-1].start_ms >= start:
            at = bisect_left(minutes, start, key=lambda candle: candle.start_ms)
        if at == len(minutes) or minutes[at].start_ms != start:
            minutes.insert(at, MinuteCandle(start, price, price, price, price, size))
            return
        candle = minutes[at]
        value = float(price)
        if value > float(candle.high):
            candle.high = price
        elif value < float(candle.low):
            candle.low = price
        candle.close = price
        candle.size += size
        candle.count += 1

    def last_start_ms(self, coin: str) -> int | None:
        """Return the start of the coin's latest minute with a trade."""
        minutes = self._minutes.get(coin)
        return minutes[-1].start_ms if minutes else None

    def last_close(self, coin: str) -> str | None:
        """Return the coin's last price."""
        minutes = self._minutes.get(coin)
        return minutes[-1].close if minutes else None

    def latest(self, coin: str, interval: str) -> dict[str, Any] | None:
        """Return the candle of the bucket of the coin's last trade, as the venue writes it."""
        last = self.last_start_ms(coin)
        if last is None:
            return None
        start, end = bucket(last, interval)
        return _joined(self._between(coin, start, end), coin, interval)

    def between(self, coin: str, interval: str, start_ms: int, end_ms: int) -> list[dict[str, Any]]:
        """Return the candles that end at or after ``start_ms`` and begin by ``end_ms``."""
        found: list[dict[str, Any]] = []
        parts: list[MinuteCandle] = []
        first = bucket(start_ms, interval)[0]
        for minute in self._between(coin, first, bucket(end_ms, interval)[1]):
            if parts and minute.start_ms >= bucket(parts[0].start_ms, interval)[1]:
                found.append(_joined(parts, coin, interval))
                parts = []
            parts.append(minute)
        return [*found, _joined(parts, coin, interval)] if parts else found

    def _between(self, coin: str, start_ms: int, end_ms: int) -> Sequence[MinuteCandle]:
        minutes = self._minutes.get(coin, [])
        first = bisect_left(minutes, start_ms, key=lambda candle: candle.start_ms)
        last = bisect_left(minutes, end_ms, lo=first, key=lambda candle: candle.start_ms)
        return minutes[first:last]


def bucket(time_ms: int, interval: str) -> tuple[int, int]:
    """Return start and end (not included) of the interval that a time lies in, in UTC."""
    if interval == "1M":
        return _month(time_ms)
    length = INTERVALS[interval]
    origin = _MONDAY_MS if interval == "1w" else 0
    start = time_ms - (time_ms - origin) % length
    return start, start + length


def _month(time_ms: int) -> tuple[int, int]:
    start = datetime.fromtimestamp(time_ms / 1000, UTC).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    year, month = (start.year + 1, 1) if start.month == 12 else (start.year, start.month + 1)
    end = start.replace(year=year, month=month)
    return round(start.timestamp() * 1000), round(end.timestamp() * 1000)


def _joined(minutes: Sequence[MinuteCandle], coin: str, interval: str) -> dict[str, Any]:
    """Return one candle of several minutes; at least one is needed."""
    start, end = bucket(minutes[0].start_ms, interval)
    return {
        "t": start,
        "T": end - 1,
        "s": coin,
        "i": interval,
        "o": minutes[0].open,
        "c": minutes[-1].close,
        "h": max((minute.high for minute in minutes), key=float),
        "l": min((minute.low for minute in minutes), key=float),
        "v": rounded(sum(minute.size for minute in minutes), 8),
        "n": sum(minute.count for minute in minutes),
    }
