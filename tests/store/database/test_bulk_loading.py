"""What waits in the spool reaches the database in order and once, whatever fails in between."""

from pathlib import Path

import pytest
from clock_fakes import ManualClock
from database_fakes import good_trade, lines_of, rows, write_lines, write_session
from postgres_fakes import PostgresServer

from hypertrack.config import DatabaseUrl
from hypertrack.errors import DatasetError
from hypertrack.store.database import bulk_loading as loading
from hypertrack.store.database import database_session as opening
from hypertrack.store.database import session_table as sessions
from hypertrack.store.database import uploader
from hypertrack.store.database.bulk_loading import SpoolLoader
from hypertrack.store.database.connecting import UnreachableError, open_writer
from hypertrack.store.database.database_session import open_database_session
from hypertrack.store.database.schema import create_tables
from hypertrack.store.database.spool import Spool


def fill(spool: Spool, *batches: list[int]) -> None:
    for trade_ids in batches:
        write_lines(spool.folder, {"trades": map(good_trade, trade_ids)})
        spool.cut()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path)


def test_segments_are_loaded_in_their_order(
    url: DatabaseUrl, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "BATCH_BYTES", 500)  # a transaction for each two of them
    with open_writer(url) as database:
        create_tables(database)
        session = sessions.new_session(database, ManualClock())
        loader = SpoolLoader(spool, spool.begin(session.session_id, session.name))
        fill(spool, [3, 1], [2], [9, 8], [4], [7])
        assert spool.waiting_bytes() == 7 * len(good_trade(1) + b"\n")

        assert loader.load(database) == 7
        assert loader.load(database) == 0

    assert lines_of(url, "trades") == [good_trade(nth) for nth in (3, 1, 2, 9, 8, 4, 7)]
    assert spool.segments() == []
    assert spool.waiting_bytes() == 0


def test_segment_that_was_loaded_and_not_deleted_is_not_loaded_again(
    url: DatabaseUrl, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    garbage = [b"no trade and no key"]
    with open_writer(url) as database:
        create_tables(database)
        session = sessions.new_session(database, ManualClock())
        loader = SpoolLoader(spool, spool.begin(session.session_id, session.name))
        write_lines(spool.folder, {"trades": garbage})
        spool.cut()
        with monkeypatch.context() as killed:
            killed.setattr(Spool, "remove", lambda *_: None)
            loader.load(database)
        assert len(spool.segments()) == 1

        loader.load(database)

    assert spool.segments() == []
    assert lines_of(url, "trades") == garbage


def test_database_that_fails_within_a_load_has_nothing_of_it(
    url: DatabaseUrl, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_writer(url) as database:
        create_tables(database)
        session = sessions.new_session(database, ManualClock())
    loader = SpoolLoader(spool, spool.begin(session.session_id, session.name))
    fill(spool, [1, 2])

    def fail(*_: object) -> None:
        raise UnreachableError("gone")

    with open_writer(url) as database, monkeypatch.context() as broken:
        broken.setattr(SpoolLoader, "_count_load", fail)
        with pytest.raises(UnreachableError):
            loader.load(database)
    assert lines_of(url, "trades") == []

    with open_writer(url) as database:
        loader.load(database)
    assert lines_of(url, "trades") == [good_trade(1), good_trade(2)]


def test_loading_for_weeks_leaves_nothing_behind(postgres_url: DatabaseUrl, spool: Spool) -> None:
    with open_writer(postgres_url) as database:
        create_tables(database)
        session = sessions.new_session(database, ManualClock())
        loader = SpoolLoader(spool, spool.begin(session.session_id, session.name))
        for nth in range(3):
            fill(spool, [nth])
            loader.load(database)

        assert database.rows("SELECT pg_relation_size('new_trades')") == [(0,)]


def test_ledger_is_replaced_from_where_it_changed(url: DatabaseUrl, spool: Spool) -> None:
    ledger = spool.folder / "coverage.jsonl"
    with open_writer(url) as database:
        create_tables(database)
        session = sessions.new_session(database, ManualClock())
        loader = SpoolLoader(spool, spool.begin(session.session_id, session.name))
        for text in (b"1\n2\n3\n", b"1\n2\n4\n5\n", b"1\n\n\n"):
            ledger.write_bytes(text)
            loader.load(database)

            assert lines_of(url, "coverage") == text.split()
        before = rows(url, "SELECT n_loads FROM sessions")
        loader.load(database)
        assert rows(url, "SELECT n_loads FROM sessions") == before


def test_restart_of_the_server_loses_nothing(
    postgres: PostgresServer, postgres_url: DatabaseUrl, tmp_path: Path
) -> None:
    with open_database_session(postgres_url, "rotate", tmp_path / "spool") as session:
        assert session.hand_over is not None
        write_lines(session.folder, {"trades": [good_trade(1)]})
        session.hand_over()
        postgres.stop("immediate")
        write_lines(session.folder, {"trades": [good_trade(2)]})
        session.hand_over()
        postgres.start()
        write_lines(session.folder, {"trades": [good_trade(3)]})

    assert lines_of(postgres_url, "trades") == [good_trade(nth) for nth in (1, 2, 3)]


def test_server_that_does_not_come_back_leaves_the_lines_to_the_next_start(
    postgres: PostgresServer, postgres_url: DatabaseUrl, tmp_path: Path
) -> None:
    try:
        with (
            pytest.raises(DatasetError, match=r"MB wait in .*: the next record or import"),
            open_database_session(postgres_url, "rotate", tmp_path / "spool") as session,
        ):
            postgres.stop()
            write_lines(session.folder, {"trades": [good_trade(1)]})
    finally:
        postgres.start()
    assert lines_of(postgres_url, "trades") == []

    write_session(postgres_url, tmp_path / "spool", {"trades": [good_trade(2)]}, "append")

    assert lines_of(postgres_url, "trades") == [good_trade(1), good_trade(2)]


def test_bug_of_the_uploader_is_raised_and_the_lines_stay(
    sqlite_url: DatabaseUrl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(SpoolLoader, "load", break_down)
    with (
        pytest.raises(ZeroDivisionError),
        open_database_session(sqlite_url, "rotate", tmp_path / "spool") as session,
    ):
        write_lines(session.folder, {"trades": [good_trade(1)]})

    assert len(Spool(session.folder).segments()) == 1


def test_importer_waits_for_a_database_that_falls_behind(
    sqlite_url: DatabaseUrl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "MAX_WAITING", 1)
    monkeypatch.setattr(uploader, "LOAD_INTERVAL_S", 0.01)
    n_waiting = []
    with open_database_session(
        sqlite_url, "rotate", tmp_path / "spool", is_patient=True
    ) as session:
        assert session.hand_over is not None
        for nth in range(20):
            write_lines(session.folder, {"trades": [good_trade(nth)]})
            session.hand_over()
            n_waiting.append(len(list((session.folder / "segments").iterdir())))

    assert max(n_waiting) <= 1
    assert len(lines_of(sqlite_url, "trades")) == 20
