"""Recording sessions of a dataset in a database: one recorder at a time, through the spool."""

import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

from hypertrack.clock import Clock, SystemClock
from hypertrack.config import DatabaseUrl
from hypertrack.errors import ConfigError, DatasetError
from hypertrack.records import Feed, replace
from hypertrack.store.database import session_table as sessions
from hypertrack.store.database.bulk_loading import SpoolLoader
from hypertrack.store.database.connecting import (
    Database,
    UnreachableError,
    closed_on_failure,
    open_writer,
)
from hypertrack.store.database.schema import (
    ANSWERED_LISTS,
    CHOICES_LIST,
    FILE_NAMES,
    RECORDED_LISTS,
    create_tables,
)
from hypertrack.store.database.session_table import StoredSession
from hypertrack.store.database.spool import DOCUMENTS, Spool, answers_slug
from hypertrack.store.database.uploader import Uploader
from hypertrack.store.files.layout import LOCK_NAME
from hypertrack.store.files.locks import lock_file
from hypertrack.store.files.session import Session, SessionMode, end_ms_by_stream

log = logging.getLogger(__name__)

PATIENCE_S = 10.0
"""How long the database may take for what is left at the end of a recording."""

LOCK_PATIENCE_S = 2.0
LOCK_POLL_S = 0.1
"""How long the server may take to notice that a recorder was killed."""

RECORDER_LOCK, ANSWERS_LOCK = "hypertrack", "hypertrack answers"
"""Of a PostgreSQL dataset: one process records or imports, another may add answers meanwhile."""

LONG_PATIENCE_S = 600.0
MAX_WAITING = 64
"""The same for those who wait, and the segments that may lie in the spool before they do."""


@contextmanager
def open_database_session(
    url: DatabaseUrl,
    mode: SessionMode,
    spool_root: Path,
    clock: Clock | None = None,
    *,
    is_patient: bool = False,
) -> Iterator[Session]:
    """Lock a dataset and make it ready for a recorder, which writes to the session's folder.

    What an earlier recorder left in the spool is loaded first, into the session that it is of.

    Args:
        mode: What becomes of the session that is there: ``rotate`` archives it, ``append``
            continues it, ``clear`` deletes it.
        spool_root: Folder of all spools.
        is_patient: Whoever writes waits for the database where it falls behind; not for a recorder.

    Raises:
        DatasetError: The database cannot be reached, another recorder writes to the dataset, or
            at the end the database did not take everything: what waits is in the spool.
        ConfigError: The URL names a session, or the database's driver is not installed.
    """
    if url.session is not None:
        raise ConfigError(f"{url.with_session(url.session)} is for readers: leave ?session= out")
    clock = clock or SystemClock()
    with ExitStack() as locks:
        spool = Spool(_locked_folder(spool_root / url.slug, url, locks))
        if url.dialect == "sqlite":
            _lock_beside(url, locks)
        answers = locks.enter_context(ExitStack())
        answers.enter_context(_answers_locked(url, clock))
        session, uploader = _begun(url, mode, spool, clock, is_patient=is_patient)
        if not is_patient:
            answers.close()
        with _carried(uploader, spool, LONG_PATIENCE_S if is_patient else PATIENCE_S):
            yield session


@contextmanager
def open_database_answers(
    url: DatabaseUrl, spool_root: Path, clock: Clock | None = None
) -> Iterator[Session]:
    """Make a dataset ready for answers about wallets, also while a recorder writes to it.

    They have a spool of their own, and small files of their own.

    Raises:
        DatasetError: The database cannot be reached, others write answers there, or at the end it
            did not take everything: what waits is in the spool.
        ConfigError: The URL names a session, or the database's driver is not installed.
    """
    if url.session is not None:
        raise ConfigError(f"{url.with_session(url.session)} is for readers: leave ?session= out")
    clock = clock or SystemClock()
    with ExitStack() as locks:
        spool = Spool(_locked_folder(spool_root / answers_slug(url), url, locks, "added to"))
        if url.dialect == "sqlite":
            _lock_beside(url, locks, ".answers.lock", "added to")
        session, uploader = _begun_beside(url, spool, clock)
        with _carried(uploader, spool, LONG_PATIENCE_S):
            yield session


@contextmanager
def _carried(uploader: Uploader, spool: Spool, patience_s: float) -> Iterator[None]:
    """Carry lines to the database for as long as this lasts, and what is left at its end."""
    uploader.start()
    try:
        yield
    except BaseException:
        spool.cut()
        with _logged():
            uploader.finish(patience_s)
        raise
    spool.cut()
    uploader.finish(patience_s)
    spool.clear()


def _begun_beside(url: DatabaseUrl, spool: Spool, clock: Clock) -> tuple[Session, Uploader]:
    """Return a session that takes answers, and what will carry them."""
    connect = partial(_connect, url, clock, ANSWERS_LOCK)
    database = connect()
    with closed_on_failure(database):
        create_tables(database)
        _load_leftovers(database, spool, clock, ANSWERED_LISTS)
        stored = sessions.current_session(database) or sessions.new_session(database, clock)
        manifest = sessions.document(database, "manifest", stored)
        header = spool.begin(stored.session_id, stored.name)
        own = ("manifest",) if manifest is None else ()
        loader = SpoolLoader(spool, header, lists=ANSWERED_LISTS, documents=own)
        uploader = Uploader(database, connect, loader, spool, clock)
        _put_small_files(database, stored, spool, (*ANSWERED_LISTS, "coverage"))
        session = Session(
            folder=spool.folder,
            mode="append",
            name=str(url),
            waiting_bytes=spool.waiting_bytes,
            is_beside=True,
            hand_over=partial(uploader.hand_over, MAX_WAITING),
        )
    return session, uploader


def _begun(
    url: DatabaseUrl, mode: SessionMode, spool: Spool, clock: Clock, *, is_patient: bool
) -> tuple[Session, Uploader]:
    """Return a session that can be written to, and what will carry its lines."""
    database = _connect(url, clock)
    with closed_on_failure(database):
        create_tables(database)
        _load_leftovers(database, spool, clock)
        stored, archived = _session_for(database, mode, clock)
        lists = (*RECORDED_LISTS, *([CHOICES_LIST] if is_patient else []))
        header = spool.begin(stored.session_id, stored.name)
        loader = SpoolLoader(spool, header, lists=lists)
        uploader = Uploader(database, lambda: _connect(url, clock), loader, spool, clock)
        session = Session(
            folder=spool.folder,
            mode=mode,
            name=str(url),
            archived=None if archived is None else url.with_session(archived),
            waiting_bytes=spool.waiting_bytes,
            hand_over=partial(uploader.hand_over, MAX_WAITING if is_patient else None),
        )
        if mode == "append":
            _put_small_files(database, stored, spool, lists)
            session = _continued(session, database, stored, spool)
    return session, uploader


@contextmanager
def _logged() -> Iterator[None]:
    """Say what failed as well, where something else is about to be said."""
    try:
        yield
    except DatasetError as error:
        log.error("%s", error)


def _connect(url: DatabaseUrl, clock: Clock, name: str = RECORDER_LOCK) -> Database:
    """Connect and take a lock of a PostgreSQL dataset, which goes with the connection."""
    database = open_writer(url)
    if url.dialect == "sqlite":
        return database
    with closed_on_failure(database):
        deadline_s = clock.monotonic_s() + LOCK_PATIENCE_S
        while not _is_lock_taken(database, name):
            if clock.monotonic_s() > deadline_s:
                doing = "recorded to" if name == RECORDER_LOCK else "added to"
                raise DatasetError(
                    f"{url} is being {doing} by another process: stop it, or choose another --data"
                )
            clock.wait(threading.Event(), LOCK_POLL_S)
    return database


def _is_lock_taken(database: Database, name: str) -> bool:
    lock = "SELECT pg_try_advisory_lock(hashtext($1), hashtext($2))"
    (is_ours,) = database.rows(lock, name, database.url.schema)[0]
    database.commit()
    return bool(is_ours)


def _load_leftovers(
    database: Database, spool: Spool, clock: Clock, lists: Sequence[str] = RECORDED_LISTS
) -> None:
    """Load what a recorder left that was killed, or whose database did not come back."""
    header = spool.read_header()
    if header is None:
        if not spool.has_lines():
            return
        header = spool.begin(0, sessions.free_name(database, clock, "lost-"))
        log.warning("lines of an unknown session wait in %s: they go to the archive", spool.folder)
    left = sessions.find_by_name(database, header.session)
    if left is None:  # deleted meanwhile, from elsewhere: its last lines go to the archive
        left = sessions.add_session(database, header.session)
        sessions.archive(database, left, clock)
    loader = SpoolLoader(spool, header, left.session_id, lists=lists)
    spool.take_up(loader.last_loaded(database))
    loader.load(database)
    database.run("DELETE FROM spools WHERE spool = $1", header.spool)
    database.commit()
    spool.clear()


def _session_for(
    database: Database, mode: SessionMode, clock: Clock
) -> tuple[StoredSession, str | None]:
    """Return the session to write to, and the name of the one that was archived for it."""
    current = sessions.current_session(database)
    if current is None:
        return sessions.new_session(database, clock), None
    if mode == "append" or current.n_loads == 0:
        return current, None
    if mode == "clear":
        sessions.delete(database, current)
        return sessions.new_session(database, clock), None
    sessions.archive(database, current, clock)
    return sessions.new_session(database, clock), current.name


def _continued(
    session: Session, database: Database, stored: StoredSession, spool: Spool
) -> Session:
    """Return a session that goes on with what is stored."""
    manifest = sessions.document(database, "manifest", stored)
    if manifest is not None:
        spool.put(DOCUMENTS["manifest"], manifest)
    return replace(
        session,
        last_trades=sessions.last_lines(database, Feed.TRADES, stored),
        last_candles=sessions.last_lines(database, Feed.CANDLES, stored),
        end_ms_by_stream=end_ms_by_stream(spool.folder),
    )


def _put_small_files(
    database: Database, stored: StoredSession, spool: Spool, lists: Sequence[str]
) -> None:
    """Put the small files of a session into the spool, to be gone on with."""
    for table in lists:
        if lines := sessions.list_lines(database, table, stored):
            spool.put(FILE_NAMES[table], b"\n".join(lines) + b"\n")


def _locked_folder(
    folder: Path, url: DatabaseUrl, locks: ExitStack, doing: str = "recorded to"
) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        locks.callback(_remove_if_empty, folder)
        _lock(folder / LOCK_NAME, url, locks, doing)
    except OSError as error:
        raise DatasetError(f"{folder} cannot be written ({error.strerror}): set `spool`") from None
    return folder


def _remove_if_empty(folder: Path) -> None:
    for place in (folder, folder.parent):
        with suppress(OSError):  # it is not empty: what waits there was not loaded
            place.rmdir()


@contextmanager
def _answers_locked(url: DatabaseUrl, clock: Clock) -> Iterator[None]:
    """Keep others from adding answers to what is archived or deleted.

    Raises:
        DatasetError: They do already.
    """
    with ExitStack() as locks:
        if url.dialect == "sqlite":
            _lock_beside(url, locks, ".answers.lock", "added to")
        else:
            locks.callback(_connect(url, clock, ANSWERS_LOCK).close)
        yield


def _lock_beside(
    url: DatabaseUrl, locks: ExitStack, suffix: str = ".lock", doing: str = "recorded to"
) -> None:
    file = Path(url.connection)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _lock(file.with_name(f"{file.name}{suffix}"), url, locks, doing)
    except OSError as error:
        raise UnreachableError(f"{url} cannot be written ({error.strerror})") from None


def _lock(path: Path, url: DatabaseUrl, locks: ExitStack, doing: str = "recorded to") -> None:
    descriptor = lock_file(path, url, doing)
    locks.callback(os.close, descriptor)
    locks.callback(path.unlink, missing_ok=True)
