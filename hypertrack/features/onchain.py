"""HyperEVM: token transfers and contract calls."""

from ibis import Table, Value, _

from hypertrack.features.definition import Scope, feature


def transfers(scope: Scope) -> Table:
    """Return a row per wallet and ERC-20 transfer it sent or received: contract_id, amount."""
    moved = scope.before(scope.con.table("erc20_transfers"))
    sent = moved.select("contract_id", "amount", wallet_id=_.sender_id)
    received = moved.filter(_.receiver_id != _.sender_id)
    return sent.union(received.select("contract_id", "amount", wallet_id=_.receiver_id))


def calls(scope: Scope) -> Table:
    """Return a row per transaction with input data: wallet_id, called_id."""
    sent = scope.before(scope.con.table("evm_transactions"))
    called = sent.filter(_.has_input, _.receiver_id.notnull())
    return called.select(wallet_id=_.sender_id, called_id=_.receiver_id)


@feature(transfers, unit="count", is_extensive=True)
def erc20_count(rows: Table) -> Value:
    """ERC-20 Transfer events with the wallet as sender or receiver."""
    return rows.count()


@feature(transfers, unit="tokens", is_extensive=True)
def erc20_volume(rows: Table) -> Value:
    """Sum of ERC-20 amounts / 10^decimals (18 where unknown)."""
    return rows.amount.sum()


@feature(transfers, unit="count", is_extensive=True)
def token_diversity(rows: Table) -> Value:
    """Distinct ERC-20 contracts transferred."""
    return rows.contract_id.nunique()


@feature(calls, unit="count", is_extensive=True)
def contract_interaction_count(rows: Table) -> Value:
    """Distinct EVM addresses called with input data."""
    return rows.called_id.nunique()
