"""A session of a database written out as a dataset folder, for whoever reads files."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from hypertrack.config import DatabaseUrl
from hypertrack.errors import DatasetError
from hypertrack.store.database import session_table as sessions
from hypertrack.store.database.connecting import Database, open_reader
from hypertrack.store.database.schema import FILE_NAMES, LISTS, has_table
from hypertrack.store.database.spool import DOCUMENTS


def write_folder(url: DatabaseUrl, folder: Path) -> None:
    """Write every line of a session to the file that it would stand in, in the same order.

    Raises:
        DatasetError: There is no such session, it cannot be reached, or the disk is full.
    """
    with closing(open_reader(url)) as database:
        session = sessions.find_session(database)
        if session is None:
            raise DatasetError(f"no dataset at {url}: record one with `hypertrack record`")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tables = {name: at for name, at in FILE_NAMES.items() if has_table(database, name)}
            for table, name in tables.items():
                _write(folder / name, _blocks(database, table, session.session_id))
            for column, name in DOCUMENTS.items():
                text = sessions.document(database, column, session)
                if text is not None:
                    (folder / name).write_bytes(text)
        except OSError as error:
            raise DatasetError(
                f"{folder} could not be written ({error.strerror}): a copy of {url} needs room "
                "there; set TMPDIR to a larger disk"
            ) from error


def write_lists(url: DatabaseUrl, folder: Path) -> None:
    """Write the small files of a session alone.

    Raises:
        DatasetError: There is no such session, or it cannot be reached.
    """
    with closing(open_reader(url)) as database:
        session = sessions.find_session(database)
        if session is None:
            raise DatasetError(f"no dataset at {url}: record one with `hypertrack record`")
        for table in LISTS:
            if has_table(database, table):
                _write(folder / FILE_NAMES[table], _blocks(database, table, session.session_id))


def _blocks(database: Database, table: str, session_id: int) -> Iterator[bytes]:
    order = "nth" if table in LISTS else "seq"
    if not has_table(database, table):  # made before there were such lines
        return
    query = f"SELECT line FROM {table} WHERE session_id = $1 ORDER BY {order}"
    for batch in database.each_batch(query, session_id):
        if batch.num_rows:
            yield "\n".join(batch.column(0).to_pylist()).encode() + b"\n"


def _write(path: Path, blocks: Iterator[bytes]) -> None:
    first = next(blocks, None)
    if first is None:
        return
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        file.write(first)
        file.writelines(blocks)
