"""Positions of Alice, who trades with Bob, in the states in which they can be known."""

from typing import Any

import pytest
from fakes import ALICE, BOB, START_MS, fill_of, observed, trade

from hypertrack.market.positions import entry_positions, positions
from hypertrack.market.window import Window


def step(time_ms: int, signed_size: float, trade_id: int, coin: str = "BTC") -> dict[str, Any]:
    buyer, seller = (ALICE, BOB) if signed_size > 0 else (BOB, ALICE)
    return trade(
        START_MS + time_ms,
        buyer=buyer,
        seller=seller,
        taker=ALICE,
        size=abs(signed_size),
        trade_id=trade_id,
        coin=coin,
    )


def told(line: dict[str, Any], position: float | str) -> dict[str, Any]:
    return fill_of(line, ALICE, startPosition=str(position))


@pytest.fixture
def changes(open_engine: Any) -> Any:
    """Return (time after the start, before, after, state) of each change of position."""

    def read(**lines: Any) -> list[tuple[int, float | None, float | None, str]]:
        con = open_engine(**lines).backend
        rows = con.rows(positions(con).order_by("coin_id", "nth"))
        return [
            (row["time_ms"] - START_MS, row["before"], row["after"], row["state"]) for row in rows
        ]

    return read


BOUGHT, SOLD, BOUGHT_MORE = step(0, 2, 1), step(1_000, -3, 2), step(2_000, 5, 3)
TRADES = [BOUGHT, SOLD, BOUGHT_MORE]


def test_from_a_fill_on_the_position_is_exact(changes: Any) -> None:
    found = changes(trades=TRADES, fills=[told(BOUGHT, 10)])

    assert found == [(0, 10, 12, "exact"), (1_000, 12, 9, "exact"), (2_000, 9, 14, "exact")]


def test_before_the_first_fill_it_is_derived(changes: Any) -> None:
    found = changes(trades=TRADES, fills=[told(SOLD, -7)])

    assert found == [(0, -9, -7, "derived"), (1_000, -7, -10, "exact"), (2_000, -10, -5, "exact")]


def test_a_derived_position_that_was_flat_is_flat_seen_from_then_on(changes: Any) -> None:
    trades = [step(0, 2, 1), step(1_000, -2, 2), step(2_000, 5, 3), step(3_000, 1, 4)]

    found = changes(trades=trades, fills=[told(trades[3], 5)])

    assert [state for *_, state in found] == ["derived", "derived", "flat_seen", "exact"]
    assert [before for _, before, *_ in found] == [0, 2, 0, 5]


def test_wallets_of_a_bare_recording_have_no_known_position(changes: Any) -> None:
    assert changes(trades=TRADES) == []


def test_a_gap_makes_it_unknown_until_it_is_told_again(changes: Any) -> None:
    trades = [*TRADES, step(3_000, 1, 4)]
    coverage = [
        observed("trades:BTC", START_MS - 1, START_MS + 500),
        observed("trades:BTC", START_MS + 900, START_MS + 9_000),
    ]

    found = changes(trades=trades, coverage=coverage, fills=[told(BOUGHT, 0), told(trades[3], 1)])

    assert found == [
        (0, 0, 2, "exact"),
        # As the last fill says, less what was traded in the same stretch.
        (1_000, -1, -4, "derived"),
        (2_000, -4, 1, "derived"),
        (3_000, 1, 2, "exact"),
    ]


def test_what_follows_a_gap_untold_is_unknown(changes: Any) -> None:
    coverage = [
        observed("trades:BTC", START_MS - 1, START_MS + 500),
        observed("trades:BTC", START_MS + 900, START_MS + 9_000),
    ]

    found = changes(trades=TRADES, coverage=coverage, fills=[told(BOUGHT, 0)])

    assert found == [
        (0, 0, 2, "exact"),
        (1_000, None, None, "unknown"),
        (2_000, None, None, "unknown"),
    ]


def test_intervals_that_touch_are_one_stretch_and_other_coins_gaps_do_not_matter(
    changes: Any,
) -> None:
    coverage = [
        observed("trades:BTC", START_MS - 1, START_MS + 1_500),
        observed("trades:BTC", START_MS + 1_500, START_MS + 9_000),
        observed("trades:ETH", START_MS - 1, START_MS + 500),
    ]

    found = changes(trades=TRADES, coverage=coverage, fills=[told(BOUGHT, 0)])

    assert [state for *_, state in found] == ["exact"] * 3


def test_fills_of_one_millisecond_follow_each_others_positions(changes: Any) -> None:
    # She held 3, sold 4 and bought 2 within one block; ids and lines say the opposite order.
    bought, sold = step(0, 2, 7), step(0, -4, 8)

    found = changes(trades=[bought, sold], fills=[told(bought, -1), told(sold, 3)])

    assert {(before, after) for _, before, after, _ in found} == {(3, -1), (-1, 1)}


def test_rounding_of_the_venues_text_does_not_break_the_chain(open_engine: Any) -> None:
    first, second = step(0, -1052.9, 1), step(1_000, -10, 2)
    fills = [told(first, "-3695042.8999999999"), told(second, "-3696095.8")]

    con = open_engine(trades=[first, second], fills=fills).backend
    rows = con.rows(positions(con))

    assert {row["chain"] for row in rows} == {1}


def test_a_missing_fill_breaks_the_chain(open_engine: Any) -> None:
    first, second = step(0, 1, 1), step(1_000, 1, 2)
    fills = [told(first, 0), told(second, 5)]  # four coins came from nowhere

    con = open_engine(trades=[first, second], fills=fills).backend
    rows = con.rows(positions(con))

    assert sorted(row["chain"] for row in rows) == [1, 2]


def test_a_settlement_changes_the_position_and_is_no_trade(changes: Any) -> None:
    bought = step(0, 42, 1, coin="#118440")
    settled = told(step(60_000, -42, 2, coin="#118440"), 42) | {"px": "1.0", "dir": "Settlement"}

    found = changes(trades=[bought], fills=[told(bought, 0), settled])

    assert found == [(0, 0, 42, "exact"), (60_000, 42, 0, "exact")]


def test_entry_is_told_by_a_fill_or_summed_from_what_was_seen(open_engine: Any) -> None:
    con = open_engine(trades=TRADES, fills=[told(BOUGHT, 10)]).backend

    rows = con.rows(entry_positions(con, Window(START_MS + 500, START_MS + 9_000)))

    by_wallet = {row["wallet_id"]: (row["entry"], row["is_entry_reported"]) for row in rows}
    assert by_wallet == {0: (12, True), 1: (-2, False)}


def test_fills_that_go_round_in_a_circle_begin_where_the_wallet_was(changes: Any) -> None:
    # It bought 3, sold 3 and bought 3 back within one block, as who trades with himself does.
    first, own = step(0, 3, 1), step(1_000, 3, 2)
    sold = told(own, "3.0") | {"side": "A"}
    bought = told(own, "0.0")

    found = changes(trades=[first], fills=[told(first, 0), bought, sold])

    assert found == [(0, 0, 3, "exact"), (1_000, 3, 0, "exact"), (1_000, 0, 3, "exact")]
