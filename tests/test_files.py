from pathlib import Path

import pytest

from hypertrack.errors import HypertrackError
from hypertrack.files import write_text


def test_text_is_written_with_its_folders(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "report.txt"

    write_text(file, "größer ≥ 0\n")

    assert file.read_bytes() == "größer ≥ 0\n".encode()


def test_writing_replaces_the_old_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "report.txt"
    file.write_text("old")

    write_text(file, "new")

    assert [path.name for path in tmp_path.iterdir()] == ["report.txt"]
    assert file.read_text() == "new"


def test_failed_writing_keeps_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "report.txt"
    file.write_text("old")

    with pytest.raises(UnicodeEncodeError):
        write_text(file, "new \ud800")

    assert [path.name for path in tmp_path.iterdir()] == ["report.txt"]
    assert file.read_text() == "old"


def test_unwritable_folder_is_a_foreseen_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where a folder is needed")

    with pytest.raises(HypertrackError, match=r"cannot write .*report\.txt"):
        write_text(tmp_path / "taken" / "report.txt", "text")
