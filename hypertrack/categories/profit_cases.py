"""What is known of a wallet's profit, as a record; made when the wallet is looked at."""

from collections.abc import Iterator

from hypertrack.records import (
    PROFIT_NUMBERS,
    PROFIT_TEXTS,
    FeesSource,
    FundingSource,
    PnlSource,
    ProfileColumns,
    WalletProfit,
)


def wallet_profits(columns: ProfileColumns) -> Iterator[WalletProfit | None]:
    """Yield the profit of wallets in the order of the columns; None where nothing was measured."""
    if not columns.profit:
        yield from [None] * len(columns)
        return
    names = (*PROFIT_NUMBERS, *PROFIT_TEXTS)
    for row in zip(*(columns.profit[name].tolist() for name in names), strict=True):
        own = dict(zip(names, row, strict=True))
        yield WalletProfit(
            **{
                **own,
                "pnl_source": PnlSource(own["pnl_source"]),
                "fees_source": FeesSource(own["fees_source"]),
                "funding_source": FundingSource(own["funding_source"]),
                "coins": own["coins"] or "",
            }
        )
