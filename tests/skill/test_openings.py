"""What opens a position and what closes it."""

import numpy as np
import pytest
from skill_fakes import BOUGHT, SOLD, at, steps

from hypertrack.skill.openings import openings_and_lots


def opened_s(*rows: tuple[float, int, float, float], known_before: object = None) -> list[float]:
    found, _ = openings_and_lots(steps(*rows, known_before=known_before))
    return [(time_ms - at(0)) / 1000 for time_ms in found.time_ms[found.are_sure].tolist()]


def test_what_adds_opens_and_what_reduces_does_not() -> None:
    rows = ((0, BOUGHT, 1.0, 100), (1, BOUGHT, 2.0, 100), (2, SOLD, 2.5, 100), (3, SOLD, 0.5, 100))

    assert opened_s(*rows) == [0, 1]


def test_what_would_reduce_a_position_that_nobody_knows_is_doubtful() -> None:
    rows = ((0, BOUGHT, 3.0, 100), (1, SOLD, 1.0, 100), (2, SOLD, 3.0, 100))

    unknown, _ = openings_and_lots(steps(*rows))
    known, _ = openings_and_lots(steps(*rows, known_before=[0.0, np.nan, np.nan]))

    # The last one is exactly of the first one's size: its end, whatever was held before.
    assert unknown.trust.tolist() == [1.0, 0.5]
    assert known.trust.tolist() == [1.0]


def test_turn_through_zero_opens_where_it_ends_larger() -> None:
    rows = ((0, BOUGHT, 1.0, 100), (1, SOLD, 2.5, 100))

    assert opened_s(*rows) == [0, 1]
    assert opened_s(rows[0], (1, SOLD, 1.5, 100)) == [0]


def test_turn_to_as_much_the_other_way_opens_nothing_whatever_else_is_read() -> None:
    rng = np.random.default_rng(1)
    others = steps(
        *((n, BOUGHT if n % 2 else SOLD, size, 1) for n, size in enumerate(rng.random(999)))
    )
    turn = steps((0, BOUGHT, 0.3, 100), (1, SOLD, 0.6, 100), (2, BOUGHT, 2e7, 100))
    turn["coin_id"] += 1

    found, _ = openings_and_lots({name: np.append(others[name], turn[name]) for name in turn})

    assert found.trust[found.coin == 1].tolist() == [1.0, 0.5, 1.0]


@pytest.mark.parametrize("later", [0.5, 3e9])
def test_small_lots_are_closed_however_much_is_traded_later(later: float) -> None:
    rows = ((0, BOUGHT, 1.0, 100), (10, BOUGHT, 1.0, 100), (30, SOLD, 1.0, 100), (50, SOLD, 1.0, 9))

    _, closed = openings_and_lots(steps(*rows, (100, BOUGHT, later, 100)))

    assert closed.holding_ms.tolist() == [30_000, 40_000]


def test_known_position_turns_a_sale_into_an_exit() -> None:
    rows = ((0, SOLD, 1.0, 100), (1, SOLD, 1.5, 100))

    assert opened_s(*rows) == [0, 1]
    assert opened_s(*rows, known_before=[5.0, 4.0]) == []


def test_position_known_first_later_holds_before_that_too() -> None:
    rows = ((0, SOLD, 1.0, 100), (1, SOLD, 1.5, 100))

    # 4 before the second sale means 5 before the first.
    assert opened_s(*rows, known_before=[np.nan, 4.0]) == []


def test_exact_reverse_within_four_hours_is_the_end_of_the_earlier_one() -> None:
    # It came in short and nobody saw: from flat, 3 sold and 1 bought back would make the last
    # sale an opening; its size is that of the purchase before.
    rows = ((0, SOLD, 3.0, 100), (1, BOUGHT, 1.0, 100), (2, SOLD, 1.0, 100))

    assert opened_s(*rows) == [0]
    later = (1 + 4 * 3600 + 1, SOLD, 1.0, 100)
    assert opened_s(*rows[:2], later) == [0, later[0]]


def test_equal_sizes_back_and_forth_open_every_other_time() -> None:
    rows = tuple((n, SOLD if n % 2 else BOUGHT, 1.0, 100) for n in range(6))

    assert opened_s(*rows) == [0, 2, 4]


def test_lots_close_first_in_first_out() -> None:
    rows = (
        (0, BOUGHT, 1.0, 100),
        (10, BOUGHT, 2.0, 110),
        (30, SOLD, 1.0, 120),  # the first one: 30 s, +20
        (35, SOLD, 2.0, 100),  # the second: 25 s, 2 · -10
    )

    _, lots = openings_and_lots(steps(*rows))

    assert lots.holding_ms.tolist() == [30_000, 25_000]
    assert lots.gain_usd.tolist() == pytest.approx([20, -20])
    assert lots.is_flat.tolist() == [False, True]


def test_turn_through_zero_closes_what_was_open_and_opens_the_rest() -> None:
    rows = ((0, BOUGHT, 1.0, 100), (10, SOLD, 3.0, 90), (15, BOUGHT, 2.0, 80))

    _, lots = openings_and_lots(steps(*rows))

    assert lots.holding_ms.tolist() == [10_000, 5_000]
    assert lots.gain_usd.tolist() == pytest.approx([-10, 20])


def test_what_it_came_in_with_has_no_holding_time() -> None:
    rows = ((0, SOLD, 1.0, 100), (5, BOUGHT, 0.5, 90), (20, SOLD, 1.5, 95))

    # It holds 2: sells 1 of it, buys .5, sells the other 1 and the .5 bought at 5 s. The last
    # sale's middle lies in what was brought in.
    _, lots = openings_and_lots(steps(*rows, known_before=[2.0, np.nan, np.nan]))

    assert lots.holding_ms.tolist() == []


def test_sizes_of_other_coins_leave_no_rounding_behind() -> None:
    huge = steps((0, BOUGHT, 3e11, 1e-6), (1, SOLD, 1e11 / 3, 1e-6))
    small = steps((0, BOUGHT, 0.1, 100), (1, BOUGHT, 0.2, 100), (2, SOLD, 0.3, 100))
    small["coin_id"] = small["coin_id"] + 1
    both = {name: np.concatenate([huge[name], small[name]]) for name in huge}

    found, lots = openings_and_lots(both)

    assert found.time_ms[found.coin == 1].tolist() == at([0, 1]).tolist()
    assert lots.holding_ms.tolist() == [1_000, 1_000]


def test_lot_between_two_openings_is_of_the_first_whoever_else_is_looked_at() -> None:
    bought = [(second, BOUGHT, 0.1, 100 + second) for second in range(6)]
    sold = [(10 + second, SOLD, 0.2, 110.0) for second in range(3)]
    one = steps(*bought, *sold)
    size = np.random.default_rng(0).uniform(0.1, 3.0, 9)

    for n_before in (0, 1, 40, 400):
        coin = np.repeat(np.arange(n_before + 1), 9)
        among = {name: np.tile(column, n_before + 1) for name, column in one.items()}
        among |= {
            "coin_id": coin,
            "size": np.where(coin < n_before, np.tile(size, 1 + n_before), among["size"]),
        }
        _, lots = openings_and_lots(among)

        assert lots.holding_ms[-3:].tolist() == [10_000, 9_000, 8_000]
        assert lots.gain_usd[-3:].tolist() == pytest.approx([2.0, 1.6, 1.2])
