"""Databases that cannot be used: one line that says why and what to do, and no password."""

import importlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from database_fakes import database_url
from postgres_fakes import PASSWORD, QUOTED_PASSWORD, PostgresServer

from hypertrack.config import DatabaseUrl
from hypertrack.errors import ConfigError, DatasetError
from hypertrack.store.database.connecting import UnreachableError, open_reader, open_writer


def refusal(url: DatabaseUrl) -> str:
    with pytest.raises(UnreachableError) as refused:
        open_writer(url)
    text = str(refused.value)
    assert "\n" not in text
    assert PASSWORD not in text
    assert QUOTED_PASSWORD not in text
    return text


def test_wrong_password_is_said(postgres: PostgresServer) -> None:
    url = database_url(postgres.url("none", password="wr0ng"))

    text = refusal(url)
    assert "password authentication failed" in text
    assert "check user and password" in text
    assert "wr0ng" not in text


def test_server_that_is_not_there_is_said(postgres: PostgresServer) -> None:
    text = refusal(database_url(postgres.url("none").replace(str(postgres.port), "1")))

    assert "Connection refused" in text
    assert "is the server running? check host and port" in text


def test_database_that_is_not_there_is_said(postgres: PostgresServer) -> None:
    url = database_url(postgres.url("none").replace("/postgres?", "/nothing?"))

    assert 'database "nothing" does not exist' in refusal(url)


def test_option_that_the_driver_does_not_know_is_said(postgres: PostgresServer) -> None:
    url = database_url(postgres.url("none") + "&colour=blue")

    assert 'invalid URI query parameter: "colour"' in refusal(url)


def test_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("once upon a time, there was a text that was long enough" * 20)

    text = refusal(database_url(f"sqlite:///{tmp_path}/a.db"))
    assert "file is not a database: choose another --data" in text


def test_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert "cannot be written" in refusal(database_url(f"sqlite:///{tmp_path}/file/a.db"))


def test_reading_makes_no_file(sqlite_url: DatabaseUrl) -> None:
    with pytest.raises(DatasetError, match="no dataset at sqlite:///"):
        open_reader(sqlite_url)

    assert not Path(sqlite_url.connection).exists()


@pytest.mark.parametrize(
    ("text", "name"), [("sqlite:///a.db", "sqlite"), ("postgresql://h/d", "postgresql")]
)
def test_missing_driver_names_its_package(
    text: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", missing)

    with pytest.raises(ConfigError, match=rf"pip install adbc-driver-{name}"):
        open_writer(database_url(text))


def test_statement_that_fails_says_no_more_than_why(url: DatabaseUrl) -> None:
    with open_writer(url) as database, pytest.raises(UnreachableError) as refused:
        database.run("SELECT * FROM nothing")

    assert "SELECT" not in str(refused.value)
    assert "nothing" in str(refused.value)


def test_failure_while_rows_are_read_is_one_of_the_database(sqlite_url: DatabaseUrl) -> None:
    path = Path(sqlite_url.connection)
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("CREATE TABLE lines (seq INTEGER PRIMARY KEY, line TEXT)")
        rows = ((nth, "x" * 200) for nth in range(20_000))
        made.executemany("INSERT INTO lines VALUES ($1, $2)", rows)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xff" * 100_000)
    n_rows = 0

    with (
        closing(open_reader(sqlite_url)) as database,
        pytest.raises(UnreachableError, match="malformed"),
    ):
        for batch in database.each_batch("SELECT seq, line FROM lines ORDER BY seq"):
            n_rows += batch.num_rows

    assert 0 < n_rows < 20_000
