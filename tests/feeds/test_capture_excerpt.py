"""A capture in the shapes that the venue documents, in `tests/data`, through every door.

Its values are made up; its frames are those of a socket subscribed to all that is recorded: what
acknowledgements look like now and looked like before, errors, a replay, a block of several trades,
TWAP slices without a hash, builders' perps, spot, empty and one-sided books, a candle alone and in
a list, explorer frames, and a second subscription that repeats a trade.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from exchange_fakes import AT_ONCE
from import_fakes import imported
from recorder_fakes import coverage_of, lines, n_rows, record_until, settings_for

from hypertrack.feeds.frames import Acknowledged, Rejected, Unasked, parse_frame
from hypertrack.feeds.rows import Rows
from hypertrack.records import Feed
from hypertrack.simulate.venue.replay import CaptureSource
from hypertrack.simulate.venue.server import running_exchange
from hypertrack.store.dataset import open_dataset

EXCERPT = Path(__file__).parents[1] / "data" / "capture.jsonl"
FRAMES: list[dict[str, Any]] = [json.loads(line) for line in EXCERPT.read_text().splitlines()]

N_TRADES = {"BTC": 9, "xyz:GOLD": 1, "@107": 1, "PURR/USDC": 1, "kPEPE": 1}
"""Each once; one of BTC comes twice, one is of a wallet with itself."""


def sent(frame: dict[str, Any]) -> bytes:
    """Return the frame as the venue sent it."""
    text = {name: frame[name] for name in ("channel", "data") if name in frame}
    return json.dumps(text, separators=(",", ":")).encode()


def trades() -> dict[tuple[int, str, int], dict[str, Any]]:
    """Return the trades of the excerpt, each once."""
    return {
        (trade["time"], trade["coin"], trade["tid"]): trade
        for frame in FRAMES
        if frame["channel"] == "trades"
        for trade in frame["data"]
    }


def test_every_frame_is_what_it_is_and_none_is_unread() -> None:
    kinds = Counter(type(parse_frame(sent(frame))) for frame in FRAMES)

    # To have unsubscribed acknowledges nothing that is wanted.
    assert kinds == {Rows: 20, Acknowledged: 7, Rejected: 2, Unasked: 2}


def test_every_object_is_kept_byte_for_byte() -> None:
    n_rows_by_feed: Counter[Feed] = Counter()
    for frame in FRAMES:
        parsed = parse_frame(sent(frame))
        if isinstance(parsed, Rows):
            objects = frame["data"] if isinstance(frame["data"], list) else [frame["data"]]
            assert parsed.flaw is None
            assert [json.loads(bytes(row.raw)) for row in parsed.rows] == objects
            assert all(bytes(row.raw) in sent(frame) for row in parsed.rows)
            n_rows_by_feed[parsed.feed] += len(parsed.rows)

    assert n_rows_by_feed == {
        **{Feed.TRADES: 14, Feed.BBO: 3, Feed.L2BOOK: 3, Feed.CANDLES: 4},
        **{Feed.BLOCKS: 1, Feed.TRANSACTIONS: 2},
    }


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """The excerpt, imported."""
    imported(tmp_path / "data", EXCERPT)
    return tmp_path / "data"


def test_import_writes_each_trade_once_and_as_it_came(dataset: Path) -> None:
    recorded = {
        (line["time"], line["coin"], line["tid"]): line for line in lines(dataset, "trades")
    }

    assert Counter(line["coin"] for line in lines(dataset, "trades")) == N_TRADES
    for key, trade in trades().items():
        assert {name: recorded[key][name] for name in trade} == trade
    assert len(lines(dataset, "bbo")) == 3
    assert len(lines(dataset, "l2book")) == 3


def test_makers_takers_and_twap_slices_are_told_apart(dataset: Path) -> None:
    with open_dataset(dataset) as opened:
        found = opened.connection.execute("""
            SELECT time_ms, coin, trade_id, is_buy, is_twap, b.wallet, s.wallet
            FROM trades JOIN coins USING (coin_id)
            JOIN wallets AS b ON b.wallet_id = buyer_id
            JOIN wallets AS s ON s.wallet_id = seller_id
        """).fetchall()
        summary = opened.summary()

    assert set(found) == {
        (*key, trade["side"] == "B", set(trade["hash"]) == set("0x"), *trade["users"])
        for key, trade in trades().items()
    }
    assert sum(row[4] for row in found) == 2
    assert (summary.n_trades, summary.n_wallets, summary.n_self_trades) == (13, 8, 1)


def test_empty_sides_of_a_book_have_no_price(dataset: Path) -> None:
    with open_dataset(dataset) as opened:
        quotes = opened.connection.execute(
            "SELECT coin, bid_price, ask_price FROM bbo JOIN coins USING (coin_id) ORDER BY coin"
        ).fetchall()

    assert quotes == [("@107", None, 41.207), ("BTC", 91202.0, 91203.0), ("MATIC", None, None)]


def test_replayed_over_a_socket_it_is_recorded_whole(tmp_path: Path) -> None:
    with running_exchange(CaptureSource(EXCERPT), AT_ONCE) as exchange:
        report = record_until(
            lambda s: n_rows(s, Feed.TRADES) == 13 and exchange.finished.is_set(),
            tmp_path,
            settings_for(exchange.url, "trades", "l2book"),
        )

    assert report.status.n_quarantined == 0
    recorded = [(line["time"], line["coin"], line["tid"]) for line in lines(tmp_path, "trades")]
    assert sorted(recorded) == sorted(trades())
    assert [line[0] for line in coverage_of(tmp_path, "trades:BTC")] == ["observed"]
