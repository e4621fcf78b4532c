"""A raw capture of the venue as a source: its frames at their own pace."""

import logging
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path

from hypertrack.errors import ConfigError
from hypertrack.records import DAY_MS
from hypertrack.simulate.market.instruments import Coin, CoinKind
from hypertrack.simulate.venue.captured_frames import (
    PLAYED_CHANNELS,
    CapturedFrame,
    CapturedFrames,
    CapturedTrade,
    items_in,
    quoted,
    trades_in,
)
from hypertrack.simulate.venue.source import Event
from hypertrack.simulate.venue.wallet_records import PlainRecords

log = logging.getLogger(__name__)

_REMEMBERED_TRADES = 1_000
"""Latest trades of a coin that are recognised when a reconnection repeats them."""


class CaptureSource:
    """Plays a capture, one ``{"received_wall_ns","channel","data"}`` a line.

    Frames come at the time at which they were received. Trades that a subscription repeated are
    played once, one block a frame; those of a coin's first frame, which were past when the
    capture began, are the exchange's history. Lines that cannot be read, such as a torn last
    one, and trades that a recorder would refuse are skipped and counted.

    Args:
        path: Read once at the start and again for every replay, never held in memory.

    Raises:
        ConfigError: The file is missing or holds no frame of a channel that can be played.
    """

    token_decimals: Mapping[str, int] = {}

    def __init__(self, path: Path):
        if not path.is_file():
            raise ConfigError(f"a replay needs a capture file, found none at {path}")
        self._frames = CapturedFrames(path)
        survey = _Survey()
        for frame in self._frames:
            survey.add(frame)
        if not survey.coins:
            raise ConfigError(
                f"a replay needs lines with received_wall_ns, channel and data for "
                f"{', '.join(sorted(PLAYED_CHANNELS))}, found none in {path}"
            )
        self._history = survey.history()
        self.n_unreadable = survey.n_unreadable
        if self.n_unreadable:
            log.warning("%s: %d lines or trades cannot be played", path, self.n_unreadable)
        self.n_trades = survey.n_trades
        self.open_ms = survey.first_ms
        self.start_ms = self._history[0].time_ms if self._history else self.open_ms
        self.end_ms = survey.last_ms
        self.channels = frozenset(survey.channels)
        self.coins = survey.coin_table(self.end_ms - self.start_ms)
        self.records = PlainRecords(self.start_ms, len(self.coins))

    def events(self) -> Iterator[Event]:
        """Yield the history, then the frames as they were received."""
        yield from self._history
        seen = _SeenTrades()
        for event in self._history:
            seen.fresh_blocks(event.data)
        now = self.open_ms
        for frame in filter(None, self._frames):
            now = max(now, frame.received_ms)
            if frame.channel == "trades":
                for coin, _, data in seen.fresh_blocks(bytes(frame.data)):
                    yield Event(now, "trades", coin, data)
            else:
                yield Event(now, frame.channel, quoted(frame).coin, bytes(frame.data))


class _SeenTrades:
    """The latest trades of each coin, to tell new ones from repeated ones."""

    def __init__(self) -> None:
        self._by_coin: dict[str, OrderedDict[Hashable, None]] = {}

    def fresh_blocks(self, data: bytes) -> Iterator[tuple[str, int, bytes]]:
        """Return coin, block time and JSON of the frame's new trades, a block each."""
        blocks: dict[tuple[str, int], list[bytes]] = {}
        items = items_in(data)
        for trade, item in zip(trades_in(data), items, strict=True):
            if self._add(trade, bytes(item)):
                blocks.setdefault((trade.coin, trade.time), []).append(bytes(item))
        return iter(
            [(coin, time, b"[%s]" % b",".join(items)) for (coin, time), items in blocks.items()]
        )

    def _add(self, trade: CapturedTrade, item: bytes) -> bool:
        known = self._by_coin.setdefault(trade.coin, OrderedDict())
        key = (trade.time, trade.tid or item)  # of those whose id is 0, all that they say
        if key in known:
            return False
        known[key] = None
        if len(known) > _REMEMBERED_TRADES:
            known.popitem(last=False)
        return True


@dataclass
class _Survey:
    """What a first reading of the capture finds."""

    first_ms: int = 0
    last_ms: int = 0
    n_unreadable: int = 0
    n_trades: int = 0
    channels: set[str] = field(default_factory=set)
    coins: dict[str, "_CoinSurvey"] = field(default_factory=dict)
    _opening: list[Event] = field(default_factory=list)
    _seen: _SeenTrades = field(default_factory=_SeenTrades)

    def add(self, frame: CapturedFrame | None) -> None:
        if frame is None:
            self.n_unreadable += 1
            return
        self.first_ms = self.first_ms or frame.received_ms
        self.last_ms = max(self.last_ms, frame.received_ms)
        self.channels.add(frame.channel)
        if frame.channel != "trades":
            self._coin(quoted(frame).coin)
            return
        for coin, time_ms, data in self._seen.fresh_blocks(bytes(frame.data)):
            found = self._coin(coin)
            trades = trades_in(data)
            found.add(trades)
            self.n_trades += len(trades)
            if found.opening_ns in (None, frame.received_wall_ns):
                found.opening_ns = frame.received_wall_ns
                self._opening.append(Event(time_ms, "trades", coin, data))

    def history(self) -> list[Event]:
        """Return the trades of each coin's first frame, if they came before the capture."""
        past = [event for event in self._opening if event.time_ms <= self.first_ms]
        return sorted(past, key=attrgetter("time_ms"))

    def coin_table(self, span_ms: int) -> tuple[Coin, ...]:
        total = sum(coin.n_trades for coin in self.coins.values())
        table = [coin.describe(span_ms, total) for coin in self.coins.values()]
        return tuple(sorted(table, key=lambda coin: -coin.day_volume_usd))

    def _coin(self, name: str) -> "_CoinSurvey":
        return self.coins.setdefault(name, _CoinSurvey(name))


@dataclass
class _CoinSurvey:
    """What the capture tells of one coin."""

    name: str
    opening_ns: int | None = None
    n_trades: int = 0
    notional_usd: float = 0.0
    first_price: float = 1.0
    size_decimals: int = 0
    low: float = float("inf")
    high: float = 0.0

    def add(self, trades: list[CapturedTrade]) -> None:
        for trade in trades:
            price = float(trade.px)
            self.first_price = price if self.n_trades == 0 else self.first_price
            self.n_trades += 1
            self.notional_usd += price * float(trade.sz)
            self.low, self.high = min(self.low, price), max(self.high, price)
            decimals = str(trade.sz).partition(".")[2].rstrip("0")
            self.size_decimals = max(self.size_decimals, len(decimals))

    def describe(self, span_ms: int, n_trades_of_all: int) -> Coin:
        """Return the coin as the capture shows it; rates are those of the captured stretch."""
        days = max(span_ms, 1) / DAY_MS
        return Coin(
            name=self.name,
            kind=_kind(self.name),
            token=self.name.rpartition(":")[2].partition("/")[0],
            size_decimals=self.size_decimals,
            price_usd=self.first_price,
            trade_share=self.n_trades / max(n_trades_of_all, 1),
            day_volume_usd=self.notional_usd / days,
            max_leverage=10,
            day_volatility_frac=max(self.high / self.low - 1, 0.0) / days**0.5 if self.high else 0,
            spread_bps=1.0,
            depth_usd=100_000.0,
            follows=None,
        )


def _kind(name: str) -> CoinKind:
    if name.startswith("#"):
        return "outcome"
    if ":" in name:
        return "hip3"
    return "spot" if name.startswith("@") or "/" in name else "perp"
