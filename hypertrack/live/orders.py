"""What a follower would order: sizes and prices as the venue takes them."""

import hashlib
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal

from hypertrack.config import MIN_ORDER_USD, FollowSettings
from hypertrack.records import Limit, Order, OrderType, Side

PRICE_DIGITS = 5
"""Significant digits of a price (protocol, section 3)."""

LEAST_USD = Decimal(str(MIN_ORDER_USD))

BPS = Decimal(10_000)


def order_for(
    coin: str,
    side: Side,
    reference_px: Decimal,
    settings: FollowSettings,
    decimals: tuple[int, int],
    cloid: str,
) -> Order | None:
    """Return an order that takes at once what can be had up to a limit.

    Args:
        decimals: Of the coin's sizes and of its prices.
        reference_px: The size is ``notional_usd`` at this price, rounded down to the coin's
            decimals; the limit lies ``max_slippage_bps`` beyond it, rounded towards it, so that
            rounding never pays more than was meant.
        cloid: The same for the same signal: an order sent twice is refused once.

    Returns:
        None where none is wanted, or it would be too small for the venue.
    """
    if settings.notional_usd is None:
        return None
    step = Decimal(1).scaleb(-decimals[0])
    size = (Decimal(str(settings.notional_usd)) / reference_px).quantize(step, ROUND_DOWN)
    if size * reference_px < LEAST_USD:
        return None
    direction = 1 if side is Side.BUY else -1
    limit = reference_px * (1 + direction * Decimal(str(settings.max_slippage_bps)) / BPS)
    return Order(
        coin=coin,
        is_buy=side is Side.BUY,
        sz=float(size),
        limit_px=float(rounded_price(limit, side, decimals[1])),
        order_type=OrderType(limit=Limit(tif="Ioc")),
        reduce_only=False,
        cloid=cloid,
    )


def rounded_price(price: Decimal, side: Side, most_decimals: int) -> Decimal:
    """Return a limit that the venue takes: 5 significant digits, or a whole number."""
    decimals = max(min(PRICE_DIGITS - 1 - price.adjusted(), most_decimals), 0)
    towards = ROUND_FLOOR if side is Side.BUY else ROUND_CEILING
    return price.quantize(Decimal(1).scaleb(-decimals), towards)


class Decimals:
    """The decimals that each coin's sizes and prices have had.

    They are no more than the venue allows, since it allowed them.
    """

    def __init__(self) -> None:
        self._of: dict[str, tuple[int, int]] = {}

    @property
    def by_coin(self) -> Mapping[str, tuple[int, int]]:
        """Return those of all coins."""
        return self._of

    def go_on(self, by_coin: Mapping[str, tuple[int, int]]) -> None:
        """Take what was held in mind before a restart."""
        self._of = dict(by_coin)

    def note(self, coin: str, size: str, price: str) -> None:
        """Take note of a trade."""
        sizes, prices = self.of(coin)
        self._of[coin] = (max(sizes, decimals_of(size)), max(prices, decimals_of(price)))

    def of(self, coin: str) -> tuple[int, int]:
        """Return the decimals of a coin's sizes and of its prices."""
        return self._of.get(coin, (0, 0))


def decimals_of(number: str) -> int:
    """Return how many digits stand behind the point, but for zeros at the end."""
    return len(number.partition(".")[2].rstrip("0"))


def client_order_id(signal_id: str) -> str:
    """Return the venue's form of an order's name of one's own: 16 bytes."""
    return f"0x{hashlib.sha256(signal_id.encode()).hexdigest()[:32]}"
