"""With how many others and in how many coins a wallet trades, and how evenly."""

import ibis
from ibis import Table, Value, _

from hypertrack.features.definition import Scope, feature
from hypertrack.features.entropy import evenness
from hypertrack.features.traded import MAX_BUCKETS, traded
from hypertrack.market.coins import is_hip3, is_spot
from hypertrack.market.executions import fills


def addresses(scope: Scope) -> Table:
    """Return a row per wallet and address it dealt with, in fills or on HyperEVM.

    Columns: wallet_id, address_id, n_fills, notional_usd (of fills).
    """
    filled = scope.before(fills(scope.con)).select(
        "wallet_id",
        address_id=_.counterparty_id,
        n_fills=ibis.literal(1, "int64"),
        notional_usd=_.notional_usd,
    )
    transactions = scope.before(scope.con.table("evm_transactions"))
    transfers = scope.before(scope.con.table("erc20_transfers"))
    return (
        filled.union(_met(transactions, "sender_id", "receiver_id"))
        .union(_met(transactions, "receiver_id", "sender_id"))
        .union(_met(transfers, "sender_id", "receiver_id"))
        .union(_met(transfers, "receiver_id", "sender_id"))
        .group_by("wallet_id", "address_id")
        .aggregate(n_fills=_.n_fills.sum(), notional_usd=_.notional_usd.sum())
    )


def tokens(scope: Scope) -> Table:
    """Return a row per wallet and coin executed or ERC-20 contract transferred.

    Columns: wallet_id, n_executions, notional_usd, is_hip3, is_spot.
    """
    coins = scope.con.table("coins").select(
        "coin_id", is_hip3=is_hip3(_.coin), is_spot=is_spot(_.coin)
    )
    executed = (
        traded(scope)
        .group_by("wallet_id", "coin_id")
        .aggregate(n_executions=_.count(), notional_usd=_.notional_usd.sum())
        .join(coins, "coin_id")
        .drop("coin_id")
    )
    transfers = scope.before(scope.con.table("erc20_transfers"))
    contracts = (
        transfers.select(wallet_id=_.sender_id, contract_id=_.contract_id)
        .union(transfers.select(wallet_id=_.receiver_id, contract_id=_.contract_id))
        .distinct()
        .select(
            "wallet_id",
            n_executions=ibis.literal(0, "int64"),
            notional_usd=ibis.literal(0.0),
            is_hip3=ibis.literal(False),
            is_spot=ibis.literal(False),
        )
    )
    return executed.union(contracts)


@feature(tokens, unit="count", is_extensive=True)
def unique_tokens(rows: Table) -> Value:
    """Distinct coins executed + distinct ERC-20 contracts transferred."""
    return rows.count()


@feature(addresses, unit="count", is_extensive=True)
def unique_addresses(rows: Table) -> Value:
    """Distinct fill counterparties ∪ EVM counterparties."""
    return rows.count()


@feature(addresses, unit="0..1", group="extended")
def counterparty_entropy(rows: Table) -> Value:
    """Shannon entropy of fills over counterparties / ln(fills); 0 with one fill."""
    return evenness(rows.n_fills)


@feature(addresses, unit="0..1", group="extended")
def top_counterparty_share(rows: Table) -> Value:
    """Share of the wallet's notional traded with its largest counterparty."""
    return rows.notional_usd.max() / rows.notional_usd.sum().nullif(0)


@feature(tokens, unit="0..1", group="extended")
def coin_entropy(rows: Table) -> Value:
    """Shannon entropy of executions over coins / ln(min(n, 32)); 0 with one execution."""
    return evenness(rows.n_executions, most=MAX_BUCKETS)


@feature(tokens, unit="0..1", group="extended")
def hip3_share(rows: Table) -> Value:
    """Share of notional in builder-deployed perps (dex:COIN)."""
    return _share(rows, rows.is_hip3)


@feature(tokens, unit="0..1", group="extended")
def spot_share(rows: Table) -> Value:
    """Share of notional in spot pairs (@107, PURR/USDC)."""
    return _share(rows, rows.is_spot)


def _met(rows: Table, wallet: str, address: str) -> Table:
    met = rows.filter(_[wallet].notnull(), _[address].notnull(), _[wallet] != _[address])
    return met.select(
        wallet_id=_[wallet],
        address_id=_[address],
        n_fills=ibis.literal(0, "int64"),
        notional_usd=ibis.literal(0.0),
    )


def _share(rows: Table, is_part: Value) -> Value:
    part = ibis.ifelse(is_part, rows.notional_usd, 0.0).sum()
    return part / rows.notional_usd.sum().nullif(0)
