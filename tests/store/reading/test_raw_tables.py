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
    lines = [json.dumps({**ONE, "tid": i}) for i in range(4)]
    lines[1] = lines[1][:40]
    (tmp_path / "trades.jsonl").write_text("\n".join(lines) + "\n")

    with open_dataset(tmp_path) as dataset:
        assert [row[2] for row in rows(dataset, "trades")] == [0, 2, 3]
        assert dataset.summary().n_torn_lines == 1


def test_added_keys_and_numbers_without_quotes_are_read(tmp_path: Path) -> None:
    line = {**ONE, "px": 10.5, "sz": 2, "liquidation": {"user": ALICE}, "twapId": None}

    with open_dataset(write_dataset(tmp_path, trades=[line])) as dataset:
        assert rows(dataset, "trades")[0][3:5] == (10.5, 2.0)


@pytest.mark.parametrize(
    "coin", ["'; DROP TABLE trades; --", '"', "", "💥", "a\u0000b", "NULL", "x" * 1_000]
)
def test_coin_names_are_just_text(tmp_path: Path, coin: str) -> None:
    folder = write_dataset(tmp_path / "it's [a] *folder*?", trades=[{**ONE, "coin": coin}])

    with open_dataset(folder) as dataset:
        assert rows(dataset, "coins") == [(0, coin)]
        assert len(rows(dataset, "trades")) == 1
