"""Noticing a stream that starves: each candle says how many trades its minute has had.

A coin's trades can stop inside a living socket while everything else, its candles too, goes on.
No silence shows that: a quiet coin looks the same. The venue's own count does.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from hypertrack.recording.closed_candles import Candle
from hypertrack.recording.intake import StreamIntake
from hypertrack.records import MINUTE_MS

PATIENCE_S = 3.0
"""From a candle to the comparison, on our own clock: trades may be on their way."""


class StarvationWatch:
    """Compares the trades stored with candles, closed or not; used by one thread.

    Args:
        stream_by_coin: The trades of each coin; of two sockets that receive them, either one.
    """

    def __init__(self, stream_by_coin: Mapping[str, StreamIntake]):
        self._stream_by_coin = stream_by_coin
        self._waiting: deque[tuple[float, Candle]] = deque()
        self._whole_until_ms: dict[str, int] = {}
        """Of each coin, the end of the last closed minute of which no trade is missing."""
        self._before: dict[str, tuple[int, int, int]] = {}
        """Of each coin, when its stream began, the minute of that, and how many trades of it came
        before and are not stored."""

    def see(self, candles: Iterable[Candle], now_s: float) -> None:
        """Take candles as they stand now."""
        for candle in candles:
            stream = self._stream_by_coin.get(candle.row.coin)
            if stream is not None:
                self._note_beginning(stream, candle)
                self._waiting.append((now_s, candle))

    def _note_beginning(self, stream: StreamIntake, candle: Candle) -> None:
        """Count what the minute had before the stream began in it, from the first candle since."""
        start_ms, coin = stream.coverage.start_ms, candle.row.coin
        if start_ms is None or start_ms <= candle.start_ms or candle.n_stored is None:
            return
        if self._before.get(coin, (0, 0, 0))[:2] != (start_ms, candle.start_ms):
            n_before = candle.n_trades - candle.n_stored
            self._before[coin] = (start_ms, candle.start_ms, n_before)

    def see_closed(self, candles: Iterable[Candle]) -> None:
        """Take candles that are closed: a minute that has all its trades is behind us."""
        for candle in candles:
            stream = self._stream_by_coin.get(candle.row.coin)
            n_stored = None if stream is None else stream.memory.n_in_minute(candle.start_ms)
            if n_stored is not None and n_stored >= candle.n_trades:
                end_ms = candle.start_ms + MINUTE_MS
                known_ms = self._whole_until_ms.get(candle.row.coin, 0)
                self._whole_until_ms[candle.row.coin] = max(end_ms, known_ms)

    def due(self, now_s: float, lateness_s: float = 0.0) -> Iterator[tuple[Candle, int]]:
        """Yield the candles that count more trades than came, and since when they may lack.

        A minute is judged where it was observed from its beginning on, and the one in which that
        began by what was added to it since.

        Args:
            lateness_s: How much later than others trades come at this venue.
        """
        while self._waiting and now_s - self._waiting[0][0] >= PATIENCE_S + lateness_s:
            candle = self._waiting.popleft()[1]
            stream = self._stream_by_coin[candle.row.coin]
            start_ms = stream.coverage.start_ms
            if stream.coverage.loss is not None or start_ms is None:
                continue
            n_expected = self._n_expected(candle, start_ms)
            n_stored = stream.memory.n_in_minute(candle.start_ms)
            if n_expected is not None and n_stored is not None and n_stored < n_expected:
                whole_ms = self._whole_until_ms.get(candle.row.coin, 0)
                yield candle, max(start_ms, min(whole_ms, candle.start_ms))

    def _n_expected(self, candle: Candle, start_ms: int) -> int | None:
        """Return how many trades must be stored by now; None where that is not known."""
        if start_ms <= candle.start_ms:
            return candle.n_trades
        began_ms, minute_ms, n_before = self._before.get(candle.row.coin, (0, 0, 0))
        is_same = (began_ms, minute_ms) == (start_ms, candle.start_ms)
        return candle.n_trades - n_before if is_same else None
