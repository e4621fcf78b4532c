"""When a position was over: what a follower waits for."""

import numpy as np
from skill_fakes import BOUGHT, SOLD, at, steps

from hypertrack.skill.closings import NEVER_MS, by_coin, closings


def test_position_is_over_when_flat_or_turned_round() -> None:
    rows = steps(
        (0, BOUGHT, 2.0, 100.0),
        (10, SOLD, 1.0, 100.0),  # half of it
        (20, SOLD, 1.0, 100.0),  # flat
        (30, BOUGHT, 1.0, 100.0),
        (40, SOLD, 3.0, 100.0),  # turned round
    )

    found = closings(rows)

    assert found.time_ms.tolist() == at([20, 40]).tolist()


def test_position_that_fills_tell_of_is_over_when_they_say_so() -> None:
    rows = steps((0, SOLD, 1.0, 100.0), (10, SOLD, 1.0, 100.0), known_before=[2.0, 1.0])

    found = closings(rows)

    assert found.time_ms.tolist() == at([10]).tolist()


def test_next_closing_is_that_of_the_same_wallet() -> None:
    of_first = closings(steps((0, BOUGHT, 1.0, 1.0), (50, SOLD, 1.0, 1.0)))
    of_second = closings(steps((0, BOUGHT, 1.0, 1.0), (20, SOLD, 1.0, 1.0)))
    moved = type(of_second)(of_second.coin, of_second.wallet + 1, of_second.time_ms)
    both = by_coin([moved, of_first])

    found = both.after(np.array([0, 1, 0, 2]), at([0, 0, 50, 0]))

    assert found.tolist() == [*at([50, 20]).tolist(), NEVER_MS, NEVER_MS]


def test_who_closes_nothing_is_never_done() -> None:
    found = by_coin([]).after(np.array([3]), at([0]))

    assert found.tolist() == [NEVER_MS]
