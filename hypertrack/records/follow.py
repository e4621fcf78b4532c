"""Following on paper: the steps of the log, and what comes of them.

Amounts are exact decimals, written as text: the parts of a result sum to it to the last digit.
"""

from decimal import Decimal
from enum import StrEnum

from hypertrack.records.backtest import Answer, BlockMean
from hypertrack.records.base import Record
from hypertrack.records.live import ActionKind

ZERO = Decimal(0)


class PriceFrom(StrEnum):
    """What a fill was priced by."""

    BOOK = "book"
    """The recorded book, walked to our size."""
    QUOTE = "quote"
    """The far side of the last quote."""
    TRADE = "trade"
    """The last trade, moved against us."""


class NotFilled(StrEnum):
    """Why an order, or a part of it, was not made."""

    TOO_SMALL = "below the venue's minimum"
    COIN_LIMIT = "limit of a coin"
    LEVERAGE = "leverage"
    STOPPED = "stopped"
    THIN_BOOK = "book too thin"
    EQUITY = "leader's equity unknown"
    POSITION = "leader's position unknown"
    GAP = "gap"


class PortfolioBegun(Record, frozen=True, kw_only=True):
    """One of the portfolios that are kept, and whom it follows."""

    name: str
    wallets: tuple[str, ...] = ()
    """None for the one that follows the leaders."""


class FollowTerms(Record, frozen=True, kw_only=True):
    """How everybody is followed; a log has one set of terms."""

    capital_usd: Decimal
    sizing: str
    notional_usd: Decimal
    delay_ms: int
    max_notional_usd: Decimal
    max_leverage: Decimal
    stop_drawdown_frac: Decimal
    spread_bps: Decimal


class PaperOrder(Record, frozen=True, kw_only=True, omit_defaults=True):
    """What one portfolio did after a leader, in signed coins."""

    portfolio: int
    wanted: Decimal = ZERO
    """What following to the letter would have traded."""
    size: Decimal = ZERO
    """What was traded."""
    missed: Decimal = ZERO
    """The part of the rest that is owed to a gap; the other was skipped."""
    cost_usd: Decimal = ZERO
    """Paid for the size, received where below 0."""
    fee_usd: Decimal = ZERO
    why: NotFilled | None = None
    """Of the first part that was not made."""

    @property
    def skipped(self) -> Decimal:
        """Return the part of what was wanted that was neither traded nor missed in a gap."""
        return self.wanted - self.size - self.missed


class PaperMove(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A leader's change of position in a coin, and the orders that follow it."""

    leader: str
    coin: str
    change: Decimal = ZERO
    """Signed coins that its fills moved."""
    position: Decimal | None = None
    """His afterwards, where it is known."""
    leader_px: Decimal | None = None
    """His average price; of a position that was asked for, the mid price then."""
    action_ms: int | None = None
    """When he was done."""
    kind: ActionKind | None = None
    twap_ms: int | None = None
    """When a TWAP order began; ``change`` of its end is what came after the first slice."""
    mid: Decimal | None = None
    price_from: PriceFrom | None = None
    price_age_ms: int | None = None
    orders: tuple[PaperOrder, ...] = ()


class FundingRate(Record, frozen=True, kw_only=True):
    """What fell due at a full hour: longs pay ``rate`` of the oracle price."""

    rate: Decimal
    oracle_px: Decimal


class StepKind(StrEnum):
    """What happened, in the order in which steps of one moment are taken."""

    BEGIN = "begin"
    GAP = "gap"
    ACTION = "action"
    ACCOUNT = "account"
    HOUR = "hour"
    STOP = "stop"


class FollowStep(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A line of ``follow.jsonl``: one thing that happened, with all that followed from it."""

    id: str
    seq: int
    prev: str
    """SHA-256 of the line before."""
    kind: StepKind
    at_ms: int
    """Exchange time at which paper trades: of an action, the delay after it."""
    terms: FollowTerms | None = None
    portfolios: tuple[PortfolioBegun, ...] = ()
    moves: tuple[PaperMove, ...] = ()
    equity_usd: dict[str, Decimal] = {}  # noqa: RUF012 - msgspec copies it for each record
    """By leader, as the venue told it."""
    known_ms: int | None = None
    """Of an account: the time for which the venue told it."""
    coin: str | None = None
    """Of a gap, which ended at ``until_ms``."""
    until_ms: int | None = None
    marks: dict[str, Decimal] = {}  # noqa: RUF012 - as above
    """Mid prices of what is held."""
    rates: dict[str, FundingRate | None] = {}  # noqa: RUF012 - as above
    """By coin held that pays funding; None where nothing recorded tells it."""


class FollowParts(Record, frozen=True, kw_only=True):
    """What lies between the leaders' result and ours, USD: they sum to the difference exactly."""

    delay_usd: Decimal
    """From their price to the mid price when we traded."""
    spread_usd: Decimal
    """From there to our fill: half the spread, and the depth of the book."""
    fees_usd: Decimal
    funding_usd: Decimal
    skipped_usd: Decimal
    """Of what was not traded though they did: too small, beyond a limit, stopped."""
    gaps_usd: Decimal
    """Of what was not opened because data are missing."""

    @property
    def total_usd(self) -> Decimal:
        """Return the whole difference."""
        return (
            self.delay_usd
            + self.spread_usd
            + self.fees_usd
            + self.funding_usd
            + self.skipped_usd
            + self.gaps_usd
        )


class PaperPosition(Record, frozen=True, kw_only=True):
    """What is held by following one leader in one coin."""

    leader: str
    coin: str
    size: Decimal
    mark_px: Decimal
    notional_usd: Decimal


class PaperResult(Record, frozen=True, kw_only=True):
    """How one portfolio stands."""

    name: str
    net_usd: Decimal
    leader_usd: Decimal
    """The leaders' own on the same actions in our size, at their prices, before fees."""
    parts: FollowParts
    drawdown_usd: Decimal
    drawdown_frac: Decimal
    n_orders: int
    turnover_usd: Decimal
    n_not_filled: dict[str, int]
    n_hours_funding_unknown: int
    """Full hours times coins held, of which no rate was recorded."""
    is_stopped: bool


class Beside(Record, frozen=True, kw_only=True):
    """The portfolio beside another that began with the same capital."""

    name: str
    net_usd: Decimal
    n_portfolios: int
    low_usd: Decimal | None = None
    """Of several: the worst, and the best."""
    high_usd: Decimal | None = None
    answer: Answer
    difference_day_bps: BlockMean | None
    """Ours less theirs, of the capital a day; the interval may be looked at any time."""
    n_blocks: int
    block_h: int
    """Hours; doubled while blocks move with those before them."""


class FollowResult(Record, frozen=True, kw_only=True):
    """How following on paper stands."""

    since_ms: int
    until_ms: int
    terms: FollowTerms
    leaders: tuple[str, ...]
    """Who was followed, those with the most actions first."""
    n_actions: int
    n_gaps: int
    paper: PaperResult
    equity_usd: Decimal
    positions: tuple[PaperPosition, ...]
    beside: tuple[Beside, ...]
    hours_ms: tuple[int, ...]
    equity_by_hour_usd: tuple[Decimal, ...]
