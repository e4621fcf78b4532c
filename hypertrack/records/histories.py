"""What some wallets did over a recording, for a page that shows one of them."""

from hypertrack.records.base import Record


class CoinHistory(Record, frozen=True, kw_only=True):
    """What a wallet did in one coin."""

    coin: str
    volume_usd: float
    profit_usd: float | None
    """None where its position is not known."""
    flow_pnl_usd: float
    """Of the trades seen, as if flat before: not profit."""
    pnl_source: str
    position: float | None
    """Coins held at the end of the recording; None where not known."""
    position_usd: float | None


class PastAction(Record, frozen=True, kw_only=True):
    """One execution."""

    time_ms: int
    coin: str
    is_buy: bool
    is_taker: bool
    size: float
    price: float
    notional_usd: float


class Counterparty(Record, frozen=True, kw_only=True):
    """Whom a wallet traded with."""

    wallet: str
    n_trades: int
    share: float
    """Of the wallet's trades."""


class CurvePoint(Record, frozen=True, array_like=True):
    """Profit after fees at one time, and how far it lies below its highest point so far."""

    time_ms: int
    profit_usd: float
    drawdown_usd: float


class WalletHistory(Record, frozen=True, kw_only=True):
    """What one wallet did."""

    curve: tuple[CurvePoint, ...]
    """Empty where a position is not known."""
    profit_by_hour: tuple[float, ...]
    """By hour of the day, UTC, 24; empty with the curve."""
    coins: tuple[CoinHistory, ...]
    """Of the most volume first."""
    actions: tuple[PastAction, ...]
    """The last ones, the latest first."""
    counterparties: tuple[Counterparty, ...]
    """Of the most trades first."""


class Histories(Record, frozen=True, kw_only=True):
    """Histories by wallet, and when nothing was observed."""

    by_wallet: dict[str, WalletHistory]
    gaps: tuple[tuple[int, int], ...]
    """Start and end of each, ms."""
    first: str
    """Whose histories these are: ``the 200 wallets of the best evidence``."""
