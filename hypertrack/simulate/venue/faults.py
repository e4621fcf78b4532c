"""Faults on demand: what a venue can do to its clients, armed by tests or over HTTP."""

import logging
from collections.abc import Callable
from typing import Literal

from hypertrack.records import Record, decode_json, encode_json

logger = logging.getLogger(__name__)

GREETING = b"Websocket connection established."
"""Text, not JSON, that the venue once sent first (protocol, section 1.1)."""

_UNKNOWN_KEY = "addedLater"


class Faults(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What goes wrong from now on; the default is nothing.

    Frames are data frames, without acknowledgements, pongs and errors, counted over all sockets
    from the moment of arming.
    """

    break_after_frames: int | None = None
    """Frames until every open socket is broken, once."""
    break_sockets: int | None = None
    """How many of them, oldest first; all where None."""
    break_by: Literal["drop", "close", "stall"] = "drop"
    """End of the stream without a close frame; a close frame; or silence on an open socket,
    without even a pong."""
    close_code: int = 1000
    close_reason: str = ""
    miss_trades: int | None = None
    """After the break the exchange goes on until some coin had this many trades more, refusing
    new sockets, then waits for a subscriber: a client misses exactly these blocks."""
    refuse_s: float = 0.0
    """Exchange seconds after the break in which new sockets are refused."""
    duplicate_every: int | None = None
    """Every so many frames, one is sent twice."""
    truncate_every: int | None = None
    """Every so many frames, one is cut in half."""
    has_greeting: bool = False
    """New sockets are greeted with text that is not JSON."""
    has_unknown_keys: bool = False
    """Every object carries a key that no client knows."""
    has_enveloped_explorer: bool = False
    """Explorer frames come as ``{"channel","data"}`` instead of bare arrays."""
    clock_skew_ms: int = 0
    """Added to the time that the exchange tells of itself (``exchangeStatus``)."""
    clock_jump_every: int | None = None
    """Every so many trades frames, `clock_jump_frames` are dated ahead, as if the venue's clock
    jumped and came back; replays and answers keep that date."""
    clock_jump_frames: int = 1
    clock_jump_ms: int = 30_000
    late_every: int | None = None
    """Every so many trades frames, one is sent only `late_ms` later."""
    late_ms: int = 5_000
    starve: str | None = None
    """A coin whose trades are sent no more to those who are subscribed now; a new subscription
    has them again. Its candles go on."""
    recent_trades_lag_ms: int = 0
    """Exchange time by which ``recentTrades`` trails the sockets."""
    has_cached_recent_trades: bool = False
    """``recentTrades`` of a coin is always answered as the first time."""
    mute: str | None = None
    """A coin whose subscriptions are neither acknowledged nor served."""
    candle_snapshot: Literal["right", "empty", "old"] = "right"
    """Answers of ``candleSnapshot``: as they are, none, or as they were in the middle of the
    time asked for."""
    unlisted: str | None = None
    """A coin that is on no list yet; it trades all the same."""
    failing_dex: str | None = None
    """A builder's dex whose lists answer 500."""
    http_failures: int = 0
    """Requests that fail, from the next one on."""
    http_every: int = 1
    """Of requests, every so many is one of those."""
    http_status: Literal[200, 429, 500, 502] = 429
    http_body: Literal["null", "html"] = "null"
    """What failing requests are answered with."""
    http_cut: int = 0
    """Answers that end in the middle, from the next one on."""
    http_drip_s: float = 0.0
    """Wall time over which each answer trickles in."""
    unknown_types: tuple[str, ...] = ()
    """Questions that the venue knows no longer: answered with 422."""
    unknown_options: tuple[str, ...] = ()
    """Fields of questions that it knows no longer, such as ``reversed``: answered with 422."""
    failing_user: str | None = None
    """A wallet, lower case, about which every question is answered with 500."""
    page_items: int | None = None
    """Rows of an answer at most, fewer than the venue's own limit."""


class FaultPlan:
    """Carries armed faults out.

    Attributes:
        is_waiting: The exchange waits for a subscriber before it goes on.
        n_breaks: How often sockets were broken.
    """

    def __init__(self, faults: Faults | None = None):
        self.is_waiting = False
        self.n_breaks = 0
        self._missed_by_coin: dict[str, int] | None = None
        self._refused_until_ms = 0
        self.arm(faults or Faults())

    def arm(self, faults: Faults) -> None:
        """Replace the faults in force; counting starts over."""
        self.faults = faults
        self.is_idle = faults == Faults()
        self._n_frames = self._n_blocks = self._n_sent = 0
        self._failures_left = faults.http_failures
        self._n_requests = 0
        self._cuts_left = faults.http_cut
        self._has_broken = faults.break_after_frames is None

    def frames(self, payload: bytes) -> list[bytes]:
        """Return what is sent in place of a data frame, and count it."""
        self._n_frames += 1
        faults = self.faults
        payload = self.dressed(payload)
        if _is_due(self._n_frames, faults.truncate_every):
            payload = payload[: len(payload) // 2]
        return [payload] * (2 if _is_due(self._n_frames, faults.duplicate_every) else 1)

    def dressed(self, payload: bytes) -> bytes:
        """Return a frame with the keys that no client knows, if those are armed."""
        if not self.faults.has_unknown_keys:
            return payload
        return encode_json(_with_unknown_keys(decode_json(payload)))

    def jump_ms(self) -> int:
        """Return by how much the venue's clock is ahead at the next block of trades."""
        every = self.faults.clock_jump_every
        if every is None:
            return 0
        self._n_blocks += 1
        is_ahead = self._n_blocks % every >= every - self.faults.clock_jump_frames
        return self.faults.clock_jump_ms if is_ahead else 0

    def is_late(self) -> bool:
        """Return whether the next block of trades is held back."""
        self._n_sent += 1
        return _is_due(self._n_sent, self.faults.late_every)

    def breaks_now(self, now_ms: int) -> bool:
        """Return whether the sockets are to be broken; true once."""
        due = self.faults.break_after_frames
        if self._has_broken or due is None or self._n_frames < due:
            return False
        self._has_broken = True
        self.n_breaks += 1
        self._refused_until_ms = now_ms + round(self.faults.refuse_s * 1000)
        self._missed_by_coin = {} if self.faults.miss_trades else None
        logger.info("fault: %s after %d frames", self.faults.break_by, self._n_frames)
        return True

    def count_missed(self, coin: str, n_trades: int) -> None:
        """Count trades that nobody was there to receive."""
        if self._missed_by_coin is None:
            return
        missed = self._missed_by_coin.get(coin, 0) + n_trades
        self._missed_by_coin[coin] = missed
        if missed >= (self.faults.miss_trades or 0):
            self._missed_by_coin = None
            self.is_waiting = True

    def welcome(self) -> None:
        """Go on: somebody has subscribed."""
        self.is_waiting = False

    def refuses(self, now_ms: int) -> bool:
        """Return whether new sockets are refused."""
        return now_ms < self._refused_until_ms or self._missed_by_coin is not None

    def fails_request(self) -> bool:
        """Return whether this request is answered with the armed status and body."""
        self._n_requests += 1
        if self._failures_left <= 0 or self._n_requests % self.faults.http_every:
            return False
        self._failures_left -= 1
        return True

    def cuts_answer(self) -> bool:
        """Return whether this answer ends in the middle."""
        self._cuts_left -= 1
        return self._cuts_left >= 0


def _is_due(n_frames: int, every: int | None) -> bool:
    return every is not None and n_frames % every == 0


def _with_unknown_keys(value: object) -> object:
    """Return a copy of which every object has one key more."""
    walk: Callable[[object], object] = _with_unknown_keys
    if isinstance(value, list):
        return [walk(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {**{key: walk(item) for key, item in value.items()}, _UNKNOWN_KEY: {"v": [1, None]}}
