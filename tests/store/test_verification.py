"""Verification of hand-made recordings: each flaw is found, and nothing that is none."""

from pathlib import Path
from typing import Any

import pytest
from fakes import ALICE, BOB, START_MS, candle, observed, trade, write_dataset

from hypertrack.records import DAY_MS, MINUTE_MS
from hypertrack.store.dataset import open_dataset
from hypertrack.store.verification import Verification, verify_dataset

FLAT = (100.0, 100.0, 100.0, 100.0)
N_MINUTES = 4

Line = dict[str, Any]


def trades_of(coin: str = "BTC", n_minutes: int = N_MINUTES) -> list[Line]:
    """Return a trade of one coin each 10 s: six a minute, ids counting from 0."""
    return [
        trade(START_MS + nth * 10_000, buyer=ALICE, seller=BOB, taker=BOB, coin=coin, trade_id=nth)
        for nth in range(6 * n_minutes)
    ]


def candles_of(coin: str = "BTC", n_minutes: int = N_MINUTES) -> list[Line]:
    return [
        candle(START_MS + nth * MINUTE_MS, prices=FLAT, volume=6.0, count=6, coin=coin)
        for nth in range(n_minutes)
    ]


def whole(coin: str = "BTC", n_minutes: int = N_MINUTES) -> Line:
    return observed(f"trades:{coin}", START_MS, START_MS + n_minutes * MINUTE_MS)


def verified(folder: Path, **lines: list[Line]) -> Verification:
    files = {"trades": trades_of(), "candles": candles_of(), "coverage": [whole()]} | lines
    with open_dataset(write_dataset(folder, **files)) as dataset:
        return verify_dataset(dataset)


def test_whole_recording_is_complete(tmp_path: Path) -> None:
    found = verified(tmp_path)

    assert (found.completeness, found.value_completeness) == (1.0, 1.0)
    assert (found.n_judged, found.n_incomplete, found.n_behind) == (4, 0, 0)
    assert found.incomplete_minutes == ()
    assert found.n_unjudged_by_reason == {}


def test_trade_missing_without_a_gap_is_unexplained(tmp_path: Path) -> None:
    trades = trades_of()
    del trades[8]

    found = verified(tmp_path, trades=trades)

    assert found.completeness == 23 / 24
    assert (found.n_incomplete, found.n_unexplained) == (1, 1)
    (minute,) = found.incomplete_minutes
    assert (minute.coin, minute.start_ms) == ("BTC", START_MS + MINUTE_MS)
    assert (minute.n_expected, minute.n_found, minute.is_explained) == (6, 5, False)
    assert (minute.volume_expected, minute.volume_found) == (6.0, 5.0)


def test_trades_missing_in_a_gap_are_explained_and_counted(tmp_path: Path) -> None:
    trades = trades_of()
    del trades[8:11]
    lost = (START_MS + 70_000, START_MS + 110_000)
    coverage = [
        observed("trades:BTC", START_MS, lost[0]),
        {**observed("trades:BTC", *lost), "status": "gap", "cause": "error"},
        observed("trades:BTC", lost[1], START_MS + 4 * MINUTE_MS),
    ]

    found = verified(tmp_path, trades=trades, coverage=coverage)

    assert found.completeness == 21 / 24
    assert (found.n_judged, found.n_incomplete, found.n_unexplained) == (4, 1, 0)
    assert [(gap.cause, gap.n_intervals, gap.duration_s) for gap in found.gaps] == [
        ("error", 1, 40.0)
    ]


def test_frame_lost_at_a_moment_explains_the_minute_of_the_next_trade(tmp_path: Path) -> None:
    trades = trades_of()
    del trades[6]  # the first of the second minute; the newest time known was the first minute's
    mark = observed("trades", START_MS + 50_000, START_MS + 50_000)
    coverage = [whole(), {**mark, "status": "gap", "cause": "unreadable"}]

    found = verified(tmp_path, trades=trades, coverage=coverage)

    assert (found.n_incomplete, found.n_unexplained) == (1, 0)


def test_gap_that_ends_where_a_minute_begins_explains_its_first_trade(tmp_path: Path) -> None:
    trades = trades_of()
    del trades[6]  # at the very beginning of the second minute
    lost = (START_MS + 50_000, START_MS + MINUTE_MS)
    coverage = [
        observed("trades:BTC", START_MS, lost[0]),
        {**observed("trades:BTC", *lost), "status": "gap", "cause": "error"},
        observed("trades:BTC", lost[1], START_MS + 4 * MINUTE_MS),
    ]

    found = verified(tmp_path, trades=trades, coverage=coverage)

    assert [minute.start_ms for minute in found.incomplete_minutes] == [lost[1]]
    assert (found.n_incomplete, found.n_unexplained) == (1, 0)


def test_gap_of_another_coin_explains_nothing(tmp_path: Path) -> None:
    trades = trades_of() + trades_of("ETH")
    del trades[8]
    gap = {**observed("trades:ETH", START_MS, START_MS + 90_000), "status": "gap"}

    found = verified(tmp_path, trades=trades, coverage=[whole(), gap])

    assert found.n_unexplained == 1


def test_disconnection_proven_harmless_is_no_gap(tmp_path: Path) -> None:
    middle = START_MS + 70_000
    coverage = [
        observed("trades:BTC", START_MS, middle),
        {**observed("trades:BTC", middle, middle + 9_000, missed=0), "status": "disconnected"},
        observed("trades:BTC", middle + 9_000, START_MS + 4 * MINUTE_MS),
    ]

    found = verified(tmp_path, coverage=coverage)

    assert (found.n_judged, found.completeness, found.gaps) == (4, 1.0, ())


def test_equal_counts_with_another_volume_are_incomplete(tmp_path: Path) -> None:
    candles = candles_of()
    candles[0]["v"] = "7.0"

    found = verified(tmp_path, candles=candles)

    assert found.n_incomplete == 1
    assert found.completeness == 1.0
    assert found.coins[0].volume_completeness == 24 / 25
    assert found.value_completeness == 24 / 25


def test_more_trades_than_the_candle_hide_no_loss_elsewhere(tmp_path: Path) -> None:
    trades, candles = trades_of(), candles_of()
    candles[0] |= {"n": 5, "v": "5.0"}
    del trades[8]

    found = verified(tmp_path, trades=trades, candles=candles)

    assert (found.n_behind, found.n_incomplete) == (1, 1)
    assert found.completeness == 17 / 18
    assert found.unjudged_frac == 1 / 4
    assert found.n_unjudged_by_reason == {"more trades than their candle counts": 1}
    assert found.coins[0].n_behind == 1


def test_minutes_that_a_gap_took_with_their_candles_are_not_judged(tmp_path: Path) -> None:
    lost = (START_MS + MINUTE_MS, START_MS + 3 * MINUTE_MS)
    inside = [one for one in trades_of() if not lost[0] <= one["time"] < lost[1]]
    candles = [candles_of()[0], candles_of()[3]]
    coverage = [
        observed("trades:BTC", START_MS, lost[0]),
        {**observed("trades:BTC", *lost), "status": "gap", "cause": "error"},
        observed("trades:BTC", lost[1], START_MS + 4 * MINUTE_MS),
    ]

    found = verified(tmp_path, trades=inside, candles=candles, coverage=coverage)

    assert (found.n_judged, found.completeness, found.unjudged_frac) == (2, 1.0, 0.5)
    assert found.n_unjudged_by_reason == {"no candle recorded": 2}


def test_minutes_that_cannot_be_judged_are_counted_by_reason(tmp_path: Path) -> None:
    coverage = [observed("trades:BTC", START_MS + 30_000, START_MS + 3 * MINUTE_MS)]

    found = verified(tmp_path, candles=candles_of()[:2], coverage=coverage)

    assert found.n_judged == 1
    assert found.n_unjudged_by_reason == {
        "no candle recorded": 1,
        "not observed": 1,
        "recording began or ended in it": 1,
    }


def test_time_between_two_sessions_is_not_judged(tmp_path: Path) -> None:
    trades = trades_of()
    del trades[8:16]
    stop, start = START_MS + 70_000, START_MS + 160_000
    coverage = [
        observed("trades:BTC", START_MS, stop),
        {**observed("trades:BTC", stop, start, cause="stop"), "status": "gap"},
        observed("trades:BTC", start, START_MS + 4 * MINUTE_MS),
    ]

    found = verified(tmp_path, trades=trades, coverage=coverage)

    assert (found.n_judged, found.completeness) == (2, 1.0)


def test_without_a_ledger_nothing_is_judged(tmp_path: Path) -> None:
    found = verified(tmp_path, coverage=[])

    assert (found.n_judged, found.completeness) == (0, None)
    assert found.n_unjudged_by_reason == {"not observed": 4}


def test_of_two_candles_of_a_minute_the_one_with_more_trades_counts(tmp_path: Path) -> None:
    early = [{**line, "n": 2, "v": "2.0"} for line in candles_of()]

    found = verified(tmp_path, candles=candles_of() + early)

    assert (found.completeness, found.n_behind) == (1.0, 0)


def test_trade_far_behind_its_time_is_out_of_order(tmp_path: Path) -> None:
    trades = trades_of(n_minutes=10)
    late = trades.pop(3)
    trades.insert(40, late)
    near = trades.pop(50)
    trades.insert(55, near)  # as far back as a replay may reach

    found = verified(tmp_path, trades=trades)

    assert found.n_out_of_order == 1
    assert [(coin.coin, coin.n_out_of_order) for coin in found.coins] == [("BTC", 1)]


def test_order_is_judged_coin_by_coin(tmp_path: Path) -> None:
    found = verified(tmp_path, trades=trades_of() * 1 + trades_of("ETH"))

    assert found.n_out_of_order == 0


def test_duplicates_torn_lines_and_quarantine_are_counted(tmp_path: Path) -> None:
    trades = trades_of()
    write_dataset(tmp_path, quarantine=[{"frame": "{", "reason": "cut"}] * 3)

    found = verified(tmp_path, trades=[*trades, trades[-1], {"torn": True}])

    assert (found.n_duplicate_trades, found.n_torn_lines, found.n_quarantined) == (1, 1, 3)
    assert found.completeness == 1.0


def test_receipt_is_measured_against_exchange_time(tmp_path: Path) -> None:
    found = verified(tmp_path)  # received 300 ms after their time

    assert found.skew is not None
    assert (found.skew.p1_ms, found.skew.p50_ms, found.skew.p99_ms) == (300.0, 300.0, 300.0)


def test_least_complete_coin_stands_first(tmp_path: Path) -> None:
    trades = trades_of() + trades_of("ETH")[:-1]
    candles = candles_of() + candles_of("ETH")

    found = verified(tmp_path, trades=trades, candles=candles, coverage=[whole(), whole("ETH")])

    assert [(c.coin, c.n_found, c.n_expected) for c in found.coins] == [
        ("ETH", 23, 24),
        ("BTC", 24, 24),
    ]


@pytest.mark.parametrize("name", ["trades", "candles"])
def test_feed_that_was_not_recorded_leaves_nothing_to_judge(tmp_path: Path, name: str) -> None:
    found = verified(tmp_path, **{name: []})

    expected = (4, 0.0) if name == "trades" else (0, None)
    assert (found.n_judged, found.completeness) == expected


def test_every_single_missing_trade_is_found(tmp_path: Path) -> None:
    coins = [f"C{missing:02}" for missing in range(24)]  # each lacks another of its trades
    trades = [
        line
        for missing, coin in enumerate(coins)
        for nth, line in enumerate(trades_of(coin))
        if nth != missing
    ]
    candles = [line for coin in coins for line in candles_of(coin)]

    found = verified(
        tmp_path, trades=trades, candles=candles, coverage=[whole(coin) for coin in coins]
    )

    assert sorted((minute.coin, minute.start_ms) for minute in found.incomplete_minutes) == [
        (coin, START_MS + missing // 6 * MINUTE_MS) for missing, coin in enumerate(coins)
    ]
    assert found.n_incomplete == found.n_unexplained == 24


@pytest.mark.parametrize(
    "time_ms",
    [START_MS // 1000, START_MS * 1_000_000, -1, START_MS + 365 * DAY_MS, 4_070_908_800_000],
)
def test_row_that_cannot_be_meant_is_named_and_changes_nothing_else(
    tmp_path: Path, time_ms: int
) -> None:
    good = trades_of()
    bad_candle = {**candles_of()[0], "t": time_ms, "n": 99}

    found = verified(
        tmp_path,
        trades=[*good[:3], {**good[3], "tid": 99, "time": time_ms}, *good[3:]],
        candles=[bad_candle, *candles_of()],
    )

    assert (found.completeness, found.n_judged, found.n_trades) == (1.0, 4, 24)
    assert (found.n_unjudged_by_reason, found.n_out_of_order) == ({}, 0)
    assert sum(found.n_unread_by_reason.values()) == 2


def test_candle_of_a_count_that_cannot_be_meant_is_left_out(tmp_path: Path) -> None:
    broken = {**candles_of()[0], "n": 10**18}

    found = verified(tmp_path, candles=[broken, *candles_of()])

    assert found.completeness == 1.0
    assert found.n_unread_by_reason == {"count of trades out of range": 1}
