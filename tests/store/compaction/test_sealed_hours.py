"""Sealing keeps every row, whatever it is interrupted by."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from fakes import (
    ALICE,
    BOB,
    CAROL,
    START_MS,
    candle,
    evm_transaction,
    observed,
    quote,
    trade,
    write_dataset,
)
from pyarrow import parquet

from hypertrack.errors import DatasetError
from hypertrack.records import HOUR_MS, Feed
from hypertrack.store.compaction import commit_journal as seals
from hypertrack.store.compaction.commit_journal import put_in_force
from hypertrack.store.compaction.sealed_hours import SealedFeed, prepare_sealing, seal_folder
from hypertrack.store.compaction.sealed_rows import LAYOUTS, line_of
from hypertrack.store.dataset import open_dataset
from hypertrack.store.files.session import open_session
from hypertrack.store.reading import relations as sources
from hypertrack.store.verification import verify_dataset

TABLES = ("wallets", "coins", "trades", "bbo", "candles", "coverage")

Line = dict[str, Any]


def trades_of(n_hours: int = 3) -> list[Line]:
    """Return four trades of two coins in each hour, a quarter of an hour apart."""
    return [
        trade(
            START_MS + nth * HOUR_MS // 4,
            buyer=(ALICE, BOB)[nth % 2],
            seller=CAROL,
            taker=CAROL,
            coin=("ETH", "BTC")[nth % 2],
            trade_id=nth + 1,
        )
        for nth in range(4 * n_hours)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three hours of three feeds."""
    hours = [START_MS + nth * HOUR_MS for nth in range(3)]
    return write_dataset(
        tmp_path / "it's [a] folder",
        trades=trades_of(),
        bbo=[quote(at, bid, 101.0) for at in hours for bid in (99.0, None)],
        candles=[candle(at, prices=(1, 4, 0.5, 2)) for at in hours],
        coverage=[observed("trades:BTC", START_MS, START_MS + 3 * HOUR_MS)],
    )


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


def seen(folder: Path) -> tuple[Any, ...]:
    """Return all that readers see."""
    with open_dataset(folder) as dataset:
        tables = [
            dataset.connection.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in TABLES
        ]
        return (tables, dataset.summary())


def seal(folder: Path) -> dict[Feed, SealedFeed]:
    with open_session(folder, "append"):
        return {done.feed: done for done in seal_folder(folder)}


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
    lines = {feed: _lines(folder, feed) for feed in kinds}

    seal(folder)

    for feed in kinds:
        made = _made_again(folder, feed)
        assert made
        assert sorted([*made, *_sorted(_lines(folder, feed))]) == _sorted(lines[feed])


def _made_again(folder: Path, feed: Feed) -> list[str]:
    return _sorted(
        json.loads(line_of(row))
        for path in seals.sealed_hours(folder, feed)
        for row in parquet.read_table(path).to_pylist()
    )


def _lines(folder: Path, feed: Feed) -> list[Line]:
    return [json.loads(line) for line in (folder / f"{feed}.jsonl").read_bytes().splitlines()]


def _sorted(lines: Iterable[Line]) -> list[str]:
    return sorted(json.dumps(line, sort_keys=True) for line in lines)


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
    assert _made_again(folder, Feed.TRANSACTIONS) == _sorted([*sent, core])
    assert _lines(folder, Feed.TRANSACTIONS) == [later]
    assert _made_again(folder, Feed.BLOCKS) == _sorted([block])


def test_file_that_grows_meanwhile_keeps_what_came(folder: Path) -> None:
    lines, late = _lines(folder, Feed.TRADES), {**trades_of()[0], "tid": 77}
    with (folder / "trades.jsonl").open("ab", buffering=0) as file:
        file.write(b'{"half a line')  # the writer is in the middle of one

        prepared = prepare_sealing(folder, Feed.TRADES, is_growing=True)
        file.seek(-len(b'{"half a line'), os.SEEK_END)
        file.truncate()
        file.write(json.dumps(late).encode() + b"\n")

    assert _lines(folder, Feed.TRADES) == [*lines, late]  # nothing is in force yet
    put_in_force(folder, prepared)
    assert _lines(folder, Feed.TRADES) == [*lines[8:], late]
    assert _made_again(folder, Feed.TRADES) == _sorted(lines[:8])
    assert not list(folder.rglob("*.part"))


@pytest.mark.parametrize("n_renamed", range(4))
def test_line_added_after_a_sealing_that_failed_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch, n_renamed: int
) -> None:
    """The disk fails before the journal, or before one of the files that it names is renamed."""
    prepared = prepare_sealing(folder, Feed.TRADES, is_growing=True)
    left, replace = iter(range(n_renamed)), Path.replace

    def failing(path: Path, target: Path) -> Path:
        if next(left, None) is None:
            raise OSError(5, "Input/output error")
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", failing)
        with pytest.raises(DatasetError, match="nothing is lost"):
            put_in_force(folder, prepared)
    with (folder / "trades.jsonl").open("a") as file:
        file.write(json.dumps({**trades_of()[0], "tid": 77}) + "\n")

    seal(folder)

    with open_dataset(folder) as dataset:
        ids = dataset.connection.execute("SELECT trade_id FROM trades ORDER BY ALL").fetchall()
    assert [trade_id for (trade_id,) in ids] == [*range(1, 13), 77]


def test_what_was_prepared_and_never_put_in_force_is_forgotten(folder: Path) -> None:
    before = seen(folder)
    prepare_sealing(folder, Feed.TRADES, is_growing=True)
    assert list(folder.rglob("*.part"))

    with open_session(folder, "append"):
        pass

    assert not list(folder.rglob("*.part"))
    assert seen(folder) == before


def test_reader_starts_again_when_an_hour_is_sealed_under_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = seen(folder)
    prepared = [prepare_sealing(folder, Feed.TRADES, is_growing=True)]
    run_on = sources.run_on

    def sealed_meanwhile(*words: Any) -> None:
        if prepared and words[2].name == "trades.jsonl":
            put_in_force(folder, prepared.pop())
        run_on(*words)

    monkeypatch.setattr("hypertrack.store.reading.folder_lines.run_on", sealed_meanwhile)

    assert seen(folder) == before
    assert prepared == []


def test_sealed_quotes_alone_have_their_mids(folder: Path) -> None:
    seal(folder)
    (folder / "bbo.jsonl").unlink()

    with open_dataset(folder) as dataset:
        mids = dataset.connection.execute("SELECT mid_price FROM bbo ORDER BY ALL").fetchall()

    assert mids == [(None,), (None,)]  # of two quotes of a time the later counts


def test_recording_goes_on_behind_the_newest_trades(folder: Path) -> None:
    seal(folder)

    with open_session(folder, "append") as session:
        assert [json.loads(line)["tid"] for line in session.last_trades] == list(range(1, 13))


def test_only_a_replay_of_each_sealed_coin_is_remembered(folder: Path) -> None:
    many = [{**trades_of()[0], "tid": nth, "time": START_MS + nth} for nth in range(1_000)]
    write_dataset(folder, trades=[*many, *trades_of()[4:]])
    seal(folder)

    with open_session(folder, "append") as session:
        remembered = [json.loads(line) for line in session.last_trades]

    early = [
        line["tid"] for line in remembered if line["coin"] == "ETH" and "received_ns" not in line
    ]
    assert early == [*range(972, 1_000), 5, 7]


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


def test_late_rows_of_a_sealed_hour_join_it(folder: Path) -> None:
    seal(folder)
    late = {**trades_of()[1], "tid": 99}
    with (folder / "trades.jsonl").open("ab") as file:
        file.write(json.dumps(late).encode() + b"\n")
    before = seen(folder)

    done = seal(folder)

    assert (done[Feed.TRADES].n_hours, done[Feed.TRADES].n_sealed) == (1, 1)
    assert len(parquet.read_table(seals.sealed_hours(folder, Feed.TRADES)[0])) == 5
    assert seen(folder) == before


def test_sealing_again_changes_nothing(folder: Path) -> None:
    seal(folder)
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    seal(folder)

    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == files


def test_bytes_that_are_no_text_stop_the_sealing_and_nothing_else(folder: Path) -> None:
    with (folder / "trades.jsonl").open("ab") as file:
        file.write(b"\xff\xfe\x00\n")
    before, text = seen(folder), (folder / "trades.jsonl").read_bytes()

    with pytest.raises(DatasetError, match="nothing is lost"):
        seal(folder)

    assert (folder / "trades.jsonl").read_bytes() == text
    assert seen(folder) == before


def damage(path: Path, *, is_torn: bool = True) -> None:
    """Cut a file's end off, or flip one bit in the middle of it."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data[: len(data) // 2] if is_torn else data)


def test_damaged_hour_is_set_aside_and_a_gap_and_all_else_is_read(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    seal(folder)
    damage(folder / "sealed" / "trades" / "2026-01-05T09.parquet")

    with open_dataset(folder) as dataset:
        found = dataset.connection.execute("SELECT trade_id FROM trades ORDER BY ALL").fetchall()
        gaps = dataset.connection.execute(
            "SELECT start_ms, end_ms, cause FROM coverage WHERE status = 'gap'"
        ).fetchall()
        observed_days = dataset.summary().observed_days
        named = verify_dataset(dataset).damaged_files

    assert [trade_id for (trade_id,) in found] == [1, 2, 3, 4, 9, 10, 11, 12]
    assert gaps == [(START_MS + HOUR_MS, START_MS + 2 * HOUR_MS, "damaged")]
    assert observed_days == pytest.approx(1.75 / 24)  # of the time from the first trade to the last
    assert named == ("sealed/trades/2026-01-05T09.parquet",)
    assert "is damaged and left out: its hour is a gap" in caplog.text


def test_flipped_bit_of_a_sealed_hour_is_noticed(folder: Path) -> None:
    seal(folder)
    path = folder / "sealed" / "bbo" / "2026-01-05T08.parquet"

    with open_dataset(folder) as dataset:
        before = dataset.lines.damaged_files()
        damage(path, is_torn=False)
        after = dataset.lines.damaged_files()

    assert (before, after) == ((), ("sealed/bbo/2026-01-05T08.parquet",))


def test_damaged_hour_does_not_stop_the_sealing_of_its_late_rows(folder: Path) -> None:
    seal(folder)
    hour = folder / "sealed" / "trades" / "2026-01-05T08.parquet"
    damage(hour)
    with (folder / "trades.jsonl").open("a") as file:
        file.write(json.dumps({**trades_of()[0], "tid": 77}) + "\n")

    seal(folder)

    assert parquet.read_table(hour)["tid"].to_pylist() == [77]
    with open_dataset(folder) as dataset:
        assert dataset.lines.damaged_files() == ("sealed/trades/2026-01-05T08.parquet.damaged",)
        gaps = "SELECT start_ms, cause FROM coverage WHERE status = 'gap'"
        assert dataset.connection.execute(gaps).fetchall() == [(START_MS, "damaged")]


def test_hour_that_grew_has_the_checksum_of_what_it_is_now(folder: Path) -> None:
    seal(folder)
    with (folder / "trades.jsonl").open("a") as file:
        file.write(json.dumps({**trades_of()[0], "tid": 77}) + "\n")
    seal(folder)

    with open_dataset(folder) as dataset:
        assert dataset.lines.damaged_files() == ()


@pytest.mark.parametrize("garbage", [b"", b"\xff\xfe\x00", b'{"hours":7}', b"[]"])
def test_journal_that_cannot_be_read_stops_nobody(folder: Path, garbage: bytes) -> None:
    before = seen(folder)
    seal(folder)
    journal = folder / "sealed" / "trades" / seals.JOURNAL_NAME
    journal.write_bytes(garbage)

    assert seen(folder) == before
    seal(folder)

    assert seen(folder) == before
    assert not journal.exists()
