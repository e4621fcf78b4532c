"""The info endpoint: what the venue answers to each type of request."""

from collections.abc import Callable
from typing import Any

import numpy as np

from hypertrack.records import HOUR_MS, WALLET_PATTERN, RawJson
from hypertrack.simulate.market.identifiers import hashes
from hypertrack.simulate.venue import accounts
from hypertrack.simulate.venue import listings as universe
from hypertrack.simulate.venue.books import Book, grouped, spread
from hypertrack.simulate.venue.built_candles import INTERVALS
from hypertrack.simulate.venue.faults import Faults
from hypertrack.simulate.venue.numbers import rounded
from hypertrack.simulate.venue.state import CoinState, VenueState
from hypertrack.simulate.venue.subscription_requests import is_offered

Json = dict[str, Any]

MAX_CANDLES = 5_000
MAX_FUNDINGS = 500
_FUNDING_SALT = 81
_FAR_FUTURE_MS = 2**53

_LIGHT = {"l2Book", "allMids", "clearinghouseState", "spotClearinghouseState", "exchangeStatus"}
_WEIGHTS = {**dict.fromkeys(_LIGHT, 2), "userRole": 60}
_ITEMS_PER_WEIGHT = {
    "recentTrades": 20,
    "userFills": 20,
    "userFillsByTime": 20,
    "fundingHistory": 20,
    "candleSnapshot": 60,
}


class UnknownTypeError(Exception):
    """The body is JSON, but no request: answered with 422."""


class UnknownNameError(Exception):
    """A coin, dex or grouping that does not exist: answered with 500 and ``null``."""


class InfoDesk:
    """Answers requests from the venue's state.

    Args:
        state: What the venue knows.
        now_ms: Returns exchange time.
        told_ms: Returns the exchange time that the venue tells of itself.
        faults: Returns what goes wrong now.
    """

    def __init__(
        self,
        state: VenueState,
        now_ms: Callable[[], int],
        told_ms: Callable[[], int],
        faults: Callable[[], Faults] = Faults,
    ):
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
            "userFills": lambda r: self._fills(r)[: -accounts.MAX_FILLS - 1 : -1],
            "userFillsByTime": self._fills_by_time,
            "clearinghouseState": self._clearinghouse,
            "spotClearinghouseState": lambda r: accounts.spot_clearinghouse_state(state, _user(r)),
            "portfolio": lambda r: accounts.portfolio(state, _user(r), now_ms()),
            "userRole": lambda r: accounts.user_role(state, _user(r)),
            "exchangeStatus": lambda _: {"specialStatuses": None, "time": told_ms()},
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
        self._state.unlisted = self._faults().unlisted
        return self._handlers[kind](request)

    def _dex(self, request: Json) -> str:
        dex = _optional(request, "dex", str) or ""
        if dex and (dex not in self._state.dexes or dex == self._faults().failing_dex):
            raise UnknownNameError
        return dex

    def _coin(self, request: Json) -> CoinState:
        coin = self._state.coins.get(_required(request, "coin", str))
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
        coin = self._state.coins.get(_required(request, "coin", str))
        significant = _optional(request, "nSigFigs", int)
        if coin is None:
            return None
        mantissa = _optional(request, "mantissa", int)
        if not is_offered(significant, mantissa):
            raise UnknownNameError
        return book_json(coin.coin.name, coin.book, self._now_ms(), significant, mantissa)

    def _candles(self, request: Json) -> list[Json]:
        req = _required(request, "req", dict)
        name = self._coin(req).coin.name
        interval, start = _required(req, "interval", str), _required(req, "startTime", int)
        if interval not in INTERVALS:
            raise UnknownTypeError
        end = min(_optional(req, "endTime", int) or _FAR_FUTURE_MS, self._now_ms())
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
        start = max(_required(request, "startTime", int), 0)
        end = min(_optional(request, "endTime", int) or _FAR_FUTURE_MS, self._now_ms())
        first = -(-start // HOUR_MS)
        hours = np.arange(first, min(end // HOUR_MS + 1, first + MAX_FUNDINGS), dtype=np.int64)
        salt = _FUNDING_SALT + list(self._state.coins).index(coin.coin.name)
        drawn = (int(text[2:10], 16) for text in hashes(hours, salt))
        return [
            _funding(coin.coin.name, hour * HOUR_MS, number)
            for hour, number in zip(hours.tolist(), drawn, strict=True)
        ]

    def _fills(self, request: Json) -> list[Json]:
        return accounts.account(self._state, _user(request)).fills

    def _fills_by_time(self, request: Json) -> list[Json]:
        start = _required(request, "startTime", int)
        end = _optional(request, "endTime", int) or _FAR_FUTURE_MS
        newest_first = bool(_optional(request, "reversed", bool))
        return accounts.fills_between(self._fills(request), start, end, newest_first=newest_first)

    def _clearinghouse(self, request: Json) -> Json:
        dex = self._dex(request)
        return accounts.clearinghouse_state(self._state, _user(request), dex, self._now_ms())


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


def _funding(coin: str, hour_ms: int, drawn: int) -> Json:
    """Return one hour's rate; its time is some milliseconds late, as on the venue."""
    premium = (drawn % 2_001 - 1_000) * 5e-7
    return {
        "coin": coin,
        "fundingRate": rounded(universe.funding_rate(premium), 10),
        "premium": rounded(premium, 10),
        "time": hour_ms + drawn % 100,
    }


def _as_of_before(candles: list[Json]) -> list[Json]:
    """Return the candles as a cache has them since the one in the middle had half its trades."""
    if not candles:
        return []
    *whole, last = candles[: len(candles) // 2 + 1]
    return [*whole, {**last, "n": last["n"] // 2, "v": rounded(float(last["v"]) / 2, 8)}]


def _user(request: Json) -> str:
    user = str(_required(request, "user", str)).lower()
    if not WALLET_PATTERN.fullmatch(user):
        raise UnknownTypeError
    return user


def _required(request: Json, key: str, of: type) -> Any:
    value = _optional(request, key, of)
    if value is None:
        raise UnknownTypeError
    return value


def _optional(request: Json, key: str, of: type) -> Any:
    value = request.get(key)
    if value is None or (isinstance(value, of) and not (of is int and isinstance(value, bool))):
        return value
    raise UnknownTypeError
