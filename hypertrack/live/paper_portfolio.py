"""A paper portfolio: what is held by following whom, and what it has brought."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from hypertrack.live.positions import Key
from hypertrack.records import (
    ZERO,
    FollowParts,
    FundingRate,
    PaperMove,
    PaperOrder,
    PaperResult,
)

Marks = Mapping[str, Decimal]


@dataclass(slots=True)
class Holding:
    """Signed coins held by following one wallet in one coin.

    Attributes:
        skipped: Held besides, had nothing been skipped.
        missed: Held besides, were no data missing.
    """

    size: Decimal = ZERO
    skipped: Decimal = ZERO
    missed: Decimal = ZERO

    @property
    def wanted(self) -> Decimal:
        """Return what following to the letter would hold."""
        return self.size + self.skipped + self.missed


@dataclass
class Portfolio:
    """Follows wallets with a capital of its own.

    Whatever is summed here is linear in trades, so that the result is the leaders' own, plus what
    lies between, to the last digit and at any marks.

    Attributes:
        wallets: Whom it follows; empty for the leaders.
        leader_cash, skipped_cash, missed_cash: What trades at the leaders' prices brought in.
    """

    name: str
    wallets: frozenset[str]
    capital_usd: Decimal
    stop_drawdown_frac: Decimal
    holdings: dict[Key, Holding] = field(default_factory=dict)
    cash_usd: Decimal = ZERO
    leader_cash_usd: Decimal = ZERO
    skipped_cash_usd: Decimal = ZERO
    missed_cash_usd: Decimal = ZERO
    delay_usd: Decimal = ZERO
    spread_usd: Decimal = ZERO
    fees_usd: Decimal = ZERO
    funding_usd: Decimal = ZERO
    turnover_usd: Decimal = ZERO
    n_orders: int = 0
    n_not_filled: Counter[str] = field(default_factory=Counter)
    n_hours_unknown: int = 0
    peak_usd: Decimal = ZERO
    drawdown_usd: Decimal = ZERO
    drawdown_frac: Decimal = ZERO
    stopped_ms: int | None = None

    def follow(self, move: PaperMove, order: PaperOrder) -> None:
        """Take what was done after a leader."""
        if order.why is not None:
            self.n_not_filled[order.why] += 1
        if not (order.wanted or order.size or order.missed):
            return
        assert move.leader_px is not None
        held = self.holdings.setdefault((move.leader, move.coin), Holding())
        held.size += order.size
        held.skipped += order.skipped
        held.missed += order.missed
        self.leader_cash_usd -= order.wanted * move.leader_px
        self.skipped_cash_usd -= order.skipped * move.leader_px
        self.missed_cash_usd -= order.missed * move.leader_px
        if not order.size:
            return
        assert move.mid is not None
        self.n_orders += 1
        self.cash_usd -= order.cost_usd + order.fee_usd
        self.delay_usd += order.size * (move.leader_px - move.mid)
        self.spread_usd += order.size * move.mid - order.cost_usd
        self.fees_usd -= order.fee_usd
        self.turnover_usd += abs(order.cost_usd)

    def pay_funding(self, rates: Mapping[str, FundingRate | None]) -> None:
        """Take what fell due at a full hour."""
        for coin, size in self.size_by_coin().items():
            if coin not in rates:
                continue
            due = rates[coin]
            if due is None:
                self.n_hours_unknown += 1
                continue
            paid = -size * due.oracle_px * due.rate
            self.cash_usd += paid
            self.funding_usd += paid

    def mark(self, marks: Marks, at_ms: int) -> Decimal:
        """Take note of the equity at some prices, and return it."""
        equity = self.equity_usd(marks)
        self.peak_usd = max(self.peak_usd, equity, self.capital_usd)
        below = self.peak_usd - equity
        self.drawdown_usd = max(self.drawdown_usd, below)
        self.drawdown_frac = max(self.drawdown_frac, below / self.peak_usd)
        if self.stopped_ms is None and below >= self.stop_drawdown_frac * self.peak_usd:
            self.stopped_ms = at_ms
        return equity

    def size_by_coin(self) -> dict[str, Decimal]:
        """Return what is held of each coin, net."""
        sizes: dict[str, Decimal] = {}
        for (_, coin), held in self.holdings.items():
            if held.size:
                sizes[coin] = sizes.get(coin, ZERO) + held.size
        return sizes

    def equity_usd(self, marks: Marks) -> Decimal:
        """Return what the portfolio is worth at some prices."""
        held = sum((size * marks[coin] for coin, size in self.size_by_coin().items()), ZERO)
        return self.capital_usd + self.cash_usd + held

    def result(self, marks: Marks) -> PaperResult:
        """Return how it stands at some prices."""
        at_marks = {"wanted": ZERO, "skipped": ZERO, "missed": ZERO}
        for (_, coin), held in self.holdings.items():
            for name in at_marks:
                amount: Decimal = getattr(held, name)
                at_marks[name] += amount * marks[coin] if amount else ZERO
        parts = FollowParts(
            delay_usd=self.delay_usd,
            spread_usd=self.spread_usd,
            fees_usd=self.fees_usd,
            funding_usd=self.funding_usd,
            skipped_usd=-(self.skipped_cash_usd + at_marks["skipped"]),
            gaps_usd=-(self.missed_cash_usd + at_marks["missed"]),
        )
        return PaperResult(
            name=self.name,
            net_usd=self.equity_usd(marks) - self.capital_usd,
            leader_usd=self.leader_cash_usd + at_marks["wanted"],
            parts=parts,
            drawdown_usd=self.drawdown_usd,
            drawdown_frac=self.drawdown_frac,
            n_orders=self.n_orders,
            turnover_usd=self.turnover_usd,
            n_not_filled=dict(sorted(self.n_not_filled.items())),
            n_hours_funding_unknown=self.n_hours_unknown,
            is_stopped=self.stopped_ms is not None,
        )
