"""What a row may say: bounds that hold on every way in, and in every reader of what came in.

A number beyond them is not data but a mistake of units, a damaged byte or a bad joke, and one such
row would stretch every span, sum and mean of the dataset.
"""

import re
from collections.abc import Collection
from decimal import Decimal
from statistics import median_low

MIN_TIME_MS = 1_577_836_800_000
"""2020-01-01, before the venue's first trade: times in seconds lie below it."""

MAX_TIME_MS = 4_102_444_800_000
"""2100-01-01: times in microseconds and nanoseconds lie beyond it."""

MAX_AHEAD_MS = 60_000
"""So far exchange time may lie beyond the time of receipt, after the skew of the two clocks."""

MAX_FUNDING_RATE = 1.0
"""An hour, either way: the venue's own limit is 0.04. Rates are summed over months, and what one
beyond any meaning left in the sum would be in every payment after it."""

MIN_AMOUNT = 1e-18
MAX_AMOUNT = 1e18
"""Of a price or size: wide enough for anything a venue could mean, narrow enough that squares of
notionals stay finite."""

MAX_TRADE_ID = 2**63 - 1
"""The largest that a column of integers holds; the venue's own have 50 bits."""

MAX_COUNT = 10**9
"""Of the trades of one minute."""

MAX_LINE_BYTES = 1 << 24
"""Far longer than any frame or block of the venue."""

WALLET_PATTERN = re.compile(r"0x[0-9a-f]{40}")

_ANY_CASE = re.compile(r"0[xX][0-9a-fA-F]{40}")


def checked_time_ms(time_ms: int) -> int:
    """Return a time.

    Raises:
        ValueError: It cannot be meant: other units than milliseconds, or another century.
    """
    if not MIN_TIME_MS <= time_ms < MAX_TIME_MS:
        raise ValueError(f"time {time_ms} out of range")
    return time_ms


def checked_amount(text: str | float, *, may_be_zero: bool = False) -> float:
    """Return a price or size, which the venue writes as text.

    Raises:
        ValueError: It is no number, not above zero (or below it), or beyond any meaning.
    """
    try:
        amount = _number(text)
    except ValueError:
        raise ValueError(f"{text!r:.40} is no number") from None
    if MIN_AMOUNT <= amount <= MAX_AMOUNT or (may_be_zero and amount == 0):
        return amount
    raise ValueError(f"price or size {amount:g} out of range")


def checked_signed(text: str | float) -> float:
    """Return a number of either sign, such as a rate, which the venue writes as text.

    Raises:
        ValueError: It is no number, or beyond any meaning.
    """
    try:
        number = _number(text)
    except ValueError:
        raise ValueError(f"{text!r:.40} is no number") from None
    if abs(number) <= MAX_AMOUNT:
        return number
    raise ValueError(f"number {number:g} out of range")


def checked_funding_rate(text: str | float) -> float:
    """Return a rate of funding an hour.

    Raises:
        ValueError: It is no number, or more than the whole position.
    """
    rate = checked_signed(text)
    if abs(rate) <= MAX_FUNDING_RATE:
        return rate
    raise ValueError(f"rate of funding {rate:g} out of range")


def exact_signed(text: str | float) -> Decimal:
    """Return the same to the last digit; what is too small for a float is 0.

    Raises:
        ValueError: As for `checked_signed`.
    """
    return Decimal(str(text)) if checked_signed(text) else Decimal(0)


def are_amounts(*texts: str | float) -> bool:
    """Return whether all of these are prices or sizes above 0: the quick way to ask of many."""
    try:
        return all(MIN_AMOUNT <= _number(text) <= MAX_AMOUNT for text in texts)
    except ValueError:
        return False


def _number(text: str | float) -> float:
    if isinstance(text, str) and not text.isascii():
        raise ValueError("digits of another script, which Python reads and no database does")
    return float(text)


def are_wallets(*texts: str) -> bool:
    """Return whether all of these are addresses."""
    return all(map(_ANY_CASE.fullmatch, texts))


def checked_wallet(text: str) -> str:
    """Return an address in lower case.

    Raises:
        ValueError: It is none.
    """
    if not _ANY_CASE.fullmatch(text):
        raise ValueError(f"no wallet: {text[:60]!r}")
    return text.lower()


def usual_skew_ms(skews_ms: Collection[int]) -> int:
    """Return how far the clock of receipt lies behind the venue's, at least 0.

    Args:
        skews_ms: Exchange time minus time of receipt of some rows; most of them are right.
    """
    return max(median_low(skews_ms), 0) if skews_ms else 0


def is_ahead(time_ms: int, received_ms: int, skew_ms: int = 0) -> bool:
    """Return whether exchange time lies beyond receipt by more than the clocks explain."""
    return time_ms - received_ms > skew_ms + MAX_AHEAD_MS
