import math
from typing import Any

import pytest
from fakes import ALICE, BOB, CAROL, START_MS, trade

# Alice buys 1 and 3 as taker, sells 4 as maker: notionals 100, 300, 400 USD.
THREE = [
    trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, size=1.0),
    trade(START_MS + 1_000, buyer=ALICE, seller=BOB, taker=ALICE, size=3.0),
    trade(START_MS + 2_000, buyer=BOB, seller=ALICE, taker=BOB, size=4.0),
]


def test_values_are_statistics_of_execution_notionals(features_of: Any) -> None:
    alice = features_of("avg_value", "max_value", "value_std", trades=THREE)[ALICE]

    # mean 800/3; squares of deviations: 27777.8 + 1111.1 + 17777.8 = 46666.7, / 3, root.
    assert alice["avg_value"] == pytest.approx(800 / 3)
    assert alice["max_value"] == 400
    assert alice["value_std"] == pytest.approx(math.sqrt(140_000 / 9))


def test_fills_of_a_sweep_are_summed_before_the_statistics(features_of: Any) -> None:
    sweep = [
        trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, size=1.0, trade_id=1),
        trade(START_MS, buyer=ALICE, seller=CAROL, taker=ALICE, size=2.0, trade_id=2),
    ]

    alice = features_of("avg_value", "max_value", "value_std", trades=sweep)[ALICE]

    assert (alice["avg_value"], alice["max_value"], alice["value_std"]) == (300, 300, 0)


def test_long_ratio_is_the_share_of_buys(features_of: Any) -> None:
    features = features_of("long_ratio", trades=THREE)

    assert features[ALICE]["long_ratio"] == pytest.approx(2 / 3)
    assert features[BOB]["long_ratio"] == pytest.approx(1 / 3)


def test_book_participation_is_the_maker_share_of_notional(features_of: Any) -> None:
    features = features_of("order_book_participation", trades=THREE)

    assert features[ALICE]["order_book_participation"] == pytest.approx(400 / 800)


def test_maker_score_asks_for_both_sides(features_of: Any) -> None:
    features = features_of("market_maker_score", trades=THREE)

    # Alice: half made, bought 400, sold 400: 0.5 * (1 - 0).
    assert features[ALICE]["market_maker_score"] == pytest.approx(0.5)
    one_sided = features_of("market_maker_score", trades=THREE[:2])
    # Bob made all of it and only sold: 1 * (1 - 400/400).
    assert one_sided[BOB]["market_maker_score"] == 0


def test_size_entropy_counts_half_powers_of_two(features_of: Any) -> None:
    # floor(2*log2(n)): 100 -> 13, 101 -> 13, 300 -> 16, 400 -> 17.
    sizes = [1.0, 1.01, 3.0, 4.0]
    trades = [
        trade(START_MS + i, buyer=ALICE, seller=BOB, taker=ALICE, size=size)
        for i, size in enumerate(sizes)
    ]

    # Shares 1/2, 1/4, 1/4: entropy 1.5 ln 2; over ln 4 = 2 ln 2.
    assert features_of("size_entropy", trades=trades)[ALICE]["size_entropy"] == pytest.approx(0.75)


def test_size_entropy_of_one_execution_is_zero(features_of: Any) -> None:
    assert features_of("size_entropy", trades=THREE[:1])[ALICE]["size_entropy"] == 0


def test_size_entropy_compares_with_at_most_32_sizes(features_of: Any) -> None:
    # 64 executions, two sizes alike: entropy ln 2 over ln 32 = 1/5.
    trades = [
        trade(START_MS + i, buyer=ALICE, seller=BOB, taker=ALICE, size=1.0 + 3 * (i % 2))
        for i in range(64)
    ]

    assert features_of("size_entropy", trades=trades)[ALICE]["size_entropy"] == pytest.approx(0.2)


def test_round_sizes_have_two_significant_digits_in_size_or_notional(features_of: Any) -> None:
    trades = [
        trade(START_MS + i, buyer=ALICE, seller=BOB, taker=ALICE, price=price, size=size)
        for i, (price, size) in enumerate(
            [
                (7.0, 0.0012),  # 2 digits of size
                (8.0, 1.375),  # notional 11
                (7.0, 123.0),  # 861: three digits each
                (3.0, 1e6),  # a million, one digit
                (7.77, 1.01),
            ]
        )
    ]

    features = features_of("round_size_share", trades=trades)

    assert features[ALICE]["round_size_share"] == pytest.approx(3 / 5)


def test_size_spread_is_that_of_the_logarithms_of_what_was_taken(features_of: Any) -> None:
    # Notionals 100 and 400 taken: logarithms ln 2 from their mean. Bob only rested.
    trades = [
        trade(START_MS + i, buyer=ALICE, seller=BOB, taker=ALICE, price=100.0, size=size)
        for i, size in enumerate((1.0, 4.0))
    ]

    features = features_of("size_spread", trades=trades)

    assert features[ALICE]["size_spread"] == pytest.approx(math.log(2))
    assert math.isnan(features[BOB]["size_spread"])
    assert math.isnan(features_of("size_spread", trades=trades[:1])[ALICE]["size_spread"])


def test_sums_in_floating_point_still_count_as_round(features_of: Any) -> None:
    # 0.1 + 0.2 is 0.30000000000000004.
    sweep = [
        trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, price=7.13, size=0.1, trade_id=1),
        trade(START_MS, buyer=ALICE, seller=CAROL, taker=ALICE, price=7.13, size=0.2, trade_id=2),
    ]

    assert features_of("round_size_share", trades=sweep)[ALICE]["round_size_share"] == 1


def test_twap_share_is_of_taker_notional(features_of: Any) -> None:
    trades = [
        trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, size=1.0, is_twap=True),
        trade(START_MS + 1, buyer=ALICE, seller=BOB, taker=ALICE, size=3.0),
        trade(START_MS + 2, buyer=ALICE, seller=BOB, taker=BOB, size=5.0, is_twap=True),
    ]

    features = features_of("twap_share", trades=trades)

    # Alice took 100 of 400 by TWAP; her maker fill against Bob's TWAP is not hers.
    assert features[ALICE]["twap_share"] == pytest.approx(0.25)
    assert features[BOB]["twap_share"] == 1


def test_twap_share_of_a_pure_maker_is_undefined(features_of: Any) -> None:
    assert math.isnan(features_of("twap_share", trades=THREE[:2])[BOB]["twap_share"])
