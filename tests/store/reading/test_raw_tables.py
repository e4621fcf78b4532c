import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from fakes import (
    ALICE,
    BOB,
    CAROL,
    START_MS,
    candle,
    erc20_transfer,
    evm_transaction,
    observed,
    quote,
    trade,
    write_dataset,
)
from pyarrow import parquet

from hypertrack.records import DAY_MS, HOUR_MS
from hypertrack.store.dataset import Dataset, open_dataset

ONE = trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB, price=10.5, size=2.0, trade_id=7)


def rows(dataset: Dataset, table: str) -> list[tuple[Any, ...]]:
    return dataset.connection.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall()


def seal(folder: Path, feed: str, lines: list[dict[str, Any]]) -> None:
    path = folder / "sealed" / feed / "2026-01-05T08.parquet"
    path.parent.mkdir(parents=True)
    parquet.write_table(pa.Table.from_pylist(lines), path)


def test_wallets_and_coins_are_numbered_in_the_order_of_their_text(tmp_path: Path) -> None:
    trades = [
        trade(START_MS, buyer=CAROL, seller=BOB, taker=BOB, coin="ETH"),
        trade(START_MS, buyer=BOB, seller=ALICE, taker=BOB, coin="@107"),
    ]

    with open_dataset(write_dataset(tmp_path, trades=trades)) as dataset:
        assert rows(dataset, "wallets") == [(0, ALICE), (1, BOB), (2, CAROL)]
        assert rows(dataset, "coins") == [(0, "@107"), (1, "ETH")]


def test_trades_become_numbers(tmp_path: Path) -> None:
    with open_dataset(write_dataset(tmp_path, trades=[ONE])) as dataset:
        assert rows(dataset, "trades") == [(START_MS, 0, 7, 10.5, 2.0, False, False, 0, 1)]


def test_zero_hash_is_a_twap(tmp_path: Path) -> None:
    twap = trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB, is_twap=True)

    with open_dataset(write_dataset(tmp_path, trades=[twap])) as dataset:
        assert rows(dataset, "trades")[0][6] is True


def test_zero_hash_of_the_venues_own_conversion_is_no_twap(tmp_path: Path) -> None:
    system = "0x" + "E" * 40
    conversion = trade(START_MS, buyer=system, seller=BOB, taker=system, is_twap=True)

    with open_dataset(write_dataset(tmp_path, trades=[conversion])) as dataset:
        assert rows(dataset, "(SELECT is_twap FROM trades)") == [(False,)]


def test_trades_are_one_by_time_coin_and_id(tmp_path: Path) -> None:
    others = [
        {**ONE, "time": START_MS + 1},
        {**ONE, "coin": "ETH"},
        {**ONE, "tid": 8},
    ]

    with open_dataset(write_dataset(tmp_path, trades=[ONE, *others, ONE, ONE])) as dataset:
        assert len(rows(dataset, "trades")) == 4
        assert dataset.summary().n_duplicate_trades == 2


@pytest.mark.parametrize("is_first", [True, False])
def test_of_two_copies_of_a_trade_that_differ_the_smaller_values_are_kept(
    tmp_path: Path, is_first: bool
) -> None:
    other = {**ONE, "px": "10.25", "sz": "3.0"}
    trades = [other, ONE] if is_first else [ONE, other]

    with open_dataset(write_dataset(tmp_path, trades=trades)) as dataset:
        assert rows(dataset, "trades") == [(START_MS, 0, 7, 10.25, 2.0, False, False, 0, 1)]
        assert dataset.summary().n_duplicate_trades == 1


def test_quotes_have_a_mid_where_both_sides_are_there(tmp_path: Path) -> None:
    bbo = [quote(START_MS, 99.0, 101.0), quote(START_MS + 1, None, 101.0)]

    with open_dataset(write_dataset(tmp_path, bbo=bbo)) as dataset:
        assert rows(dataset, "bbo") == [
            (START_MS, 0, 99.0, 101.0, 100.0),
            (START_MS + 1, 0, None, 101.0, None),
        ]


def test_of_two_quotes_of_one_time_the_last_received_counts(tmp_path: Path) -> None:
    late = {**quote(START_MS, 1.0, 3.0), "received_ns": (START_MS + 900) * 1_000_000}

    with open_dataset(write_dataset(tmp_path, bbo=[late, quote(START_MS, 99.0, 101.0)])) as dataset:
        assert rows(dataset, "bbo") == [(START_MS, 0, 1.0, 3.0, 2.0)]


def test_recorded_candles_win_and_other_intervals_are_left_out(tmp_path: Path) -> None:
    candles = [
        candle(START_MS, prices=(1, 4, 0.5, 2), volume=9),
        {**candle(START_MS + 60_000, prices=(1, 4, 0.5, 2)), "i": "5m"},
    ]
    later = trade(START_MS + 60_000, buyer=ALICE, seller=BOB, taker=BOB, price=3.0, size=2.0)

    with open_dataset(write_dataset(tmp_path, trades=[ONE, later], candles=candles)) as dataset:
        assert rows(dataset, "candles") == [
            (START_MS, 0, 1.0, 4.0, 0.5, 2.0, 9.0),
            (START_MS + 60_000, 0, 3.0, 3.0, 3.0, 3.0, 2.0),
        ]


def test_evm_transactions_and_transfers_become_numbers(tmp_path: Path) -> None:
    token = "0x" + "7" * 40
    transfers = [erc20_transfer(token, BOB, CAROL, 1_500_000, 6)]
    transactions = [
        evm_transaction(START_MS, ALICE.upper().replace("0X", "0x"), None, value_wei=10**18),
        evm_transaction(START_MS, BOB, token, call="0xa9059cbb", transfers=transfers),
        {"chain": "core", "user": ALICE, "time": START_MS, "hash": "0x1"},
    ]

    with open_dataset(write_dataset(tmp_path, transactions=transactions)) as dataset:
        # Wallet ids: 0 the token, 1 Alice, 2 Bob, 3 Carol.
        assert rows(dataset, "evm_transactions") == [
            (START_MS, 1, None, 1.0, False),
            (START_MS, 2, 0, 0.0, True),
        ]
        assert rows(dataset, "erc20_transfers") == [(START_MS, 2, 3, 0, 1.5)]
        assert dataset.summary().n_torn_lines == 0


def test_ledger_streams_are_split_at_the_first_colon(tmp_path: Path) -> None:
    coverage = [observed("trades:xyz:CL", 1, 2), observed("blocks", 3, 4)]

    with open_dataset(write_dataset(tmp_path, trades=[], coverage=coverage)) as dataset:
        assert [row[:3] for row in rows(dataset, "coverage")] == [
            ("blocks", "blocks", None),
            ("trades:xyz:CL", "trades", "xyz:CL"),
        ]


def test_sealed_hours_and_open_files_are_read_together(tmp_path: Path) -> None:
    write_dataset(tmp_path, trades=[ONE, {**ONE, "tid": 8}])
    seal(tmp_path, "trades", [ONE, {**ONE, "tid": 9, "time": START_MS - 1}])

    with open_dataset(tmp_path) as dataset:
        assert [row[2] for row in rows(dataset, "trades")] == [9, 7, 8]
        assert dataset.summary().n_duplicate_trades == 1


def test_sealed_hours_alone_are_a_dataset(tmp_path: Path) -> None:
    seal(tmp_path, "trades", [ONE])
    transaction = json.dumps(evm_transaction(START_MS, ALICE, BOB))
    seal(tmp_path, "transactions", [{"chain": "evm", "time_ms": START_MS, "line": transaction}])

    with open_dataset(tmp_path) as dataset:
        assert len(rows(dataset, "trades")) == 1
        assert len(rows(dataset, "evm_transactions")) == 1


@pytest.mark.parametrize(
    "broken",
    [
        b'{"coin":"BTC","side":"B","px":"1","sz":"1","ti',
        b"not json at all",
        b"\xff\xfe\x00",
        b"\x00\x00\x00\x00",
        b"[1, 2, 3]",
        b"{}",
        json.dumps({**ONE, "px": "abc"}).encode(),
        json.dumps({**ONE, "px": "NaN"}).encode(),
        json.dumps({**ONE, "sz": "-1"}).encode(),
        json.dumps({**ONE, "sz": "1e300"}).encode(),
        json.dumps({**ONE, "time": "soon"}).encode(),
        json.dumps({**ONE, "side": "X"}).encode(),
        json.dumps({**ONE, "users": [ALICE]}).encode(),
        json.dumps({**ONE, "users": None}).encode(),
        json.dumps({**ONE, "users": [ALICE, "bob"]}).encode(),
        json.dumps({**ONE, "coin": ""}).encode(),
        json.dumps({**ONE, "px": "1e300"}).encode(),
        json.dumps({**ONE, "tid": -1}).encode(),
        json.dumps({**ONE, "time": START_MS // 1000}).encode(),
        json.dumps({**ONE, "time": START_MS * 1000}).encode(),
        json.dumps({**ONE, "time": START_MS * 1_000_000}).encode(),
        json.dumps({**ONE, "time": -START_MS}).encode(),
        json.dumps({**ONE, "time": START_MS + 365 * DAY_MS}).encode(),
        json.dumps({**ONE, "time": 4_070_908_800_000}).encode(),
    ],
)
@pytest.mark.parametrize("end", [b"\n", b""])
def test_a_line_that_cannot_be_read_is_counted(tmp_path: Path, broken: bytes, end: bytes) -> None:
    write_dataset(tmp_path, trades=[ONE])
    with (tmp_path / "trades.jsonl").open("ab") as file:
        file.write(broken + end)

    with open_dataset(tmp_path) as dataset:
        assert len(rows(dataset, "trades")) == 1
        assert dataset.summary().n_torn_lines == 1


def test_a_broken_line_in_the_middle_hides_nothing_after_it(tmp_path: Path) -> None:
    lines = [json.dumps({**ONE, "tid": i}) for i in range(1, 5)]
    lines[1] = lines[1][:40]
    (tmp_path / "trades.jsonl").write_text("\n".join(lines) + "\n")

    with open_dataset(tmp_path) as dataset:
        assert [row[2] for row in rows(dataset, "trades")] == [1, 3, 4]
        assert dataset.summary().n_torn_lines == 1


def test_added_keys_and_numbers_without_quotes_are_read(tmp_path: Path) -> None:
    line = {**ONE, "px": 10.5, "sz": 2, "liquidation": {"user": ALICE}, "twapId": None}

    with open_dataset(write_dataset(tmp_path, trades=[line])) as dataset:
        assert rows(dataset, "trades")[0][3:5] == (10.5, 2.0)


@pytest.mark.parametrize(
    "coin", ["'; DROP TABLE trades; --", '"', "💥", "a\u0000b", "NULL", "x" * 1_000]
)
def test_coin_names_are_just_text(tmp_path: Path, coin: str) -> None:
    folder = write_dataset(tmp_path / "it's [a] *folder*?", trades=[{**ONE, "coin": coin}])

    with open_dataset(folder) as dataset:
        assert rows(dataset, "coins") == [(0, coin)]
        assert len(rows(dataset, "trades")) == 1


POISON = {
    "seconds": START_MS // 1000,
    "microseconds": START_MS * 1000,
    "negative": -START_MS,
    "2099": 4_070_908_800_000,
}


@pytest.mark.parametrize("time_ms", POISON.values(), ids=POISON.keys())
@pytest.mark.parametrize("is_sealed", [False, True], ids=["open", "sealed"])
def test_time_that_cannot_be_meant_is_left_out_of_every_feed(
    tmp_path: Path, time_ms: int, *, is_sealed: bool
) -> None:
    lines_by_feed: dict[str, list[dict[str, Any]]] = {
        "trades": [ONE, {**ONE, "tid": 8, "time": time_ms}],
        "bbo": [quote(START_MS, 99.0, 101.0), {**quote(START_MS, 1.0, 2.0), "time": time_ms}],
        "candles": [
            candle(START_MS, prices=(1, 4, 0.5, 2)),
            {**candle(START_MS, prices=(1, 4, 0.5, 2)), "t": time_ms},
        ],
    }
    for feed, lines in lines_by_feed.items():
        if is_sealed:
            seal(tmp_path, feed, lines)
        else:
            write_dataset(tmp_path, **{feed: lines})

    with open_dataset(tmp_path) as dataset:
        assert [len(rows(dataset, feed)) for feed in lines_by_feed] == [1, 1, 1]
        assert rows(dataset, "candles")[0][0] == START_MS
        assert sum(dataset.summary().n_unread_by_reason.values()) == 3


def test_lines_that_are_not_read_are_counted_by_reason(tmp_path: Path) -> None:
    trades = [
        ONE,
        {**ONE, "px": "1e300"},
        {**ONE, "users": [ALICE, "0x1"]},
        {**ONE, "users": ["somebody", BOB]},
        {**ONE, "time": 7},
        {**ONE, "time": START_MS + DAY_MS},
        {"coin": "BTC"},
    ]

    with open_dataset(write_dataset(tmp_path, trades=trades)) as dataset:
        assert dataset.summary().n_unread_by_reason == {
            "no wallet's address": 2,
            "price or size out of range": 1,
            "time ahead of its receipt": 1,
            "time out of range": 1,
            "torn, or not of its feed's shape": 1,
        }


def received(time_ms: int, received_ms: int, trade_id: int) -> dict[str, Any]:
    return {**ONE, "time": time_ms, "tid": trade_id, "received_ns": received_ms * 1_000_000}


def test_time_of_a_recorder_whose_clock_is_behind_is_no_flaw(tmp_path: Path) -> None:
    # Received by a clock that is three hours late: it is the one in the middle that is ahead.
    trades = [received(START_MS + i, START_MS + i - 3 * HOUR_MS, i) for i in range(1, 12)]
    trades[5]["time"] += 61_000

    with open_dataset(write_dataset(tmp_path, trades=trades)) as dataset:
        assert [row[2] for row in rows(dataset, "trades")] == [1, 2, 3, 4, 5, 7, 8, 9, 10, 11]


def test_two_sessions_have_each_their_own_skew(tmp_path: Path) -> None:
    right = [received(START_MS + i, START_MS + i + 300, i) for i in range(1, 30)]
    behind = [
        received(START_MS + DAY_MS + i, START_MS + DAY_MS + i - 2 * HOUR_MS, 100 + i)
        for i in range(12)
    ]

    with open_dataset(write_dataset(tmp_path, trades=[*right, *behind])) as dataset:
        assert len(rows(dataset, "trades")) == 41


def test_rows_of_a_venue_that_runs_faster_than_time_are_kept(tmp_path: Path) -> None:
    trades = [received(START_MS + i * 60_000, START_MS + i * 100, i) for i in range(1, 121)]

    with open_dataset(write_dataset(tmp_path, trades=trades)) as dataset:
        assert len(rows(dataset, "trades")) == 120


def test_line_without_a_receipt_is_judged_by_the_last_one(tmp_path: Path) -> None:
    unknown = {name: value for name, value in ONE.items() if name != "received_ns"}
    trades = [ONE, {**unknown, "tid": 8}, {**unknown, "tid": 9, "time": START_MS + DAY_MS}]

    with open_dataset(write_dataset(tmp_path, trades=trades)) as dataset:
        assert [row[2] for row in rows(dataset, "trades")] == [7, 8]


def test_trades_with_the_id_zero_are_told_apart_by_all_they_say(tmp_path: Path) -> None:
    dust = {**ONE, "tid": 0}
    trades = [dust, {**dust, "sz": "2.5"}, {**dust, "px": "10.0"}, dust]

    with open_dataset(write_dataset(tmp_path, trades=trades)) as dataset:
        assert len(rows(dataset, "trades")) == 3
        assert all(row[2] < 0 for row in rows(dataset, "trades"))
        assert dataset.summary().n_duplicate_trades == 1
