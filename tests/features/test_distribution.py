from typing import Any

import pytest
from fakes import ALICE, BOB, CAROL, START_MS, evm_transaction, trade

from hypertrack.features.distribution import distributions

MINUTE_MS = 60_000


def test_quartiles_are_over_wallets_with_a_value_and_shares_over_all(open_engine: Any) -> None:
    # Values per wallet: Alice 100 and 300, Bob the same, Carol 0 (no execution).
    # Gaps: Alice and Bob 60 s, Carol none.
    trades = [
        trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, price=100.0),
        trade(START_MS + MINUTE_MS, buyer=ALICE, seller=BOB, taker=ALICE, price=300.0),
    ]
    engine = open_engine(trades=trades, transactions=[evm_transaction(START_MS, CAROL, BOB)])

    value, gap = distributions(engine.matrix(names=["avg_value", "median_gap_s"]))

    assert (value.min, value.quartile_1, value.median) == (0, pytest.approx(100), 200)
    assert (value.quartile_3, value.max) == (200, 200)
    assert (value.zero_frac, value.missing_frac) == (pytest.approx(1 / 3), 0)
    assert (gap.min, gap.median, gap.max) == (60, 60, 60)
    assert (gap.zero_frac, gap.missing_frac) == (0, pytest.approx(1 / 3))
    assert (gap.unit, gap.group) == ("s", "extended")
    assert gap.doc.startswith("Median gap ")


def test_an_alias_is_described_as_its_feature(open_engine: Any) -> None:
    trades = [trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE)]

    (found,) = distributions(open_engine(trades=trades).matrix(names=["address_diversity"]))

    assert (found.name, found.unit, found.median) == ("address_diversity", "count", 1)


def test_without_wallets_nothing_is_known(open_engine: Any) -> None:
    (found,) = distributions(open_engine(trades=[]).matrix(names=["tx_count"]))

    assert (found.min, found.median, found.max) == (None, None, None)
    assert (found.zero_frac, found.missing_frac) == (0, 0)
