"""What a portfolio does after a leader: sizes within its limits, filled at what was recorded."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from hypertrack.live.actions import plain
from hypertrack.live.orders import LEAST_USD
from hypertrack.live.paper_portfolio import Holding, Marks, Portfolio
from hypertrack.live.paper_prices import CoinPrice
from hypertrack.records import ZERO, FollowTerms, NotFilled, PaperOrder

FINEST = Decimal("0.00000001")
"""Of sizes that nobody orders: what would be held besides."""

LEAST_EQUITY_USD = Decimal("0.01")
"""Of a leader: a share of less is no number that means anything."""


@dataclass(frozen=True)
class Change:
    """A leader's change of position, as it is followed.

    Attributes:
        before: Signed coins, ``after`` too.
        price: The leader's.
        decimals: Of the coin's sizes.
        may_open: Whether increases are followed, or reductions alone.
        is_gap: Data are missing, so that nothing is opened.
        equity_usd: The leader's, where it is known.
    """

    leader: str
    coin: str
    before: Decimal
    after: Decimal
    price: Decimal
    decimals: int
    may_open: bool
    is_gap: bool = False
    equity_usd: Decimal | None = None

    @property
    def is_turned(self) -> bool:
        """Return whether the position is gone, perhaps into its opposite."""
        return self.before * self.after <= 0

    @property
    def opened(self) -> Decimal:
        """Return by how much it grew, signed."""
        if self.is_turned:
            return self.after
        return self.after - self.before if abs(self.after) > abs(self.before) else ZERO

    def closed_of(self, held: Decimal, step: Decimal) -> Decimal:
        """Return the same part of what somebody else holds as was closed, in steps of a size."""
        if self.is_turned:
            return held
        if abs(self.after) >= abs(self.before):
            return ZERO
        return (held * (1 - self.after / self.before)).quantize(step, ROUND_DOWN)


@dataclass(frozen=True)
class _Opening:
    """What is wanted of an opening, and what of it may be had."""

    wanted: Decimal = ZERO
    allowed: Decimal = ZERO
    why: NotFilled | None = None


def order_after(
    change: Change,
    portfolio: Portfolio,
    nth: int,
    terms: FollowTerms,
    marks: Marks,
    price: CoinPrice | None,
) -> PaperOrder | None:
    """Return what a portfolio does after a leader's change; None where it is none of its business.

    A part of the leader's position that he closes is closed of ours; what he opens is opened within
    the limits. What following to the letter would have done and was not done is told in the order.

    Args:
        nth: Number of the portfolio.
        price: At which it trades; None where the coin has none.
    """
    step = Decimal(1).scaleb(-change.decimals)
    held = portfolio.holdings.get((change.leader, change.coin), Holding())
    closing = change.closed_of(held.size, step)
    closed_missed = change.closed_of(held.missed, FINEST)
    opening = _opening(change, portfolio, terms, marks, step, closing)
    wanted = opening.wanted - change.closed_of(held.wanted, FINEST)
    asked = opening.allowed - closing
    size, cost, why = _filled(asked, price, opening.why)
    if not (wanted or size or closed_missed) and why is None:
        return None
    return PaperOrder(
        portfolio=nth,
        wanted=tidy(wanted),
        size=tidy(size),
        missed=tidy((opening.wanted if change.is_gap else ZERO) - closed_missed),
        cost_usd=tidy(cost),
        why=why,
    )


def closing_order(
    size: Decimal, nth: int, price: CoinPrice | None, why: NotFilled | None
) -> PaperOrder | None:
    """Return an order that closes what is held though its leader may not; None where it cannot."""
    filled, cost, _ = _filled(-size, price, None)
    if not filled:
        return None
    return PaperOrder(portfolio=nth, size=tidy(filled), cost_usd=tidy(cost), why=why)


def tidy(number: Decimal) -> Decimal:
    """Return the same number without zeros that say nothing."""
    return Decimal(plain(number)) if number else ZERO


def _filled(
    asked: Decimal, price: CoinPrice | None, why: NotFilled | None
) -> tuple[Decimal, Decimal, NotFilled | None]:
    """Return signed size, cost, and why not all was had."""
    if not asked:
        return ZERO, ZERO, why
    if price is None:
        return ZERO, ZERO, why or NotFilled.GAP
    if abs(asked) * price.mid < LEAST_USD:
        return ZERO, ZERO, why or NotFilled.TOO_SMALL
    fill = price.fill(asked)
    if fill.size != asked:
        why = why or NotFilled.THIN_BOOK
    return fill.size, fill.cost_usd, why


def _opening(
    change: Change,
    portfolio: Portfolio,
    terms: FollowTerms,
    marks: Marks,
    step: Decimal,
    closing: Decimal,
) -> _Opening:
    if not change.opened or not change.may_open:
        return _Opening()
    wanted = _wanted(change, portfolio, terms, marks, step)
    if wanted is None:
        return _Opening(why=NotFilled.EQUITY)
    if change.is_gap:
        return _Opening(wanted, why=NotFilled.GAP)
    if portfolio.stopped_ms is not None:
        return _Opening(wanted, why=NotFilled.STOPPED)
    if not wanted:
        return _Opening(why=NotFilled.TOO_SMALL)
    sizes = portfolio.size_by_coin()
    sizes[change.coin] = sizes.get(change.coin, ZERO) - closing
    values = {coin: size * marks.get(coin, change.price) for coin, size in sizes.items()}
    direction = 1 if wanted > 0 else -1
    in_coin = terms.max_notional_usd - direction * values[change.coin]
    others = sum(map(abs, values.values()), ZERO) - abs(values[change.coin])
    most = terms.max_leverage * portfolio.equity_usd(marks)
    in_all = most - others - direction * values[change.coin]  # against what is held there is more
    room, why = min((in_coin, NotFilled.COIN_LIMIT), (in_all, NotFilled.LEVERAGE))
    if abs(wanted) * change.price <= room:
        return _Opening(wanted, wanted)
    allowed = (max(room, ZERO) / change.price).quantize(step, ROUND_DOWN)
    return _Opening(wanted, direction * allowed, why)


def _wanted(
    change: Change, portfolio: Portfolio, terms: FollowTerms, marks: Marks, step: Decimal
) -> Decimal | None:
    """Return the signed size that following to the letter opens; None where it cannot be told."""
    direction = 1 if change.opened > 0 else -1
    if terms.sizing == "fixed":
        return direction * (terms.notional_usd / change.price).quantize(step, ROUND_DOWN)
    if change.equity_usd is None or change.equity_usd < LEAST_EQUITY_USD:
        return None
    share = portfolio.equity_usd(marks) / change.equity_usd
    return (change.opened * share).quantize(step, ROUND_DOWN)
