"""What a wallet's executions say together: its role, its direction, its way with the price.

Aggregates over a table of executions, to be grouped by wallet.
"""

import ibis
from ibis import Table, Value


def maker_share(rows: Table) -> Value:
    """Return the share of notional that was traded as maker, 0 to 1."""
    return ibis.ifelse(rows.is_taker, 0.0, rows.notional_usd).sum() / rows.notional_usd.sum()


def directional_bias(rows: Table) -> Value:
    """Return (bought − sold) / (bought + sold), by notional: -1 to 1."""
    return (rows.notional_usd * rows.direction).sum() / rows.notional_usd.sum()


def market_making(rows: Table) -> Value:
    """Return maker share · (1 − |bought − sold| / (bought + sold)): 1 is two-sided and passive."""
    return maker_share(rows) * (1 - directional_bias(rows).abs())


def alignment(rows: Table, move: Value) -> Value:
    """Return the notional traded with a move less that against it, over both: -1 to 1.

    Args:
        rows: Executions.
        move: Of the price before each; those without a move are left out.
    """
    sign = move.sign().nullif(0)
    moved_usd = ibis.ifelse(sign.notnull(), rows.notional_usd, None).sum()
    return (rows.notional_usd * rows.direction * sign).sum() / moved_usd
