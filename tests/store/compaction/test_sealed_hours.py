"""Sealing keeps every row, field for field."""

import json
from pathlib import Path

import pytest
from fakes import (
    ALICE,
    BOB,
    CAROL,
    START_MS,
    evm_transaction,
    write_dataset,
)
from pyarrow import parquet
from sealing_fakes import Line, lines_of, made_again, seal, seen, sorted_lines, trades_of

from hypertrack.errors import DatasetError
from hypertrack.records import HOUR_MS, Feed
from hypertrack.store.compaction import commit_journal as seals
from hypertrack.store.compaction.sealed_rows import LAYOUTS
from hypertrack.store.dataset import open_dataset
from hypertrack.store.files.session import open_session


def test_folder_whose_name_looks_like_a_column_changes_nothing(tmp_path: Path) -> None:
    """DuckDB takes such names for columns of all files below, unless it is told not to."""
    plain = write_dataset(tmp_path / "plain", trades=trades_of())
    named = write_dataset(tmp_path / "coin=SOL" / "px=7" / "time=5", trades=trades_of())
    before = seen(plain)[0]

    assert seen(named)[0] == before
    assert seal(named)[Feed.TRADES].n_hours == 2
    assert seen(named)[0] == before
    with open_session(named, "append") as session:
        newest = {json.loads(line)["coin"] for line in session.last_trades}
    assert newest == {"BTC", "ETH"}


def test_readers_see_the_same_before_and_after(folder: Path) -> None:
    before = seen(folder)

    done = seal(folder)

    assert seen(folder) == before
    assert (done[Feed.TRADES].n_hours, done[Feed.TRADES].n_sealed) == (2, 8)
    assert [path.name for path in seals.sealed_hours(folder, Feed.TRADES)] == [
        "2026-01-05T08.parquet",
        "2026-01-05T09.parquet",
    ]


def test_newest_hour_stays_open_line_for_line(folder: Path) -> None:
    lines = (folder / "trades.jsonl").read_bytes().splitlines()

    seal(folder)

    assert (folder / "trades.jsonl").read_bytes().splitlines() == lines[8:]


def test_sealed_rows_are_the_venues_own_fields_by_coin_and_time(folder: Path) -> None:
    seal(folder)

    rows = parquet.read_table(seals.sealed_hours(folder, Feed.TRADES)[0]).to_pylist()
    expected = sorted(trades_of()[:4], key=lambda line: (line["coin"], line["time"]))
    assert [{key: row[key] for key in expected[0]} for row in rows] == expected
    assert {row["rest"] for row in rows} == {None}


def test_wallets_and_coins_are_dictionaries(folder: Path) -> None:
    many = [{**trades_of()[0], "tid": nth} for nth in range(1_000)]
    write_dataset(folder, trades=[*many, *trades_of()])

    seal(folder)

    group = parquet.ParquetFile(seals.sealed_hours(folder, Feed.TRADES)[0]).metadata.row_group(0)
    encodings = {
        column.path_in_schema.split(",")[0].split(".")[0]: column.encodings
        for column in (group.column(at) for at in range(group.num_columns))
    }
    for name in ("coin", "users"):
        assert any("DICTIONARY" in encoding for encoding in encodings[name])


def test_fields_that_nobody_knew_are_kept(folder: Path) -> None:
    first = {**trades_of()[0], "liquidation": {"user": ALICE, "mark": None}, "twapId": None}
    write_dataset(folder, trades=[first, *trades_of()[1:]])

    seal(folder)

    (kept,) = [
        json.loads(row["rest"])
        for row in parquet.read_table(seals.sealed_hours(folder, Feed.TRADES)[0]).to_pylist()
        if row["rest"]
    ]
    assert kept == {"liquidation": {"user": ALICE, "mark": None}, "twapId": None}


def test_every_line_can_be_made_again_from_its_row(folder: Path) -> None:
    level = {"px": "84143.0", "sz": "0.50", "n": 3}
    book = {
        "received_ns": 5,
        "coin": "BTC",
        "time": START_MS,
        "levels": [[level], []],
        "fast": True,
    }
    write_dataset(folder, l2book=[book, {**book, "time": START_MS + HOUR_MS}])
    kinds = [feed for feed, layout in LAYOUTS.items() if not layout.has_line]
    lines = {feed: lines_of(folder, feed) for feed in kinds}

    seal(folder)

    for feed in kinds:
        made = made_again(folder, feed)
        assert made
        assert sorted([*made, *sorted_lines(lines_of(folder, feed))]) == sorted_lines(lines[feed])


def test_blocks_and_transactions_stay_line_for_line(folder: Path) -> None:
    """Two chains, nulls that mean something, and a time that one of them writes in hexadecimal."""
    at = START_MS + 1_000
    sent = [evm_transaction(at, ALICE, None, value_wei=5), evm_transaction(at, ALICE, BOB)]
    later = evm_transaction(at + HOUR_MS, BOB, CAROL)
    core = {"received_ns": 1, "chain": "core", "time": at, "hash": "0x1", "error": None}
    block = {"received_ns": 2, "chain": "evm", "timestamp": hex(at // 1000), "number": "0x7"}
    next_block = {"received_ns": 3, "chain": "core", "blockTime": at + HOUR_MS, "height": 4}
    write_dataset(folder, transactions=[*sent, core, later], blocks=[block, next_block])
    before = seen(folder)

    done = seal(folder)

    assert seen(folder) == before
    assert done[Feed.TRANSACTIONS].n_sealed == 3
    assert made_again(folder, Feed.TRANSACTIONS) == sorted_lines([*sent, core])
    assert lines_of(folder, Feed.TRANSACTIONS) == [later]
    assert made_again(folder, Feed.BLOCKS) == sorted_lines([block])


def test_sealed_quotes_alone_have_their_mids(folder: Path) -> None:
    seal(folder)
    (folder / "bbo.jsonl").unlink()

    with open_dataset(folder) as dataset:
        mids = dataset.connection.execute("SELECT mid_price FROM bbo ORDER BY ALL").fetchall()

    assert mids == [(None,), (None,)]  # of two quotes of a time the later counts


@pytest.mark.parametrize(
    "odd",
    [
        {"px": 84143.0},
        {"tid": "7"},
        {"users": [ALICE, None, 3]},
        {"users": None},
        {"time": "soon"},
    ],
)
def test_line_that_columns_cannot_hold_stays_as_it_is(folder: Path, odd: Line) -> None:
    strange = json.dumps({**trades_of()[0], **odd}).encode()
    with (folder / "trades.jsonl").open("ab") as file:
        file.write(strange + b"\nnot json\n")
    before = seen(folder)

    done = seal(folder)

    assert (folder / "trades.jsonl").read_bytes().endswith(strange + b"\nnot json\n")
    assert done[Feed.TRADES].n_open == 4 + 2
    assert seen(folder) == before


def test_bytes_that_are_no_text_stop_the_sealing_and_nothing_else(folder: Path) -> None:
    with (folder / "trades.jsonl").open("ab") as file:
        file.write(b"\xff\xfe\x00\n")
    before, text = seen(folder), (folder / "trades.jsonl").read_bytes()

    with pytest.raises(DatasetError, match="nothing is lost"):
        seal(folder)

    assert (folder / "trades.jsonl").read_bytes() == text
    assert seen(folder) == before
