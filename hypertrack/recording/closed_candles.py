"""Candles: which are closed, and which the venue's own have to replace.

The venue sends a candle at every trade and never says that one is final. A candle counts as closed
when a later one of its coin came, or exchange time passed its end and a grace; exchange time is
known from all sockets, so the one that carries the candle then gets a moment to deliver what it
holds. What was missed while disconnected, and the minute in which a connection began, are asked
for (`Fill`).
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from hypertrack.feeds.rows import Row
from hypertrack.records import MINUTE_MS

DELIVERY_S = 1.0
"""The moment, on our own clock: a venue faster than real time makes minutes of a short backlog."""

REMEMBERED = 16
"""Closed minutes of a coin that are remembered, so that a late copy is not written again."""


class Candle(NamedTuple):
    """A candle with the time it was received."""

    row: Row
    received_ns: int
    n_stored: int | None = None
    """Trades of its minute that had come over the same socket before it, where that is known."""

    @property
    def start_ms(self) -> int:
        """Return the start of its minute."""
        return self.row.exchange_time_ms

    @property
    def n_trades(self) -> int:
        """Return its count of trades; of two states of a candle the one with more is later."""
        return int(self.row.row_id)


class Fill(NamedTuple):
    """Minutes of a coin that the venue is asked for: those starting in [start_ms, end_ms]."""

    coin: str
    start_ms: int
    end_ms: int


class Lacking(NamedTuple):
    """A minute that an answer does not settle."""

    start_ms: int
    is_outdated: bool
    """More trades of it are known than the answer counts: asked later, it may be settled."""


class Stored(NamedTuple):
    """The trades of a minute that are stored."""

    n_trades: int
    is_all: bool
    """Nothing of that minute is missing, so far as is known."""


CountTrades = Callable[[str, int], Stored]


class _CoinCandles:
    """What is known of one coin's candles."""

    def __init__(self) -> None:
        self.current: Candle | None = None
        self.over_since_s: float | None = None
        """When the current one was first seen to be over."""
        self.closed: OrderedDict[int, int] = OrderedDict()
        """Count of trades by start, of the minutes written last."""
        self.is_joining = False
        """From a connection's beginning until the minute it began in is known."""
        self.missed_ms: int | None = None
        """The first minute missed, once one was."""
        self.fill: Fill | None = None
        self.is_asked = False
        self.replaceable: dict[int, Candle] = {}
        """Closed candles that a fill is to replace, kept for the case that it fails."""
        self.partial: dict[int, int] = {}
        """Count of trades by start, of the minutes that a loss cut off: those are not closed."""


class CandleBook:
    """The candles of all coins; any thread may use it."""

    def __init__(self, grace_ms: int):
        self._grace_ms = grace_ms
        self._coins: dict[str, _CoinCandles] = {}
        self._states: dict[tuple[str, int], Candle] = {}
        self._closed: list[Candle] = []
        self._lock = threading.Lock()

    def resume(self, coin: str, end_ms: int, n_trades_by_start: Mapping[int, int]) -> None:
        """Take up where an earlier session stopped.

        Args:
            end_ms: Where its coverage ended; from the minute before, which may have waited for
                its grace, the first that was not written was missed.
            n_trades_by_start: Of the minutes that it wrote last, if any.
        """
        with self._lock:
            state = self._coins.setdefault(coin, _CoinCandles())
            state.closed.update(sorted(n_trades_by_start.items()))
            state.missed_ms = (end_ms // MINUTE_MS - 1) * MINUTE_MS
            while state.missed_ms in n_trades_by_start:
                state.missed_ms += MINUTE_MS

    def connected(self, coin: str) -> None:
        """Note that a coin's candles begin to come."""
        with self._lock:
            self._coins.setdefault(coin, _CoinCandles()).is_joining = True

    def lost(self, coin: str) -> None:
        """Note that a coin's candles ended: its current one will not be seen complete."""
        with self._lock:
            state = self._coins.setdefault(coin, _CoinCandles())
            if state.missed_ms is None:
                state.missed_ms = _first_missed_ms(state)
            if state.current is not None:
                state.partial[state.current.start_ms] = state.current.n_trades
            state.current = state.fill = state.over_since_s = None
            state.is_joining = state.is_asked = False

    def take(self, candle: Candle) -> list[Candle]:
        """Take a candle as it came and return those that it closes."""
        with self._lock:
            self._states[candle.row.coin, candle.start_ms] = candle
            state = self._coins.setdefault(candle.row.coin, _CoinCandles())
            if state.is_joining:
                _join(state, candle.row.coin, candle.start_ms)
            current = state.current
            if current is not None and candle.start_ms < current.start_ms:
                return self._close(state, candle)
            state.current, state.over_since_s = candle, None
            if current is None or candle.start_ms == current.start_ms:
                return []
            return self._close(state, current)

    def pass_time(self, now_ms: int, now_s: float) -> tuple[list[Candle], list[Fill]]:
        """Return the candles that are closed by now, and the fills that are due.

        Args:
            now_ms: Exchange time.
            now_s: Our own clock.
        """
        closed, due = [], list[Fill]()
        with self._lock:
            for coin, state in self._coins.items():
                if state.is_joining:
                    _join(state, coin, now_ms // MINUTE_MS * MINUTE_MS)
                closed += self._close_in_time(state, now_ms, now_s)
                fill = state.fill
                if fill is not None and not state.is_asked and self._is_over(fill.end_ms, now_ms):
                    state.is_asked = True
                    due.append(fill)
        return closed, due

    def _close_in_time(self, state: _CoinCandles, now_ms: int, now_s: float) -> list[Candle]:
        current = state.current
        if current is None or not self._is_over(current.start_ms, now_ms):
            return []
        if state.over_since_s is None:
            state.over_since_s = now_s
        if now_s - state.over_since_s < DELIVERY_S:
            return []
        state.current = None
        return self._close(state, current)

    def lacking(
        self, fill: Fill, candles: Iterable[Candle], n_stored: CountTrades
    ) -> list[Lacking]:
        """Return the minutes of a fill that an answer does not settle.

        It is not to be believed blindly: it may be empty, or from a cache, which shows where it
        counts fewer trades than are known, or where nothing in it is later than the minute.

        Args:
            n_stored: Returns how many trades of a coin's minute are stored, and whether those
                are all: where there were none, the venue has no candle.
        """
        by_start = {candle.start_ms: candle.n_trades for candle in candles}
        newest_ms = max(by_start, default=-1)
        with self._lock:
            state = self._coins[fill.coin]
            found = []
            for start in range(fill.start_ms, fill.end_ms + 1, MINUTE_MS):
                is_current = state.current is not None and state.current.start_ms == start
                if is_current or start in state.replaceable:
                    continue  # seen on the socket, to its end
                n_counted, stored = by_start.get(start, 0), n_stored(fill.coin, start)
                n_known = max(state.partial.get(start, 0), stored.n_trades)
                is_whole = stored.is_all and n_counted == stored.n_trades
                is_final = newest_ms > start or is_whole
                if n_counted < n_known or not is_final:
                    found.append(Lacking(start, is_outdated=n_counted < n_known))
            return found

    def filled(
        self, fill: Fill, candles: Iterable[Candle], lacking: Iterable[Lacking] = ()
    ) -> list[Candle]:
        """Take the venue's answer to a fill, empty where it gave none; return what to write.

        Of two states of a minute the one with more trades is the later.

        Args:
            lacking: Minutes of which the answer's state is not the last one.
        """
        unsettled = {one.start_ms for one in lacking}
        with self._lock:
            state = self._coins[fill.coin]
            by_start = {start: c for start, c in state.replaceable.items() if start <= fill.end_ms}
            for candle in candles:
                own = by_start.get(candle.start_ms)
                is_later = own is None or candle.n_trades > own.n_trades
                if is_later and candle.start_ms not in unsettled:
                    by_start[candle.start_ms] = candle
            if state.fill is fill:
                state.fill = None
            for start in (start for start in list(state.replaceable) if start <= fill.end_ms):
                del state.replaceable[start]
            for start in (start for start in list(state.partial) if start <= fill.end_ms):
                del state.partial[start]
            return [
                c for start in sorted(by_start) for c in self._write_once(state, by_start[start])
            ]

    def take_seen(self) -> tuple[list[Candle], list[Candle]]:
        """Return the newest state of each candle seen since the last call, and those closed."""
        with self._lock:
            states, closed = list(self._states.values()), self._closed
            self._states, self._closed = {}, []
            return states, closed

    def stop(self, now_ms: int) -> list[Candle]:
        """Return the candles that are over by now and not yet written; nothing more will come."""
        with self._lock:
            candles = [
                candle
                for state in self._coins.values()
                for candle in (*state.replaceable.values(), state.current)
                if candle is not None and self._is_over(candle.start_ms, now_ms)
            ]
            return sorted(candles, key=lambda candle: candle.start_ms)

    def _close(self, state: _CoinCandles, candle: Candle) -> list[Candle]:
        if state.fill is not None and candle.start_ms <= state.fill.end_ms:
            own = state.replaceable.get(candle.start_ms)
            if own is None or candle.n_trades >= own.n_trades:
                state.replaceable[candle.start_ms] = candle
            state.partial.pop(candle.start_ms, None)
            return []
        return self._write_once(state, candle)

    def _write_once(self, state: _CoinCandles, candle: Candle) -> list[Candle]:
        if candle.n_trades <= state.closed.get(candle.start_ms, -1):
            return []
        state.closed[candle.start_ms] = candle.n_trades
        if len(state.closed) > REMEMBERED:
            state.closed.popitem(last=False)
        self._closed.append(candle)
        return [candle]

    def _is_over(self, start_ms: int, now_ms: int) -> bool:
        return now_ms > start_ms + MINUTE_MS + self._grace_ms


def _join(state: _CoinCandles, coin: str, minute_ms: int) -> None:
    """Ask for the minute that the connection began in, and all that were missed before it."""
    start_ms = minute_ms if state.missed_ms is None else min(state.missed_ms, minute_ms)
    state.fill = Fill(coin, start_ms, minute_ms)
    state.is_joining = False
    state.missed_ms = None


def _first_missed_ms(state: _CoinCandles) -> int | None:
    if state.fill is not None:
        return state.fill.start_ms
    if state.current is not None:
        return state.current.start_ms
    return max(state.closed) + MINUTE_MS if state.closed else None
