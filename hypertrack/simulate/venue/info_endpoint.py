"""The info endpoint: what the venue answers to each type of request."""

from collections.abc import Callable
from typing import Any

import numpy as np

from hypertrack.records import HOUR_MS, RawJson
from hypertrack.simulate.market.funding import RATE_DECIMALS, paid_ms, premiums, rate_of
from hypertrack.simulate.venue import listings as universe
from hypertrack.simulate.venue.account_desk import AccountDesk
from hypertrack.simulate.venue.books import Book, grouped, spread
from hypertrack.simulate.venue.built_candles import INTERVALS
from hypertrack.simulate.venue.faults import Faults
from hypertrack.simulate.venue.numbers import rounded
from hypertrack.simulate.venue.requests import (
    FAR_FUTURE_MS,
    UnknownNameError,
    UnknownTypeError,
    optional,
    required,
)
from hypertrack.simulate.venue.state import CoinState, VenueState
from hypertrack.simulate.venue.subscription_requests import is_offered

Json = dict[str, Any]

MAX_CANDLES = 5_000
MAX_FUNDINGS = 500

_LIGHT = {"l2Book", "allMids", "clearinghouseState", "spotClearinghouseState", "exchangeStatus"}
_WEIGHTS = {**dict.fromkeys(_LIGHT, 2), "userRole": 60}
_BY_TWENTY = {
    *{"recentTrades", "fundingHistory", "userFunding", "userNonFundingLedgerUpdates"},
    *{"userFills", "userFillsByTime", "userTwapSliceFills", "userTwapSliceFillsByTime"},
}
_ITEMS_PER_WEIGHT = {**dict.fromkeys(_BY_TWENTY, 20), "candleSnapshot": 60}


class InfoDesk:
    """Answers requests from the venue's state.

    Args:
        state: What the venue knows.
        now_ms: Returns exchange time.
        told_ms: Returns the exchange time that the venue tells of itself.
        accounts: Answers questions about wallets.
        faults: Returns what goes wrong now.
    """

    def __init__(
        self,
        state: VenueState,
        now_ms: Callable[[], int],
        told_ms: Callable[[], int],
        accounts: AccountDesk,
        faults: Callable[[], Faults] = Faults,
    ):
        self.accounts = accounts
        self._state = state
        self._faults = faults
        self._cached_trades: dict[str, list[RawJson]] = {}
        self._now_ms = now_ms
        self._handlers: dict[str, Callable[[Json], Any]] = {
            "meta": lambda r: universe.meta(state, self._dex(r)),
            "metaAndAssetCtxs": self._meta_and_contexts,
            "allPerpMetas": lambda _: [universe.meta(state, d) for d in ("", *state.dexes)],
            "spotMeta": lambda _: universe.spot_meta(state),
            "spotMetaAndAssetCtxs": self._spot_meta_and_contexts,
            "outcomeMeta": lambda _: universe.outcome_meta(state),
            "perpDexs": lambda _: universe.perp_dexes(state),
            "allMids": lambda r: universe.mids(state, self._dex(r)),
            "l2Book": self._book,
            "candleSnapshot": self._candles,
            "recentTrades": self._recent_trades,
            "fundingHistory": self._fundings,
            "exchangeStatus": lambda _: {"specialStatuses": None, "time": told_ms()},
            **accounts.handlers,
        }

    def answer(self, request: object) -> Any:
        """Return the reply to a request.

        Raises:
            UnknownTypeError: No request that the venue knows.
            UnknownNameError: A coin, dex or grouping that does not exist.
        """
        kind = request.get("type") if isinstance(request, dict) else None
        if not isinstance(request, dict) or not isinstance(kind, str):
            raise UnknownTypeError
        if kind not in self._handlers:
            raise UnknownTypeError
        faults = self._faults()
        if kind in faults.unknown_types or not request.keys().isdisjoint(faults.unknown_options):
            raise UnknownTypeError
        if faults.failing_user and str(request.get("user")).lower() == faults.failing_user:
            raise UnknownNameError
        self._state.unlisted = faults.unlisted
        reply = self._handlers[kind](request)
        return reply[: faults.page_items] if kind in _BY_TWENTY else reply

    def _dex(self, request: Json) -> str:
        dex = optional(request, "dex", str) or ""
        if dex and (dex not in self._state.dexes or dex == self._faults().failing_dex):
            raise UnknownNameError
        return dex

    def _coin(self, request: Json) -> CoinState:
        coin = self._state.coins.get(required(request, "coin", str))
        if coin is None:
            raise UnknownNameError
        return coin

    def _meta_and_contexts(self, request: Json) -> list[Any]:
        dex = self._dex(request)
        coins = universe.coins_of_dex(self._state, dex)
        contexts = universe.contexts(self._state, coins, self._now_ms())
        return [universe.meta(self._state, dex), contexts]

    def _spot_meta_and_contexts(self, _: Json) -> list[Any]:
        coins = universe.spot_coins(self._state)
        contexts = universe.contexts(self._state, coins, self._now_ms())
        return [universe.spot_meta(self._state), contexts]

    def _book(self, request: Json) -> Json | None:
        coin = self._state.coins.get(required(request, "coin", str))
        significant = optional(request, "nSigFigs", int)
        if coin is None:
            return None
        mantissa = optional(request, "mantissa", int)
        if not is_offered(significant, mantissa):
            raise UnknownNameError
        return book_json(coin.coin.name, coin.book, self._now_ms(), significant, mantissa)

    def _candles(self, request: Json) -> list[Json]:
        req = required(request, "req", dict)
        name = self._coin(req).coin.name
        interval, start = required(req, "interval", str), required(req, "startTime", int)
        if interval not in INTERVALS:
            raise UnknownTypeError
        end = min(optional(req, "endTime", int) or FAR_FUTURE_MS, self._now_ms())
        first = max(start, self._state.source.start_ms)
        faulty = self._faults().candle_snapshot
        if end < first or faulty == "empty":
            return []
        candles = self._state.candles.between(name, interval, first, end)[-MAX_CANDLES:]
        return _as_of_before(candles) if faulty == "old" else candles

    def _recent_trades(self, request: Json) -> list[RawJson]:
        coin, faults = self._coin(request), self._faults()
        trades = coin.recent_trades(self._now_ms() - faults.recent_trades_lag_ms)
        if not faults.has_cached_recent_trades:
            return trades
        return self._cached_trades.setdefault(coin.coin.name, trades)

    def _fundings(self, request: Json) -> list[Json]:
        """Return the hourly rates of a stretch; every past hour has one."""
        coin = self._coin(request)
        start = max(required(request, "startTime", int), 0)
        end = min(optional(request, "endTime", int) or FAR_FUTURE_MS, self._now_ms())
        first = -(-start // HOUR_MS)
        hours = np.arange(first, min(end // HOUR_MS + 1, first + MAX_FUNDINGS), dtype=np.int64)
        at = np.array([self._state.coin_ids[coin.coin.name]])
        premium = premiums(hours * HOUR_MS, at)
        columns = (rate_of(premium), premium, paid_ms(hours * HOUR_MS, at))
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return [
            {
                "coin": coin.coin.name,
                "fundingRate": rounded(rate, RATE_DECIMALS),
                "premium": rounded(told, 10),
                "time": time_ms,
            }
            for rate, told, time_ms in rows
        ]


def book_json(
    coin: str, book: Book, time_ms: int, significant: int | None, mantissa: int | None
) -> Json:
    """Return the ``data`` of an l2Book frame; grouped books carry the spread."""
    shown = book if significant is None else grouped(book, significant, mantissa)
    answer: Json = {"coin": coin, "time": time_ms, "levels": [shown.bids, shown.asks]}
    return answer if significant is None else {**answer, "spread": spread(book)}


def weight(kind: object, reply: object) -> int:
    """Return what a request counts against the limit (protocol, section 4)."""
    base = _WEIGHTS.get(str(kind), 20)
    per = _ITEMS_PER_WEIGHT.get(str(kind))
    return base + (len(reply) // per if per and isinstance(reply, list) else 0)


def _as_of_before(candles: list[Json]) -> list[Json]:
    """Return the candles as a cache has them since the one in the middle had half its trades."""
    if not candles:
        return []
    *whole, last = candles[: len(candles) // 2 + 1]
    return [*whole, {**last, "n": last["n"] // 2, "v": rounded(float(last["v"]) / 2, 8)}]
