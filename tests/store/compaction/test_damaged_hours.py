"""A sealed hour that is damaged is noticed, and costs nothing but itself."""

import json
from pathlib import Path

import pytest
from fakes import (
    START_MS,
)
from pyarrow import parquet
from sealing_fakes import seal, trades_of

from hypertrack.records import HOUR_MS
from hypertrack.store.dataset import open_dataset
from hypertrack.store.verification import verify_dataset


def damage(path: Path, *, is_torn: bool = True) -> None:
    """Cut a file's end off, or flip one bit in the middle of it."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data[: len(data) // 2] if is_torn else data)


def test_damaged_hour_is_set_aside_and_a_gap_and_all_else_is_read(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    seal(folder)
    damage(folder / "sealed" / "trades" / "2026-01-05T09.parquet")

    with open_dataset(folder) as dataset:
        found = dataset.connection.execute("SELECT trade_id FROM trades ORDER BY ALL").fetchall()
        gaps = dataset.connection.execute(
            "SELECT start_ms, end_ms, cause FROM coverage WHERE status = 'gap'"
        ).fetchall()
        observed_days = dataset.summary().observed_days
        named = verify_dataset(dataset).damaged_files

    assert [trade_id for (trade_id,) in found] == [1, 2, 3, 4, 9, 10, 11, 12]
    assert gaps == [(START_MS + HOUR_MS, START_MS + 2 * HOUR_MS, "damaged")]
    assert observed_days == pytest.approx(1.75 / 24)  # of the time from the first trade to the last
    assert named == ("sealed/trades/2026-01-05T09.parquet",)
    assert "is damaged and left out: its hour is a gap" in caplog.text


def test_flipped_bit_of_a_sealed_hour_is_noticed(folder: Path) -> None:
    seal(folder)
    path = folder / "sealed" / "bbo" / "2026-01-05T08.parquet"

    with open_dataset(folder) as dataset:
        before = dataset.lines.damaged_files()
        damage(path, is_torn=False)
        after = dataset.lines.damaged_files()

    assert (before, after) == ((), ("sealed/bbo/2026-01-05T08.parquet",))


def test_damaged_hour_does_not_stop_the_sealing_of_its_late_rows(folder: Path) -> None:
    seal(folder)
    hour = folder / "sealed" / "trades" / "2026-01-05T08.parquet"
    damage(hour)
    with (folder / "trades.jsonl").open("a") as file:
        file.write(json.dumps({**trades_of()[0], "tid": 77}) + "\n")

    seal(folder)

    assert parquet.read_table(hour)["tid"].to_pylist() == [77]
    with open_dataset(folder) as dataset:
        assert dataset.lines.damaged_files() == ("sealed/trades/2026-01-05T08.parquet.damaged",)
        gaps = "SELECT start_ms, cause FROM coverage WHERE status = 'gap'"
        assert dataset.connection.execute(gaps).fetchall() == [(START_MS, "damaged")]


def test_hour_that_grew_has_the_checksum_of_what_it_is_now(folder: Path) -> None:
    seal(folder)
    with (folder / "trades.jsonl").open("a") as file:
        file.write(json.dumps({**trades_of()[0], "tid": 77}) + "\n")
    seal(folder)

    with open_dataset(folder) as dataset:
        assert dataset.lines.damaged_files() == ()
