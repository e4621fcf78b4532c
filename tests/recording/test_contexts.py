"""Contexts over real sockets: which are written, their time, and what is observed of them."""

from pathlib import Path

import pytest
from exchange_fakes import AT_ONCE, HandSource, blocks, coin
from fakes import START_MS
from recorder_fakes import coverage_of, lines, n_rows, record_until, settings_for

from hypertrack.clock import SystemClock
from hypertrack.config import SimulateSettings
from hypertrack.feeds.frames import parse_frame
from hypertrack.feeds.rows import Rows, recorded_row
from hypertrack.recording.venue_clock import LEARNED_FRAMES, VenueClock
from hypertrack.records import DAY_MS, HOUR_MS, MINUTE_MS, Feed, encode_json
from hypertrack.simulate.venue.faults import Faults
from hypertrack.simulate.venue.server import running_exchange

COINS = (coin("BTC"), coin("@107", price_usd=41.2))


def test_a_context_a_minute_is_written_with_the_venues_time(tmp_path: Path) -> None:
    source = HandSource(blocks(250, step_ms=1_000), coins=COINS, open_ms=START_MS + 10_000)
    with running_exchange(source, AT_ONCE) as exchange:
        settings = settings_for(exchange.url, "trades", "contexts")
        report = record_until(
            lambda s: s.exchange_time_ms == START_MS + 250_000, tmp_path, settings
        )

    by_coin: dict[str, list[int]] = {"BTC": [], "@107": []}
    for line in lines(tmp_path, "contexts"):
        by_coin[line["coin"]].append(line["exchange_time_ms"])
        assert START_MS + 10_000 <= line["exchange_time_ms"] <= START_MS + 250_000
    minutes = {time_ms // MINUTE_MS for time_ms in by_coin["@107"]}
    assert minutes == {START_MS // MINUTE_MS + nth for nth in range(5)}
    assert len(by_coin["@107"]) == 6  # the first one, and the last of each minute
    status = next(feed for feed in report.status.feeds if feed.feed is Feed.CONTEXTS)
    assert status.n_frames > 100
    (observed,) = coverage_of(tmp_path, "contexts:BTC")
    assert (observed[0], observed[2]) == ("observed", START_MS + 250_000)


def test_line_is_the_venues_object_and_is_read_again_as_it_was_written(tmp_path: Path) -> None:
    with running_exchange(HandSource(blocks(20)), AT_ONCE) as exchange:
        settings = settings_for(exchange.url, "trades", "contexts", coins="BTC")
        record_until(lambda s: n_rows(s, Feed.CONTEXTS) > 0, tmp_path, settings)

    text = (tmp_path / "contexts.jsonl").read_bytes().splitlines()[0]
    line = lines(tmp_path, "contexts")[0]
    assert list(line) == ["received_ns", "exchange_time_ms", "coin", "ctx"]
    assert float(line["ctx"]["oraclePx"]) > 0
    assert recorded_row(Feed.CONTEXTS, text)[:3] == (
        *("BTC", line["exchange_time_ms"], line["ctx"]["funding"]),
    )


def test_contexts_alone_are_dated_by_their_receipt(tmp_path: Path) -> None:
    at_its_pace = SimulateSettings(port=0, speed=20, settle_s=0.01)
    with running_exchange(HandSource(blocks(600)), at_its_pace) as exchange:
        settings = settings_for(exchange.url, "contexts", coins="BTC")
        record_until(lambda s: n_rows(s, Feed.CONTEXTS) > 0, tmp_path, settings)

    line = lines(tmp_path, "contexts")[0]
    assert line["exchange_time_ms"] == line["received_ns"] // 1_000_000
    assert coverage_of(tmp_path, "contexts:BTC")


def test_contexts_that_all_stop_coming_end_their_socket(tmp_path: Path) -> None:
    source = HandSource(blocks(200), coins=(coin(),))
    with running_exchange(source, AT_ONCE, Faults(break_after_frames=130, break_by="stall")) as at:
        settings = settings_for(at.url, "trades", "contexts", paced_silence_s=0.2)
        record_until(lambda s: s.exchange_time_ms == START_MS + 20_000, tmp_path, settings)

    first, disconnect, *_ = coverage_of(tmp_path, "contexts:BTC")
    assert (first[0], first[3]) == ("observed", "silence")
    assert (disconnect[0], disconnect[3]) == ("disconnected", "silence")


@pytest.mark.parametrize(
    ("newest_ms", "expected_ms"),
    [
        (None, START_MS),  # nothing told a time: ours
        (START_MS - HOUR_MS, START_MS),  # a quiet coin
        (START_MS - 9 * DAY_MS, START_MS - 9 * DAY_MS),  # a venue of other days
        (START_MS + DAY_MS, START_MS + DAY_MS),
    ],
)
def test_what_has_no_time_gets_the_venues(newest_ms: int | None, expected_ms: int) -> None:
    venue = VenueClock(SystemClock())

    assert venue.time_of(START_MS * 1_000_000, newest_ms) == expected_ms


def test_skew_that_is_known_tells_whose_time_it_is() -> None:
    clock = SystemClock()
    venue = VenueClock(clock)
    for _ in range(LEARNED_FRAMES):
        venue.note(clock.wall_ns() // 1_000_000 - 9 * DAY_MS, clock.wall_ns())
    newest_ms = clock.wall_ns() // 1_000_000 - HOUR_MS

    assert venue.time_of(clock.wall_ns(), newest_ms) == newest_ms


@pytest.mark.parametrize("number", ["nan", "1e300", "?"])
@pytest.mark.parametrize("name", ["funding", "premium", "oraclePx", "openInterest"])
def test_context_with_a_number_that_cannot_be_meant_is_kept_apart(name: str, number: str) -> None:
    data = {"channel": "activeAssetCtx", "data": {"coin": "BTC", "ctx": {name: number}}}

    frame = parse_frame(encode_json(data))

    assert isinstance(frame, Rows)
    assert (frame.rows, frame.flaw and frame.flaw.coin) == ([], "BTC")
