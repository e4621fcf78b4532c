"""The venue's REST questions that recording needs, inside its weight limit."""

import threading
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import Any

from hypertrack.clock import Clock, SystemClock
from hypertrack.errors import VenueError
from hypertrack.feeds.http import JsonPoster
from hypertrack.feeds.rest_budget import Weights, rest_budget
from hypertrack.feeds.rows import Row, candle_row, read_trades
from hypertrack.records import MINUTE_MS, JsonError, RawJson, Record, decode_json

WEIGHT = 20
CANDLES_PER_WEIGHT = 60
TRADES_PER_WEIGHT = 20
"""Rate limits: protocol, section 4."""

MAX_CANDLES = 5_000
"""The venue answers with no more than its newest so many."""


class _Meta(Record, frozen=True):
    universe: list[Any]


def objects(entries: Iterable[Any]) -> list[dict[str, Any]]:
    """Return the entries of a list, an empty object in place of any that is none.

    So one strange entry costs nothing but itself, and lists that belong together stay in step.

    Raises:
        TypeError: It is no list.
    """
    if not isinstance(entries, list | tuple):
        raise TypeError("no list")
    return [entry if isinstance(entry, dict) else {} for entry in entries]


class InfoClient:
    """``POST /info``; each question waits until the venue's weight limit has room for it."""

    def __init__(
        self, url: str, clock: Clock | None = None, stop: threading.Event | None = None
    ) -> None:
        self._clock = clock or SystemClock()
        self._stop = stop or threading.Event()
        self._weights: Weights = rest_budget(url, self._clock)
        self._poster = JsonPoster(url, self._clock, self._stop)

    def perp_dexs(self) -> list[str]:
        """Return the names of all perp dexes; the first, of the venue itself, is empty."""
        names = [dex.get("name") for dex in objects(self._ask({"type": "perpDexs"}, list[Any]))]
        return ["", *(name for name in names if isinstance(name, str) and name)]

    def perp_contexts(self, dex: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Return each perp of a dex, with its context of prices and volume, empty where none is."""
        request = {"type": "metaAndAssetCtxs"} | ({"dex": dex} if dex else {})
        meta, contexts = self._ask(request, tuple[_Meta, list[Any]])
        pairs = zip_longest(meta.universe, contexts[: len(meta.universe)])
        return [(perp, context) for perp, context in map(objects, pairs)]

    def perp_lists(self) -> list[dict[str, Any]]:
        """Return the perps of all dexes, in one question."""
        metas = self._ask({"type": "allPerpMetas"}, list[_Meta])
        return [perp for meta in metas for perp in objects(meta.universe)]

    def spot_pairs(self) -> list[dict[str, Any]]:
        """Return the spot pairs."""
        return objects(self._ask({"type": "spotMeta"}, _Meta).universe)

    def spot_contexts(self) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Return ``spotMeta`` and the contexts by coin."""
        meta, contexts = self._ask(
            {"type": "spotMetaAndAssetCtxs"}, tuple[dict[str, Any], list[Any]]
        )
        return meta, {
            context["coin"]: context
            for context in objects(contexts)
            if isinstance(context.get("coin"), str)
        }

    def outcomes(self) -> dict[str, Any]:
        """Return ``outcomeMeta``: the outcome markets and the questions that they answer."""
        return self._ask({"type": "outcomeMeta"}, dict[str, Any])  # type: ignore[no-any-return]

    def candles(self, coin: str, start_ms: int, end_ms: int) -> list[Row]:
        """Return the one-minute candles that start in ``[start_ms, end_ms]``, oldest first.

        Raises:
            VenueError: No answer, or one with a candle that cannot be read: without it, its
                minute would pass for one in which nobody traded.
        """
        span = {"coin": coin, "interval": "1m", "startTime": start_ms, "endTime": end_ms}
        raws = self._ask({"type": "candleSnapshot", "req": span}, list[RawJson])
        self._weights.note(len(raws) // CANDLES_PER_WEIGHT)
        try:
            rows = [candle_row(raw) for raw in raws]
        except JsonError as error:
            raise VenueError(f"candleSnapshot of {coin} could not be read: {error}") from error
        return sorted(
            (row for row in rows if start_ms - MINUTE_MS < row.exchange_time_ms <= end_ms),
            key=lambda row: row.exchange_time_ms,
        )

    def recent_trades(self, coin: str) -> list[Row]:
        """Return the latest trades of a coin, newest first; how many is the venue's choice."""
        raws = self._ask({"type": "recentTrades", "coin": coin}, RawJson)
        try:
            trades = read_trades(raws)
        except JsonError as error:
            raise VenueError(f"recentTrades of {coin} could not be read: {error}") from error
        if trades.flaw is not None and not trades.rows:
            raise VenueError(f"recentTrades of {coin} could not be read: {trades.flaw.reason}")
        self._weights.note(len(trades.rows) // TRADES_PER_WEIGHT)
        return [row for row in trades.rows if row.coin == coin]

    def close(self) -> None:
        """Close the connection."""
        self._poster.close()

    def _ask(self, request: Mapping[str, object], to: Any) -> Any:
        if not self._weights.spend(WEIGHT, self._stop):
            raise VenueError(f"{request['type']} was not asked: stopping")
        body = self._poster.post(request, str(request["type"]))
        try:
            return decode_json(body, to)
        except JsonError as error:
            raise VenueError(f"{request['type']} could not be read: {error}") from error
