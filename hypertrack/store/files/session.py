"""Recording sessions of a dataset folder: one recorder at a time, and no data lost between them."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

from hypertrack.clock import Clock, SystemClock, utc_name
from hypertrack.errors import DatasetError
from hypertrack.records import Feed, JsonError, Record, decode_json, encode_json
from hypertrack.store.compaction.commit_journal import finish_sealing, forget_parts, last_line_start
from hypertrack.store.files.layout import (
    ACCOUNTS_NAME,
    ANSWER_NAMES,
    ANSWERS_LOCK_NAME,
    ARCHIVE_NAME,
    ASIDE_QUARANTINE_NAME,
    COVERAGE_NAME,
    CURSOR_NAME,
    IMPORTS_NAME,
    LOCK_NAME,
    MANIFEST_NAME,
    QUARANTINE_NAME,
    REPORT_NAME,
    SEALED_NAME,
    SET_ASIDE_NAME,
    feed_path,
)
from hypertrack.store.files.ledger import read_ledger
from hypertrack.store.files.locks import is_locked, lock_file
from hypertrack.store.files.tail import newest_lines, newest_trades

SessionMode = Literal["rotate", "append", "clear"]


class Session(Record, frozen=True, kw_only=True):
    """A folder that is ours to write to until the session is closed."""

    folder: Path
    mode: SessionMode
    name: str = ""
    """Of the dataset, where it is not the folder."""
    archived: Path | str | None = None
    """Where the data that was here went."""
    waiting_bytes: Callable[[], int] | None = None
    """How much has been handed over and is not where the dataset is yet."""
    is_beside: bool = False
    """A recorder writes to the folder meanwhile: only answers about wallets are ours to write."""
    hand_over: Callable[[], None] | None = None
    """To be called whenever files have been synced and closed: they are taken from the folder to
    where the dataset is."""
    last_trades: tuple[bytes, ...] = ()
    """The newest recorded trades of the session that is continued, oldest first."""
    last_candles: tuple[bytes, ...] = ()
    """The same of its candles."""
    end_ms_by_stream: Mapping[str, int] | None = None
    """Where the coverage of each stream that is continued ended, exchange time."""

    @property
    def place(self) -> str:
        """Return where the dataset is, for people."""
        return self.name or str(self.folder)


@contextmanager
def open_session(
    folder: Path,
    mode: SessionMode = "rotate",
    clock: Clock | None = None,
    *,
    takes_answers: bool = False,
) -> Iterator[Session]:
    """Lock a dataset folder and make it ready for a recorder.

    Args:
        folder: Created where missing.
        mode: What becomes of data that is there: ``rotate`` moves it to ``archive/<utc>/``,
            ``append`` continues it, ``clear`` deletes it. Files that are not ours stay.
        takes_answers: Fills and other answers about wallets will be written, too; a recorder
            leaves them to whoever asks meanwhile.

    Raises:
        DatasetError: Another recorder writes there, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = lock_file(folder / LOCK_NAME, folder)
    except OSError as error:
        raise DatasetError(
            f"{folder} cannot be written ({error.strerror}): choose --data"
        ) from None
    try:
        with ExitStack() as answers:
            answers.enter_context(_answers_locked(folder))
            finish_sealing(folder)
            forget_parts(folder)
            session = _prepared(folder, mode, clock or SystemClock())
            if not takes_answers:
                answers.close()
            yield session
    finally:
        (folder / LOCK_NAME).unlink(missing_ok=True)
        os.close(lock)


@contextmanager
def open_answers(folder: Path) -> Iterator[Session]:
    """Make a folder ready for answers about wallets, also while a recorder writes to it.

    Raises:
        DatasetError: Others write answers there, or the folder cannot be written.
    """
    if not is_locked(folder / LOCK_NAME):
        with open_session(folder, "append", takes_answers=True) as session:
            yield session
        return
    with _answers_locked(folder):
        for path in answer_files(folder):
            mend_last_line(path, folder / ASIDE_QUARANTINE_NAME)
        yield Session(folder=folder, mode="append", is_beside=True)


def answer_files(folder: Path) -> list[Path]:
    """Return the files of lines that answers about wallets are in."""
    named = [folder / name for name in ANSWER_NAMES]
    return [path for path in (*named, *(folder / ACCOUNTS_NAME).glob("*.jsonl")) if path.exists()]


@contextmanager
def _answers_locked(folder: Path) -> Iterator[None]:
    """Keep others from writing answers.

    Raises:
        DatasetError: They do already, or the folder cannot be written.
    """
    path = folder / ANSWERS_LOCK_NAME
    try:
        lock = lock_file(path, folder, "added to")
    except OSError as error:
        raise DatasetError(
            f"{folder} cannot be written ({error.strerror}): choose --data"
        ) from None
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(lock)


def session_files(folder: Path) -> list[Path]:
    """Return everything in the folder that a recording session wrote, but for archive and lock."""
    named = [QUARANTINE_NAME, COVERAGE_NAME, REPORT_NAME, MANIFEST_NAME, SEALED_NAME]
    named += [*ANSWER_NAMES, SET_ASIDE_NAME, IMPORTS_NAME, ACCOUNTS_NAME, CURSOR_NAME]
    paths = [feed_path(folder, feed) for feed in Feed] + [folder / name for name in named]
    return [path for path in paths if path.exists()]


def mend_last_line(path: Path, quarantine: Path) -> None:
    """Make a file end in a whole line, keeping every byte.

    A last line that is whole but for its end gets one. A torn one is first copied to the
    quarantine, then cut off.
    """
    with path.open("r+b") as file:
        start = last_line_start(file.fileno(), size := os.fstat(file.fileno()).st_size)
        if start == size:
            return
        file.seek(start)
        torn = file.read()
        try:
            decode_json(torn)
        except (JsonError, UnicodeDecodeError) as error:
            with quarantine.open("ab") as kept:
                kept.write(quarantine_line(torn, f"torn last line of {path.name}: {error}"))
                kept.flush()
                os.fsync(kept.fileno())
            file.truncate(start)
        else:
            file.write(b"\n")
        os.fsync(file.fileno())


def quarantine_line(data: bytes, reason: str, received_ns: int | None = None) -> bytes:
    """Return the line that keeps bytes we could not read, verbatim.

    They stand as text in ``frame``; bytes that are no text, as hexadecimal in ``frame_hex``.
    """
    try:
        kept = {"frame": data.decode()}
    except UnicodeDecodeError:
        kept = {"frame_hex": data.hex()}
    return encode_json({"received_ns": received_ns, "reason": reason, **kept}) + b"\n"


def end_ms_by_stream(folder: Path) -> dict[str, int]:
    """Return where the coverage of each stream in a ledger ends, exchange time."""
    ends: dict[str, int] = {}
    for line in read_ledger(folder):
        ends[line.stream] = max(line.end_ms, ends.get(line.stream, 0))
    return ends


def _prepared(folder: Path, mode: SessionMode, clock: Clock) -> Session:
    if mode == "append":
        return _continued(folder)
    files = session_files(folder)
    if not files:
        return Session(folder=folder, mode=mode)
    if mode == "clear":
        for path in files:
            _delete(path)
        return Session(folder=folder, mode=mode)
    archive = _new_archive(folder, clock)
    for path in files:
        path.rename(archive / path.name)
    return Session(folder=folder, mode=mode, archived=archive)


def _continued(folder: Path) -> Session:
    for path in (*session_files(folder), *(folder / ACCOUNTS_NAME).glob("*.jsonl")):
        if path.suffix == ".jsonl":
            mend_last_line(path, folder / QUARANTINE_NAME)
    return Session(
        folder=folder,
        mode="append",
        last_trades=newest_trades(folder),
        last_candles=newest_lines(feed_path(folder, Feed.CANDLES)),
        end_ms_by_stream=end_ms_by_stream(folder),
    )


def _new_archive(folder: Path, clock: Clock) -> Path:
    name = utc_name(clock.wall_ns() // 1_000_000)
    archive, n = folder / ARCHIVE_NAME / name, 1
    while archive.exists():
        archive, n = folder / ARCHIVE_NAME / f"{name}-{n + 1}", n + 1
    archive.mkdir(parents=True)
    return archive


def _delete(path: Path) -> None:
    if path.is_dir():
        for inside in path.iterdir():
            _delete(inside)
        path.rmdir()
    else:
        path.unlink()
