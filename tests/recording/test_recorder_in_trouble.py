"""Recording when things go wrong: every loss is either healed or written down."""

import threading
from pathlib import Path

import pytest
from exchange_fakes import AT_ONCE, HandSource, blocks, coin
from fakes import START_MS
from recorder_fakes import (
    coverage_of,
    lines,
    n_rows,
    plan_for,
    record_until,
    settings_for,
    trade_ids,
    with_unknown_coin,
)

from hypertrack.errors import VenueError
from hypertrack.recording.plan import RecordingPlan, SocketPlan
from hypertrack.records import MINUTE_MS, Feed, RecordingStatus
from hypertrack.simulate.venue.faults import Faults
from hypertrack.simulate.venue.server import running_exchange
from hypertrack.simulate.venue.venue_rules import VenueRules

BTC = (coin(),)
END_MS = START_MS + 20_000
SOURCE = HandSource(blocks(200), coins=BTC)
"""A trade each 100 ms, 1 to 200."""


QUICK_TO_KILL = VenueRules(refusal_wall_s=0.02)


def has_reached_the_end(status: RecordingStatus) -> bool:
    return status.exchange_time_ms == END_MS


def test_disconnect_that_the_replay_covers_loses_nothing(tmp_path: Path) -> None:
    faults = Faults(break_after_frames=50, miss_trades=20)
    with running_exchange(SOURCE, AT_ONCE, faults) as exchange:
        report = record_until(has_reached_the_end, tmp_path, settings_for(exchange.url))

    assert trade_ids(tmp_path) == list(range(1, 201))
    assert report.status.n_reconnects == 1
    assert report.n_gaps_by_cause == {}
    first, disconnect, second = coverage_of(tmp_path, "trades:BTC")
    assert first == ("observed", START_MS + 100, START_MS + 5_000, "error", None)
    assert disconnect == ("disconnected", START_MS + 5_000, second[1], "error", 0)
    assert second[2:] == (END_MS, "stop", None)


def test_disconnect_of_more_than_a_replay_leaves_a_gap(tmp_path: Path) -> None:
    faults = Faults(break_after_frames=50, miss_trades=80)
    with running_exchange(SOURCE, AT_ONCE, faults) as exchange:
        report = record_until(
            lambda s: has_reached_the_end(s) and s.feeds[0].n_gaps > 0,
            tmp_path,
            settings_for(exchange.url),
        )

    # 51 to 130 had passed when it was back, of which 101 to 130 were replayed
    assert trade_ids(tmp_path) == [*range(1, 51), *range(101, 201)]
    assert coverage_of(tmp_path, "trades:BTC") == [
        ("observed", START_MS + 100, START_MS + 5_000, "error", None),
        ("gap", START_MS + 5_000, START_MS + 10_100, "error", None),
        ("observed", START_MS + 10_100, END_MS, "stop", None),
    ]
    assert report.n_gaps_by_cause == {"error": 1}
    assert report.status.feeds[0].n_gaps == 1


def test_trades_before_the_replay_are_asked_for(tmp_path: Path) -> None:
    faults = Faults(break_after_frames=50, miss_trades=80)
    rules = VenueRules(recent_trades=200)
    with running_exchange(SOURCE, AT_ONCE, faults, rules=rules) as exchange:
        report = record_until(
            lambda s: has_reached_the_end(s) and s.n_rows == 200,
            tmp_path,
            settings_for(exchange.url),
        )

    assert sorted(trade_ids(tmp_path)) == list(range(1, 201))
    assert report.n_gaps_by_cause == {}
    assert [(line[0], line[4]) for line in coverage_of(tmp_path, "trades:BTC")] == [
        ("observed", None),
        ("disconnected", 0),
        ("observed", None),
    ]


def test_trades_that_the_venue_still_has_make_the_gap_smaller(tmp_path: Path) -> None:
    faults = Faults(break_after_frames=50, miss_trades=120)
    rules = VenueRules(recent_trades=100)
    with running_exchange(SOURCE, AT_ONCE, faults, rules=rules) as exchange:
        report = record_until(
            lambda s: has_reached_the_end(s) and s.feeds[0].n_gaps == 1,
            tmp_path,
            settings_for(exchange.url),
        )

    ids = sorted(trade_ids(tmp_path))
    oldest = ids[50]
    assert ids == [*range(1, 51), *range(oldest, 201)]
    assert oldest < 141  # 141 to 170 are replayed
    assert coverage_of(tmp_path, "trades:BTC")[1][:4] == (
        "gap",
        START_MS + 5_000,
        START_MS + oldest * 100,
        "error",
    )
    assert report.n_gaps_by_cause == {"error": 1}


def test_venue_that_does_not_answer_leaves_the_gap(tmp_path: Path) -> None:
    faults = Faults(break_after_frames=50, miss_trades=80, http_failures=100, http_status=500)
    with running_exchange(SOURCE, AT_ONCE) as exchange:
        settings = settings_for(exchange.url)
        plan = plan_for(settings)
        exchange.arm(faults)
        record_until(
            lambda s: has_reached_the_end(s) and s.feeds[0].n_gaps == 1, tmp_path, settings, plan
        )

    assert trade_ids(tmp_path) == [*range(1, 51), *range(101, 201)]
    assert coverage_of(tmp_path, "trades:BTC")[1][0] == "gap"


def test_connection_after_clean_close_reconnects(tmp_path: Path) -> None:
    faults = Faults(break_after_frames=50, break_by="close", close_reason="Inactive")
    with running_exchange(SOURCE, AT_ONCE, faults) as exchange:
        record_until(has_reached_the_end, tmp_path, settings_for(exchange.url))

    assert trade_ids(tmp_path) == list(range(1, 201))
    assert coverage_of(tmp_path, "trades:BTC")[0][3] == "closed"


def test_socket_that_falls_silent_is_replaced(tmp_path: Path) -> None:
    faults = Faults(break_after_frames=50, break_by="stall")
    with running_exchange(SOURCE, AT_ONCE, faults) as exchange:
        settings = settings_for(exchange.url, ping_interval_s=0.1, pong_timeout_s=1.0)
        record_until(has_reached_the_end, tmp_path, settings)

    assert trade_ids(tmp_path)[:50] == list(range(1, 51))
    assert coverage_of(tmp_path, "trades:BTC")[0][2:4] == (START_MS + 5_000, "silence")


def test_books_that_stop_coming_end_their_socket(tmp_path: Path) -> None:
    faults = Faults(break_after_frames=130, break_by="stall")
    with running_exchange(SOURCE, AT_ONCE, faults) as exchange:
        settings = settings_for(exchange.url, "trades", "l2book", paced_silence_s=0.2)
        record_until(has_reached_the_end, tmp_path, settings)

    first, disconnect, *_ = coverage_of(tmp_path, "l2book:BTC")
    assert (first[0], first[3]) == ("observed", "silence")
    assert (disconnect[0], disconnect[3]) == ("disconnected", "silence")
    assert coverage_of(tmp_path, "trades:BTC")[0][3] == "silence"


def test_half_frames_go_to_quarantine_and_leave_their_mark(tmp_path: Path) -> None:
    with running_exchange(SOURCE, AT_ONCE, Faults(truncate_every=60)) as exchange:
        report = record_until(has_reached_the_end, tmp_path, settings_for(exchange.url))

    assert trade_ids(tmp_path) == [n for n in range(1, 201) if n % 60]
    quarantined = lines(tmp_path, "quarantine")
    assert [line["frame"][:40] for line in quarantined] == [
        '{"channel":"trades","data":[{"coin":"BTC'
    ] * 3
    assert quarantined[0]["reason"] == "Input data was truncated"
    assert report.status.n_quarantined == 3
    marks = [line for line in coverage_of(tmp_path, "trades:BTC") if line[0] == "gap"]
    assert [mark[3] for mark in marks] == ["unreadable"] * 3


def test_frames_that_come_twice_are_stored_once(tmp_path: Path) -> None:
    with running_exchange(SOURCE, AT_ONCE, Faults(duplicate_every=2)) as exchange:
        report = record_until(
            lambda s: s.feeds[0].n_frames == 300, tmp_path, settings_for(exchange.url)
        )

    assert trade_ids(tmp_path) == list(range(1, 201))
    assert report.status.feeds[0].n_duplicates == 100


def test_candles_missed_while_disconnected_are_asked_for(tmp_path: Path) -> None:
    source = HandSource(blocks(500, step_ms=1_000), coins=BTC)
    faults = Faults(break_after_frames=160, miss_trades=150)
    with running_exchange(source, AT_ONCE, faults) as exchange:
        settings = settings_for(exchange.url, "trades", "candles")
        record_until(lambda s: n_rows(s, Feed.CANDLES) == 8, tmp_path, settings)

    candles = sorted((line["t"], line["n"]) for line in lines(tmp_path, "candles"))
    assert candles == [(START_MS + minute * MINUTE_MS, 60 if minute else 59) for minute in range(8)]
    assert [line[0] for line in coverage_of(tmp_path, "candles:BTC")] == [
        "observed",
        "disconnected",
        "observed",
    ]
    assert coverage_of(tmp_path, "candles:BTC")[1][4] == 0


def test_coin_that_kills_the_socket_three_times_is_left_out(tmp_path: Path) -> None:
    with running_exchange(SOURCE, AT_ONCE, rules=QUICK_TO_KILL) as exchange:
        settings = settings_for(exchange.url, "trades", "bbo")
        plan = with_unknown_coin(plan_for(settings), Feed.TRADES, Feed.BBO)
        report = record_until(
            lambda s: has_reached_the_end(s) and s.n_sockets_open == 1 and bool(s.refused),
            tmp_path,
            settings,
            plan,
        )

    assert report.status.refused == ("NOPE",)
    assert report.status.n_reconnects == 4  # once with innocent ones, three times alone
    assert trade_ids(tmp_path)[-1] == 200
    for stream in ("trades:NOPE", "bbo:NOPE"):
        assert [(line[0], line[3]) for line in coverage_of(tmp_path, stream)] == [
            ("refused", "refused")
        ]


def test_recording_of_nothing_but_unknown_coins_ends_with_an_error(tmp_path: Path) -> None:
    with running_exchange(SOURCE, AT_ONCE, rules=QUICK_TO_KILL) as exchange:
        settings = settings_for(exchange.url)
        plan = with_unknown_coin(plan_for(settings), Feed.TRADES)
        only = plan.sockets[0].subscriptions[:1]
        plan = RecordingPlan(
            endpoints=plan.endpoints,
            feeds=plan.feeds,
            coins=("NOPE",),
            sockets=(SocketPlan(url=plan.sockets[0].url, subscriptions=only),),
            evm_feeds=(),
            left_out=(),
        )

        with pytest.raises(VenueError, match="refused every stream"):
            record_until(lambda _: False, tmp_path, settings, plan)


def test_no_thread_is_left_when_a_recording_is_over(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with running_exchange(SOURCE, AT_ONCE) as exchange:
        settings = settings_for(exchange.url, "trades", "candles", "blocks", "transactions")
        record_until(has_reached_the_end, tmp_path, settings)

    assert set(threading.enumerate()) <= before
