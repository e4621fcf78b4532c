"""Frames damaged on the way: each becomes lines that can be read, or a quarantine line."""

import json
import tempfile
from pathlib import Path

from clock_fakes import ManualClock
from fakes import ALICE, BOB, START_MS
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hypertrack.config import RecordSettings
from hypertrack.feeds.frames import Unasked, parse_frame
from hypertrack.feeds.rows import Rows, Unreadable
from hypertrack.feeds.subscriptions import CORE, Subscription
from hypertrack.recording.closed_candles import CandleBook
from hypertrack.recording.coverage import CoverageBook
from hypertrack.recording.plan import SocketPlan
from hypertrack.recording.streams import Streams
from hypertrack.records import Feed
from hypertrack.store.files.ledger import Ledger
from hypertrack.store.files.session import Session
from hypertrack.store.files.writing import LineWriter

LEVEL = {"px": "84143.0", "sz": "10.2", "n": 36}
TRADE = {
    **{"coin": "BTC", "side": "A", "px": "84143.0", "sz": "0.00036", "time": START_MS},
    **{"hash": "0x7a", "tid": 1045359869404765, "users": [ALICE, BOB]},
}
BLOCK = {"blockTime": START_MS, "hash": "0xab", "height": 1_060, "numTxs": 8, "proposer": "0xcd"}
TRANSACTION = {
    **{"action": {"type": "noop"}, "block": 1_060, "error": None, "hash": "0xab"},
    **{"time": START_MS, "user": "0xcd"},
}
FRAMES = [
    {"channel": "trades", "data": [TRADE, TRADE | {"tid": 2}, TRADE | {"tid": 3}]},
    {"channel": "bbo", "data": {"coin": "BTC", "time": START_MS, "bbo": [LEVEL, None]}},
    {"channel": "l2Book", "data": {"coin": "BTC", "time": START_MS, "levels": [[LEVEL], [LEVEL]]}},
    [BLOCK],
    [TRANSACTION],
    {"channel": "explorerTxs", "data": [TRANSACTION]},
]
TEXTS = [json.dumps(frame, separators=(",", ":")).encode() for frame in FRAMES]
FEEDS = (Feed.TRADES, Feed.BBO, Feed.L2BOOK)
EXPLORED = (Feed.BLOCKS, Feed.TRANSACTIONS)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Give a frame with some bytes changed, cut out, put in, or cut off."""
    data = bytearray(draw(st.sampled_from(TEXTS)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        length = draw(st.integers(0, 12))
        data[at : at + length] = draw(st.binary(max_size=6) | st.sampled_from(TOKENS))
    return bytes(data)


TOKENS = [b"null", b"[]", b"{}", b"-1", b"1e999", b'"', b"\\u0000", b"\n", b"[[", b"}]", b"\xff"]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@st.composite
def distorted(draw: st.DrawFn) -> bytes:
    """Give a frame of which one value is another: it is JSON still, but not of its shape."""
    frame = json.loads(draw(st.sampled_from(TEXTS)))
    places = list(_places(frame))
    holder, key = draw(st.sampled_from(places))
    holder[key] = draw(json_values)
    return json.dumps(frame).encode()


def _places(value: object) -> list[tuple[object, object]]:
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [place for key, inner in items for place in ((value, key), *_places(inner))]


class Bench:
    """An intake for every feed of BTC and of the explorer, in a new folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.clock = ManualClock()
        self.writer = LineWriter(folder, RecordSettings(), self.clock)
        self.book = CoverageBook(Ledger(folder), self.clock)
        session = Session(folder=folder, mode="rotate")
        streams = Streams(session, self.book, self.writer, CandleBook(5_000), self.clock)
        subscriptions = (
            *(Subscription(feed, "BTC") for feed in FEEDS),
            *(Subscription(feed, CORE) for feed in EXPLORED),
        )
        self.intake = streams.intake_of(SocketPlan(url="", subscriptions=subscriptions))
        for stream in self.intake.streams.values():
            stream.coverage.acknowledge()

    def take(self, data: bytes) -> Rows | Unreadable | object:
        frame = parse_frame(data)
        if isinstance(frame, Rows):
            self.intake.take(frame, data, self.clock.wall_ns())
        elif isinstance(frame, Unreadable):
            self.intake.quarantine(frame, data, self.clock.wall_ns())
        return frame

    def written(self) -> tuple[list[object], list[object]]:
        """Return the lines of the feeds, and those of the quarantine; each has to be JSON."""
        self.writer.start()
        self.writer.close()
        self.book.stop()
        found = {
            path.stem: [json.loads(line) for line in path.read_bytes().decode().split("\n")[:-1]]
            for path in self.folder.glob("*.jsonl")
        }
        kept = [line for feed in Feed for line in found.get(feed, [])]
        return kept, found.get("quarantine", [])


def assert_kept_or_quarantined(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name))
        frame = bench.take(data)
        kept, quarantined = bench.written()
    says_nothing = isinstance(frame, Unasked) and frame.channel in ("explorer", "pong", "greeting")
    is_empty = isinstance(frame, Rows) and not frame.rows and frame.flaw is None
    assert kept or quarantined or says_nothing or is_empty
    for line in quarantined:
        text = line.get("frame")  # type: ignore[attr-defined]
        held = bytes.fromhex(line["frame_hex"]) if text is None else text.encode()  # type: ignore[index]
        assert held == data


@settings(max_examples=400, deadline=None)
@given(damaged())
@example(b"[" * 100_000)
@example(b'{"channel":"trades","data":' + b"[" * 100_000)
@example(TEXTS[0].replace(b"0x7a", b"0x\xff"))
@example(TEXTS[1].replace(b"84143.0", b"\xc3("))
@example(TEXTS[0].replace(b"BTC", b"BTD"))
@example(TEXTS[0].replace(b'"trades"', b'"tradez"'))
@example(TEXTS[2].replace(b'"l2Book"', b'"l2book"'))
@example(TEXTS[0].replace(b"},{", b"}\n,\n{"))
@example(b"")
@example(b"null")
def test_damaged_frame_is_kept_or_quarantined(data: bytes) -> None:
    assert_kept_or_quarantined(data)


@settings(max_examples=300, deadline=None)
@given(distorted())
def test_frame_of_another_shape_is_kept_or_quarantined(data: bytes) -> None:
    assert_kept_or_quarantined(data)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_bytes_that_are_no_frame_are_quarantined(data: bytes) -> None:
    assert_kept_or_quarantined(data)


def test_frames_as_they_are_are_kept() -> None:
    for data in TEXTS:
        with tempfile.TemporaryDirectory() as name:
            bench = Bench(Path(name))
            bench.take(data)
            kept, quarantined = bench.written()
        assert kept
        assert not quarantined
