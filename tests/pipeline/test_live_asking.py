"""The venue asked about accounts after a gap, while a recorder is at work."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from account_fakes import AccountVenue, account_venue, lines_of
from clock_fakes import ManualClock
from fakes import ALICE, BOB, START_MS, held_position, trade, write_dataset

from hypertrack.config import Settings
from hypertrack.pipeline.live import begin_at, follow
from hypertrack.pipeline.live_asking import AccountAsking
from hypertrack.records import LiveStatus
from hypertrack.store.files.layout import LOCK_NAME
from hypertrack.store.files.locks import lock_file
from hypertrack.store.reading.answer_tape import AnswerTape

PATIENCE_S = 20.0


def settings_of(folder: Path, venue: AccountVenue) -> Settings:
    return Settings.model_validate(
        {
            "data": str(folder / "data"),
            "out": str(folder),
            "venue": {"url": venue.url},
            "follow": {"leaders": [ALICE]},
            "live": {"window_h": 0, "poll_s": 0.01},
        }
    )


def buys(at_ms: int, received_ms: int | None = None) -> dict[str, Any]:
    row = trade(START_MS + at_ms, buyer=ALICE, seller=BOB, taker=ALICE, trade_id=at_ms + 1)
    received_ms = at_ms + 300 if received_ms is None else received_ms
    return row | {"received_ns": (START_MS + received_ms) * 1_000_000}


def append(folder: Path, row: dict[str, Any]) -> None:
    with (folder / "trades.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")


def interval(start_ms: int, end_ms: int) -> dict[str, Any]:
    return {
        "stream": "trades:BTC",
        "status": "observed",
        "start_ms": START_MS + start_ms,
        "end_ms": START_MS + end_ms,
    }


def ignore(_: LiveStatus) -> None:
    """Look at no status."""


@contextmanager
def recorded(folder: Path) -> Iterator[None]:
    """Let a recorder be at work."""
    lock = lock_file(folder / LOCK_NAME, folder)
    try:
        yield
    finally:
        os.close(lock)


@contextmanager
def asking(
    venue: AccountVenue, folder: Path, clock: ManualClock | None = None
) -> Iterator[AccountAsking]:
    settings = Settings.model_validate({"data": str(folder), "venue": {"url": venue.url}})
    one = AccountAsking(settings, clock or ManualClock())
    try:
        yield one
    finally:
        one.close()


def wait_for(happened: Callable[[], object]) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not happened() and time.monotonic() < until_s:
        time.sleep(0.01)
    assert happened()


def test_accounts_are_told_each_once_for_all_their_coins(tmp_path: Path) -> None:
    write_dataset(tmp_path)
    states = tmp_path / "account_states.jsonl"
    with account_venue() as venue, recorded(tmp_path), asking(venue, tmp_path) as asks:
        venue.positions[ALICE] = [held_position("BTC", 5.0)]
        asks.want([(ALICE, "BTC"), (ALICE, "ETH"), (BOB, "xyz:GOLD"), (BOB, "@107")])
        wait_for(lambda: states.exists() and len(lines_of(tmp_path, states.name)) == 2)
        asks.want([])

    told = {seen.wallet: seen for seen in AnswerTape(tmp_path).poll()}
    assert told[ALICE].size_of("BTC") == 5
    assert told[ALICE].size_of("ETH") == 0
    assert (told[BOB].dex, told[BOB].size_of("xyz:GOLD")) == ("xyz", 0)
    assert {(one["user"], one["dex"]) for one in venue.asked} == {(ALICE, ""), (BOB, "xyz")}


def test_venue_that_does_not_answer_is_said_and_asked_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_dataset(tmp_path)
    fails = threading.Event()
    fails.set()
    with account_venue() as venue, recorded(tmp_path), asking(venue, tmp_path) as asks:
        venue.intercept = lambda _: (429, b"") if fails.is_set() else None
        asks.want([(ALICE, "BTC")])
        wait_for(lambda: "asked again in 5 s" in caplog.text)
        fails.clear()
        wait_for((tmp_path / "account_states.jsonl").exists)

    assert "1 accounts are not told after a gap, and nothing is signalled of them" in caplog.text


def test_nobody_is_asked_again_before_everybody_was_asked(tmp_path: Path) -> None:
    write_dataset(tmp_path)
    wallets = [f"0x{number:040x}" for number in range(1, 31)]
    clock = ManualClock()
    with account_venue() as venue, recorded(tmp_path), asking(venue, tmp_path, clock) as asks:
        venue.intercept = lambda _: clock.advance(10.0)  # so long each answer takes
        asks.want([(wallet, "BTC") for wallet in wallets])
        wait_for(lambda: len(venue.asked) >= 30)
        asks.want([])

    assert [one["user"] for one in venue.asked[:30]] == wallets


def test_nothing_is_asked_where_nobody_records(tmp_path: Path) -> None:
    write_dataset(tmp_path)
    with account_venue() as venue, asking(venue, tmp_path) as asks:
        asks.want([(ALICE, "BTC")])
        time.sleep(0.1)

    assert venue.asked == []


def test_leader_is_asked_about_after_a_gap_and_signalled_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    observed = [interval(0, 10_000), interval(40_000, 10**8)]
    write_dataset(data, trades=[buys(0), buys(50_000), buys(51_500)], coverage=observed)
    lines: list[bytes] = []
    with account_venue(now_ms=START_MS + 52_000) as venue, recorded(data):
        venue.positions[ALICE] = [held_position("BTC", 7.0)]
        settings = settings_of(tmp_path, venue)
        begin_at(settings, 0)
        stop = threading.Event()
        following = threading.Thread(target=follow, args=(settings, stop, ignore, lines.append))
        following.start()
        wait_for((data / "account_states.jsonl").exists)
        after_ms = (time.time_ns() + 3 * 10**9) // 1_000_000 - START_MS  # in force by then
        for at_ms in (60_000, 65_000, 70_000):
            append(data, buys(at_ms, received_ms=after_ms + at_ms))
        wait_for(lambda: len(lines) >= 2)
        stop.set()
        following.join()

    said = [json.loads(line) for line in lines]
    assert [(one["kind"], one["action_ms"] - START_MS) for one in said[:2]] == [
        ("trade", 0),
        ("add", 60_000),
    ]
    assert (said[1]["position_known"], said[1]["position_before"]) == ("exact", "7")
