"""Sealed hours that cannot be read any more: set aside, named, and a gap of the ledger."""

import glob
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb

from hypertrack.records import HOUR_MS, CoverageCause, CoverageStatus, Feed
from hypertrack.store.sql import ONLY_THE_FILE


class Damage(NamedTuple):
    """A file whose rows are lost."""

    feed: Feed
    path: Path
    """``sealed/<feed>/<hour>.parquet``; with another ending where a sealing put it aside."""

    @property
    def name(self) -> str:
        """Return the file as people know it, within its dataset."""
        return "/".join(self.path.parts[-3:])

    @property
    def hour(self) -> tuple[int, int] | None:
        """Return start and exclusive end of its hour, ms; None where its name is none."""
        try:
            start = datetime.strptime(self.path.name.partition(".")[0], "%Y-%m-%dT%H")
        except ValueError:
            return None
        start_ms = int(start.replace(tzinfo=UTC).timestamp()) * 1000
        return start_ms, start_ms + HOUR_MS


def unreadable(paths: Iterable[Path]) -> list[Path]:
    """Return those of some Parquet files that are there and not all of which can be read."""
    with duckdb.connect(":memory:") as connection:
        return [path for path in paths if path.exists() and not _is_readable(connection, path)]


def _is_readable(connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
    every_value = f"SELECT count(hash(COLUMNS(*))) FROM read_parquet($path, {ONLY_THE_FILE})"
    try:
        connection.execute(every_value, {"path": glob.escape(str(path))}).fetchall()
    except duckdb.Error:
        return False
    return True


# What was observed in that hour is lost: observed intervals end before it and go on behind it.
CUT = """
CREATE OR REPLACE TEMP TABLE cut AS
SELECT * FROM coverage
WHERE feed = $feed AND status = 'observed' AND start_ms < $end_ms AND end_ms > $start_ms
"""
FORGET = """
DELETE FROM coverage
WHERE feed = $feed AND status = 'observed' AND start_ms < $end_ms AND end_ms > $start_ms
"""
BEFORE = """
INSERT INTO coverage SELECT * REPLACE ($start_ms AS end_ms) FROM cut WHERE start_ms < $start_ms
"""
BEHIND = (
    "INSERT INTO coverage SELECT * REPLACE ($end_ms AS start_ms) FROM cut WHERE end_ms > $end_ms"
)
GAP = f"""
INSERT INTO coverage VALUES ($feed, $feed, NULL, '{CoverageStatus.GAP}', $start_ms, $end_ms,
    '{CoverageCause.DAMAGED}', NULL)
"""


def note_damage(connection: duckdb.DuckDBPyConnection, damages: Iterable[Damage]) -> None:
    """Let the ledger of an opened dataset say what damaged files lost."""
    for damage in damages:
        if damage.hour is None:
            continue
        hour = dict(zip(("start_ms", "end_ms"), damage.hour, strict=True))
        named = hour | {"feed": damage.feed.value}
        connection.execute(CUT, named)
        connection.execute(FORGET, named)
        connection.execute(BEFORE, {"start_ms": hour["start_ms"]})
        connection.execute(BEHIND, {"end_ms": hour["end_ms"]})
        connection.execute(GAP, named)
