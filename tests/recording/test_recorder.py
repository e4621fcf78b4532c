"""Recording over real sockets from the simulated exchange, when all goes well."""

import json
import threading
import time
from pathlib import Path

import pytest
from exchange_fakes import AT_ONCE, HandSource, block, blocks, coin, quote, trade
from fakes import BOB, START_MS
from recorder_fakes import (
    coverage_of,
    lines,
    n_rows,
    plan_for,
    record_until,
    settings_for,
    trade_ids,
)

from hypertrack.errors import DatasetError
from hypertrack.recording import supervisor
from hypertrack.recording.recorder import Recorder
from hypertrack.records import MINUTE_MS, Feed
from hypertrack.simulate.venue.faults import Faults
from hypertrack.simulate.venue.replay import CaptureSource
from hypertrack.simulate.venue.server import running_exchange
from hypertrack.store.dataset import open_dataset
from hypertrack.store.files.manifest import read_manifest
from hypertrack.store.files.session import open_session


def test_every_trade_is_recorded_once_with_those_replayed_at_the_start(tmp_path: Path) -> None:
    source = HandSource(blocks(100), open_ms=START_MS + 4_000)
    with running_exchange(source, AT_ONCE) as exchange:
        record_until(lambda s: s.n_rows == 90, tmp_path, settings_for(exchange.url))

    assert trade_ids(tmp_path) == list(range(11, 101))  # 1 to 40 are history, 30 are replayed


def test_line_is_the_venues_object_behind_the_time_of_receipt(tmp_path: Path) -> None:
    sent = trade(START_MS + 100, 7, price="84143.0", size="0.50", is_twap=True)
    before_ns = time.time_ns()
    with running_exchange(HandSource([block(sent)]), AT_ONCE) as exchange:
        record_until(lambda s: s.n_rows == 1, tmp_path, settings_for(exchange.url))

    text = (tmp_path / "trades.jsonl").read_text()
    received_ns = json.loads(text)["received_ns"]

    assert before_ns < received_ns < time.time_ns()
    object_text = json.dumps(sent, separators=(",", ":"))
    assert text == f'{{"received_ns":{received_ns},{object_text[1:]}\n'


def test_trades_of_one_block_become_one_line_each(tmp_path: Path) -> None:
    event = block(*(trade(START_MS + 100, nth) for nth in (3, 1, 2)))
    with running_exchange(HandSource([event]), AT_ONCE) as exchange:
        record_until(lambda s: s.n_rows == 3, tmp_path, settings_for(exchange.url))

    assert trade_ids(tmp_path) == [3, 1, 2]


def test_quotes_and_books_are_recorded_as_they_come(tmp_path: Path) -> None:
    quotes = [quote(START_MS + nth * 1_000, f"{100 + nth}.0", "200.0") for nth in range(1, 20)]
    with running_exchange(HandSource(quotes), AT_ONCE) as exchange:
        settings = settings_for(exchange.url, "bbo", "l2book", coins="BTC")
        record_until(
            lambda s: s.exchange_time_ms == START_MS + 19_000 and n_rows(s, Feed.L2BOOK) > 2,
            tmp_path,
            settings,
        )

    bids = [line["bbo"][0]["px"] for line in lines(tmp_path, "bbo") if line["bbo"][0]]
    assert bids == [f"{100 + nth}.0" for nth in range(1, 20)]
    assert {line["coin"] for line in lines(tmp_path, "l2book")} == {"BTC"}


def test_only_closed_candles_are_written_and_each_is_complete(tmp_path: Path) -> None:
    source = HandSource(blocks(250, step_ms=1_000), coins=(coin(),))  # 59, 60, 60, 60 and 11
    with running_exchange(source, AT_ONCE) as exchange:
        settings = settings_for(exchange.url, "trades", "candles")
        record_until(
            lambda s: n_rows(s, Feed.TRADES) == 250 and n_rows(s, Feed.CANDLES) == 4,
            tmp_path,
            settings,
        )

    candles = sorted(lines(tmp_path, "candles"), key=lambda line: line["t"])
    assert [(line["t"], line["n"]) for line in candles] == [
        (START_MS, 59),
        (START_MS + MINUTE_MS, 60),
        (START_MS + 2 * MINUTE_MS, 60),
        (START_MS + 3 * MINUTE_MS, 60),
    ]


def test_first_candle_is_the_venues_own_snapshot(tmp_path: Path) -> None:
    source = HandSource(
        blocks(140, step_ms=1_000), coins=(coin(),), open_ms=START_MS + 30_000
    )  # opens in the middle of the first minute
    with running_exchange(source, AT_ONCE) as exchange:
        settings = settings_for(exchange.url, "trades", "candles")
        record_until(lambda s: n_rows(s, Feed.CANDLES) == 2, tmp_path, settings)

    first, second = sorted(lines(tmp_path, "candles"), key=lambda line: line["t"])
    assert (first["n"], second["n"]) == (59, 60)


def test_stream_is_covered_from_its_acknowledgement_to_the_newest_time_seen(tmp_path: Path) -> None:
    source = HandSource(blocks(100), open_ms=START_MS + 4_000)
    with running_exchange(source, AT_ONCE) as exchange:
        settings = settings_for(exchange.url, coins="BTC")
        record_until(lambda s: s.n_rows == 90, tmp_path, settings)

    assert coverage_of(tmp_path, "trades:BTC") == [
        ("observed", START_MS + 4_000, START_MS + 10_000, "stop", None)
    ]


def test_quiet_coin_is_covered_as_long_as_its_socket_lives(tmp_path: Path) -> None:
    with running_exchange(HandSource(blocks(50)), AT_ONCE) as exchange:
        record_until(lambda s: s.n_rows == 50, tmp_path, settings_for(exchange.url))

    (interval,) = coverage_of(tmp_path, "trades:ETH")
    assert interval[2] == START_MS + 5_000


def test_blocks_and_transactions_of_the_core_come_from_the_explorer(tmp_path: Path) -> None:
    source = HandSource(blocks(100, step_ms=500), channels=frozenset({"trades"}))
    with running_exchange(source, AT_ONCE) as exchange:
        settings = settings_for(exchange.url, "trades", "blocks", "transactions")
        record_until(
            lambda s: n_rows(s, Feed.BLOCKS) > 10 and n_rows(s, Feed.TRANSACTIONS) > 10,
            tmp_path,
            settings,
        )

    core = [line for line in lines(tmp_path, "blocks") if line["chain"] == "core"]
    assert {"blockTime", "hash", "height", "numTxs", "proposer"} <= core[0].keys()
    assert list(core[0])[:2] == ["received_ns", "chain"]
    heights = [line["height"] for line in core]
    assert len(heights) == len(set(heights))
    users = {line["user"] for line in lines(tmp_path, "transactions") if line["chain"] == "core"}
    assert BOB in users


def test_manifest_and_report_say_what_was_recorded(tmp_path: Path) -> None:
    with running_exchange(HandSource(blocks(50)), AT_ONCE) as exchange:
        settings = settings_for(exchange.url, coins="BTC")
        report = record_until(lambda s: s.n_rows == 50, tmp_path, settings)
        url = exchange.url

    manifest = read_manifest(tmp_path / "manifest.json")
    assert manifest is not None
    assert manifest.is_complete
    assert manifest.report == report
    assert manifest.coins == ("BTC",)
    assert manifest.notice == f"recorded from {url}, not from Hyperliquid's own network"
    assert manifest.bytes_by_file["trades.jsonl"] == (tmp_path / "trades.jsonl").stat().st_size
    text = (tmp_path / "data_collection_report.txt").read_text()
    assert "trades                  50          50" in text
    assert "2026-01-05T08:00:00Z to 2026-01-05T08:00:05Z" in text


def test_recording_ends_after_its_duration(tmp_path: Path) -> None:
    source = HandSource(blocks(10), extra_ms=10**9)
    with running_exchange(source, AT_ONCE.model_copy(update={"speed": 1.0})) as exchange:
        settings = settings_for(exchange.url)
        with open_session(tmp_path) as session:
            report = Recorder(settings, plan_for(settings), session).run(0.3)

    assert 0.3 <= report.status.elapsed_s < 2.0


def test_stop_ends_the_recording_within_two_seconds(tmp_path: Path) -> None:
    stop = threading.Event()
    with running_exchange(HandSource(blocks(10), extra_ms=10**9), AT_ONCE) as exchange:
        settings = settings_for(exchange.url, "trades", "candles", "blocks")
        with open_session(tmp_path) as session:
            recorder = Recorder(settings, plan_for(settings), session, stop=stop)
            thread = threading.Thread(target=recorder.run)
            thread.start()
            while n_rows(recorder.status(), Feed.TRADES) < 10:
                thread.join(0.01)
            stopped_s = time.monotonic()
            stop.set()
            thread.join(5)

    assert time.monotonic() - stopped_s < 2.0
    assert len(trade_ids(tmp_path)) == 10


def test_continued_session_stores_no_trade_twice(tmp_path: Path) -> None:
    source = HandSource(blocks(100), open_ms=START_MS + 4_000)
    for mode in ("rotate", "append"):
        with running_exchange(source, AT_ONCE) as exchange:
            record_until(
                lambda s: bool(s.feeds[0].n_frames) and s.exchange_time_ms == START_MS + 10_000,
                tmp_path,
                settings_for(exchange.url, coins="BTC"),
                mode=mode,  # type: ignore[arg-type]
            )

    assert trade_ids(tmp_path) == list(range(11, 101))


def test_time_between_two_sessions_is_a_gap_unless_the_replay_closes_it(tmp_path: Path) -> None:
    for n_trades, opened in ((100, 40), (200, 180)):  # the second replay begins with trade 151
        source = HandSource(blocks(n_trades), open_ms=START_MS + opened * 100, coins=(coin(),))
        with running_exchange(source, AT_ONCE) as exchange:
            record_until(
                lambda s: s.exchange_time_ms == START_MS + n_trades * 100,  # noqa: B023
                tmp_path,
                settings_for(exchange.url),
                mode="append",
            )

    assert trade_ids(tmp_path) == [*range(11, 101), *range(151, 201)]
    assert coverage_of(tmp_path, "trades:BTC") == [
        ("observed", START_MS + 4_000, START_MS + 10_000, "stop", None),
        ("gap", START_MS + 10_000, START_MS + 15_100, "stop", None),
        ("observed", START_MS + 15_100, START_MS + 20_000, "stop", None),
    ]


def test_second_recorder_of_a_folder_is_refused(tmp_path: Path) -> None:
    with (
        open_session(tmp_path),
        pytest.raises(DatasetError, match="is being recorded to by process"),
        open_session(tmp_path),
    ):
        pass


def test_greeting_and_keys_of_the_future_do_no_harm(tmp_path: Path) -> None:
    faults = Faults(has_greeting=True, has_unknown_keys=True)
    with running_exchange(HandSource(blocks(20)), AT_ONCE, faults) as exchange:
        report = record_until(lambda s: s.n_rows == 20, tmp_path, settings_for(exchange.url))

    assert report.status.n_quarantined == 0
    assert lines(tmp_path, "trades")[0]["addedLater"] == {"v": [1, None]}


def test_real_capture_is_recorded_without_an_unread_frame(capture: Path, tmp_path: Path) -> None:
    with running_exchange(CaptureSource(capture), AT_ONCE) as exchange:
        report = record_until(
            lambda s: n_rows(s, Feed.TRADES) == 1_869 and exchange.finished.is_set(),
            tmp_path,
            settings_for(exchange.url, "trades", "l2book"),
        )

    assert report.status.n_quarantined == 0
    recorded = {(t["time"], t["coin"], t["tid"]): t for t in lines(tmp_path, "trades")}
    for line in map(json.loads, capture.read_text().splitlines()):
        for sent in line["data"] if line["channel"] == "trades" else ():
            stored = recorded[sent["time"], sent["coin"], sent["tid"]]
            assert {key: stored[key] for key in sent} == sent
    with open_dataset(tmp_path) as dataset:
        summary = dataset.summary()
    assert (summary.n_trades, summary.n_wallets) == (1_869, 528)


def record_ten_minutes_in_two_sessions(folder: Path) -> None:
    """Record minutes 0 and 1, then 7 to 9; the second session asks for the five between."""
    for n_trades, opened, n_minutes in ((130, 0, 2), (600, 400, 8)):
        source = HandSource(
            blocks(n_trades, step_ms=1_000), open_ms=START_MS + opened * 1_000, coins=(coin(),)
        )
        with running_exchange(source, AT_ONCE) as exchange:
            record_until(
                lambda s: (
                    n_rows(s, Feed.CANDLES) >= n_minutes  # noqa: B023
                    and s.exchange_time_ms == START_MS + n_trades * 1_000  # noqa: B023
                ),
                folder,
                settings_for(exchange.url, "trades", "candles"),
                mode="append",
            )


def test_candles_missed_between_two_sessions_are_asked_for(tmp_path: Path) -> None:
    record_ten_minutes_in_two_sessions(tmp_path)

    candles = sorted((line["t"], line["n"]) for line in lines(tmp_path, "candles"))
    assert candles == [(START_MS + nth * MINUTE_MS, 60 if nth else 59) for nth in range(10)]
    between = coverage_of(tmp_path, "candles:BTC")[1]
    assert (between[0], between[3:]) == ("disconnected", ("stop", 0))


def test_as_many_candles_as_the_venue_gives_at_most_do_not_prove_that_there_are_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "MAX_CANDLES", 5)

    record_ten_minutes_in_two_sessions(tmp_path)

    between = coverage_of(tmp_path, "candles:BTC")[1]
    assert (between[0], between[3:]) == ("disconnected", ("stop", None))
