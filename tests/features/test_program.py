from typing import Any

import pytest
from fakes import ALICE, BOB, START_MS, trade


def taken(sizes: list[float], gap_s: float, **more: Any) -> list[dict[str, Any]]:
    """Return purchases of sizes, one after the other."""
    return [
        trade(
            START_MS + round(i * gap_s * 1_000),
            size=size,
            buyer=ALICE,
            seller=BOB,
            taker=ALICE,
            **more,
        )
        for i, size in enumerate(sizes)
    ]


EVEN_AND_ODD = [1.237, 1.241, 1.233, 1.247, 1.239, 1.243, 1.231]
"""Of three digits and nearly equal."""


def test_program_lean_is_votes_over_one_more_than_their_number(features_of: Any) -> None:
    lean = features_of("program_lean", trades=taken(EVEN_AND_ODD, 37.0))

    # A clockwork is steady, too; even sizes, odd sizes: four votes for a program.
    assert lean[ALICE]["program_lean"] == pytest.approx(4 / 5)


def test_signs_of_a_person_count_against_those_of_a_program(features_of: Any) -> None:
    lean = features_of("program_lean", trades=taken([1.0, 20.0, 1.0, 20.0, 1.0, 20.0, 1.0], 37.0))

    # Steady and a clockwork; varied sizes, round sizes.
    assert lean[ALICE]["program_lean"] == 0


def test_who_shows_no_sign_leans_nowhere(features_of: Any) -> None:
    lean = features_of("program_lean", trades=taken(EVEN_AND_ODD[:2], 37.0))

    assert lean[ALICE]["program_lean"] == 0
    assert lean[BOB]["program_lean"] == 0


def test_slices_that_the_venue_times_are_no_sign(features_of: Any) -> None:
    lean = features_of("program_lean", trades=taken(EVEN_AND_ODD, 30.0, is_twap=True))

    assert lean[ALICE]["program_lean"] == 0
