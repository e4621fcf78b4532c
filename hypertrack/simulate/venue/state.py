"""What the venue knows: latest trades, quotes, books and candles, from the events it played."""

from array import array
from collections import Counter, deque
from collections.abc import Iterator

from hypertrack.records import DAY_MS, RawJson, decode_json, json_decoder
from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.venue.books import Book, book_of_frame, book_of_quote
from hypertrack.simulate.venue.built_candles import CandleBook
from hypertrack.simulate.venue.hourly_rates import HourlyRates
from hypertrack.simulate.venue.source import Event, Source
from hypertrack.simulate.venue.trade_log import TradeLog
from hypertrack.simulate.venue.venue_rules import VenueRules
from hypertrack.simulate.venue.wire_trades import WireTrade

KEPT_OF_NEEDED = 10
"""Trades are kept for answers that trail behind, too."""

_items_decoder = json_decoder(list[RawJson])


class Published:
    """What the exchange has published since it opened, for tests to compare with."""

    def __init__(self, coins: tuple[Coin, ...]):
        self._names = [coin.name for coin in coins]
        self._ids = {name: at for at, name in enumerate(self._names)}
        self._times, self._coins, self._trade_ids = array("q"), array("h"), array("q")
        self.n_frames: Counter[str] = Counter()

    @property
    def n_trades(self) -> int:
        """Return how many trades were published."""
        return len(self._times)

    def add(self, trades: list[WireTrade]) -> None:
        """Count trades."""
        for trade in trades:
            self._times.append(trade.time)
            self._coins.append(self._ids[trade.coin])
            self._trade_ids.append(trade.tid)

    def trades(self) -> Iterator[tuple[int, str, int]]:
        """Yield (time, coin, tid) of every trade, in the order of publication."""
        for time_ms, coin, trade_id in zip(self._times, self._coins, self._trade_ids, strict=True):
            yield time_ms, self._names[coin], trade_id


class CoinState:
    """What the venue knows of one coin."""

    def __init__(self, coin: Coin, rules: VenueRules):
        self.coin = coin
        self.quote: bytes | None = None
        self.traded_usd = 0.0
        self.traded_coins = 0.0
        self._book: Book | None = None
        self._rules = rules
        self._frames: deque[tuple[int, int, bytes]] = deque()
        """Count of trades, exchange time and ``data`` of the latest blocks."""
        self._n_kept = 0

    def add_trades(self, time_ms: int, data: bytes, trades: list[WireTrade]) -> None:
        """Take a block's trades in."""
        self._frames.append((len(trades), time_ms, data))
        self._n_kept += len(trades)
        n_needed = KEPT_OF_NEEDED * max(self._rules.replayed_trades, self._rules.recent_trades)
        while self._n_kept - self._frames[0][0] >= n_needed:
            self._n_kept -= self._frames.popleft()[0]
        for trade in trades:
            size = float(trade.sz)
            self.traded_coins += size
            self.traded_usd += size * float(trade.px)

    def replay(self) -> list[RawJson]:
        """Return the trades that a subscription begins with, oldest first."""
        return self._latest(self._rules.replayed_trades)

    def recent_trades(self, until_ms: int) -> list[RawJson]:
        """Return the trades that are given when they are asked for, newest first."""
        return self._latest(self._rules.recent_trades, until_ms)[::-1]

    def _latest(self, n_trades: int, until_ms: int | None = None) -> list[RawJson]:
        items = [
            item
            for _, time_ms, data in self._frames
            if until_ms is None or time_ms <= until_ms
            for item in _items_decoder.decode(data)
        ]
        return items[-n_trades:]

    def set_quote(self, data: bytes) -> None:
        """Take a best bid and offer; the book around it is made when it is asked for."""
        self.quote, self._book = data, None

    def set_book(self, book: Book) -> None:
        """Take a whole book."""
        self._book = book

    @property
    def book(self) -> Book:
        """Return the book as it stands; empty before the first quote."""
        if self._book is None:
            self._book = Book() if self.quote is None else book_of_quote(self.quote, self.coin)
        return self._book

    def mid_price(self) -> float | None:
        """Return the middle of best bid and offer."""
        bid, ask = self.book.best()
        return None if bid is None or ask is None else (float(bid.px) + float(ask.px)) / 2


class VenueState:
    """The state of the whole venue.

    Attributes:
        published: What was published since the exchange opened.
        trade_log: ``data`` of the latest trades frames, oldest first.
        trades: Every trade, for the accounts.
        hours: Prices and funding rates at full hours.
        evm_blocks: ``data`` of the latest EVM blocks by number.
    """

    def __init__(self, source: Source, rules: VenueRules):
        self.source = source
        self.rules = rules
        self.coins = {coin.name: CoinState(coin, rules) for coin in source.coins}
        self.coin_ids = {coin.name: at for at, coin in enumerate(source.coins)}
        self.dexes = tuple(sorted({name.partition(":")[0] for name in self.coins if ":" in name}))
        self.unlisted: str | None = None
        """A coin that is on no list yet."""
        self.candles = CandleBook()
        self.published = Published(source.coins)
        self.trade_log: deque[bytes] = deque()
        self.trades = TradeLog(source.coins)
        self.hours = HourlyRates(*source.records.past_prices())
        self.evm_blocks: dict[int, bytes] = {}
        self.last_evm_block = 0
        self._n_logged: deque[int] = deque()
        self._n_in_log = 0

    def add_trades(
        self, event: Event, trades: list[WireTrade], counted: list[WireTrade] | None = None
    ) -> None:
        """Take a trades frame in.

        Args:
            counted: The same as candles count them, where its trades are dated wrongly.
        """
        self.coins[event.coin].add_trades(event.time_ms, event.data, trades)
        for trade in counted or trades:
            self.candles.add(trade.coin, trade.time, trade.px, float(trade.sz))
        self.trades.add(trades)
        self._log(event.data, len(trades))

    def add_quote(self, event: Event) -> None:
        """Take a bbo frame in."""
        self.coins[event.coin].set_quote(event.data)

    def add_book(self, event: Event) -> None:
        """Take an l2Book frame in."""
        self.coins[event.coin].set_book(book_of_frame(event.data))

    def add_hour(self, event: Event) -> None:
        """Take the prices of a full hour in."""
        self.hours.add(event.time_ms, decode_json(event.data))

    def add_evm_block(self, event: Event, number: int) -> None:
        """Take an EVM block in, forgetting the oldest."""
        self.evm_blocks[number] = event.data
        self.last_evm_block = number
        if len(self.evm_blocks) > self.rules.logged_evm_blocks:
            del self.evm_blocks[next(iter(self.evm_blocks))]

    def day_volume(self, state: CoinState, now_ms: int) -> tuple[float, float]:
        """Return a coin's volume over a day, in USD and in coins.

        The part of the day that lies before the source's start is taken as usual for the coin;
        after the first day it is the mean of the days played.
        """
        days = max((now_ms - self.source.start_ms) / DAY_MS, 0.0)
        before = max(1.0 - days, 0.0) * state.coin.day_volume_usd
        usd = (before + state.traded_usd) / max(days, 1.0)
        coins = before / state.coin.price_usd + state.traded_coins
        return usd, coins / max(days, 1.0)

    def _log(self, data: bytes, n_trades: int) -> None:
        self.trade_log.append(data)
        self._n_logged.append(n_trades)
        self._n_in_log += n_trades
        while self._n_in_log > self.rules.logged_trades:
            self.trade_log.popleft()
            self._n_in_log -= self._n_logged.popleft()
