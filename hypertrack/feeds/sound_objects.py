"""The venue's busiest objects where all is as it should be, decoded and checked in one step.

Nearly every frame is. What is refused here is looked at again object by object (`wire_objects`),
which takes several times as long, salvages what is good and says what is wrong; so these types may
refuse more than those, and must never accept more.
"""

from typing import Annotated, Literal

from hypertrack.records import (
    MAX_AMOUNT,
    MAX_TIME_MS,
    MAX_TRADE_ID,
    MIN_AMOUNT,
    MIN_TIME_MS,
    Record,
    Within,
    lax_json_decoder,
)

_Name = Annotated[str, Within(min_length=1)]
_Amount = Annotated[float, Within(ge=MIN_AMOUNT, le=MAX_AMOUNT)]
"""Written as text: the reason for lax decoders, which read numbers in text as numbers."""

_Time = Annotated[int, Within(ge=MIN_TIME_MS, lt=MAX_TIME_MS)] | float | str
_TradeId = Annotated[int, Within(ge=1, le=MAX_TRADE_ID)] | float | str
"""Where others are allowed as well, a lax decoder makes no whole number of them, so that they can
be refused. An id of 0 identifies nothing, and is left to those who look closer."""


class SoundTrade(Record, frozen=True, gc=False):
    """A trade with an id of its own; whether its users are wallets is left to be looked at."""

    coin: _Name
    time: _Time
    tid: _TradeId
    side: Literal["A", "B"]
    px: _Amount
    sz: _Amount
    users: tuple[str, str]
    hash: str | None = None


class SoundLevel(Record, frozen=True, gc=False):
    """The orders at one price."""

    px: _Amount
    sz: _Amount


class SoundQuote(Record, frozen=True):
    """The best bid and offer of a coin."""

    coin: _Name
    time: _Time
    bbo: tuple[SoundLevel | None, SoundLevel | None]


class SoundBook(Record, frozen=True):
    """The order book of a coin."""

    coin: _Name
    time: _Time
    levels: tuple[list[SoundLevel], list[SoundLevel]]


sound_trades = lax_json_decoder(list[SoundTrade])
sound_quote = lax_json_decoder(SoundQuote)
sound_book = lax_json_decoder(SoundBook)
