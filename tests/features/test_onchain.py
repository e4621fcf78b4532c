from typing import Any

import pytest
from fakes import ALICE, BOB, CAROL, START_MS, erc20_transfer, evm_transaction, trade

from hypertrack.records import SYSTEM_WALLETS

TOKEN, OTHER = "0x" + "7" * 40, "0x" + "8" * 40
NO_WALLET = SYSTEM_WALLETS[0]

TRANSACTIONS = [
    evm_transaction(
        START_MS,
        ALICE,
        TOKEN,
        call="0xa9059cbb",
        transfers=[
            erc20_transfer(TOKEN, ALICE, BOB, 2_500_000, 6),
            erc20_transfer(TOKEN, BOB, CAROL, 10**18, None),
        ],
    ),
    evm_transaction(
        START_MS + 1_000,
        ALICE,
        OTHER,
        call="0xa9059cbb",
        transfers=[
            erc20_transfer(OTHER, ALICE, ALICE, 3 * 10**18),
            erc20_transfer(OTHER, NO_WALLET, ALICE, 10**24),
        ],
    ),
    evm_transaction(START_MS + 2_000, ALICE, OTHER, call="0xdead"),
    evm_transaction(START_MS + 3_000, ALICE, CAROL, value_wei=1),
    evm_transaction(START_MS + 4_000, ALICE, None, call="0x6001"),
]


def test_transfers_count_for_sender_and_receiver(features_of: Any) -> None:
    features = features_of("erc20_count", transactions=TRANSACTIONS)

    # Alice: one to Bob, one to herself (once), one minted.
    assert [features[wallet]["erc20_count"] for wallet in (ALICE, BOB, CAROL)] == [3, 2, 1]


def test_transfer_volume_uses_decimals_and_18_where_unknown(features_of: Any) -> None:
    features = features_of("erc20_volume", transactions=TRANSACTIONS)

    assert features[ALICE]["erc20_volume"] == pytest.approx(2.5 + 3 + 1_000_000)
    assert features[BOB]["erc20_volume"] == pytest.approx(2.5 + 1)


def test_token_diversity_counts_contracts(features_of: Any) -> None:
    features = features_of("token_diversity", transactions=TRANSACTIONS)

    assert [features[wallet]["token_diversity"] for wallet in (ALICE, BOB)] == [2, 1]


def test_contracts_called_are_counted_once(features_of: Any) -> None:
    features = features_of("contract_interaction_count", transactions=TRANSACTIONS)

    # TOKEN and OTHER; plain value to Carol and the contract made are no calls of an address.
    assert features[ALICE]["contract_interaction_count"] == 2
    assert features[BOB]["contract_interaction_count"] == 0


def test_wallets_without_evm_activity_have_zeros(features_of: Any) -> None:
    features = features_of(trades=[trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB)])

    for name in ("erc20_count", "erc20_volume", "token_diversity", "contract_interaction_count"):
        assert features[ALICE][name] == 0


def test_the_zero_address_is_no_wallet(features_of: Any) -> None:
    assert NO_WALLET not in features_of("erc20_count", transactions=TRANSACTIONS)


def test_a_transaction_recorded_twice_counts_once(features_of: Any) -> None:
    features = features_of("tx_count", "erc20_count", transactions=TRANSACTIONS * 2)

    assert features[ALICE] == {"tx_count": 5, "erc20_count": 3}
