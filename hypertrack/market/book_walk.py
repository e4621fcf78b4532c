"""What an order gets that walks a book: one definition, for one order and for many at once."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def walked(
    prices: NDArray[Any], sizes: NDArray[Any], wanted: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return what orders get from the levels of a book, the best taken first, and what it costs.

    Less than was wanted where the book ends. Numbers are floats, or exact decimals as objects.

    Args:
        prices: ``[..., levels]``.
        sizes: What is there at each price, 0 where nothing; the last may have no end.
        wanted: Coins, above 0, ``[...]``.

    Source:
        Worked by hand in tests/market/test_book_walk.py.
    """
    before = np.zeros_like(sizes)
    before[..., 1:] = np.cumsum(sizes[..., :-1], axis=-1)
    taken = np.minimum(np.maximum(wanted[..., None] - before, 0), sizes)
    return taken.sum(axis=-1), (taken * prices).sum(axis=-1)
