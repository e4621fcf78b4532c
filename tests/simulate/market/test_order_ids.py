"""Numbers of orders follow from the tape alone."""

import numpy as np
from fakes import ALICE, BOB, START_MS, ZERO_HASH

from hypertrack.simulate.market.order_ids import maker_order_id, taker_mark, taker_order_id

DIGEST = "0x" + "7" * 64


def test_later_orders_have_larger_numbers_and_takers_the_largest_of_their_block() -> None:
    made, taken = maker_order_id(START_MS, 2**50 - 1), taker_order_id(START_MS, 0)
    next_block = maker_order_id(START_MS + 70, 0)

    assert made < taken < next_block < 2**53


def test_parts_of_an_order_share_its_number_and_other_orders_have_their_own() -> None:
    assert taker_mark(DIGEST, ALICE, "BTC") == taker_mark(DIGEST, ALICE, "BTC")
    assert taker_mark(DIGEST, ALICE, "BTC") != taker_mark("0x" + "8" * 64, ALICE, "BTC")


def test_slices_without_a_hash_are_told_apart_by_wallet_and_coin() -> None:
    slices = [(ALICE, "BTC"), (BOB, "BTC"), (ALICE, "ETH")]

    assert len({taker_mark(ZERO_HASH, wallet, coin) for wallet, coin in slices}) == 3


def test_arrays_are_numbered_as_numbers_are() -> None:
    times, marks = np.array([START_MS, START_MS + 70]), np.array([5, 9])

    assert taker_order_id(times, marks).tolist() == [
        taker_order_id(START_MS, 5),
        taker_order_id(START_MS + 70, 9),
    ]
