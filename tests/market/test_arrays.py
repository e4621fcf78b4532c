import numpy as np
import pytest
from numpy.typing import NDArray

from hypertrack.market.arrays import END_ID, groups_of, in_order


def test_groups_hold_about_equally_many() -> None:
    ids, counts = np.array([0, 1, 3, 7]), np.array([5, 5, 4, 6])

    assert groups_of(ids, counts, 10) == [(0, 1), (1, END_ID)]
    assert groups_of(ids, counts, 7) == [(0, 1), (1, 3), (3, END_ID)]
    assert groups_of(ids, counts, 100) == [(0, END_ID)]
    assert groups_of(ids[:0], counts[:0], 100) == [(0, END_ID)]


@pytest.mark.parametrize(
    "keys",
    [
        [np.array([2, 1, 2, 1, 1]), np.array([0, 5, 0, 3, 5])],
        [np.array([True, False, True]), np.array([0.5, 0.25, 0.5])],
        [np.array([2**62, -(2**62), 2**62])],  # no room for the place of a row
        [np.zeros(0, dtype=np.int64), np.zeros(0)],
    ],
)
def test_rows_are_put_in_order_as_numpy_does(keys: list[NDArray[np.generic]]) -> None:
    assert in_order(*keys).tolist() == np.lexsort(keys[::-1]).tolist()
