"""What the checks of the venue's answers found: of one wallet, and of all that were asked about."""

from hypertrack.records.base import Record

MIN_MATCHED_FRAC = 0.999
"""Of a wallet's trades on the tape; one with fewer fills is marked."""


class WalletAccount(Record, frozen=True, kw_only=True):
    """What the venue said of a wallet's account when it was asked; NaN where it was not."""

    account_told_ms: float
    """When it said so last, exchange time."""
    equity_usd: float
    """Account value of perps, on all dexes asked about."""
    leverage: float
    """Notional of all perp positions over it."""
    liquidation_distance_frac: float
    """Smallest move of a price that liquidates a position."""
    net_flow_usd: float
    """Deposits less withdrawals and transfers in the time of the recording."""
    account_return_frac: float
    """On capital, of the last month told, flows taken out (Modified Dietz)."""
    account_positions: str
    """Perps held, the largest value first: ``BTC +2.5; ETH -1``; empty for none."""
    account_links: str
    """Vault, master, sub-accounts, agents and whom it pays, in words; empty for none."""


ACCOUNT_TEXTS = ("account_positions", "account_links")
"""Columns of profiles about accounts that are texts."""

ACCOUNT_NUMBERS = tuple(n for n in WalletAccount.__struct_fields__ if n not in ACCOUNT_TEXTS)
"""Columns of profiles about accounts that are numbers."""


class TapeCheck(Record, frozen=True, kw_only=True):
    """The tape against the fills, within the time of which all fills are known."""

    n_trades: int = 0
    """On the tape."""
    n_matched: int = 0
    """Of these, with their fill."""
    n_twap: int = 0
    """Of those without: slices of TWAP orders."""
    n_fills_by_kind: dict[str, int] = {}  # noqa: RUF012 - msgspec copies it for each record
    """Fills while their coin was recorded: ``matched``, or why their trade is not on the tape."""

    @property
    def matched_frac(self) -> float:
        """Return the share of trades that have their fill; 1 without any trades."""
        return self.n_matched / self.n_trades if self.n_trades else 1.0

    @property
    def is_marked(self) -> bool:
        """Return whether too many trades lack their fill."""
        return self.matched_frac < MIN_MATCHED_FRAC


class PositionDifference(Record, frozen=True, kw_only=True):
    """A position that the fills and the venue's answer tell differently, in coins."""

    coin: str
    by_fills: float
    stated: float


class ProfitCheck(Record, frozen=True, kw_only=True):
    """What the venue booked on perps against what its portfolio says was earned, in USD."""

    period: str
    start_ms: int
    end_ms: int
    booked_usd: float
    """Σ closedPnl − Σ fee of perps."""
    told_usd: float
    unrealised_usd: float | None = None
    """Of the positions that were open when it was asked."""
    funding_usd: float | None = None
    """None where it was not asked for."""

    @property
    def difference_usd(self) -> float:
        """Return what the portfolio says beyond what was booked."""
        return self.told_usd - self.booked_usd

    @property
    def cause(self) -> str:
        """Return the likely cause of the difference."""
        rest = abs(self.difference_usd)
        if rest <= tolerance_usd(self.told_usd):
            return "none"
        known = (self.unrealised_usd or 0.0) + (self.funding_usd or 0.0)
        if abs(self.difference_usd - known) <= tolerance_usd(self.told_usd):
            return "unrealised" if not self.funding_usd else "unrealised and funding"
        if self.funding_usd is None:
            return "unrealised and, since not asked for, funding"
        return "unrealised, funding, or a position that it came in with"


class AccountCheck(Record, frozen=True, kw_only=True):
    """What is known of one wallet, and whether it fits together."""

    wallet: str
    n_fills: int = 0
    start_ms: int | None = None
    """Since when all fills are known, None where none were asked for."""
    end_ms: int | None = None
    cause: str | None = None
    """Why they begin there: ``first``, ``since`` or ``limit``."""
    came_in: dict[str, str] = {}  # noqa: RUF012 - as above
    """By coin, the position before its oldest fill, where that is not 0."""
    realised_usd: float | None = None
    """Σ closedPnl, before fees."""
    fees_usd: float | None = None
    """Negative for rebates."""
    equity_usd: float | None = None
    leverage: float | None = None
    balances: dict[str, float] = {}  # noqa: RUF012 - as above
    """Spot tokens held, where it was asked for them."""
    tape: TapeCheck = TapeCheck()
    n_chain_breaks: int = 0
    """Times at which a position did not begin where it had ended."""
    differences: tuple[PositionDifference, ...] = ()
    profit: ProfitCheck | None = None
    links: tuple[str, ...] = ()
    """Who belongs to it, in words."""
    failed: dict[str, str] = {}  # noqa: RUF012 - as above
    """Steps that were not answered, with the reason."""

    @property
    def net_usd(self) -> float | None:
        """Return what the venue booked, net of fees."""
        if self.realised_usd is None:
            return None
        return self.realised_usd - (self.fees_usd or 0.0)


class AccountReport(Record, frozen=True, kw_only=True):
    """What is known of all wallets that were asked about."""

    generated_ms: int
    wallets: tuple[AccountCheck, ...]
    n_by_profit: int = 0
    """Chosen by what they had earned: their past is no evidence."""
    median_days_gained: float | None = None
    """From when fills are complete to the tape's first trade."""

    @property
    def n_complete(self) -> int:
        """Return how many are known since their first fill."""
        return sum(check.cause == "first" for check in self.wallets)

    @property
    def n_marked(self) -> int:
        """Return how many lack fills of trades on the tape."""
        return sum(check.tape.is_marked for check in self.wallets)


def tolerance_usd(amount_usd: float) -> float:
    """Return below what two amounts are the same: a cent, or what text of floats carries."""
    return max(0.01, 1e-6 * abs(amount_usd))
