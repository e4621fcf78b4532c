"""What is known of wallets, from profiles that are whole, torn and whole again."""

from pathlib import Path

import pytest
from fakes import ALICE, BOB, CAROL
from kept_profiles import Kept, write_kept
from pyarrow import parquet

from hypertrack.errors import DatasetError
from hypertrack.live.known_wallets import KnownWallets
from hypertrack.records import Verdict


def spoil(file: Path, column: str) -> None:
    """Overwrite the values of a column; the rest of the file, and what describes it, stays."""
    group = parquet.read_metadata(file).row_group(0)
    chunk = next(
        one for one in map(group.column, range(group.num_columns)) if one.path_in_schema == column
    )
    begin = chunk.dictionary_page_offset or chunk.data_page_offset
    with file.open("r+b") as opened:
        opened.seek(begin)
        opened.write(b"\xff" * chunk.total_compressed_size)


def test_profiles_torn_in_one_column_leave_all_that_was_known_in_force(tmp_path: Path) -> None:
    first = write_kept(tmp_path / "profiles.parquet", Kept(ALICE, verdict=Verdict.COPY))
    known = KnownWallets(5)
    known.read_if_changed(first)
    before = dict(known)
    others = [Kept(one, verdict=Verdict.WATCH) for one in (BOB, CAROL)]
    other = write_kept(tmp_path / "other.parquet", *others)
    spoil(other, "verdict")
    other.replace(first)

    with pytest.raises(DatasetError):
        known.read_if_changed(first)

    assert before[ALICE].verdict == "COPY"
    assert dict(known) == before
