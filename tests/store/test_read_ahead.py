"""Items made ahead of their use."""

from collections.abc import Iterator
from threading import Event

import pytest

from hypertrack.store.parallel import one_ahead


def test_items_come_in_order_and_the_next_is_made_while_one_is_used() -> None:
    was_made = [Event() for _ in range(3)]

    def make() -> Iterator[int]:
        for number, event in enumerate(was_made):
            event.set()
            yield number

    found = []
    for number in one_ahead(make()):
        found.append(number)
        assert was_made[min(number + 1, 2)].wait(timeout=5)

    assert found == [0, 1, 2]


def test_error_in_making_an_item_reaches_whoever_asks_for_it() -> None:
    def make() -> Iterator[int]:
        yield 1
        raise OSError("disk full")

    items = one_ahead(make())

    assert next(items) == 1
    with pytest.raises(OSError, match="disk full"):
        next(items)
