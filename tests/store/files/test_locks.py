"""One lock a folder, also where its owner leaves while somebody waits at the door."""

import fcntl
import os
from pathlib import Path

import pytest

from hypertrack.errors import DatasetError
from hypertrack.store.files.locks import is_locked, lock_file


def leaving(patch: pytest.MonkeyPatch, path: Path, *, is_followed: bool = False) -> list[int]:
    """Let the owner remove the file between our opening and our locking it, as it does at its end.

    Args:
        is_followed: Another process takes the lock meanwhile; its descriptor is in the list.
    """
    lock, others = fcntl.flock, list[int]()

    def lock_late(file: int, operation: int) -> None:
        patch.setattr(fcntl, "flock", lock)
        path.unlink()
        if is_followed:
            others.append(os.open(path, os.O_RDWR | os.O_CREAT))
            lock(others[0], fcntl.LOCK_EX | fcntl.LOCK_NB)
        lock(file, operation)

    patch.setattr(fcntl, "flock", lock_late)
    return others


def test_lock_on_a_file_that_its_owner_removed_is_taken_on_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "recorder.lock"
    path.touch()
    leaving(monkeypatch, path)

    descriptor = lock_file(path, tmp_path)

    assert path.read_text() == f"{os.getpid()}\n"
    assert is_locked(path)
    os.close(descriptor)
    assert not is_locked(path)


def test_who_comes_first_after_the_owner_has_it_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "recorder.lock"
    path.touch()
    others = leaving(monkeypatch, path, is_followed=True)

    with pytest.raises(DatasetError, match="is being recorded to by process"):
        lock_file(path, tmp_path)

    os.close(others[0])
