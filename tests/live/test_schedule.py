"""Who is measured next."""

import numpy as np

from hypertrack.config import LiveSettings
from hypertrack.live.schedule import affordable, who_is_due
from hypertrack.live.window import Fills

NOW_MS = 1_000_000


def fills(*rows: tuple[int, int, int, bool]) -> Fills:
    """Return wallets of (n_fills, n_since, known_ms, is_known)."""
    n_fills, n_since, known_ms, is_known = (np.array(column) for column in zip(*rows, strict=True))
    names = np.array([f"w{nth}" for nth in range(len(rows))], dtype=object)
    return Fills(names, n_fills, n_since, known_ms, is_known)


def due(found: Fills, *watched: int) -> list[int]:
    is_watched = np.isin(found.wallets, [f"w{nth}" for nth in watched])
    return who_is_due(found, is_watched, NOW_MS, LiveSettings()).places.tolist()


def test_profile_is_due_when_its_fills_grew_by_ten_or_two_percent_or_it_is_old() -> None:
    young, old = NOW_MS - 1_000, NOW_MS - 301_000
    found = fills(
        (100, 9, young, True),  # 0: grew by less than 10
        (100, 10, young, True),  # 1
        (1_000, 19, young, True),  # 2: grew by less than 2 %
        (1_000, 20, young, True),  # 3
        (100, 1, old, True),  # 4
        (100, 0, old, True),  # 5: has not traded since
        (3, 3, young, False),  # 6: never measured
    )

    assert sorted(due(found)) == [1, 3, 4, 6]


def test_watched_wallet_is_due_with_its_first_fill_and_comes_first() -> None:
    found = fills(
        (10, 10, NOW_MS - 90_000, False),
        (5_000, 1, NOW_MS - 1_000, True),
        (5_000, 0, NOW_MS - 90_000, True),
    )

    assert due(found, 1, 2) == [1, 0]


def test_others_come_by_age_divided_by_rows() -> None:
    found = fills(
        (1_000, 1_000, NOW_MS - 400_000, False),  # 400 ms a row
        (100, 100, NOW_MS - 50_000, False),  # 500 ms a row
        (10, 10, NOW_MS - 1_000, False),  # 100 ms a row
    )

    assert due(found) == [1, 0, 2]


def test_round_takes_what_fits_and_one_wallet_in_any_case() -> None:
    found = fills(*((10, 10, NOW_MS - 1_000 * nth, False) for nth in range(5)))
    waiting = who_is_due(found, np.zeros(5, dtype=bool), NOW_MS, LiveSettings())

    assert affordable(found, waiting, 30).tolist() == [4, 3, 2]
    assert affordable(found, waiting, 5).tolist() == [4]
    nobody = who_is_due(fills((1, 0, 0, True)), np.array([True]), NOW_MS, LiveSettings())
    assert affordable(found, nobody, 5).tolist() == []
