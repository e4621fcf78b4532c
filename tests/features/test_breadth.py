import math
from typing import Any

import pytest
from fakes import ALICE, BOB, CAROL, START_MS, erc20_transfer, evm_transaction, trade

TOKEN = "0x" + "7" * 40
DAVE = "0x" + "d" * 40


def bought(i: int, seller: str, *, coin: str = "BTC", size: float = 1.0) -> dict[str, Any]:
    return trade(START_MS + i, buyer=ALICE, seller=seller, taker=ALICE, coin=coin, size=size)


def test_tokens_are_coins_and_contracts(features_of: Any) -> None:
    trades = [bought(0, BOB), bought(1, BOB), bought(2, BOB, coin="@107")]
    transfers = [erc20_transfer(TOKEN, ALICE, BOB, 1), erc20_transfer(TOKEN, BOB, ALICE, 1)]
    transactions = [evm_transaction(START_MS, ALICE, TOKEN, call="0xa9", transfers=transfers)]

    features = features_of("unique_tokens", trades=trades, transactions=transactions)

    assert features[ALICE]["unique_tokens"] == 3


def test_addresses_are_counterparties_and_evm_counterparties(features_of: Any) -> None:
    trades = [bought(0, BOB), bought(1, BOB), bought(2, CAROL)]
    transfers = [erc20_transfer(TOKEN, DAVE, ALICE, 1)]
    transactions = [
        evm_transaction(START_MS, ALICE, BOB),  # known from the fills
        evm_transaction(START_MS, ALICE, ALICE),  # itself
        evm_transaction(START_MS, CAROL, TOKEN, call="0xa9", transfers=transfers),
    ]

    features = features_of(
        "unique_addresses", "address_diversity", trades=trades, transactions=transactions
    )

    assert features[ALICE]["unique_addresses"] == 3  # Bob, Carol, Dave
    assert features[CAROL]["unique_addresses"] == 2  # Alice, the contract she called
    assert features[DAVE]["unique_addresses"] == 1
    assert features[ALICE]["address_diversity"] == 3


def test_counterparty_entropy_and_share(features_of: Any) -> None:
    # Four fills: Bob twice, Carol, Dave. Notional: Bob 400, Carol 500, Dave 100.
    trades = [
        bought(0, BOB, size=1.0),
        bought(1, BOB, size=3.0),
        bought(2, CAROL, size=5.0),
        bought(3, DAVE, size=1.0),
    ]

    alice = features_of("counterparty_entropy", "top_counterparty_share", trades=trades)[ALICE]

    assert alice["counterparty_entropy"] == pytest.approx(1.5 * math.log(2) / math.log(4))
    assert alice["top_counterparty_share"] == pytest.approx(0.5)


def test_one_fill_has_no_entropy(features_of: Any) -> None:
    alice = features_of("counterparty_entropy", "coin_entropy", trades=[bought(0, BOB)])[ALICE]

    assert (alice["counterparty_entropy"], alice["coin_entropy"]) == (0, 0)


def test_coin_entropy_is_over_executions(features_of: Any) -> None:
    trades = [
        bought(0, BOB),
        bought(1, BOB, size=99.0),
        bought(2, BOB, coin="ETH"),
        bought(3, BOB, coin="SOL"),
    ]

    alice = features_of("coin_entropy", trades=trades)[ALICE]

    assert alice["coin_entropy"] == pytest.approx(0.75)


def test_shares_of_hip3_and_spot_are_of_notional(features_of: Any) -> None:
    trades = [
        bought(0, BOB, size=5.0),
        bought(1, BOB, size=2.0, coin="xyz:SP500"),
        bought(2, BOB, size=1.0, coin="@107"),
        bought(3, BOB, size=2.0, coin="PURR/USDC"),
    ]

    alice = features_of("hip3_share", "spot_share", trades=trades)[ALICE]

    assert alice["hip3_share"] == pytest.approx(0.2)
    assert alice["spot_share"] == pytest.approx(0.3)


def test_shares_without_trades_are_undefined(features_of: Any) -> None:
    transactions = [evm_transaction(START_MS, DAVE, BOB)]

    dave = features_of(trades=[bought(5_000, BOB)], transactions=transactions)[DAVE]

    for name in ("hip3_share", "spot_share", "coin_entropy", "top_counterparty_share"):
        assert math.isnan(dave[name]), name
    assert dave["long_ratio"] == 0.5
