from typing import Any

from fakes import ALICE, BOB, CAROL, START_MS, evm_transaction, trade

from hypertrack.features.activity import activity


def test_executions_are_counted_in_equal_slices(open_engine: Any) -> None:
    # 100 ms from first to last trade, the last one included: slices of 25.25 ms.
    trades = [
        trade(START_MS + t, buyer=ALICE, seller=BOB if t < 60 else CAROL, taker=ALICE)
        for t in (0, 25, 26, 75, 76, 100)
    ]

    counts = activity(open_engine(trades=trades), n_slices=4)

    assert counts.tolist() == [[2, 1, 1, 2], [2, 1, 0, 0], [0, 0, 1, 2]]


def test_rows_are_those_of_the_matrix(open_engine: Any) -> None:
    trades = [trade(START_MS, buyer=ALICE, seller=CAROL, taker=ALICE)]
    engine = open_engine(trades=trades, transactions=[evm_transaction(START_MS, BOB, ALICE)])

    counts = activity(engine)

    assert counts.shape == (len(engine.matrix().wallets), 48)
    assert counts.sum(axis=1).tolist() == [1, 0, 1]


def test_no_trades_no_activity(open_engine: Any) -> None:
    assert activity(open_engine(trades=[])).shape == (0, 48)
