"""How much a wallet did, with how many coins and others."""

from typing import Any

import ibis
from ibis import Table, Value, _

from hypertrack.features.definition import Scope, feature
from hypertrack.market.engine.kept_tables import keep
from hypertrack.market.executions import executions
from hypertrack.market.prices import reference_prices
from hypertrack.records import DAY_MS

HYPE = "HYPE"
"""The coin whose price values what is sent on HyperEVM."""


def activity(scope: Scope) -> Table:
    """Return a row per execution, transaction and transfer a wallet had a part in.

    Columns: wallet_id, time_ms, n_transactions (1 for an execution or a transaction sent),
    n_executions, n_fills, observed_days.
    """
    traded = scope.before(executions(scope.con)).select(
        "wallet_id",
        "time_ms",
        n_transactions=ibis.literal(1, "int64"),
        n_executions=ibis.literal(1, "int64"),
        n_fills=_.n_fills.cast("int64"),
    )
    transactions = scope.before(scope.con.table("evm_transactions"))
    transfers = scope.before(scope.con.table("erc20_transfers"))
    return (
        traded.union(_on_chain(transactions, "sender_id", n_sent=1))
        .union(_on_chain(transactions, "receiver_id"))
        .union(_on_chain(transfers, "sender_id"))
        .union(_on_chain(transfers, "receiver_id"))
        .filter(_.wallet_id.notnull())
        .mutate(observed_days=scope.observed_days)
    )


def values(scope: Scope) -> Table:
    """Return wallet_id, value_usd of executions and of HyperEVM transactions that HYPE prices."""
    traded = scope.before(executions(scope.con)).select("wallet_id", value_usd="notional_usd")
    keep(scope.con.part, "hype_prices", _hype_prices, order_by=("sent_ms",))
    sent = scope.before(scope.con.table("evm_transactions"))
    prices = scope.con.table("hype_prices")
    sent = sent.join(prices, sent.time_ms == prices.sent_ms)
    return traded.union(sent.select(wallet_id="sender_id", value_usd=_.value_hype * _.hype_usd))


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


@feature(values, unit="USD", is_extensive=True)
def total_value(rows: Table) -> Value:
    """Sum of execution notionals (+ EVM value × HYPE reference price where recorded)."""
    return rows.value_usd.sum()


def _hype_prices(con: Any) -> Table:
    """Return sent_ms, hype_usd: HYPE's reference price at each time a transaction was sent."""
    hype = con.table("coins").filter(_.coin == HYPE).select("coin_id")
    times = con.table("evm_transactions").select("time_ms", ask_id="time_ms").distinct()
    asks = times.cross_join(hype)
    prices = reference_prices(con, asks, strictly_before=False)
    return prices.select(sent_ms="ask_id", hype_usd="price")


def _on_chain(rows: Table, wallet: str, *, n_sent: int = 0) -> Table:
    return rows.select(
        wallet_id=rows[wallet],
        time_ms=_.time_ms,
        n_transactions=ibis.literal(n_sent, "int64"),
        n_executions=ibis.literal(0, "int64"),
        n_fills=ibis.literal(0, "int64"),
    )
