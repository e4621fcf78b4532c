"""Rows of the market as arrays."""

from collections.abc import Iterator

import pytest

from hypertrack.skill.fetching import made_ahead


def test_batches_made_ahead_are_those_asked_for_in_their_order() -> None:
    made: list[int] = []

    def batches() -> Iterator[int]:
        for nth in range(1, 4):
            made.append(nth)
            yield nth

    assert list(made_ahead(batches())) == made == [1, 2, 3]


def test_batch_that_cannot_be_made_ahead_is_an_error_where_it_is_asked_for() -> None:
    def batches() -> Iterator[int]:
        yield 1
        raise OSError("no space left")

    asked = made_ahead(batches())

    assert next(asked) == 1
    with pytest.raises(OSError, match="no space left"):
        next(asked)
