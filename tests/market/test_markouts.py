from typing import Any

import pytest
from fakes import ALICE, BOB, CAROL, START_MS, trade

from hypertrack.market.markouts import coin_drift, markouts
from hypertrack.market.window import Window
from hypertrack.records import MINUTE_MS

PATH = [
    trade(START_MS + i * MINUTE_MS, buyer=BOB, seller=CAROL, taker=BOB, price=price)
    for i, price in enumerate([100, 100, 100, 100, 100, 110, 100, 100, 100, 100, 100])
]
"""One trade at each whole minute."""

ELEVEN_MINUTES = Window(START_MS, START_MS + 11 * MINUTE_MS)

DRIFT = (0.1 - 10 / 110) / 6
"""Minute 0 sees 110 after 5 minutes, minutes 1 to 4 see 100, minute 5 falls from 110 to 100."""


def test_drift_is_the_mean_return_of_the_minutes_whose_horizon_is_inside(open_engine: Any) -> None:
    con = open_engine(trades=PATH).backend

    drift = con.rows(coin_drift(con, ELEVEN_MINUTES, ["after_5m"]))

    assert drift == [{"coin_id": 0, "drift_after_5m": pytest.approx(DRIFT)}]


def test_markout_is_signed_by_direction_and_less_the_drift(open_engine: Any) -> None:
    own = trade(START_MS + 30_000, buyer=ALICE, seller=BOB, taker=ALICE, price=100, trade_id=1)
    con = open_engine(trades=[*PATH, own]).backend

    rows = markouts(con, ELEVEN_MINUTES, ["after_5m"]).filter(
        lambda t: t.time_ms == START_MS + 30_000
    )

    bought = (110 / 100 - 1 - DRIFT) * 1e4  # 5.5 minutes in, 110 is the last price
    assert sorted(row["after_5m_bps"] for row in con.rows(rows)) == pytest.approx([-bought, bought])


def test_markout_whose_horizon_ends_beyond_the_window_is_not_known(open_engine: Any) -> None:
    con = open_engine(trades=PATH).backend
    window = Window(START_MS, START_MS + 6 * MINUTE_MS)

    rows = con.rows(markouts(con, window, ["after_5s", "after_5m"]))

    known = {row["time_ms"] for row in rows if row["after_5m_bps"] is not None}
    assert known == {START_MS}
    assert all(row["after_5s_bps"] is not None for row in rows)
