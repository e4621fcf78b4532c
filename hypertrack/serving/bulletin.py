"""What the page shows of the present: the last signals, how live stands, what was missed."""

from collections import deque
from collections.abc import Iterator

from hypertrack.line_tail import Added
from hypertrack.live.desk import Gap
from hypertrack.records import JsonError, LiveStatus, Record, Signal, decode_json, encode_json
from hypertrack.serving.event_log import KEPT_EVENTS, EventLog
from hypertrack.serving.lookout import LiveSaid, News
from hypertrack.serving.models_view import ModelsView, models_view
from hypertrack.serving.paper_view import PaperView

MAX_GAPS = 100
"""Of the newest, in an answer."""


class GapSaid(Record, frozen=True, kw_only=True):
    """Trades that were missed over one time."""

    start_ms: int
    end_ms: int
    coins: tuple[str, ...]


class Status(Record, frozen=True, kw_only=True):
    """How everything stands."""

    live: LiveStatus | None
    """As live wrote it; None where it never ran."""
    is_live: bool
    """It wrote that a moment ago."""
    live_written_ms: int | None
    profiles_version: int
    """Another one means that there are newer profiles."""


class Bulletin:
    """Holds what was told last; used in the thread of the event loop alone."""

    def __init__(self, log: EventLog):
        self._log = log
        self._signals: deque[bytes] = deque(maxlen=KEPT_EVENTS)
        self._steps: deque[bytes] = deque(maxlen=KEPT_EVENTS)
        self._live: LiveSaid | None = None
        self._version = 0
        self._is_open = False
        self.gaps: tuple[GapSaid, ...] = ()
        self.paper: PaperView | None = None
        self.models: ModelsView | None = None
        self.n_unread = 0

    def hear(self, news: News) -> None:
        """Take note of what is new, and pass it on; what was there at the start is no news."""
        if news.signals.is_another:
            self._log.add("reset", b"{}")
        self._take_signals(news.signals)
        self._take_follow(news)
        if news.models is not None:
            self.models = None if news.models.text is None else models_view(news.models.text)
            self._log.set_state("models", encode_json(self.models))
        if news.gaps is not None:
            self._take_gaps(news.gaps)
        self._live = news.live or self._live
        self._version = news.profiles_version or self._version
        self._log.set_state("status", encode_json(self.status))
        self._is_open = True

    @property
    def status(self) -> Status:
        """Return how everything stands."""
        live = self._live
        return Status(
            live=None if live is None else _status(live.text),
            is_live=live is not None and live.is_alive,
            live_written_ms=None if live is None else live.written_ms,
            profiles_version=self._version,
        )

    def signals(self, before: int | None, wallet: str | None, coin: str | None) -> Iterator[bytes]:
        """Yield the lines of signals, the newest first.

        Args:
            before: Only those of a lower number.
        """
        for line in reversed(self._signals):
            said = decode_json(line, Signal)
            if before is not None and said.seq >= before:
                continue
            if (wallet is None or said.leader == wallet) and (coin is None or said.coin == coin):
                yield line

    def steps(self) -> Iterator[bytes]:
        """Yield the last lines of following on paper, the newest first."""
        return reversed(self._steps)

    def _take_signals(self, added: Added) -> None:
        if added.is_another:
            self._signals.clear()
        for line in added.lines:
            if not _is_signal(line):
                self.n_unread += 1
                continue
            self._signals.append(line)
            if self._is_open:
                self._log.add("signal", line)

    def _take_follow(self, news: News) -> None:
        if news.follow.is_another:
            self._steps.clear()
            if self.paper is not None:
                self.paper = None
                self._log.set_state("follow", b"null")
        self._steps.extend(news.follow.lines)
        if news.paper is not None:
            self.paper = news.paper
            self._log.set_state("follow", encode_json(news.paper))

    def _take_gaps(self, gaps: tuple[Gap, ...]) -> None:
        found = tuple(_told_together(gaps))[-MAX_GAPS:]
        known = set(self.gaps)
        for gap in found:
            if self._is_open and gap not in known:
                self._log.add("gap", encode_json(gap))
        self.gaps = found


def _told_together(gaps: tuple[Gap, ...]) -> Iterator[GapSaid]:
    """Yield gaps of many coins over one time as one: a socket carries them together."""
    coins: dict[tuple[int, int], list[str]] = {}
    for gap in gaps:
        coins.setdefault((gap.start_ms, gap.end_ms), []).append(gap.coin)
    for (start_ms, end_ms), names in sorted(coins.items()):
        yield GapSaid(start_ms=start_ms, end_ms=end_ms, coins=tuple(sorted(names)))


def _is_signal(line: bytes) -> bool:
    try:
        decode_json(line, Signal)
    except JsonError:
        return False
    return True


def _status(text: bytes) -> LiveStatus | None:
    """Return what live said; None of anything else, which no page could show."""
    try:
        return decode_json(text, LiveStatus)
    except JsonError:
        return None
