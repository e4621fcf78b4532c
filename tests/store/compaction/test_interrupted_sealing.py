"""Sealing loses and doubles nothing, whatever goes on meanwhile or interrupts it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from fakes import (
    START_MS,
    write_dataset,
)
from pyarrow import parquet
from sealing_fakes import lines_of, made_again, seal, seen, sorted_lines, trades_of

from hypertrack.errors import DatasetError
from hypertrack.records import Feed
from hypertrack.store.compaction import commit_journal as seals
from hypertrack.store.compaction.commit_journal import put_in_force
from hypertrack.store.compaction.sealed_hours import prepare_sealing
from hypertrack.store.dataset import open_dataset
from hypertrack.store.files.session import open_session
from hypertrack.store.reading import relations as sources


def test_file_that_grows_meanwhile_keeps_what_came(folder: Path) -> None:
    lines, late = lines_of(folder, Feed.TRADES), {**trades_of()[0], "tid": 77}
    with (folder / "trades.jsonl").open("ab", buffering=0) as file:
        file.write(b'{"half a line')  # the writer is in the middle of one

        prepared = prepare_sealing(folder, Feed.TRADES, is_growing=True)
        file.seek(-len(b'{"half a line'), os.SEEK_END)
        file.truncate()
        file.write(json.dumps(late).encode() + b"\n")

    assert lines_of(folder, Feed.TRADES) == [*lines, late]  # nothing is in force yet
    put_in_force(folder, prepared)
    assert lines_of(folder, Feed.TRADES) == [*lines[8:], late]
    assert made_again(folder, Feed.TRADES) == sorted_lines(lines[:8])
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
