"""Recorded books as of many moments at once."""

from pathlib import Path
from typing import Any

import numpy as np
from fakes import ALICE, BOB, START_MS, trade, write_dataset
from paper_fakes import book

from hypertrack.records import HOUR_MS
from hypertrack.store.compaction.sealed_hours import seal_folder
from hypertrack.store.dataset import open_dataset
from hypertrack.store.reading.recorded_books import Books, RecordedBooks

EARLY = book(0, [("99", "1"), ("98", "2")], [("101", "3")])
LATE = book(500, [("99.5", "1")], [("100.5", "4"), ("101", "5")])


def written(folder: Path, *books: dict[str, Any]) -> Path:
    return write_dataset(
        folder,
        trades=[trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE)],
        l2book=books,
    )


def books_at(folder: Path, *asked: tuple[str, int]) -> Books:
    """Return the books of coins so many ms after the start."""
    coins = np.array([coin for coin, _ in asked], dtype=object)
    with open_dataset(folder) as dataset:
        looks_up = RecordedBooks(dataset.connection, dataset.lines)
        return looks_up.at(coins, np.array([START_MS + at_ms for _, at_ms in asked]))


def test_newest_book_of_each_moment_is_found_with_both_sides(tmp_path: Path) -> None:
    found = books_at(written(tmp_path, EARLY, LATE), ("BTC", 700), ("BTC", 499), ("BTC", 500))

    assert found.prices[:, :, :2].tolist() == [
        [[99.5, 0], [100.5, 101]],
        [[99, 98], [101, 0]],
        [[99.5, 0], [100.5, 101]],
    ]
    assert found.sizes[1, :, :2].tolist() == [[1, 2], [3, 0]]


def test_of_two_books_of_one_millisecond_the_one_received_last_stands(tmp_path: Path) -> None:
    first = {**EARLY, "received_ns": 5}
    last = {**book(0, [("95", "1")], [("103", "1")]), "received_ns": 7}

    for nth, told in enumerate(([first, last], [last, first], [first, last] * 3_000)):
        found = books_at(written(tmp_path / str(nth), *told), ("BTC", 0))
        assert found.prices[0, :, 0].tolist() == [95, 103]


def test_of_two_books_received_at_once_it_is_always_the_same(tmp_path: Path) -> None:
    other = {**book(0, [("95", "1")], [("103", "1")]), "received_ns": EARLY["received_ns"]}

    found = [
        books_at(written(tmp_path / str(nth), *told), ("BTC", 0)).prices.tolist()
        for nth, told in enumerate(([EARLY, other], [other, EARLY]))
    ]

    assert found[0] == found[1]


def test_old_and_missing_books_tell_nothing(tmp_path: Path) -> None:
    folder = written(tmp_path, EARLY)

    found = books_at(folder, ("BTC", 6_000), ("BTC", 6_001), ("BTC", -1), ("ETH", 10))

    assert (found.sizes[:, 0, 0] > 0).tolist() == [True, False, False, False]


def test_levels_that_cannot_be_read_hold_nothing(tmp_path: Path) -> None:
    bad = book(0, [("99", "nan"), ("98", "2"), ("-1", "2")], [("101", "3")])

    found = books_at(written(tmp_path, bad), ("BTC", 0))

    assert found.sizes[0, 0, :3].tolist() == [0, 2, 0]


def test_sealed_books_are_found_like_open_ones(tmp_path: Path) -> None:
    later = [book(3 * HOUR_MS + nth, [("90", "1")], [("91", "1")]) for nth in range(3)]
    folder = written(tmp_path, EARLY, LATE, *later)
    before = books_at(folder, ("BTC", 100), ("BTC", 3 * HOUR_MS))

    n_sealed = sum(done.n_sealed for done in seal_folder(folder) if done.feed == "l2book")

    assert n_sealed == 2
    after = books_at(folder, ("BTC", 100), ("BTC", 3 * HOUR_MS))
    np.testing.assert_array_equal(before.prices, after.prices)
    np.testing.assert_array_equal(before.sizes, after.sizes)


def test_dataset_without_books_has_none(tmp_path: Path) -> None:
    assert not books_at(written(tmp_path), ("BTC", 0)).sizes.any()
