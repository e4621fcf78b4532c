"""Captures and other datasets become the lines that a recorder would have written."""

from pathlib import Path

import pyarrow as pa
import pytest
from archive_fakes import both_fills, fill, frame, read_lines, write_lines
from fakes import ALICE, BOB, START_MS, candle, observed, quote, trade, write_dataset
from import_fakes import imported

from hypertrack.records import encode_json
from hypertrack.store.columns import write_table
from hypertrack.store.dataset import open_dataset

TRADES = [trade(START_MS + n, buyer=ALICE, seller=BOB, taker=BOB, trade_id=n + 1) for n in range(4)]


def venue(line: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in line.items() if key != "received_ns"}


def test_frames_become_lines_with_their_time_of_receipt(tmp_path: Path) -> None:
    frames = [
        frame("subscriptionResponse", {"method": "subscribe"}),
        frame("trades", [venue(TRADES[0]), venue(TRADES[1])]),
        frame("trades", [venue(TRADES[1]), venue(TRADES[2])], START_MS + 500),
        frame("bbo", venue(quote(START_MS, 99.0, 101.0)), START_MS + 600),
        frame("l2Book", {"coin": "ETH", "time": START_MS, "levels": [[], []]}, START_MS + 700),
        {"received_wall_ns": (START_MS + 800) * 1_000_000, "channel": "pong"},
    ]

    report = imported(tmp_path / "data", write_lines(tmp_path / "capture.jsonl", frames))

    data = tmp_path / "data"
    received = [line["received_ns"] // 1_000_000 - START_MS for line in lines(data, "trades")]
    assert [venue(line) for line in lines(data, "trades")] == [venue(t) for t in TRADES[:3]]
    assert received == [300, 300, 500]
    assert [line["received_ns"] // 1_000_000 for line in lines(data, "bbo")] == [START_MS + 600]
    assert len(lines(data, "l2book")) == 1
    assert report.counts == {
        **{"trades": 3, "bbo": 1, "l2book": 1, "duplicates": 1, "other frames": 2}
    }
    assert {line["stream"] for line in lines(data, "coverage")} == {
        *("trades:BTC", "bbo:BTC", "l2book:ETH")
    }
    spans = {(line["start_ms"], line["end_ms"]) for line in lines(data, "coverage")}
    assert spans == {(START_MS + 300, START_MS + 801)}


def test_frames_of_one_wallets_fills_are_its_fills(tmp_path: Path) -> None:
    told = [each for _, each in (fill(trade_id=1), fill(trade_id=2, side="A"))]
    ahead = fill(trade_id=3, time_ms=START_MS + 3_600_000)[1]
    upper = ALICE.upper().replace("X", "x")
    frames = [
        frame("userFills", {"isSnapshot": True, "user": upper, "fills": [*told, ahead]}),
        frame("userFills", {"user": ALICE, "fills": [told[1]]}),
        frame("userFills", {"fills": [told[1]]}),
        frame("trades", [venue(TRADES[0])]),
    ]

    report = imported(tmp_path / "data", write_lines(tmp_path / "c", frames))

    found = [(line["user"], line["tid"]) for line in lines(tmp_path / "data", "fills")]
    assert found == [(ALICE, 1), (ALICE, 2)]
    assert report.counts == {"trades": 1, "fills": 2, "repeated fills": 1, "quarantined": 2}


def test_only_candles_that_were_over_are_written(tmp_path: Path) -> None:
    prices = (1.0, 2.0, 1.0, 2.0)
    states = [
        candle(START_MS, prices=prices, count=1),
        candle(START_MS, prices=prices, count=5),
        candle(START_MS + 60_000, prices=prices, count=2),
    ]
    frames = [frame("candle", venue(state)) for state in states]

    report = imported(tmp_path / "data", write_lines(tmp_path / "c", frames))

    (line,) = lines(tmp_path / "data", "candles")
    assert (line["t"], line["n"]) == (START_MS, 5)
    assert report.counts == {"candles": 1, "open candles": 1}


def test_silence_longer_than_the_venue_lets_a_socket_live_is_a_gap(tmp_path: Path) -> None:
    frames = [
        frame("trades", [venue(TRADES[0])], START_MS),
        frame("trades", [venue(TRADES[1])], START_MS + 60_000),
        frame("trades", [venue(TRADES[2])], START_MS + 120_001),
    ]

    imported(tmp_path / "data", write_lines(tmp_path / "c", frames))

    found = [
        (line["stream"], line["start_ms"] - START_MS, line["end_ms"] - START_MS, line["cause"])
        for line in lines(tmp_path / "data", "coverage")
    ]
    assert sorted(found, key=lambda line: line[1]) == [
        ("trades:BTC", 0, 60_001, None),
        ("trades", 60_001, 120_001, "silence"),
        ("trades:BTC", 120_001, 120_002, None),
    ]


def test_torn_frame_is_quarantined(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "c", [frame("trades", [venue(TRADES[0])])])
    path.write_bytes(path.read_bytes() + b'{"received_wall_ns":17676000')

    report = imported(tmp_path / "data", path)

    assert report.counts == {"trades": 1, "quarantined": 1}


def test_dataset_is_copied_with_its_ledger(tmp_path: Path) -> None:
    ledger = [
        observed("trades:BTC", START_MS, START_MS + 50),
        observed("trades:BTC", START_MS + 50, START_MS + 70, status="gap", cause="overflow"),
        observed("l2book:BTC", START_MS, START_MS + 50),
    ]
    old = write_dataset(tmp_path / "old", trades=[*TRADES, TRADES[0]], coverage=ledger)

    report = imported(tmp_path / "data", old)

    assert lines(tmp_path / "data", "trades") == TRADES
    assert report.counts == {"trades": 4, "duplicates": 1}
    copied = [(line["stream"], line["status"]) for line in lines(tmp_path / "data", "coverage")]
    assert copied == [("trades:BTC", "observed"), ("trades:BTC", "gap")]


def test_sealed_hours_of_a_dataset_are_copied_too(tmp_path: Path) -> None:
    old = write_dataset(tmp_path / "old", trades=TRADES[2:])
    first = {**TRADES[0], "twapId": None, "more": {"a": [1]}}
    rest = encode_json({"twapId": None, "more": {"a": [1]}}).decode()
    sealed = pa.Table.from_pylist([{**TRADES[0], "rest": rest}, {**TRADES[1], "rest": None}])
    write_table(old / "sealed" / "trades" / "2026-01-05T08.parquet", sealed)

    imported(tmp_path / "data", old)

    assert lines(tmp_path / "data", "trades") == [first, *TRADES[1:]]


def test_damaged_hour_of_a_copied_dataset_is_a_gap(tmp_path: Path) -> None:
    old = write_dataset(
        tmp_path / "old",
        trades=TRADES,
        coverage=[observed("trades:BTC", START_MS - 7_200_000, START_MS + 50)],
    )
    for hour in ("06", "07"):
        path = old / "sealed" / "trades" / f"2026-01-05T{hour}.parquet"
        write_table(path, pa.Table.from_pylist([{**TRADES[0], "rest": None}]))
    path.write_bytes(path.read_bytes()[:-20])

    imported(tmp_path / "data", old)

    found = [
        (line["stream"], line["start_ms"] - START_MS, line["end_ms"] - START_MS, line["cause"])
        for line in lines(tmp_path / "data", "coverage")
    ]
    assert found == [
        ("trades:BTC", -7_200_000, -3_600_000, None),
        ("trades:BTC", 0, 50, None),
        ("trades", -3_600_000, 0, "damaged"),
    ]


def test_fills_of_a_dataset_are_copied_once(tmp_path: Path) -> None:
    maker, taker, later = [
        {"received_ns": 1, "user": user, **each} for user, each in [*both_fills(), fill(trade_id=8)]
    ]
    for name, fills in (("a", [maker, taker]), ("b", [taker, later])):
        write_dataset(tmp_path / name, trades=TRADES, fills=fills)

    report = imported(tmp_path / "data", tmp_path / "a", tmp_path / "b")

    assert lines(tmp_path / "data", "fills") == [maker, taker, later]
    assert report.counts["repeated fills"] == 1


def test_two_datasets_of_one_time_become_one(tmp_path: Path) -> None:
    for name, trades in (("a", TRADES[:3]), ("b", TRADES[1:])):
        ends = trades[0]["time"], trades[-1]["time"] + 1
        write_dataset(tmp_path / name, trades=trades, coverage=[observed("trades:BTC", *ends)])

    imported(tmp_path / "data", tmp_path / "a", tmp_path / "b")

    with open_dataset(tmp_path / "data") as dataset:
        summary = dataset.summary()
    assert (summary.n_trades, summary.n_duplicate_trades) == (4, 0)
    assert summary.observed_frac == 1.0


def test_bad_objects_of_a_frame_do_not_take_the_good_ones_with_them(tmp_path: Path) -> None:
    bad = {**venue(TRADES[1]), "px": "0"}
    frames = [frame("trades", [venue(TRADES[0]), bad, venue(TRADES[2])])]

    report = imported(tmp_path / "data", write_lines(tmp_path / "c", frames))

    assert report.counts == {"trades": 2, "quarantined": 1}
    assert {line["status"] for line in lines(tmp_path / "data", "coverage")} == {"observed", "gap"}


@pytest.mark.parametrize(
    "change",
    [
        {"time": START_MS * 1_000_000},
        {"time": START_MS * 1_000},
        {"time": START_MS // 1_000},
        {"time": -START_MS},
        {"time": START_MS + 365 * 86_400_000},
        {"time": None},
        {"px": "1e300"},
        {"px": None},
        {"users": None},
        {"users": [ALICE]},
        {"users": [ALICE, "bob"]},
        {"side": "Z"},
        {"tid": "7"},
        {"coin": ""},
    ],
)
def test_trade_that_cannot_be_meant_is_quarantined_wherever_it_comes_from(
    tmp_path: Path, change: dict[str, object]
) -> None:
    bad = {**TRADES[1], **change}
    old = write_dataset(tmp_path / "old", trades=[bad, TRADES[0]])
    captured = [frame("trades", [venue(bad)]), frame("trades", [venue(TRADES[0])])]
    captured += [frame("trades", [venue(TRADES[n])], START_MS + n * 100) for n in (2, 3)]
    capture = write_lines(tmp_path / "c", captured)

    from_capture = imported(tmp_path / "one", capture)
    from_dataset = imported(tmp_path / "two", old)

    assert from_capture.counts == {"trades": 3, "quarantined": 1}
    assert from_dataset.counts == {"trades": 1, "quarantined": 1}


def test_capture_of_a_clock_that_is_behind_keeps_its_trades(tmp_path: Path) -> None:
    frames = [frame("trades", [venue(one)], one["time"] - 7_200_000) for one in TRADES]

    report = imported(tmp_path / "data", write_lines(tmp_path / "c", frames))

    assert report.counts == {"trades": 4}


def test_candles_come_as_an_object_or_a_list_and_the_fullest_state_counts(tmp_path: Path) -> None:
    prices = (1.0, 2.0, 1.0, 2.0)
    states = [
        venue(candle(START_MS, prices=prices, count=5)),
        [venue(candle(START_MS, prices=prices, count=3))],
        [venue(candle(START_MS + 60_000, prices=prices, count=2))],
        venue(candle(START_MS, prices=prices, count=6)),
    ]

    report = imported(
        tmp_path / "data", write_lines(tmp_path / "c", [frame("candle", s) for s in states])
    )

    found = [(line["t"], line["n"]) for line in lines(tmp_path / "data", "candles")]
    assert found == [(START_MS, 5), (START_MS, 6)]
    assert report.counts == {"candles": 2, "open candles": 1}


def test_trades_with_the_id_zero_are_told_apart_by_all_they_say(tmp_path: Path) -> None:
    dust = {**venue(TRADES[0]), "tid": 0}
    frames = [frame("trades", [dust, {**dust, "sz": "2.0"}, {**dust, "px": "99.0"}, dust])]

    report = imported(tmp_path / "data", write_lines(tmp_path / "c", frames))

    assert report.counts == {"trades": 3, "duplicates": 1}


def lines(folder: Path, name: str) -> list[dict[str, object]]:
    return read_lines(folder / f"{name}.jsonl")
