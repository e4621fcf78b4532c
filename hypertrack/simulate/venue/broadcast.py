"""What subscribers are sent: snapshots, events as they come, and what the venue paces."""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import Any

from hypertrack.records import MINUTE_MS, as_dict, encode_json, replace
from hypertrack.simulate.venue import explorer
from hypertrack.simulate.venue import listings as universe
from hypertrack.simulate.venue.account_desk import AccountDesk
from hypertrack.simulate.venue.books import N_FAST_LEVELS, Book
from hypertrack.simulate.venue.connections import channel_frame
from hypertrack.simulate.venue.evm_wire import block_of_event
from hypertrack.simulate.venue.hub import Hub
from hypertrack.simulate.venue.info_endpoint import book_json
from hypertrack.simulate.venue.pace import ExchangeClock
from hypertrack.simulate.venue.source import Event
from hypertrack.simulate.venue.state import CoinState, VenueState
from hypertrack.simulate.venue.subscription_requests import Subscription
from hypertrack.simulate.venue.wire_trades import WireTrade, trades_in

Handler = Callable[[Any], None]

_EMPTY_EXPLORER_EVERY = 50
"""The venue's explorer sends an empty array now and then."""


class Broadcaster:
    """Turns what happens into frames for those who subscribed.

    Attributes:
        is_open: Events are published; before that they are history.
    """

    def __init__(self, state: VenueState, hub: Hub, clock: ExchangeClock, accounts: AccountDesk):
        self.is_open = False
        self._state = state
        self._hub = hub
        self._clock = clock
        self._accounts = accounts
        self._changed_candles: set[str] = set()
        self._sampled: list[WireTrade] = []
        self._held: list[tuple[int, Event]] = []
        self._explored_ms = clock.now_ms
        self._n_explored = 0
        self._takers: dict[str, Callable[[Event], None]] = {
            "trades": self._take_trades,
            "bbo": self._take_quote,
            "l2Book": self._take_book,
            "evm": self._take_evm_block,
            "prices": state.add_hour,
        }
        rules = state.rules
        self._paced: list[tuple[int, Callable[[], None]]] = [
            (rules.candle_ms, self._push_candles),
            (rules.fast_book_ms, lambda: self._push_books(is_fast=True)),
            (rules.book_ms, lambda: self._push_books(is_fast=False)),
            (rules.mids_ms, self._push_mids),
            (rules.context_ms, self._push_contexts),
            (rules.explorer_ms, self._push_explorer),
        ]
        self._due = [clock.now_ms + period for period, _ in self._paced]

    @property
    def next_due_ms(self) -> int:
        """Return when something is to be sent at the venue's own pace."""
        return min(self._due)

    def _send_held(self, until_ms: float) -> None:
        """Send the blocks of trades that were held back until then."""
        while self._held and self._held[0][0] <= until_ms:
            event = heappop(self._held)[1]
            self._publish("trades", event.coin, event.data)

    def take(self, event: Event) -> None:
        """Take an event in and publish it."""
        self._clock.now_ms = max(self._clock.now_ms, event.time_ms)
        self._takers[event.channel](event)

    def push_due(self) -> None:
        """Send what is due at the exchange's time."""
        now = self._clock.now_ms
        self._send_held(now)
        for at, (period, push) in enumerate(self._paced):
            if self._due[at] <= now:
                push()
                self._due[at] = now + period

    def finish(self) -> None:
        """Send what is still to be said of the last events."""
        self._send_held(float("inf"))
        self._push_candles()

    def snapshot(self, subscription: Subscription, *, is_explorer: bool) -> Iterator[bytes]:
        """Yield the frames that follow the acknowledgement of a subscription."""
        make = {
            "trades": self._trades_snapshot,
            "bbo": self._quote_snapshot,
            "l2Book": self._book_frame,
            "candle": self._candle_frame,
            "allMids": self._mids_frame,
            "activeAssetCtx": self._context_frame,
            "userFills": self._fills_snapshot,
        }.get(subscription.kind)
        frame = None if make is None else make(subscription)
        if frame is not None:
            yield frame
        if subscription.kind in ("explorerBlock", "explorerTxs") and not is_explorer:
            yield b"[]"  # on this host the feed exists and never speaks (protocol, section 2.7)

    # --- events ---------------------------------------------------------------------------------

    def _take_trades(self, event: Event) -> None:
        trades = trades_in(event.data)
        coin = event.coin
        if coin in self._changed_candles:
            last = self._state.candles.last_start_ms(coin) or 0
            if trades[0].time >= last + MINUTE_MS:
                self._push_candles_of(coin)
        counted = trades
        if self.is_open and (jump_ms := self._hub.plan.jump_ms()):
            event, trades = _dated_ahead(event, trades, jump_ms)
        self._state.add_trades(event, trades, counted)
        self._changed_candles.add(coin)
        if not self.is_open:
            return
        self._state.published.add(trades)
        self._hub.plan.count_missed(coin, len(trades))
        if self._hub.plan.is_late():
            heappush(self._held, (event.time_ms + self._hub.plan.faults.late_ms, event))
        else:
            self._publish("trades", coin, event.data)
        if self._hub.has(("explorerTxs",)):
            self._sampled += trades
        self._publish_fills(trades)

    def _take_quote(self, event: Event) -> None:
        before = self._state.coins[event.coin].quote
        if before is None or _quote_of(before) != _quote_of(event.data):
            self._state.add_quote(event)
            self._publish("bbo", event.coin, event.data)

    def _take_book(self, event: Event) -> None:
        coin = self._state.coins[event.coin]
        before = coin.book.best()
        self._state.add_book(event)
        self._publish("l2Book", event.coin, event.data, (None, None, False))
        if "bbo" not in self._state.source.channels and coin.book.best() != before:
            self._publish("bbo", event.coin, encode_json(self._quote_json(coin)))

    def _take_evm_block(self, event: Event) -> None:
        self._state.add_evm_block(event, block_of_event(event.data).number)

    def _publish(self, channel: str, coin: str, data: bytes, options: tuple[Any, ...] = ()) -> None:
        self._state.published.n_frames[channel] += self.is_open
        topic = (channel, coin, *options)
        if self._hub.has(topic):
            self._hub.publish(topic, channel_frame(channel, data), self._clock.now_ms)

    def _send(self, subscription: Subscription, payload: bytes | None) -> None:
        if payload is not None:
            self._hub.publish(subscription.topic, payload, self._clock.now_ms)

    def _publish_fills(self, trades: list[WireTrade]) -> None:
        users = {user for trade in trades for user in trade.users}
        for kind in ("userFills", "userEvents"):
            for subscription in self._hub.subscriptions(kind):
                if subscription.user in users:
                    self._send(subscription, self._fills_frame(subscription, trades))

    # --- the venue's own pace -------------------------------------------------------------------

    def _push_candles(self) -> None:
        for coin in tuple(self._changed_candles):
            self._push_candles_of(coin)

    def _push_candles_of(self, coin: str) -> None:
        self._changed_candles.discard(coin)
        for subscription in self._hub.subscriptions("candle"):
            if subscription.coin == coin:
                self._send(subscription, self._candle_frame(subscription))

    def _push_books(self, *, is_fast: bool) -> None:
        has_own = "l2Book" in self._state.source.channels
        for subscription in self._hub.subscriptions("l2Book"):
            significant, fast = subscription.topic[2], subscription.topic[4]
            if fast is is_fast and not (has_own and not fast and significant is None):
                self._send(subscription, self._book_frame(subscription))

    def _push_mids(self) -> None:
        for subscription in self._hub.subscriptions("allMids"):
            self._send(subscription, self._mids_frame(subscription))

    def _push_contexts(self) -> None:
        for subscription in self._hub.subscriptions("activeAssetCtx"):
            self._send(subscription, self._context_frame(subscription))

    def _push_explorer(self) -> None:
        now, self._n_explored = self._clock.now_ms, self._n_explored + 1
        blocks, transactions = map(self._hub.subscriptions, ("explorerBlock", "explorerTxs"))
        is_empty = self._n_explored % _EMPTY_EXPLORER_EVERY == 0
        for subscription in (*blocks, *transactions):
            if subscription.kind == "explorerBlock":
                items = explorer.blocks_between(self._explored_ms, now)
            else:
                items = explorer.sampled_transactions(self._state, self._sampled)
            for chosen in ([], items) if is_empty else (items,):
                self._send(subscription, self._explorer_frame(subscription.kind, chosen))
        self._explored_ms = now
        self._sampled.clear()

    def _explorer_frame(self, kind: str, items: list[explorer.Json]) -> bytes:
        data = encode_json(items)
        return channel_frame(kind, data) if self._hub.plan.faults.has_enveloped_explorer else data

    # --- frames ---------------------------------------------------------------------------------

    def _coin(self, subscription: Subscription) -> CoinState:
        return self._state.coins[subscription.coin]

    def _trades_snapshot(self, subscription: Subscription) -> bytes:
        return channel_frame("trades", encode_json(self._coin(subscription).replay()))

    def _quote_snapshot(self, subscription: Subscription) -> bytes:
        coin = self._coin(subscription)
        return channel_frame("bbo", coin.quote or encode_json(self._quote_json(coin)))

    def _quote_json(self, coin: CoinState) -> dict[str, Any]:
        return {"coin": coin.coin.name, "time": self._clock.now_ms, "bbo": coin.book.best()}

    def _book_frame(self, subscription: Subscription) -> bytes:
        _, coin, significant, mantissa, is_fast = subscription.topic
        book = self._coin(subscription).book
        if is_fast:
            book = Book(book.bids[:N_FAST_LEVELS], book.asks[:N_FAST_LEVELS])
        data = book_json(coin, book, self._clock.now_ms, significant, mantissa)
        return channel_frame("l2Book", encode_json({**data, "fast": True} if is_fast else data))

    def _candle_frame(self, subscription: Subscription) -> bytes | None:
        candle = self._state.candles.latest(subscription.coin, subscription.topic[2])
        return None if candle is None else channel_frame("candle", encode_json(candle))

    def _mids_frame(self, subscription: Subscription) -> bytes:
        dex = dict(subscription.options)
        mids = universe.mids(self._state, dex.get("dex"))
        return channel_frame("allMids", encode_json({"mids": mids, **dex}))

    def _context_frame(self, subscription: Subscription) -> bytes:
        coin = self._coin(subscription)
        context = universe.context(self._state, coin, self._clock.now_ms)
        channel = "activeSpotAssetCtx" if coin.coin.kind == "spot" else "activeAssetCtx"
        return channel_frame(channel, encode_json({"coin": coin.coin.name, "ctx": context}))

    def _fills_snapshot(self, subscription: Subscription) -> bytes:
        user = subscription.user or ""
        fills = self._accounts.fills(user)
        data = {"isSnapshot": True, "user": user, "fills": fills}
        return channel_frame("userFills", encode_json(data))

    def _fills_frame(self, subscription: Subscription, trades: list[WireTrade]) -> bytes:
        user = subscription.user or ""
        count = sum(trade.users.count(user) for trade in trades)  # the log's last are these
        fills = self._accounts.fills(user, count)
        if subscription.kind == "userEvents":
            return channel_frame("user", encode_json({"fills": fills}))
        return channel_frame("userFills", encode_json({"user": user, "fills": fills}))


def _dated_ahead(
    event: Event, trades: list[WireTrade], jump_ms: int
) -> tuple[Event, list[WireTrade]]:
    """Return a block of trades as a venue writes it whose clock is ahead."""
    dated = [replace(trade, time=trade.time + jump_ms) for trade in trades]
    data = encode_json([as_dict(trade) for trade in dated])
    return Event(event.time_ms, event.channel, event.coin, data), dated


def _quote_of(data: bytes) -> bytes:
    """Return the part of a bbo's data that follows its time."""
    return data.partition(b'"bbo"')[2]
