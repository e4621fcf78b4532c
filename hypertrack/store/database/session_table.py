"""The sessions of a dataset in a database: which is continued, which is archived."""

from collections.abc import Iterable

from hypertrack.clock import Clock, utc_name
from hypertrack.errors import DatasetError
from hypertrack.records import Feed, Record
from hypertrack.store.database.connecting import Database
from hypertrack.store.database.schema import KEYS, LISTS, has_tables

TAIL_LINES = 20_000
"""How far back a continued session looks for the last trades, and candles: 30 trades of each coin
are among them, unless it has been quiet, and then the replay overlaps them anyway."""


class StoredSession(Record, frozen=True, kw_only=True):
    """A row of ``sessions``."""

    session_id: int
    name: str
    is_archived: bool
    n_loads: int
    """Grows whenever anything is added."""


def find_session(database: Database) -> StoredSession | None:
    """Return the session that the URL names, or the one that is not archived.

    Raises:
        DatasetError: The URL names one that does not exist.
    """
    stored = list(_stored(database)) if has_tables(database) else []
    name = database.url.session
    if name is None:
        return next((one for one in stored if not one.is_archived), None)
    if named := next((one for one in stored if one.name == name), None):
        return named
    known = ", ".join(one.name for one in stored) or "none"
    raise DatasetError(f"{database.url} has no session {name}: there are {known}")


def current_session(database: Database) -> StoredSession | None:
    """Return the session that can be continued, if there is one."""
    return next((one for one in _stored(database) if not one.is_archived), None)


def new_session(database: Database, clock: Clock) -> StoredSession:
    """Begin a session, named after the time."""
    return add_session(database, free_name(database, clock))


def free_name(database: Database, clock: Clock, prefix: str = "") -> str:
    """Return a name after the time that no session has."""
    taken = {one.name for one in _stored(database)}
    name = first = prefix + utc_name(clock.wall_ns() // 1_000_000)
    n = 1
    while name in taken:
        n += 1
        name = f"{first}-{n}"
    return name


def find_by_name(database: Database, name: str) -> StoredSession | None:
    """Return the session of that name, None where there is none."""
    return next((one for one in _stored(database) if one.name == name), None)


def add_session(database: Database, name: str) -> StoredSession:
    """Add a session of that name, which is not taken."""
    database.run("INSERT INTO sessions (name) VALUES ($1)", name)
    database.commit()
    return next(one for one in _stored(database) if one.name == name)


def archive(database: Database, session: StoredSession, clock: Clock) -> None:
    """Put a session into the archive, where its name finds it."""
    database.run(
        "UPDATE sessions SET archived_ms = $1 WHERE session_id = $2",
        clock.wall_ns() // 1_000_000,
        session.session_id,
    )
    database.commit()


def delete(database: Database, session: StoredSession) -> None:
    """Delete a session and all its lines."""
    for table in (*KEYS, *LISTS, "sessions"):
        database.run(f"DELETE FROM {table} WHERE session_id = $1", session.session_id)
    database.commit()


def last_lines(database: Database, feed: Feed, session: StoredSession) -> tuple[bytes, ...]:
    """Return the newest recorded lines of a feed, oldest first."""
    query = f"SELECT line FROM {feed} WHERE session_id = $1 ORDER BY seq DESC LIMIT $2"
    rows = database.rows(query, session.session_id, TAIL_LINES)
    return tuple(line.encode() for (line,) in reversed(rows))


def list_lines(database: Database, table: str, session: StoredSession) -> list[bytes]:
    """Return the lines of a small file."""
    query = f"SELECT line FROM {table} WHERE session_id = $1 ORDER BY nth"
    return [line.encode() for (line,) in database.rows(query, session.session_id)]


def document(database: Database, column: str, session: StoredSession) -> bytes | None:
    """Return a document of a session, None where it has none."""
    query = f"SELECT {column} FROM sessions WHERE session_id = $1"
    text = database.rows(query, session.session_id)[0][0]
    return None if text is None else text.encode()


def _stored(database: Database) -> Iterable[StoredSession]:
    query = "SELECT session_id, name, archived_ms, n_loads FROM sessions ORDER BY session_id"
    for session_id, name, archived_ms, n_loads in database.rows(query):
        yield StoredSession(
            session_id=session_id,
            name=name,
            is_archived=archived_ms is not None,
            n_loads=n_loads,
        )
