"""Answers about wallets go into a database while a recorder writes to it; neither loses a line."""

import json
from pathlib import Path
from typing import Any

import pytest
from database_fakes import good_trade, lines_of, write_lines, write_session
from fakes import ALICE, START_MS, account_state

from hypertrack.config import DatabaseUrl
from hypertrack.errors import DatasetError
from hypertrack.store.database.database_session import (
    open_database_answers,
    open_database_session,
)
from hypertrack.store.dataset import open_dataset

RECORDED = b'{"stream":"trades:BTC","status":"observed","start_ms":%d,"end_ms":%d}'
TOLD = {"stream": f"fills:{ALICE}", "status": "observed", "start_ms": START_MS, "end_ms": START_MS}


def observed(end: int) -> bytes:
    return RECORDED % (START_MS, START_MS + end)


def add_answers(folder: Path, nth: int) -> None:
    """Write what a step of asking does."""
    write_lines(
        folder, {"account_states": [json.dumps(account_state(START_MS + nth, ALICE)).encode()]}
    )
    for name, line in (
        ("progress", {"nth": nth}),
        ("coverage", {**TOLD, "end_ms": START_MS + nth}),
    ):
        path = folder / "accounts" / f"{name}.jsonl"
        path.parent.mkdir(exist_ok=True)
        with path.open("ab") as file:
            file.write(json.dumps(line).encode() + b"\n")


def test_both_write_and_neither_replaces_what_the_other_did(
    url: DatabaseUrl, tmp_path: Path
) -> None:
    spool = tmp_path / "spool"
    with open_database_session(url, "rotate", spool) as recorder:
        write_lines(recorder.folder, {"trades": [good_trade(1)], "coverage": [observed(1)]})
        hand_over(recorder)
        with open_database_answers(url, spool) as answers:
            assert answers.is_beside
            add_answers(answers.folder, 1)
            hand_over(answers)
            write_lines(recorder.folder, {"trades": [good_trade(2)], "coverage": [observed(2)]})
            hand_over(recorder)
            add_answers(answers.folder, 2)
        write_lines(recorder.folder, {"trades": [good_trade(3)], "coverage": [observed(3)]})

    assert lines_of(url, "trades") == [good_trade(nth) for nth in (1, 2, 3)]
    assert lines_of(url, "coverage") == [observed(3)]
    assert len(lines_of(url, "account_states")) == 2
    with open_dataset(url) as dataset:
        found = dataset.connection.execute("SELECT stream FROM coverage ORDER BY ALL").fetchall()
    assert found == [(f"fills:{ALICE}",)] * 2 + [("trades:BTC",)]
    assert not spool.exists()


def test_next_asking_goes_on_with_what_was_written_beside_and_a_recorder_leaves_it(
    url: DatabaseUrl, tmp_path: Path
) -> None:
    spool = tmp_path / "spool"
    with open_database_answers(url, spool) as answers:
        add_answers(answers.folder, 1)
    write_session(url, spool, {"trades": [good_trade(1)], "coverage": [observed(1)]}, "append")

    with open_database_answers(url, spool) as answers:
        known = (answers.folder / "accounts" / "progress.jsonl").read_bytes()
        ledger = (answers.folder / "coverage.jsonl").read_bytes()
        add_answers(answers.folder, 2)

    assert json.loads(known) == {"nth": 1}
    assert ledger == observed(1) + b"\n"
    assert lines_of(url, "coverage") == [observed(1)]
    assert len(lines_of(url, "account_states")) == 2


def test_answers_that_a_kill_left_are_loaded_by_the_next_asking(
    sqlite_url: DatabaseUrl, tmp_path: Path
) -> None:
    spool = tmp_path / "spool"
    with pytest.raises(KeyError), open_database_answers(sqlite_url, spool) as answers:
        add_answers(answers.folder, 1)
        raise KeyError
    kept = [path for path in (spool / f"{sqlite_url.slug}-answers").rglob("*") if path.is_file()]

    with open_database_answers(sqlite_url, spool):
        pass

    assert kept  # it was not ended in good order
    assert len(lines_of(sqlite_url, "account_states")) == 1


@pytest.mark.parametrize("mode", ["rotate", "clear"])
def test_session_is_not_taken_away_from_whoever_adds_to_it(
    url: DatabaseUrl, tmp_path: Path, mode: Any
) -> None:
    spool = tmp_path / "spool"
    with (
        open_database_answers(url, spool) as answers,
        pytest.raises(DatasetError, match="is being added to"),
    ):
        add_answers(answers.folder, 1)
        with open_database_session(url, mode, spool):
            pass

    assert len(lines_of(url, "account_states")) == 1


def hand_over(session: Any) -> None:
    assert session.hand_over is not None
    session.hand_over()
