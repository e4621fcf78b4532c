"""Playing a capture of the real venue."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from exchange_fakes import AT_ONCE, VenueClient, channel_of, info, trade
from fakes import START_MS

from hypertrack.errors import ConfigError
from hypertrack.simulate.venue.replay import CaptureSource
from hypertrack.simulate.venue.server import running_exchange


def line(received_ms: int, channel: str, data: Any) -> str:
    frame = {"received_wall_ns": received_ms * 1_000_000, "channel": channel, "data": data}
    return json.dumps(frame, separators=(",", ":")) + "\n"


def book(time_ms: int, bid: str, ask: str) -> dict[str, Any]:
    levels = [[{"px": price, "sz": "1.0", "n": 1}] for price in (bid, ask)]
    return {"coin": "BTC", "time": time_ms, "levels": levels}


def write(path: Path, *lines: str) -> CaptureSource:
    path.write_text("".join(lines), encoding="utf-8")
    return CaptureSource(path)


def ids(source: CaptureSource) -> list[tuple[int, list[int]]]:
    """Return time and trade ids of each trades event."""
    return [
        (event.time_ms - START_MS, [one["tid"] for one in json.loads(event.data)])
        for event in source.events()
        if event.channel == "trades"
    ]


def test_replayed_trades_of_the_first_frame_are_history_by_blocks(tmp_path: Path) -> None:
    past = [trade(START_MS, 1), trade(START_MS + 10, 2), trade(START_MS + 10, 3)]

    source = write(
        tmp_path / "capture.jsonl",
        line(START_MS + 500, "trades", past),
        line(START_MS + 700, "trades", [trade(START_MS + 600, 4)]),
    )

    assert (source.start_ms, source.open_ms) == (START_MS, START_MS + 500)
    assert ids(source) == [(0, [1]), (10, [2, 3]), (700, [4])]


def test_trades_repeated_by_a_reconnection_are_played_once(tmp_path: Path) -> None:
    source = write(
        tmp_path / "capture.jsonl",
        line(START_MS + 500, "trades", [trade(START_MS, 1)]),
        line(START_MS + 700, "trades", [trade(START_MS + 600, 2)]),
        line(
            START_MS + 900,
            "trades",
            [trade(START_MS, 1), trade(START_MS + 600, 2), trade(START_MS + 800, 3)],
        ),
    )

    assert ids(source) == [(0, [1]), (700, [2]), (900, [3])]
    assert source.n_trades == 3


def test_torn_and_foreign_lines_are_skipped_and_counted(tmp_path: Path) -> None:
    source = write(
        tmp_path / "capture.jsonl",
        "no json\n",
        line(START_MS, "trades", {"not": "a list"}),
        line(START_MS, "trades", [trade(START_MS, 1)]),
        line(START_MS, "candle", {"t": 1}),
        line(START_MS + 10, "trades", [trade(START_MS + 10, 2)])[:-20],
    )

    assert ids(source) == [(0, [1])]
    assert source.n_unreadable == 3


def test_coins_are_described_by_what_the_capture_shows(tmp_path: Path) -> None:
    trades = [
        trade(START_MS, 1, name="xyz:CL", price="80.0", size="1.5"),
        trade(START_MS + 86_400_000, 2, name="xyz:CL", price="82.5", size="0.125"),
    ]

    source = write(
        tmp_path / "capture.jsonl", *(line(one["time"], "trades", [one]) for one in trades)
    )

    coin = source.coins[0]
    assert (coin.name, coin.kind, coin.token) == ("xyz:CL", "hip3", "CL")
    assert (coin.size_decimals, coin.price_usd) == (3, 80.0)
    assert coin.day_volume_usd == pytest.approx(80.0 * 1.5 + 82.5 * 0.125)


@pytest.mark.parametrize("text", [None, "", "nothing\n"])
def test_file_without_frames_is_refused(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "capture.jsonl"
    if text is not None:
        path.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match="a replay needs"):
        CaptureSource(path)


def test_best_bid_and_offer_follow_from_captured_books(tmp_path: Path) -> None:
    source = write(
        tmp_path / "capture.jsonl",
        line(START_MS, "l2Book", book(START_MS - 100, "100.0", "101.0")),
        line(START_MS + 500, "l2Book", book(START_MS + 400, "100.0", "101.0")),
        line(START_MS + 900, "l2Book", book(START_MS + 800, "100.5", "101.0")),
    )
    with running_exchange(source, AT_ONCE) as exchange, VenueClient(exchange.url) as client:
        client.subscribe("bbo", coin="BTC")
        client.subscribe("l2Book", coin="BTC")
        frames = client.frames(
            lambda frame: channel_of(frame) == "bbo" and frame["data"]["time"] == START_MS + 900
        )

    books = [frame["data"] for frame in frames if channel_of(frame) == "l2Book"]
    quotes = [frame["data"]["bbo"][0]["px"] for frame in frames if channel_of(frame) == "bbo"]
    assert books[1] == book(START_MS + 400, "100.0", "101.0")
    assert quotes == ["100.0", "100.5"]  # the snapshot, and the one change


def test_real_capture_plays_every_trade_and_every_book(capture: Path) -> None:
    source = CaptureSource(capture)
    found: set[tuple[int, str, int]] = set()
    books = 0
    with running_exchange(source, AT_ONCE) as exchange, VenueClient(exchange.url) as client:
        for coin in source.coins:
            client.subscribe("trades", coin=coin.name)
            client.subscribe("l2Book", coin=coin.name)
        while len(found) < 1_869 or books < 285:
            frame = client.frame()
            if channel_of(frame) == "trades":
                found |= {(one["time"], one["coin"], one["tid"]) for one in frame["data"]}
            books += channel_of(frame) == "l2Book"

        assert exchange.finished.wait(5)
        assert set(exchange.sent.trades()) <= found

    assert len(found) == source.n_trades == 1_869
    assert {name for _, name, _ in found} == {"BTC", "CASHCAT", "xyz:CL", "xyz:CXMT", "xyz:KR200"}


def test_real_capture_is_played_in_order_and_told_by_the_info_endpoint(capture: Path) -> None:
    source = CaptureSource(capture)
    times = [event.time_ms for event in source.events()]

    with running_exchange(source, AT_ONCE) as exchange, VenueClient(exchange.url) as client:
        universe = info(exchange.url, type="allPerpMetas")
        client.subscribe("trades", coin="BTC")
        assert exchange.finished.wait(10)
        req = {"coin": "BTC", "interval": "1m", "startTime": source.start_ms}
        candles = info(exchange.url, type="candleSnapshot", req=req)

    names = [entry["name"] for meta in universe for entry in meta["universe"]]
    assert all(later >= time for time, later in pairwise(times))
    assert sorted(names) == ["BTC", "CASHCAT", "xyz:CL", "xyz:CXMT", "xyz:KR200"]
    assert sum(candle["n"] for candle in candles) == 893


@pytest.mark.parametrize(
    "change",
    [
        {"px": ""},
        {"px": "0"},
        {"px": "1e300"},
        {"sz": "0.0"},
        {"sz": None},
        {"side": "?"},
        {"users": None},
        {"users": ["0x1", "0x2"]},
        {"hash": None},
        {"coin": ""},
        {"time": START_MS * 1_000},
        {"time": START_MS // 1_000},
        {"time": START_MS + 365 * 86_400_000},
    ],
)
def test_trade_that_cannot_be_meant_is_skipped_and_those_beside_it_are_played(
    tmp_path: Path, change: dict[str, object]
) -> None:
    good = [trade(START_MS, 1), trade(START_MS, 2)]

    source = write(
        tmp_path / "capture.jsonl",
        line(START_MS + 300, "trades", [good[0], trade(START_MS, 9) | change, good[1]]),
        line(START_MS + 400, "trades", [trade(START_MS + 200, 3)]),
    )

    assert ids(source) == [(0, [1, 2]), (400, [3])]
    assert (source.n_unreadable, source.n_trades) == (1, 3)


@pytest.mark.parametrize(
    ("channel", "data"),
    [
        ("l2Book", {"coin": "BTC", "time": START_MS, "levels": [None, None]}),
        ("l2Book", {"coin": "BTC", "time": START_MS, "levels": None}),
        ("l2Book", book(START_MS, "0", "2.0")),
        ("l2Book", book(START_MS * 1000, "1.0", "2.0")),
        ("bbo", {"coin": "BTC", "time": START_MS, "bbo": None}),
        ("bbo", {"coin": "BTC", "time": START_MS, "bbo": [{"px": "", "sz": "1.0", "n": 1}, None]}),
    ],
)
def test_quote_or_book_that_cannot_be_meant_is_skipped(
    tmp_path: Path, channel: str, data: dict[str, Any]
) -> None:
    source = write(
        tmp_path / "capture.jsonl",
        line(START_MS, "trades", [trade(START_MS, 1)]),
        line(START_MS + 10, channel, data),
    )

    assert [event.channel for event in source.events()] == ["trades"]
    assert source.n_unreadable == 1


def test_book_level_without_its_count_of_orders_is_played(tmp_path: Path) -> None:
    told = book(START_MS, "1.0", "2.0")
    for (level,) in told["levels"]:
        del level["n"]

    source = write(tmp_path / "capture.jsonl", line(START_MS, "l2Book", told))

    with running_exchange(source, AT_ONCE) as exchange, VenueClient(exchange.url) as client:
        client.subscribe("bbo", coin="BTC")
        frames = client.frames(lambda frame: channel_of(frame) == "bbo")
    assert frames[-1]["data"]["bbo"][0] == {"px": "1.0", "sz": "1.0", "n": 1}
    assert source.n_unreadable == 0


def test_bytes_that_are_no_text_and_a_byte_order_mark_are_no_end(tmp_path: Path) -> None:
    path = tmp_path / "capture.jsonl"
    good = line(START_MS, "trades", [trade(START_MS, 1)]).encode()
    bad = good.replace(b'"0x', b'"\xff\xfe')
    path.write_bytes(b"\xef\xbb\xbf" + good.replace(b"\n", b"\r\n") + bad + b"\x00\n" + good)

    source = CaptureSource(path)

    assert (ids(source), source.n_unreadable) == ([(0, [1])], 2)


def test_trades_with_the_id_zero_are_told_apart_by_all_they_say(tmp_path: Path) -> None:
    dust = [trade(START_MS, 0), trade(START_MS, 0, size="0.25"), trade(START_MS, 0)]

    source = write(tmp_path / "capture.jsonl", line(START_MS, "trades", dust))

    assert ids(source) == [(0, [0, 0])]


def test_prices_written_as_numbers_are_played_as_they_are_recorded(tmp_path: Path) -> None:
    told = {**trade(START_MS, 1), "px": 100.5, "sz": 2}

    source = write(tmp_path / "capture.jsonl", line(START_MS + 50, "trades", [told]))

    assert ids(source) == [(0, [1])]
