"""How much a wallet did, with how many coins and others."""

import ibis
from ibis import Table, Value, _

from hypertrack.features.definition import Scope, feature
from hypertrack.features.executions import executions, reference_prices
from hypertrack.records import DAY_MS

HYPE = "HYPE"
"""The coin whose price values what is sent on HyperEVM."""


def activity(scope: Scope) -> Table:
    """Return a row per execution, transaction and transfer a wallet had a part in.

    Columns: wallet_id, time_ms, n_transactions (1 for an execution or a transaction sent),
    n_executions, n_fills, value_usd (NULL where it has no price), observed_days.
    """
    traded = scope.before(executions(scope.con)).select(
        "wallet_id",
        "time_ms",
        n_transactions=ibis.literal(1, "int64"),
        n_executions=ibis.literal(1, "int64"),
        n_fills=_.n_fills.cast("int64"),
        value_usd=_.notional_usd,
    )
    transactions = sent_transactions(scope)
    transfers = scope.before(scope.con.table("erc20_transfers"))
    return (
        traded.union(_on_chain(transactions, "sender_id", n_sent=1, value_usd=_.value_usd))
        .union(_on_chain(transactions, "receiver_id"))
        .union(_on_chain(transfers, "sender_id"))
        .union(_on_chain(transfers, "receiver_id"))
        .filter(_.wallet_id.notnull())
        .mutate(observed_days=ibis.literal(scope.observed_days))
    )


def sent_transactions(scope: Scope) -> Table:
    """Return the HyperEVM transactions with ``value_usd`` at HYPE's reference price."""
    transactions = scope.before(scope.con.table("evm_transactions"))
    hype = scope.con.table("coins").filter(_.coin == HYPE).select("coin_id")
    asks = transactions.select("time_ms").distinct().cross_join(hype)
    prices = reference_prices(
        scope.con, asks.mutate(ask_id=_.time_ms), strictly_before=False
    ).select(ask_id="ask_id", hype_usd="price")
    return (
        transactions.left_join(prices, transactions.time_ms == prices.ask_id)
        .mutate(value_usd=_.value_hype * _.hype_usd)
        .drop("ask_id", "hype_usd")
    )


@feature(activity, unit="count", is_extensive=True)
def tx_count(rows: Table) -> Value:
    """Executions + HyperEVM transactions sent by the wallet."""
    return rows.n_transactions.sum()


@feature(activity, unit="1/day")
def tx_per_day(rows: Table) -> Value:
    """`tx_count` / observed days."""
    return rows.n_transactions.sum() / rows.observed_days.max()


@feature(activity, unit="days", is_extensive=True)
def age_days(rows: Table) -> Value:
    """Last seen − first seen, over fills and EVM activity."""
    return (rows.time_ms.max() - rows.time_ms.min()) / DAY_MS


@feature(activity, unit="USD", is_extensive=True)
def total_value(rows: Table) -> Value:
    """Sum of execution notionals (+ EVM value × HYPE reference price where recorded)."""
    return rows.value_usd.sum()


def _on_chain(rows: Table, wallet: str, *, n_sent: int = 0, **known: Value) -> Table:
    return rows.select(
        wallet_id=rows[wallet],
        time_ms=_.time_ms,
        n_transactions=ibis.literal(n_sent, "int64"),
        n_executions=ibis.literal(0, "int64"),
        n_fills=ibis.literal(0, "int64"),
        value_usd=known.get("value_usd", ibis.null("float64")),
    )
