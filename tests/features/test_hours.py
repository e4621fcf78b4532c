import math
from typing import Any

import pytest
from fakes import ALICE, BOB, START_MS, trade

from hypertrack.records import DAY_MS, HOUR_MS

MIDNIGHT_MS = START_MS - 8 * HOUR_MS
"""Monday 2026-01-05, 00:00 UTC."""


def at_hours(*hours: int) -> list[dict[str, Any]]:
    return [
        trade(MIDNIGHT_MS + hour * HOUR_MS + i, buyer=ALICE, seller=BOB, taker=ALICE)
        for i, hour in enumerate(hours)
    ]


def test_hour_entropy_of_two_equal_hours(features_of: Any) -> None:
    alice = features_of("hour_entropy", trades=at_hours(3, 3, 9, 33))[ALICE]

    # 3 twice, 9 twice (33 is 9 of the next day): ln 2 / ln 24.
    assert alice["hour_entropy"] == pytest.approx(math.log(2) / math.log(24))


def test_hour_entropy_of_one_hour_is_zero(features_of: Any) -> None:
    assert features_of("hour_entropy", trades=at_hours(3, 3))[ALICE]["hour_entropy"] == 0


def test_hour_entropy_of_every_hour_is_one(features_of: Any) -> None:
    alice = features_of("hour_entropy", trades=at_hours(*range(24)))[ALICE]

    assert alice["hour_entropy"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("hours", "n_quiet"),
    [
        ((5,), 23),
        ((5, 8, 20), 11),  # 9..19
        ((2, 10, 15), 10),  # 16..23, 0, 1: around midnight
        (tuple(range(24)), 0),
    ],
)
def test_night_is_the_longest_run_of_quiet_hours(
    features_of: Any, hours: tuple[int, ...], n_quiet: int
) -> None:
    alice = features_of("night_share", trades=at_hours(*hours))[ALICE]

    assert alice["night_share"] == pytest.approx(n_quiet / 24)


def test_weekend_is_saturday_and_sunday_utc(features_of: Any) -> None:
    # Monday 00:00 .. Sunday 00:00, and the last millisecond of Friday and of Sunday.
    times = [MIDNIGHT_MS + day * DAY_MS for day in range(7)]
    times += [MIDNIGHT_MS + 5 * DAY_MS - 1, MIDNIGHT_MS + 7 * DAY_MS - 1]
    trades = [trade(time_ms, buyer=ALICE, seller=BOB, taker=ALICE) for time_ms in times]

    assert features_of("weekend_share", trades=trades)[ALICE]["weekend_share"] == pytest.approx(
        3 / 9
    )


@pytest.mark.parametrize(("day", "share"), [(3, 0), (4, 0), (5, 1), (6, 1), (7, 0)])
def test_each_day_is_of_the_weekend_or_not(features_of: Any, day: int, share: float) -> None:
    noon_ms = MIDNIGHT_MS + day * DAY_MS + 12 * HOUR_MS  # Thursday, Friday, ... Monday

    trades = [trade(noon_ms, buyer=ALICE, seller=BOB, taker=ALICE)]

    assert features_of("weekend_share", trades=trades)[ALICE]["weekend_share"] == share
