"""The frames of a capture that can be played: of the shape and within the bounds of the venue."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Literal

from hypertrack.files import LongLine, split_lines
from hypertrack.records import (
    JsonError,
    RawJson,
    Record,
    checked_amount,
    checked_time_ms,
    checked_wallet,
    is_ahead,
    json_decoder,
    require_names_once,
    usual_skew_ms,
)

PLAYED_CHANNELS = frozenset({"trades", "bbo", "l2Book"})
"""What is played from a capture; the exchange makes candles and contexts from these."""


class CapturedFrame(Record, frozen=True):
    """A line of a capture."""

    received_wall_ns: int
    channel: str
    data: RawJson

    @property
    def received_ms(self) -> int:
        """Time of receipt, which the replay takes for exchange time."""
        return self.received_wall_ns // 1_000_000


class CapturedTrade(Record, frozen=True):
    """A trade that can be played: of the shape and within the bounds that a recorder asks for."""

    coin: str
    side: Literal["A", "B"]
    px: str | float
    sz: str | float
    time: int
    hash: str
    tid: int
    users: tuple[str, str]

    def __post_init__(self) -> None:
        _check_coin(self.coin)
        checked_time_ms(self.time)
        checked_amount(self.px)
        checked_amount(self.sz)
        for user in self.users:
            checked_wallet(user)


class CapturedLevel(Record, frozen=True):
    """The orders at one price of a captured book or quote."""

    px: str | float
    sz: str | float
    n: int = 1

    def __post_init__(self) -> None:
        checked_amount(self.px)
        checked_amount(self.sz)


class CapturedQuote(Record, frozen=True):
    """A best bid and offer that can be played."""

    coin: str
    time: int
    bbo: tuple[CapturedLevel | None, CapturedLevel | None]

    def __post_init__(self) -> None:
        _check_coin(self.coin)
        checked_time_ms(self.time)


class CapturedBook(Record, frozen=True):
    """An order book that can be played."""

    coin: str
    time: int
    levels: tuple[list[CapturedLevel], list[CapturedLevel]]

    def __post_init__(self) -> None:
        _check_coin(self.coin)
        checked_time_ms(self.time)


def _check_coin(coin: str) -> None:
    if not coin:
        raise ValueError("no coin is named")


_frame_decoder = json_decoder(CapturedFrame)
_trade_decoder = json_decoder(CapturedTrade)
_trades_decoder = json_decoder(list[CapturedTrade])
_items_decoder = json_decoder(list[RawJson])
_quote_decoder = json_decoder(CapturedQuote)
_book_decoder = json_decoder(CapturedBook)

_UNREADABLE = (JsonError, ValueError, RecursionError)
_BLOCK_BYTES = 1 << 18
_SAMPLED_FRAMES = 500
"""From which the usual skew of the capture's clock is told."""


class CapturedFrames:
    """The frames of a capture, read anew at each iteration.

    A frame of trades lacks those that a recorder would refuse. For all that cannot be played, a
    line or a trade, None is given: torn or foreign, beyond the bounds, ahead of its receipt.
    """

    def __init__(self, path: Path):
        self._path = path
        self._skew_ms: int | None = None  # nothing is refused for being ahead until it is known
        self._skew_ms = _skew_ms(iter(self))

    def __iter__(self) -> Iterator[CapturedFrame | None]:
        with self._path.open("rb") as file:
            for line in split_lines(iter(lambda: file.read(_BLOCK_BYTES), b"")):
                try:
                    frame = _readable(line)
                    if frame.channel not in PLAYED_CHANNELS:
                        continue
                    playable, n_refused = self._playable(frame)
                except _UNREADABLE:
                    yield None
                    continue
                yield from [None] * n_refused
                if playable is not None:
                    yield playable

    def _playable(self, frame: CapturedFrame) -> tuple[CapturedFrame | None, int]:
        """Return the frame without the trades that a recorder would refuse, and their number."""
        if frame.channel != "trades":
            return (None, 1) if self._is_ahead(quoted(frame).time, frame) else (frame, 0)
        try:
            require_names_once(frame.data)
            if not any(self._is_ahead(one.time, frame) for one in trades_in(frame.data)):
                return frame, 0
        except JsonError:
            pass  # one by one, so that a bad trade does not take the others with it
        items = items_in(frame.data)
        kept = [item for item in items if self._is_playable(item, frame)]
        data = RawJson(b"[%s]" % b",".join(map(bytes, kept)))
        played = CapturedFrame(frame.received_wall_ns, frame.channel, data) if kept else None
        return played, len(items) - len(kept)

    def _is_playable(self, item: RawJson, frame: CapturedFrame) -> bool:
        try:
            require_names_once(item)
            return not self._is_ahead(_trade_decoder.decode(item).time, frame)
        except JsonError:
            return False

    def _is_ahead(self, time_ms: int, frame: CapturedFrame) -> bool:
        skew_ms = self._skew_ms
        return skew_ms is not None and is_ahead(time_ms, frame.received_ms, skew_ms)


def items_in(data: bytes | RawJson) -> list[RawJson]:
    """Return the objects of a frame's ``data``, as they came."""
    return _items_decoder.decode(data)


def trades_in(data: bytes | RawJson) -> list[CapturedTrade]:
    """Return the trades of the ``data`` of a frame that can be played."""
    return _trades_decoder.decode(data)


def quoted(frame: CapturedFrame) -> CapturedQuote | CapturedBook:
    """Return the best bid and offer, or the book, of a frame.

    Raises:
        JsonError: It cannot be played.
    """
    require_names_once(frame.data)
    decoder = _quote_decoder if frame.channel == "bbo" else _book_decoder
    return decoder.decode(frame.data)


def _readable(line: bytes) -> CapturedFrame:
    """Return the line's frame.

    Raises:
        Exception: One of `_UNREADABLE`.
    """
    if isinstance(line, LongLine):
        raise ValueError("longer than any frame")
    if not line.isascii():
        line.decode()  # what is passed on byte for byte is not looked into by the decoder
    frame = _frame_decoder.decode(line)
    require_names_once(line, frame.data)
    checked_time_ms(frame.received_ms)
    return frame


def _skew_ms(frames: Iterator[CapturedFrame | None]) -> int:
    """Return how far the capture's clock usually lies behind the venue's."""
    skews_ms = []
    for frame in islice(filter(None, frames), _SAMPLED_FRAMES):
        if frame.channel != "trades":
            skews_ms.append(quoted(frame).time - frame.received_ms)
        elif trades := trades_in(frame.data):
            skews_ms.append(trades[-1].time - frame.received_ms)
    return usual_skew_ms(skews_ms)
