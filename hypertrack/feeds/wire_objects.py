"""The venue's objects as far as rows are read from them, each within the bounds of a row."""

from typing import Literal

from hypertrack.records import (
    MAX_COUNT,
    MAX_TRADE_ID,
    RawJson,
    Record,
    are_amounts,
    are_wallets,
    checked_amount,
    checked_funding_rate,
    checked_signed,
    checked_time_ms,
    checked_wallet,
)


class Trade(Record, frozen=True):
    """A trade within the bounds."""

    coin: str
    time: int
    tid: int
    side: Literal["A", "B"]
    px: str | float
    sz: str | float
    users: tuple[str, str]
    hash: str | None = None

    def __post_init__(self) -> None:
        checked_time_ms(self.time)
        if not 0 <= self.tid <= MAX_TRADE_ID:
            raise ValueError(f"trade id {self.tid} out of range")
        if not (self.coin and are_amounts(self.px, self.sz) and are_wallets(*self.users)):
            self._refuse()

    def _refuse(self) -> None:
        """Say what is wrong; asked apart, since this is the way of every trade."""
        _check_coin(self.coin)
        checked_amount(self.px)
        checked_amount(self.sz)
        for user in self.users:
            checked_wallet(user)


class StoredTrade(Record, frozen=True):
    """What tells a trade apart that was checked when it was recorded."""

    coin: str
    time: int
    tid: int
    side: str = ""
    px: str | float = ""
    sz: str | float = ""
    users: tuple[str, ...] = ()
    hash: str | None = None


class Level(Record, frozen=True, gc=False):
    """The orders at one price."""

    px: str | float
    sz: str | float


class Quote(Record, frozen=True):
    """The best bid and offer of a coin."""

    coin: str
    time: int
    bbo: tuple[Level | None, Level | None]

    def __post_init__(self) -> None:
        _check_coin(self.coin)
        checked_time_ms(self.time)
        _check_levels([level for level in self.bbo if level is not None])


class Book(Record, frozen=True):
    """The order book of a coin."""

    coin: str
    time: int
    levels: tuple[list[Level], list[Level]]

    def __post_init__(self) -> None:
        _check_coin(self.coin)
        checked_time_ms(self.time)
        for side in self.levels:
            _check_levels(side)


class Candle(Record, frozen=True):
    """A candle; ``n`` is its count of trades."""

    s: str
    i: str
    t: int
    n: int
    o: str | float
    h: str | float
    l: str | float  # noqa: E741  # the venue's spelling
    c: str | float
    v: str | float

    def __post_init__(self) -> None:
        _check_coin(self.s)
        checked_time_ms(self.t)
        for price in (self.o, self.h, self.l, self.c):
            checked_amount(price)
        checked_amount(self.v, may_be_zero=True)
        if not 0 <= self.n <= MAX_COUNT:
            raise ValueError(f"count of trades {self.n} out of range")


class ContextNumbers(Record, frozen=True, rename="camel"):
    """What a context says; null, or nothing, where it is not known. Spot has no funding."""

    funding: str | float | None = None
    """A rate an hour."""
    premium: str | float | None = None
    open_interest: str | float | None = None
    oracle_px: str | float | None = None
    mark_px: str | float | None = None
    mid_px: str | float | None = None

    def __post_init__(self) -> None:
        if self.funding is not None:
            checked_funding_rate(self.funding)
        if self.premium is not None:
            checked_signed(self.premium)
        for amount in (self.open_interest, self.oracle_px, self.mark_px, self.mid_px):
            if amount is not None:
                checked_amount(amount, may_be_zero=True)


class Context(Record, frozen=True):
    """The state of a market beside its trades; it has no time of its own."""

    coin: str
    ctx: ContextNumbers

    def __post_init__(self) -> None:
        _check_coin(self.coin)


class StoredContext(Context, frozen=True):
    """A context as it was recorded."""

    exchange_time_ms: int

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_time_ms(self.exchange_time_ms)


class Block(Record, frozen=True, rename="camel"):
    """A block of the explorer."""

    block_time: int
    hash: str
    height: int
    num_txs: int

    def __post_init__(self) -> None:
        checked_time_ms(self.block_time)


class BlockTime(Record, frozen=True, rename="camel"):
    """What only blocks have."""

    block_time: RawJson


class Transaction(Record, frozen=True):
    """A transaction of the explorer."""

    time: int
    hash: str
    user: str
    block: int

    def __post_init__(self) -> None:
        checked_time_ms(self.time)


def _check_levels(levels: list[Level]) -> None:
    if not are_amounts(*[level.px for level in levels], *[level.sz for level in levels]):
        for level in levels:
            checked_amount(level.px)
            checked_amount(level.sz)


def _check_coin(coin: str) -> None:
    if not coin:
        raise ValueError("no coin is named")
