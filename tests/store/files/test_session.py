"""One recorder a folder; what was there is moved, continued or deleted, and never harmed."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from clock_fakes import ManualClock
from fakes import ALICE, BOB, START_MS, observed, trade, write_dataset

from hypertrack.errors import DatasetError
from hypertrack.store.files.session import (
    SessionMode,
    mend_last_line,
    open_answers,
    open_session,
)

TRADE = trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE)


def dataset(folder: Path) -> Path:
    write_dataset(
        folder,
        trades=[TRADE],
        coverage=[observed("trades:BTC", START_MS, START_MS + 9), observed("x", 1, 2)],
    )
    (folder / "manifest.json").write_text("{}")
    (folder / "sealed" / "trades").mkdir(parents=True)
    (folder / "sealed" / "trades" / "2026-01-05T08.parquet").write_bytes(b"PAR1")
    (folder / "notes.txt").write_text("mine")
    return folder


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_session_before_is_moved_to_the_archive(tmp_path: Path) -> None:
    with open_session(dataset(tmp_path), "rotate", ManualClock()) as session:
        assert names(tmp_path) == {"archive", "notes.txt", "recorder.lock"}

    archive = tmp_path / "archive" / "2026-01-05T08-00-00Z"
    assert session.archived == archive
    assert names(archive) == {"trades.jsonl", "coverage.jsonl", "manifest.json", "sealed"}
    assert json.loads((archive / "trades.jsonl").read_text()) == TRADE


def test_two_sessions_of_one_second_get_two_archives(tmp_path: Path) -> None:
    for _ in range(2):
        with open_session(write_dataset(tmp_path, trades=[TRADE]), "rotate", ManualClock()):
            pass

    assert names(tmp_path / "archive") == {"2026-01-05T08-00-00Z", "2026-01-05T08-00-00Z-2"}


def test_empty_folder_is_made_and_nothing_archived(tmp_path: Path) -> None:
    with open_session(tmp_path / "new" / "data") as session:
        assert session.archived is None

    assert names(tmp_path / "new" / "data") == set()


def test_clear_deletes_what_is_ours(tmp_path: Path) -> None:
    with open_session(dataset(tmp_path), "clear") as session:
        assert session.archived is None

    assert names(tmp_path) == {"notes.txt"}


def test_append_says_what_it_continues(tmp_path: Path) -> None:
    with open_session(dataset(tmp_path), "append") as session:
        assert [json.loads(line)["tid"] for line in session.last_trades] == [TRADE["tid"]]
        assert session.end_ms_by_stream == {"trades:BTC": START_MS + 9, "x": 2}

    assert (tmp_path / "trades.jsonl").exists()


def test_torn_last_line_is_moved_to_the_quarantine(tmp_path: Path) -> None:
    whole = b'{"received_ns":1,"coin":"BTC"}\n'
    torn = b'{"received_ns":2,"co'
    (tmp_path / "trades.jsonl").write_bytes(whole + torn)

    with open_session(tmp_path, "append"):
        pass

    assert (tmp_path / "trades.jsonl").read_bytes() == whole
    (kept,) = (tmp_path / "quarantine.jsonl").read_text().splitlines()
    assert json.loads(kept)["frame"] == torn.decode()
    assert "torn last line of trades.jsonl" in json.loads(kept)["reason"]


def test_torn_bytes_that_are_no_text_are_kept_too(tmp_path: Path) -> None:
    path, quarantine = tmp_path / "bbo.jsonl", tmp_path / "quarantine.jsonl"
    path.write_bytes(b'{}\n{"coin":"\xff\xfe')

    mend_last_line(path, quarantine)

    assert bytes.fromhex(json.loads(quarantine.read_text())["frame_hex"]) == b'{"coin":"\xff\xfe'


def test_last_line_that_lacks_only_its_end_gets_one(tmp_path: Path) -> None:
    path = tmp_path / "trades.jsonl"
    path.write_bytes(b'{"n":1}\n{"n":2}')

    mend_last_line(path, tmp_path / "quarantine.jsonl")

    assert path.read_bytes() == b'{"n":1}\n{"n":2}\n'
    assert names(tmp_path) == {"trades.jsonl"}


@pytest.mark.parametrize("length", [0, 1, 65_535, 65_536, 65_537, 200_000])
def test_torn_line_of_any_length_is_found(tmp_path: Path, length: int) -> None:
    path = tmp_path / "trades.jsonl"
    path.write_bytes(b"{}\n" + b'"' + b"x" * length)

    mend_last_line(path, tmp_path / "quarantine.jsonl")

    assert path.read_bytes() == b"{}\n"
    assert json.loads((tmp_path / "quarantine.jsonl").read_text())["frame"] == '"' + "x" * length


def test_second_recorder_is_refused_and_told_who_records(tmp_path: Path) -> None:
    with (
        open_session(tmp_path),
        pytest.raises(DatasetError, match=f"is being recorded to by process {os.getpid()}"),
        open_session(tmp_path, "clear"),
    ):
        pass


def test_lock_of_a_dead_recorder_is_taken_over(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from hypertrack.store.files.session import *\n"
        "with open_session(Path(sys.argv[1])): os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert (tmp_path / "recorder.lock").exists()

    with open_session(tmp_path):
        assert (tmp_path / "recorder.lock").read_text() == f"{os.getpid()}\n"

    assert names(tmp_path) == set()


def test_folder_that_cannot_be_written_is_a_dataset_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(DatasetError, match="cannot be written"), open_session(tmp_path / "file"):
        pass


def test_answers_are_taken_while_a_recorder_records(tmp_path: Path) -> None:
    folder = dataset(tmp_path)

    with open_session(folder, "append") as recording, open_answers(folder) as session:
        assert (recording.is_beside, session.is_beside) == (False, True)
    with open_answers(folder) as alone:
        assert not alone.is_beside

    assert {"answers.lock", "recorder.lock"}.isdisjoint(names(folder))


@pytest.mark.parametrize("mode", ["rotate", "clear", "append"])
def test_nobody_moves_or_mends_files_that_answers_are_written_to(
    tmp_path: Path, mode: SessionMode
) -> None:
    folder = dataset(tmp_path)

    with (
        open_session(folder, "append"),
        open_answers(folder),
        pytest.raises(DatasetError, match="is being added to by process"),
        open_answers(folder),
    ):
        pass
    with ExitStack() as recording:
        recording.enter_context(open_session(folder, "append"))
        with open_answers(folder):
            recording.close()
            with (
                pytest.raises(DatasetError, match="is being added to by process"),
                open_session(folder, mode),
            ):
                pass


def test_import_keeps_others_from_adding_answers(tmp_path: Path) -> None:
    with (
        open_session(tmp_path, "append", takes_answers=True),
        pytest.raises(DatasetError, match="is being added to by process"),
        open_answers(tmp_path),
    ):
        pass
