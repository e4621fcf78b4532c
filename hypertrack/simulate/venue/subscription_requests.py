"""What can be subscribed: requests checked, and filled in with defaults as the venue does."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hypertrack.records import WALLET_PATTERN, encode_json
from hypertrack.simulate.venue.built_candles import INTERVALS

Options = dict[str, Any]
Topic = tuple[Any, ...]
"""The kind of a subscription and its options in the venue's order."""

USER_KINDS = frozenset({"userFills", "userEvents"})
EXPLORER_KINDS = frozenset({"explorerBlock", "explorerTxs"})


class UnreadableRequestError(Exception):
    """The venue answers with its parse error; the socket stays open."""


class FatalSubscriptionError(Exception):
    """The venue drops the socket without a word (protocol, section 1.6)."""


@dataclass(frozen=True)
class Subscription:
    """A subscription in the venue's normal form."""

    kind: str
    options: tuple[tuple[str, Any], ...]

    @cached_property
    def topic(self) -> Topic:
        """Return the key by which frames find their subscribers."""
        return (self.kind, *(value for _, value in self.options))

    @cached_property
    def coin(self) -> str:
        """Return its coin, or nothing."""
        return str(dict(self.options).get("coin", ""))

    @cached_property
    def user(self) -> str | None:
        """Return the wallet it follows."""
        return dict(self.options).get("user")

    def as_json(self) -> Options:
        """Return the object that the venue echoes."""
        return {"type": self.kind, **dict(self.options)}

    def text(self) -> str:
        """Return the echo as compact JSON."""
        return encode_json(self.as_json()).decode()


def parse_subscription(
    request: object, coins: Collection[str], dexes: Collection[str], *, explorer: bool
) -> Subscription:
    """Return the subscription in normal form.

    Args:
        request: The ``subscription`` of a client's frame.
        coins: Names that exist, as the venue spells them.
        dexes: Builders' names.
        explorer: Asked on the explorer's socket, which knows other kinds.

    Raises:
        UnreadableRequestError: Not of a known kind's shape.
        FatalSubscriptionError: An unknown coin or dex, or a book that the venue does not offer.
    """
    if not isinstance(request, Mapping):
        raise UnreadableRequestError
    kind = request.get("type")
    known = EXPLORER_KINDS if explorer else _SHAPES.keys()
    if not isinstance(kind, str) or kind not in known:
        raise UnreadableRequestError
    options = _SHAPES[kind](request)
    if "coin" in options and options["coin"] not in coins:
        raise FatalSubscriptionError
    if "dex" in options and options["dex"] not in dexes:
        raise FatalSubscriptionError
    if kind == "l2Book" and not is_offered(options["nSigFigs"], options["mantissa"]):
        raise FatalSubscriptionError
    return Subscription(kind, tuple(options.items()))


def _coin(request: Mapping[str, Any]) -> Options:
    return {"coin": _required(request, "coin", str)}


def _book(request: Mapping[str, Any]) -> Options:
    return {
        **_coin(request),
        "nSigFigs": _optional(request, "nSigFigs", int),
        "mantissa": _optional(request, "mantissa", int),
        "fast": bool(_optional(request, "fast", bool)),
    }


def _candle(request: Mapping[str, Any]) -> Options:
    interval = _required(request, "interval", str)
    if interval not in INTERVALS:
        raise UnreadableRequestError
    return {**_coin(request), "interval": interval}


def _mids(request: Mapping[str, Any]) -> Options:
    dex = _optional(request, "dex", str)
    return {"dex": dex} if dex else {}


def _user(request: Mapping[str, Any]) -> Options:
    user = _required(request, "user", str).lower()
    if not WALLET_PATTERN.fullmatch(user):
        raise UnreadableRequestError
    return {"user": user}


def _fills(request: Mapping[str, Any]) -> Options:
    by_time = bool(_optional(request, "aggregateByTime", bool))
    return {**_user(request), "aggregateByTime": by_time}


def _nothing(_: Mapping[str, Any]) -> Options:
    return {}


_SHAPES: dict[str, Callable[[Mapping[str, Any]], Options]] = {
    "trades": _coin,
    "bbo": _coin,
    "l2Book": _book,
    "candle": _candle,
    "allMids": _mids,
    "activeAssetCtx": _coin,
    "userFills": _fills,
    "userEvents": _user,
    "explorerBlock": _nothing,
    "explorerTxs": _nothing,
}


def is_offered(significant: int | None, mantissa: int | None) -> bool:
    """Return whether the venue groups books like this (protocol, section 2.2)."""
    if mantissa is not None:
        return significant == 5 and mantissa in (1, 2, 5)
    return significant in (None, 2, 3, 4, 5)


def _required(request: Mapping[str, Any], key: str, of: type) -> Any:
    value = _optional(request, key, of)
    if value is None:
        raise UnreadableRequestError
    return value


def _optional(request: Mapping[str, Any], key: str, of: type) -> Any:
    value = request.get(key)
    if value is None or (isinstance(value, of) and not (of is int and isinstance(value, bool))):
        return value
    raise UnreadableRequestError
