from typing import Any

import pytest
from fakes import ALICE, BOB, CAROL, START_MS, evm_transaction, observed, trade

from hypertrack.records import DAY_MS, HOUR_MS

HYPE_TRADE = trade(START_MS, buyer=BOB, seller=CAROL, taker=BOB, price=40.0, coin="HYPE")


def test_a_sweep_of_three_makers_is_one_transaction(features_of: Any) -> None:
    trades = [
        trade(START_MS, buyer=ALICE, seller=maker, taker=ALICE, trade_id=i)
        for i, maker in enumerate((BOB, CAROL, BOB))
    ]

    features = features_of("tx_count", trades=trades)

    # Bob's two fills have one time, direction and role: one execution as well.
    assert [features[wallet]["tx_count"] for wallet in (ALICE, BOB, CAROL)] == [1, 1, 1]


def test_sides_roles_coins_and_times_are_different_transactions(features_of: Any) -> None:
    trades = [
        trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, trade_id=1),
        trade(START_MS, buyer=BOB, seller=ALICE, taker=ALICE, trade_id=2),
        trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB, trade_id=3),
        trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, trade_id=4, coin="ETH"),
        trade(START_MS + 1, buyer=ALICE, seller=BOB, taker=ALICE, trade_id=5),
    ]

    assert features_of("tx_count", trades=trades)[ALICE]["tx_count"] == 5


def test_transactions_sent_count_and_those_received_do_not(features_of: Any) -> None:
    transactions = [
        evm_transaction(START_MS, ALICE, BOB),
        evm_transaction(START_MS + 1_000, ALICE, None, call="0x6001"),
    ]

    features = features_of("tx_count", trades=[HYPE_TRADE], transactions=transactions)

    assert features[ALICE]["tx_count"] == 2
    assert features[BOB]["tx_count"] == 1  # his trade


def test_rate_is_per_observed_day(features_of: Any) -> None:
    trades = [trade(START_MS + i * HOUR_MS, buyer=ALICE, seller=BOB, taker=BOB) for i in range(4)]
    # Two streams, observed for 6 hours together: 0-4 and 2-6; a quarter of a day.
    coverage = [
        observed("trades:BTC", START_MS, START_MS + 4 * HOUR_MS),
        observed("trades:ETH", START_MS + 2 * HOUR_MS, START_MS + 6 * HOUR_MS),
        observed("bbo:BTC", START_MS, START_MS + 30 * HOUR_MS),
    ]

    assert features_of("tx_per_day", trades=trades, coverage=coverage)[ALICE]["tx_per_day"] == 16


def test_rate_without_a_ledger_is_over_first_to_last_trade(features_of: Any) -> None:
    trades = [
        trade(START_MS + i * 4 * HOUR_MS, buyer=ALICE, seller=BOB, taker=BOB) for i in range(4)
    ]

    # 4 executions in 12 hours.
    assert features_of("tx_per_day", trades=trades)[ALICE]["tx_per_day"] == 8


def test_observed_time_is_at_least_an_hour(features_of: Any) -> None:
    trades = [trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB)]

    assert features_of("tx_per_day", trades=trades)[ALICE]["tx_per_day"] == pytest.approx(24)


def test_observed_time_ends_at_the_cut(features_of: Any) -> None:
    trades = [trade(START_MS + i * HOUR_MS, buyer=ALICE, seller=BOB, taker=BOB) for i in range(6)]
    coverage = [observed("trades:BTC", START_MS, START_MS + 6 * HOUR_MS)]

    features = features_of(
        "tx_per_day", until_ms=START_MS + 3 * HOUR_MS, trades=trades, coverage=coverage
    )

    # 3 executions in the 3 hours before the cut.
    assert features[ALICE]["tx_per_day"] == 24


def test_age_spans_fills_and_evm_activity(features_of: Any) -> None:
    trades = [
        trade(START_MS, buyer=BOB, seller=CAROL, taker=BOB),
        trade(START_MS + DAY_MS, buyer=ALICE, seller=BOB, taker=BOB),
    ]
    # Alice receives a transaction half a day before she trades.
    transactions = [evm_transaction(START_MS + DAY_MS // 2, CAROL, ALICE)]

    features = features_of("age_days", trades=trades, transactions=transactions)

    assert features[ALICE]["age_days"] == 0.5
    assert features[BOB]["age_days"] == 1
    assert features[CAROL]["age_days"] == 0.5


def test_value_adds_executions_and_evm_value_at_the_price_of_hype(features_of: Any) -> None:
    trades = [
        HYPE_TRADE,
        trade(START_MS + 1, buyer=ALICE, seller=BOB, taker=ALICE, price=100.0, size=3.0),
    ]
    transactions = [
        evm_transaction(START_MS - 1_000, ALICE, BOB, value_wei=10**18),  # before any price
        evm_transaction(START_MS + 2_000, ALICE, BOB, value_wei=5 * 10**17),  # 0.5 HYPE at 40
        evm_transaction(START_MS + 3_000, ALICE, BOB, value_wei=10**18, status="0x0"),  # failed
    ]

    features = features_of("total_value", trades=trades, transactions=transactions)

    assert features[ALICE]["total_value"] == pytest.approx(300 + 20)
    assert features[CAROL]["total_value"] == pytest.approx(40)


def test_wei_beyond_64_bits_is_read(features_of: Any) -> None:
    transactions = [evm_transaction(START_MS + 1_000, ALICE, BOB, value_wei=123_456 * 10**18)]

    features = features_of("total_value", trades=[HYPE_TRADE], transactions=transactions)

    assert features[ALICE]["total_value"] == pytest.approx(123_456 * 40)
