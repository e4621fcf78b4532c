import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypertrack.errors import ConfigError, DatasetError
from hypertrack.store.columns import read_columns, write_columns

COLUMNS = {
    "wallet": ["0xa", 'b"; DROP, x'],
    "n": np.array([1, 2], dtype=np.int64),
    "value": np.array([0.1 + 0.2, np.nan]),
    "is_bot": [True, False],
}


@pytest.mark.parametrize("name", ["out.parquet", "out.csv", "new/out.csv", "n=7/out.parquet"])
def test_columns_come_back_as_they_were(tmp_path: Path, name: str) -> None:
    path = tmp_path / name

    write_columns(path, COLUMNS)
    columns = read_columns(path)

    assert list(columns) == list(COLUMNS)
    assert columns["wallet"].tolist() == COLUMNS["wallet"]
    assert columns["n"].tolist() == [1, 2]
    np.testing.assert_array_equal(columns["value"], COLUMNS["value"])
    assert columns["is_bot"].tolist() == [True, False]


def test_tilde_is_a_folder_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    for name in ("~/out.csv", "~/out.parquet"):
        write_columns(Path(name), COLUMNS)

    assert sorted(path.name for path in (tmp_path / "~").iterdir()) == ["out.csv", "out.parquet"]


def test_nan_is_an_empty_cell_of_a_csv(tmp_path: Path) -> None:
    write_columns(tmp_path / "out.csv", {"value": np.array([1.5, np.nan]), "n": [1, 2]})

    assert (tmp_path / "out.csv").read_text() == '"value","n"\n1.5,1\n,2\n'


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    write_columns(path, {"n": [1]})

    write_columns(path, {"m": [2, 3]})

    assert list(read_columns(path)) == ["m"]
    assert [each.name for each in tmp_path.iterdir()] == ["out.parquet"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    write_columns(path, {"n": [1]})

    with pytest.raises(Exception, match=r"(?i)unsupported"):
        write_columns(path, {"n": [[1, 2]]})  # CSV has no lists

    assert read_columns(path)["n"].tolist() == [1]
    assert [each.name for each in tmp_path.iterdir()] == ["out.csv"]


def test_another_suffix_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"must end in \.parquet or \.csv"):
        write_columns(tmp_path / "out.xlsx", COLUMNS)


def test_a_missing_or_foreign_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no table at"):
        read_columns(tmp_path / "out.csv")

    (tmp_path / "out.parquet").write_text("hello")
    with pytest.raises(DatasetError, match="is no table"):
        read_columns(tmp_path / "out.parquet")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=1))
@settings(deadline=None)
def test_any_text_in_a_csv_is_one_harmless_cell(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"

    write_columns(path, {"text": texts, "n": list(range(len(texts)))})

    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    assert [int(n) for _, n in rows] == list(range(len(texts)))
    assert not any(text.lstrip().startswith(("=", "+", "-", "@")) for text, _ in rows)


def test_text_in_a_csv_opens_no_formula_and_keeps_to_its_cell(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"

    write_columns(path, {"wallet": ["=1+1", "a\x1b[2J\nb\x00"], "n": [-1, 2]})

    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[1:] == ['"\'=1+1",-1', '"a\ufffd[2J\ufffdb\ufffd",2']
