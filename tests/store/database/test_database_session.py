"""Sessions of a dataset in a database: what becomes of the one before, and of what was left."""

import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
from database_fakes import (
    database_url,
    good_trade,
    lines_of,
    rows,
    write_lines,
    write_session,
)
from postgres_fakes import PostgresServer

from hypertrack.config import DatabaseUrl
from hypertrack.errors import ConfigError, DatasetError
from hypertrack.records import encode_json
from hypertrack.store.database.connecting import open_writer
from hypertrack.store.database.database_session import open_database_session
from hypertrack.store.database.schema import create_tables
from hypertrack.store.database.spool import Spool
from hypertrack.store.dataset import open_dataset

LEDGER = (
    b'{"stream":"trades:BTC","status":"observed","start_ms":1,"end_ms":5}',
    b'{"stream":"trades:BTC","status":"observed","start_ms":6,"end_ms":9}',
)

KILLED = textwrap.dedent("""
    import os, sys
    from pathlib import Path
    from database_fakes import database_url, good_trade, write_lines
    from hypertrack.store.database import uploader
    from hypertrack.store.database.database_session import open_database_session

    uploader.LOAD_INTERVAL_S = 0.01
    url, spool, n_before = database_url(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    with open_database_session(url, sys.argv[4], spool) as session:
        for nth in range(n_before):
            write_lines(session.folder, {"trades": [good_trade(nth)]})
            session.hand_over()
        while list((session.folder / "segments").iterdir()):
            pass
        whole = good_trade(n_before) + b"\\n"
        (session.folder / "trades.jsonl").write_bytes(whole + b'{"torn":')
        os.kill(os.getpid(), 9)
""")


def kill_a_recorder(url: DatabaseUrl, text: str, spool: Path, n_before: int, mode: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, text, str(spool), str(n_before), mode],
        check=False,
        cwd=Path(__file__).parents[3],
        env=os.environ | {"PYTHONPATH": "tests:."},
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL


def test_new_session_archives_the_one_before_and_both_are_readable(
    url: DatabaseUrl, tmp_path: Path
) -> None:
    first = write_session(url, tmp_path / "spool", {"trades": [good_trade(1)]})
    second = write_session(url, tmp_path / "spool", {"trades": [good_trade(1), good_trade(2)]})

    assert first.archived is None
    assert str(second.archived).startswith(str(url))
    assert str(second.archived).endswith("session=2026-01-05T08-00-00Z")
    with open_dataset(url) as dataset:
        assert dataset.summary().n_trades == 2
    with open_dataset(replace(url, session="2026-01-05T08-00-00Z")) as dataset:
        assert dataset.summary().n_trades == 1
        assert dataset.summary().path == second.archived


def test_continued_session_knows_what_it_has_and_stores_no_trade_twice(
    url: DatabaseUrl, tmp_path: Path
) -> None:
    files = {"trades": [good_trade(1), good_trade(2)], "coverage": LEDGER[:1]}
    write_session(url, tmp_path / "spool", files)

    with open_database_session(url, "append", tmp_path / "spool") as session:
        ledger = session.folder / "coverage.jsonl"
        assert ledger.read_bytes().splitlines() == list(LEDGER[:1])
        ledger.write_bytes(b"\n".join(LEDGER) + b"\n")
        write_lines(session.folder, {"trades": [good_trade(2), good_trade(3)]})

    assert session.last_trades == (good_trade(1), good_trade(2))
    assert session.end_ms_by_stream == {"trades:BTC": 5}
    assert lines_of(url, "trades") == [good_trade(1), good_trade(2), good_trade(3)]
    assert lines_of(url, "coverage") == list(LEDGER)


def test_cleared_session_is_gone_and_archived_ones_stay(url: DatabaseUrl, tmp_path: Path) -> None:
    for trade_id, mode in ((1, "rotate"), (2, "rotate"), (3, "clear")):
        files = {"trades": [good_trade(trade_id)], "coverage": LEDGER[:1]}
        write_session(url, tmp_path / "spool", files, mode)  # type: ignore[arg-type]

    assert lines_of(url, "trades") == [good_trade(1), good_trade(3)]
    assert len(lines_of(url, "coverage")) == 2


def test_session_without_anything_is_not_archived(url: DatabaseUrl, tmp_path: Path) -> None:
    write_session(url, tmp_path / "spool", {})

    assert write_session(url, tmp_path / "spool", {}).archived is None
    assert len(rows(url, "SELECT name FROM sessions")) == 1


def test_manifest_and_report_are_stored_beside_the_lines(url: DatabaseUrl, tmp_path: Path) -> None:
    with open_database_session(url, "rotate", tmp_path / "spool") as session:
        write_lines(session.folder, {"trades": [good_trade(1)]})
        (session.folder / "manifest.json").write_bytes(encode_json({"notice": "ü 'quoted'"}))
        (session.folder / "data_collection_report.txt").write_text("all of it\n")

    assert rows(url, "SELECT manifest, report FROM sessions") == [
        ('{"notice":"ü \'quoted\'"}', "all of it\n")
    ]


def test_second_recorder_is_refused_wherever_its_spool_is(url: DatabaseUrl, tmp_path: Path) -> None:
    with (
        open_database_session(url, "rotate", tmp_path / "spool"),
        pytest.raises(DatasetError, match="is being recorded to by"),
        open_database_session(url, "append", tmp_path / "another spool"),
    ):
        pass


def test_readers_are_let_in_while_a_recorder_writes(url: DatabaseUrl, tmp_path: Path) -> None:
    write_session(url, tmp_path / "spool", {"trades": [good_trade(1)]})

    with open_database_session(url, "append", tmp_path / "spool"), open_dataset(url) as dataset:
        assert dataset.summary().n_trades == 1


def test_url_of_an_archived_session_is_not_written_to(url: DatabaseUrl, tmp_path: Path) -> None:
    archived = replace(url, session="2026-01-05T08-00-00Z")

    with (
        pytest.raises(ConfigError, match=r"leave \?session= out"),
        open_database_session(archived, "append", tmp_path / "spool"),
    ):
        pass


def test_tables_of_another_program_are_left_alone(url: DatabaseUrl, tmp_path: Path) -> None:
    with open_writer(url) as database:
        if url.dialect == "postgresql":
            database.run(f'CREATE SCHEMA "{url.schema}"')
        database.run("CREATE TABLE trades (price INTEGER)")
        database.commit()

    with pytest.raises(DatasetError, match=r"tables of another program \(trades\)"):
        write_session(url, tmp_path / "spool", {"trades": [good_trade(1)]})


def test_format_of_another_version_is_refused(url: DatabaseUrl, tmp_path: Path) -> None:
    with open_writer(url) as database:
        create_tables(database)
        database.run("UPDATE hypertrack_format SET format = 99")
        database.commit()

    with pytest.raises(DatasetError, match="format 99, this one reads 1"):
        open_dataset(url)


def test_reader_without_rights_is_told_so(
    postgres: PostgresServer, postgres_url: DatabaseUrl, tmp_path: Path
) -> None:
    write_session(postgres_url, tmp_path / "spool", {"trades": [good_trade(1)]})
    with open_writer(postgres_url) as database:
        database.run("CREATE ROLE guest LOGIN PASSWORD 'guest'")
        database.commit()
    text = postgres.url(postgres_url.schema, password="guest").replace(
        "postgres:guest", "guest:guest"
    )

    with pytest.raises(DatasetError, match="ask for GRANT USAGE ON SCHEMA"):
        open_dataset(database_url(text))


@pytest.mark.slow
@pytest.mark.parametrize("n_before", [0, 3])
def test_killed_recorders_lines_are_loaded_at_the_next_start(
    tmp_path: Path, sqlite_url: DatabaseUrl, n_before: int
) -> None:
    text = f"sqlite:///{sqlite_url.connection}"
    kill_a_recorder(sqlite_url, text, tmp_path / "spool", n_before, "rotate")

    write_session(sqlite_url, tmp_path / "spool", {"trades": [good_trade(9)]}, "append")

    trades = [good_trade(nth) for nth in (*range(n_before + 1), 9)]
    assert lines_of(sqlite_url, "trades") == trades
    (torn,) = lines_of(sqlite_url, "quarantine")
    assert b"torn last line of trades.jsonl" in torn
    assert not (tmp_path / "spool").exists()


@pytest.mark.slow
def test_killed_recorders_lines_go_to_their_own_session(
    tmp_path: Path, postgres: PostgresServer, postgres_url: DatabaseUrl
) -> None:
    text = postgres.url(postgres_url.schema)
    kill_a_recorder(database_url(text), text, tmp_path / "spool", 2, "rotate")

    write_session(postgres_url, tmp_path / "spool", {"trades": [good_trade(9)]}, "rotate")

    counts = "SELECT count(*) FROM trades GROUP BY session_id ORDER BY session_id"
    assert rows(postgres_url, counts) == [(3,), (1,)]


def test_lines_of_a_session_deleted_meanwhile_go_to_the_archive(
    url: DatabaseUrl, tmp_path: Path
) -> None:
    write_session(url, tmp_path / "spool", {"trades": [good_trade(1)]})
    spool = Spool(tmp_path / "spool" / url.slug)
    spool.folder.mkdir(parents=True)
    spool.begin(77, "2026-01-01T00-00-00Z")
    write_lines(spool.folder, {"trades": [good_trade(5)]})

    write_session(url, tmp_path / "spool", {}, "append")

    with open_dataset(replace(url, session="2026-01-01T00-00-00Z")) as dataset:
        assert dataset.summary().n_trades == 1


@pytest.mark.parametrize("header", [None, b'{"spool":"'])
def test_lines_of_nobody_knows_whom_go_to_the_archive(
    sqlite_url: DatabaseUrl, tmp_path: Path, header: bytes | None
) -> None:
    folder = tmp_path / "spool" / sqlite_url.slug
    folder.mkdir(parents=True)
    write_lines(folder, {"trades": [good_trade(5)]})
    if header is not None:
        (folder / "spool.json").write_bytes(header)

    write_session(sqlite_url, tmp_path / "spool", {}, "append")

    with open_dataset(replace(sqlite_url, session="lost-2026-01-05T08-00-00Z")) as dataset:
        assert dataset.summary().n_trades == 1


@pytest.mark.parametrize("n_deleted", range(5))
def test_spool_that_was_half_cleared_is_taken_up(
    sqlite_url: DatabaseUrl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_deleted: int
) -> None:
    files = {"trades": [good_trade(1)], "coverage": LEDGER}
    session = write_session(sqlite_url, tmp_path / "spool", files)
    session.folder.mkdir(parents=True)
    spool = Spool(session.folder)
    spool.begin(1, "2026-01-05T08-00-00Z")
    spool.put("coverage.jsonl", b"\n".join(LEDGER) + b"\n")
    spool.put("manifest.json", b"{}")
    unlink, paths = Path.unlink, []

    def die_later(path: Path, *, missing_ok: bool = False) -> None:
        paths.append(path)
        if len(paths) > n_deleted:
            raise KeyboardInterrupt
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(Path, "unlink", die_later)
        spool.clear()

    write_session(sqlite_url, tmp_path / "spool", {"trades": [good_trade(2)]}, "append")

    assert lines_of(sqlite_url, "trades") == [good_trade(1), good_trade(2)]
    assert lines_of(sqlite_url, "coverage") == list(LEDGER)
