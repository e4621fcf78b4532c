import numpy as np

from hypertrack.market.arrays import END_ID, groups_of


def test_groups_hold_about_equally_many() -> None:
    ids, counts = np.array([0, 1, 3, 7]), np.array([5, 5, 4, 6])

    assert groups_of(ids, counts, 10) == [(0, 1), (1, END_ID)]
    assert groups_of(ids, counts, 7) == [(0, 1), (1, 3), (3, END_ID)]
    assert groups_of(ids, counts, 100) == [(0, END_ID)]
    assert groups_of(ids[:0], counts[:0], 100) == [(0, END_ID)]
