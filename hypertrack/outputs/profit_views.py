"""Profit in finished strings, each number with what it rests on."""

from collections.abc import Iterator, Mapping
from math import isnan

from hypertrack.outputs.wording import amount, percent, plural, usd
from hypertrack.records import FeesSource, FundingSource, PnlSource, WalletProfit
from hypertrack.text import printable, with_minus

SOURCE_SAYS: Mapping[PnlSource, str] = {
    PnlSource.VENUE: "venue: every fill is told",
    PnlSource.EXACT: "exact: positions from fills",
    PnlSource.DERIVED: "derived: positions told later",
    PnlSource.AS_IF_FLAT: "position unknown",
}
"""What stands beside a profit."""

FEES_SAY: Mapping[FeesSource, str] = {
    FeesSource.VENUE: "as paid",
    FeesSource.MIXED: "as paid in some coins, by the schedule in others",
    FeesSource.SCHEDULE: "by the schedule",
}

FUNDING_SAYS: Mapping[FundingSource, str] = {
    FundingSource.ORACLE: "the venue's rates on oracle prices",
    FundingSource.MIXED: "the venue's rates, in some coins on traded prices",
    FundingSource.TRADED: "the venue's rates on traded prices",
    FundingSource.UNKNOWN: "a rate is unknown",
}


def profit_lines(profit: WalletProfit) -> Iterator[tuple[str, str]]:
    """Yield name and value of what is known of one wallet's profit."""
    yield "profit", profit_sentence(profit)
    if not isnan(profit.realised_pnl_usd):
        yield "realised", f"{usd(profit.realised_pnl_usd)}, booked by the venue before fees"
    yield "flow", f"{usd(profit.flow_pnl_usd)} of the trades seen, as if flat before"
    yield "fees", f"{usd(profit.fees_usd)}, {FEES_SAY[profit.fees_source]}"
    if not isnan(profit.funding_usd):
        basis = FUNDING_SAYS[profit.funding_source]
        way = "paid" if profit.funding_usd < 0 else "received"
        yield "funding", f"{usd(abs(profit.funding_usd))} {way}, {basis}"
    if not isnan(profit.max_drawdown_usd):
        yield "drawdown", f"{usd(profit.max_drawdown_usd)} at most, minute by minute"
    yield "episodes", episodes_sentence(profit)
    yield "positions", f"known in {percent(profit.positions_known_frac)} of notional"
    yield "coins", coins_sentence(profit)


def profit_sentence(profit: WalletProfit) -> str:
    """Return ``−$1.2k (derived: …), −3.1 bps of notional``; why not, where there is none."""
    source = SOURCE_SAYS[profit.pnl_source]
    if isnan(profit.profit_usd):
        return f"unknown ({source})"
    rate = with_minus(f"{profit.return_bps:+.1f} bps of notional")
    return f"{usd(profit.profit_usd)} ({source}), {rate}"


def episodes_sentence(profit: WalletProfit) -> str:
    """Return how many positions ran from flat to flat, and how they ended."""
    if isnan(profit.n_closed_episodes):
        return f"unknown ({SOURCE_SAYS[PnlSource.AS_IF_FLAT]})"
    parts = [plural(int(profit.n_closed_episodes), "closed position")]
    if not isnan(profit.median_holding_s):
        parts.append(f"held {amount(profit.median_holding_s, 's')} (median)")
    if not isnan(profit.win_rate):
        parts.append(f"{percent(profit.win_rate)} won")
    if not isnan(profit.profit_factor):
        parts.append(f"gains {profit.profit_factor:.2f} times the losses")
    return ", ".join(parts)


def coins_sentence(profit: WalletProfit) -> str:
    """Return ``5: BTC, ETH, HYPE, …``."""
    n_coins, named = int(profit.n_coins), printable(profit.coins)
    if not named:
        return f"{n_coins:,}"
    more = ", …" if n_coins > named.count(", ") + 1 else ""
    return f"{n_coins:,}: {named}{more}"
