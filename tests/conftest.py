"""Fixtures shared by all tests."""

import gc
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from database_fakes import database_url
from hypothesis import settings
from postgres_fakes import PostgresServer, find_server

from hypertrack.config import DatabaseUrl

if "PYTEST_XDIST_WORKER" in os.environ:
    # A process a core: the threads of torch and of trees, here and in commands started from here,
    # would wait for each other. It is read when those are first imported, which is later.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """With ``-n auto``: one process more than cores; tests of sockets and kills mostly wait."""
    return (os.cpu_count() or 1) + 1


gc.disable()  # until all modules are loaded, which is a quarter quicker without


def pytest_collection_finish() -> None:
    """Look for garbage among what tests make, and seldom.

    To look through all modules each time an expression is built took an eighth of the tests' time.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


settings.register_profile("thorough", max_examples=10_000)

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
CAPTURE = SHARED_DATA / "mainnet-2026-07-22" / "books_5m.jsonl"


@pytest.fixture(autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test share its budget at the venue with others, or with the user."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.getbasetemp() / "state"))


@pytest.fixture(scope="session")
def capture() -> Path:
    """The raw mainnet capture; it is kept outside the repository."""
    if not CAPTURE.is_file():
        pytest.skip(f"no mainnet capture at {CAPTURE.relative_to(Path(__file__).parents[2])}")
    return CAPTURE


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running PostgreSQL server; a test that stops it starts it again."""
    programs = find_server()
    if programs is None:
        pytest.skip("no PostgreSQL server on this machine")
    server = PostgresServer(programs)
    server.start()
    yield server
    try:
        server.stop("immediate")
    finally:
        server.remove()


SCHEMAS = count()


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> DatabaseUrl:
    """A place for a dataset in PostgreSQL, nothing there yet."""
    return database_url(postgres.url(f"test_{next(SCHEMAS)}"))


@pytest.fixture
def sqlite_url(tmp_path: Path) -> DatabaseUrl:
    """A place for a dataset in SQLite, nothing there yet."""
    return database_url(f"sqlite:///{tmp_path}/dataset.db")


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> DatabaseUrl:
    """A place for a dataset, in one kind of database after the other."""
    found: DatabaseUrl = request.getfixturevalue(f"{request.param}_url")
    return found
