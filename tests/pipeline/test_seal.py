"""What sealing leaves beside the hours, for whoever computes from the folder next."""

from pathlib import Path

import pytest
from fakes import ALICE, BOB, START_MS, trade, write_dataset

from hypertrack.config import FeatureSettings, Settings
from hypertrack.pipeline.seal import seal
from hypertrack.records import HOUR_MS
from hypertrack.store import dataset as dataset_room
from hypertrack.store.reading import numbered_hours


@pytest.mark.parametrize(("keep_prepared", "n_kept"), [(True, 3), (False, 0)])
def test_sealed_hours_are_numbered_and_measured_at_once_where_that_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep_prepared: bool, n_kept: int
) -> None:
    monkeypatch.setattr(dataset_room, "WORTH_PREPARING", 3)
    monkeypatch.setattr(numbered_hours, "BATCH_ROWS", 1)
    times_ms = [START_MS + hour * HOUR_MS for hour in range(4)]
    lines = [trade(time_ms, buyer=ALICE, seller=BOB, taker=BOB) for time_ms in times_ms]
    folder = write_dataset(tmp_path / "data", trades=lines)

    (sealed,) = seal(Settings(data=folder, features=FeatureSettings(keep_prepared=keep_prepared)))

    assert sealed.n_hours == 3  # the newest one stays open
    for table in ("trades", "executions", "prices_around"):
        assert len(list(folder.glob(f"prepared/hours/{table}/*.parquet"))) == n_kept
