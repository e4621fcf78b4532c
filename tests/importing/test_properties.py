"""Whatever comes in: no traceback, nothing good lost beside something bad, everything counted."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from archive_fakes import block, fill, frame, node_trade, read_lines
from fakes import ALICE, BOB, START_MS, candle, quote, trade
from hypothesis import given, settings
from hypothesis import strategies as st
from import_fakes import imported

from hypertrack.errors import ConfigError
from hypertrack.feeds.frames import Unasked, parse_frame
from hypertrack.feeds.rows import Rows, Unreadable, recorded_row
from hypertrack.importing.formats import Format
from hypertrack.importing.source_files import find_files
from hypertrack.records import Feed
from hypertrack.simulate.venue.replay import CaptureSource
from hypertrack.store.dataset import open_dataset

GOOD_IDS = (700_000_000_001, 700_000_000_002, 700_000_000_003)
LATE_ID = 700_000_000_004
BAD_ID = 700_000_000_099
"""Of the object that is damaged; numbers that damage does not make of it by chance."""

DAY_MS = 86_400_000

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=6),
    st.sampled_from(["", "0", "0.0", "-1", "1e300", "nan", "inf", "0x12", "A", "2026-01-05"]),
    st.just([]),
    st.just({}),
    st.lists(st.none() | st.text(max_size=3), max_size=3),
)
times = st.sampled_from(
    [
        *(START_MS // 1000, START_MS * 1000, START_MS * 1_000_000, -START_MS, 0),
        *(START_MS + 365 * DAY_MS, 4_070_908_800_000, 2**63, 2**80),
    ]
)


def venue(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name != "received_ns"}


def trade_of(trade_id: int) -> dict[str, Any]:
    return venue(trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB, trade_id=trade_id))


@st.composite
def damaged(draw: st.DrawFn, whole: dict[str, Any]) -> dict[str, Any]:
    """Give an object with one field of another type, unit or meaning, or without it."""
    name = draw(st.sampled_from(sorted(whole)))
    made = dict(whole)
    if draw(st.booleans()):
        made[name] = draw(times if name in {"time", "t"} else values)
    else:
        del made[name]
    return made


@st.composite
def texts(draw: st.DrawFn, lines: list[object]) -> bytes:
    """Give lines as a file: with a mark or without, either line end, blank lines between."""
    mark = draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    end = draw(st.sampled_from([b"\n", b"\r\n", b"\n\n"]))
    return mark + end.join(json.dumps(line).encode() for line in lines) + end


@st.composite
def frames_with_one_bad_trade(draw: st.DrawFn) -> list[dict[str, Any]]:
    trades = [trade_of(trade_id) for trade_id in GOOD_IDS]
    trades.insert(draw(st.integers(0, 3)), draw(damaged(trade_of(BAD_ID))))
    return trades


def ids_in(folder: Path) -> set[int]:
    """Return the ids of the trades that were written, all of which a reader takes."""
    path = folder / "trades.jsonl"
    lines = path.read_bytes().splitlines() if path.exists() else []
    return {int(recorded_row(Feed.TRADES, line).row_id) for line in lines}


@settings(max_examples=150, deadline=None)
@given(frames_with_one_bad_trade())
def test_good_trades_of_a_frame_are_read_and_the_bad_one_is_told(
    trades: list[dict[str, Any]],
) -> None:
    parsed = parse_frame(json.dumps({"channel": "trades", "data": trades}).encode())

    assert isinstance(parsed, Rows)
    found = [row.row_id for row in parsed.rows]
    assert [row_id for row_id in found if row_id in GOOD_IDS] == list(GOOD_IDS)
    if len(found) < 4:
        assert parsed.flaw is not None
        assert parsed.flaw.n_rows == 4 - len(found)
        assert parsed.flaw.reason


channels = st.sampled_from(["trades", "bbo", "l2Book", "candle", "explorerBlock", "explorerTxs"])
nested = st.recursive(
    values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(channels, nested)
def test_no_frame_of_any_shape_raises(channel: str, data: object) -> None:
    parsed = parse_frame(json.dumps({"channel": channel, "data": data}).encode())

    assert isinstance(parsed, Rows | Unreadable | Unasked)


SHAPES: dict[str, Callable[[], dict[str, Any]]] = {
    "bbo": lambda: venue(quote(START_MS, 99.0, 101.0)),
    "candle": lambda: venue(candle(START_MS, prices=(1, 4, 0.5, 2))),
    "l2Book": lambda: {
        **{"coin": "BTC", "time": START_MS},
        "levels": [[{"px": "1.0", "sz": "1.0", "n": 1}], []],
    },
}


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.data())
def test_capture_gives_what_is_good_and_counts_the_rest(data: st.DataObject) -> None:
    channel = data.draw(st.sampled_from(sorted(SHAPES)))
    lines: list[object] = [
        frame("trades", data.draw(frames_with_one_bad_trade())),
        data.draw(damaged(frame("trades", [trade_of(BAD_ID)]))),
        frame(channel, data.draw(damaged(SHAPES[channel]()))),
        frame("trades", [trade_of(LATE_ID)], START_MS + 900),
        data.draw(nested),
    ]
    text = data.draw(texts(lines))

    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "capture.jsonl"
        path.write_bytes(text)
        report = imported(Path(name) / "data", path)
        found = ids_in(Path(name) / "data")
        played = {one["tid"] for one in _played(path)}

    assert set(GOOD_IDS) | {LATE_ID} <= found
    assert played >= {*GOOD_IDS, LATE_ID}
    n_told = sum(report.counts.get(name, 0) for name in ("quarantined", "other frames"))
    assert n_told >= 1 or BAD_ID in found or len(found) > 4


def _played(path: Path) -> list[dict[str, Any]]:
    source = CaptureSource(path)
    events = [event for event in source.events() if event.channel == "trades"]
    return [one for event in events for one in json.loads(event.data)]


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.data())
def test_replay_of_any_lines_plays_or_says_that_there_is_nothing(data: st.DataObject) -> None:
    lines = data.draw(st.lists(nested | st.builds(frame, channels, nested), max_size=6))

    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "capture.jsonl"
        path.write_bytes(data.draw(texts(lines)))
        try:
            list(CaptureSource(path).events())
        except ConfigError as error:
            assert "found none in" in str(error)  # it need not be raised


def archive_lines(kind: Format, data: st.DataObject) -> tuple[list[object], set[int]]:
    """Return lines of an archive, one part of them damaged, and the ids of what is good."""
    good = [
        fill(wallet, side=side, crossed=side == "B", trade_id=n)
        for n in GOOD_IDS
        for wallet, side in ((ALICE, "B"), (BOB, "A"))
    ]
    bad = [
        data.draw(st.sampled_from([ALICE, "0x12", None])),
        data.draw(damaged(fill(trade_id=BAD_ID)[1])),
    ]
    if kind is Format.NODE_FILLS_BY_BLOCK:
        good.insert(data.draw(st.integers(0, len(good))), bad)
        return [block(good), data.draw(damaged(block([fill(trade_id=BAD_ID)])))], set(GOOD_IDS)
    if kind is Format.NODE_FILLS:
        return [*good, bad, data.draw(nested)], set(GOOD_IDS)
    sizes = ("1.0", "2.0", "3.0")
    trades = [node_trade(size=size) for size in sizes]
    return [*trades, data.draw(damaged(node_trade(size="9.0"))), data.draw(nested)], set()


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.data())
def test_archive_gives_what_is_good_and_counts_the_rest(data: st.DataObject) -> None:
    kind = data.draw(
        st.sampled_from([Format.NODE_FILLS_BY_BLOCK, Format.NODE_FILLS, Format.NODE_TRADES])
    )
    lines, good_ids = archive_lines(kind, data)

    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "archive"
        path.write_bytes(data.draw(texts(lines)))
        report = imported(Path(name) / "data", path)
        found = ids_in(Path(name) / "data")

    assert good_ids <= found
    assert len(found) >= 3
    n_lost = sum(report.counts.get(each, 0) for each in ("quarantined", "ambiguous"))
    assert n_lost or len(found) > 3 or report.counts["fills"] > 6


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.data())
def test_answer_to_user_fills_gives_what_is_good_and_counts_the_rest(data: st.DataObject) -> None:
    fills = [fill(trade_id=n)[1] for n in GOOD_IDS]
    fills.insert(data.draw(st.integers(0, 3)), data.draw(damaged(fill(trade_id=BAD_ID)[1])))
    answer = {"user": ALICE, "fills": fills}
    indent = data.draw(st.sampled_from([None, 1]))

    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "fills.json"
        path.write_text(json.dumps(answer, indent=indent))
        (found,), _ = find_files([path])
        report = imported(Path(name) / "data", path)
        kept = {line.get("tid") for line in read_lines(Path(name) / "data" / "fills.jsonl")}

    assert found.format is Format.USER_FILLS
    assert set(GOOD_IDS) <= kept
    assert report.counts["fills"] + report.counts.get("quarantined", 0) == 4


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.data())
def test_dataset_is_read_whatever_lies_in_it(data: st.DataObject) -> None:
    good = [trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB, trade_id=n) for n in GOOD_IDS]
    bad = data.draw(damaged(trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB, trade_id=BAD_ID)))
    lines = [*good[:2], bad, data.draw(nested), good[2]]

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "trades.jsonl").write_bytes(data.draw(texts(lines)))
        with open_dataset(folder) as dataset:
            summary = dataset.summary()
            rows = dataset.connection.execute("SELECT trade_id FROM trades").fetchall()

    assert set(GOOD_IDS) <= {trade_id for (trade_id,) in rows}
    assert sum(summary.n_unread_by_reason.values()) == summary.n_torn_lines
    assert summary.n_trades + summary.n_torn_lines == 5
