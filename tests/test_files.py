from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from column_fakes import profile_columns
from disk_fakes import logged_disk
from model_fakes import FEATURES, make_card
from profile_fakes import profile_header

from hypertrack.config import CategorySettings
from hypertrack.errors import HypertrackError
from hypertrack.files import replacing, write_text
from hypertrack.importing.imported_coverage import extend_ledger
from hypertrack.model.inputs import InputScaler
from hypertrack.model.network import WalletNet
from hypertrack.model.versions import WalletModel, save_version
from hypertrack.records import CoverageLine, CoverageStatus
from hypertrack.store.columns import write_table
from hypertrack.store.files.manifest import Manifest, write_manifest
from hypertrack.store.profiles import write_profiles


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


def test_file_is_synced_before_it_takes_its_place_and_its_folder_after(tmp_path: Path) -> None:
    with logged_disk(tmp_path) as disk, replacing(tmp_path / "a" / "b.txt") as unfinished:
        unfinished.write_bytes(b"whole")
        beside = unfinished.relative_to(tmp_path)

    assert disk.events == [f"sync {beside}", "rename a/b.txt", "sync a"]
    assert disk.synced_bytes[str(beside)] == len(b"whole")


def save_model(folder: Path) -> None:
    network = WalletNet(2 * len(FEATURES), hidden=(4,), dropout_frac=0.0)
    scaler = InputScaler(FEATURES, np.zeros(len(FEATURES)), np.ones(len(FEATURES)))
    save_version(folder, WalletModel(network, scaler, make_card(network, 1_767_600_000_000)))


OBSERVED = CoverageLine(
    stream="trades:BTC", status=CoverageStatus.OBSERVED, start_ms=1, end_ms=2, cause=None
)

WRITERS: dict[str, Callable[[Path], object]] = {
    "manifest": lambda folder: write_manifest(folder, Manifest()),
    "ledger of an import": lambda folder: extend_ledger(folder, [OBSERVED]),
    "profiles": lambda folder: write_profiles(
        folder / "profiles.parquet", profile_header(), [profile_columns([], CategorySettings(), {})]
    ),
    "table": lambda folder: write_table(folder / "table.csv", pa.table({"wallet": ["0x"]})),
    "model": save_model,
    "text": lambda folder: write_text(folder / "report.txt", "text"),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_no_file_takes_its_place_before_all_of_it_is_on_the_disk(
    tmp_path: Path, write: Callable[[Path], object]
) -> None:
    with logged_disk(tmp_path) as disk:
        write(tmp_path)

    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    renamed = [event for event in disk.events if event.startswith("rename")]
    assert {event.removeprefix("rename ") for event in renamed} == files
    assert disk.renamed_unsynced == []
    for event in renamed:
        folder = (tmp_path / event.removeprefix("rename ")).parent.relative_to(tmp_path)
        assert disk.events[disk.events.index(event) + 1] == f"sync {folder}"
