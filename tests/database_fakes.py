"""Datasets in databases, made the way the commands make them."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from clock_fakes import ManualClock
from fakes import ALICE, BOB, START_MS, trade

from hypertrack.config import DatabaseUrl, parse_place
from hypertrack.importing.import_log import ImportReport
from hypertrack.importing.importer import Importer
from hypertrack.importing.source_files import find_files
from hypertrack.store.database.connecting import open_reader
from hypertrack.store.database.database_session import open_database_session
from hypertrack.store.files.session import Session, SessionMode


def database_url(text: str) -> DatabaseUrl:
    place = parse_place(text)
    assert isinstance(place, DatabaseUrl)
    return place


def imported_into(
    url: DatabaseUrl, folder: Path, spool: Path, mode: SessionMode = "rotate"
) -> ImportReport:
    """Import a dataset folder and return the report; the spool is empty after that."""
    files, _ = find_files([folder])
    with open_database_session(url, mode, spool, is_patient=True) as session:
        importer = Importer(session, files)
        for _ in importer.run():
            pass
    assert not spool.exists()
    return importer.report()


def good_trade(trade_id: int) -> bytes:
    """Return the line of a trade."""
    made = trade(START_MS + trade_id, buyer=ALICE, seller=BOB, taker=BOB, trade_id=trade_id)
    return json.dumps(made).encode()


def write_lines(folder: Path, files: Mapping[str, Iterable[bytes]]) -> None:
    """Write lines to the files of a folder, by table."""
    for name, lines in files.items():
        (folder / f"{name}.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))


def write_session(
    url: DatabaseUrl,
    spool: Path,
    files: Mapping[str, Iterable[bytes]],
    mode: SessionMode = "rotate",
) -> Session:
    """Write lines to a dataset, as a recorder would."""
    with open_database_session(url, mode, spool, ManualClock()) as session:
        write_lines(session.folder, files)
    return session


def rows(url: DatabaseUrl, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with open_reader(url) as database:
        return database.rows(query)


def lines_of(url: DatabaseUrl, table: str) -> list[bytes]:
    """Return the lines of a table, of all sessions, in their order."""
    order = "nth" if table in {"coverage", "imports"} else "seq"
    found = rows(url, f"SELECT line FROM {table} ORDER BY session_id, {order}")
    return [line.encode() for (line,) in found]
