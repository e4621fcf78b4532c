"""What is known of the profit of a recording's wallets, and where each number comes from."""

from enum import StrEnum

from hypertrack.records.base import Record


class PnlSource(StrEnum):
    """What the profit of a wallet rests on: the weakest of its coins."""

    VENUE = "venue"
    """Fills tell of every trade what the venue booked."""
    EXACT = "exact"
    """Positions are known from fills."""
    DERIVED = "derived"
    """Positions are known from what was told later."""
    AS_IF_FLAT = "as_if_flat"
    """A position is unknown: there is no profit, only the flow of the trades seen."""


class FeesSource(StrEnum):
    """Whether fees are those that were paid."""

    VENUE = "venue"
    MIXED = "mixed"
    """As paid in some coins, by the schedule in others."""
    SCHEDULE = "schedule"


class FundingSource(StrEnum):
    """What the prices are that funding was paid on."""

    ORACLE = "oracle"
    """The venue's own."""
    MIXED = "mixed"
    """Its own in some coins, what was traded in others."""
    TRADED = "traded"
    """What the coins were traded at around the hour: only the rates are the venue's."""
    UNKNOWN = "unknown"
    """A rate, or a position, is not known."""


class WalletProfit(Record, frozen=True, kw_only=True):
    """What a wallet made in the recording; numbers are NaN where they are not known."""

    pnl_source: PnlSource
    profit_usd: float
    """After fees and with the funding that is known, marked to market."""
    flow_pnl_usd: float
    """Of the trades seen, as if flat before: not profit."""
    realised_pnl_usd: float
    """Booked by the venue on what was closed, before fees."""
    fees_usd: float
    fees_source: FeesSource
    funding_usd: float
    """Received less paid."""
    funding_source: FundingSource
    return_bps: float
    """Profit over the notional traded."""
    win_rate: float
    """Share of closed episodes that gained, before fees."""
    profit_factor: float
    """Gains over losses of closed episodes, before fees."""
    max_drawdown_usd: float
    n_closed_episodes: float
    """From flat to flat."""
    median_holding_s: float
    """Of closed episodes."""
    positions_known_frac: float
    """Share of notional in coins in which positions are known."""
    n_coins: float
    """In which it traded."""
    coins: str
    """Those of the most notional, the largest first."""


PROFIT_TEXTS = ("pnl_source", "fees_source", "funding_source", "coins")
"""Columns of profiles about profit that are texts."""

PROFIT_NUMBERS = tuple(name for name in WalletProfit.__struct_fields__ if name not in PROFIT_TEXTS)
"""Columns of profiles about profit that are numbers; NaN where unknown."""
