"""Made-up histories, with every thing that a page can show of one."""

from profile_fakes import SPAN_MS, START_MS

from hypertrack.records import (
    HOUR_MS,
    CoinHistory,
    Counterparty,
    CurvePoint,
    Histories,
    PastAction,
    WalletHistory,
)

GAP = (START_MS + 10 * HOUR_MS, START_MS + 12 * HOUR_MS)


def histories(known: str, unknown: str, other: str) -> Histories:
    """Return the history of a wallet whose positions are known, and of one whose are not."""
    return Histories(
        by_wallet={known: history(other), unknown: unknown_history(other)},
        gaps=(GAP,),
        first="the 2 wallets of the best evidence",
    )


def history(other: str) -> WalletHistory:
    """Return a wallet that gained $300, was $50 under water and holds 2 ETH short."""
    profits = ((0, 0.0, 0.0), (8, 120.0, 0.0), (20, 70.0, 50.0), (40, 300.0, 0.0))
    return WalletHistory(
        curve=tuple(CurvePoint(START_MS + h * HOUR_MS, usd, deep) for h, usd, deep in profits),
        profit_by_hour=tuple(float(hour * 10 - 90) for hour in range(24)),
        coins=(
            CoinHistory(
                coin="BTC",
                volume_usd=61_300.0,
                profit_usd=340.0,
                flow_pnl_usd=12.0,
                pnl_source="exact",
                position=0.0,
                position_usd=0.0,
            ),
            CoinHistory(
                coin="ETH",
                volume_usd=9_000.0,
                profit_usd=-40.0,
                flow_pnl_usd=-40.0,
                pnl_source="derived",
                position=-2.0,
                position_usd=-4_600.0,
            ),
        ),
        actions=(
            PastAction(
                time_ms=START_MS + SPAN_MS - 1_000,
                coin="ETH",
                is_buy=False,
                is_taker=True,
                size=2.0,
                price=2_300.0,
                notional_usd=4_600.0,
            ),
        ),
        counterparties=(Counterparty(wallet=other, n_trades=9, share=0.36),),
    )


def unknown_history(other: str) -> WalletHistory:
    """Return a wallet that came in with a position that nobody saw."""
    coin = CoinHistory(
        coin="HYPE",
        volume_usd=950.0,
        profit_usd=None,
        flow_pnl_usd=-31.0,
        pnl_source="as_if_flat",
        position=None,
        position_usd=None,
    )
    parties = (Counterparty(wallet=other, n_trades=1, share=1.0),)
    return WalletHistory(
        curve=(), profit_by_hour=(), coins=(coin,), actions=(), counterparties=parties
    )
