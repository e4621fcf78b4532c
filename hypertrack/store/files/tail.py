"""The newest recorded trades of a folder, for a recorder that goes on with it."""

import glob
import logging
import os
from pathlib import Path

from hypertrack.records import Feed
from hypertrack.store.compaction.commit_journal import sealed_hours
from hypertrack.store.compaction.sealed_rows import line_of
from hypertrack.store.files.layout import feed_path
from hypertrack.store.sql import ONLY_THE_FILE

log = logging.getLogger(__name__)

TAIL_BYTES = 1 << 23
"""How far back the open file is read: it holds an hour or two, and 8 MiB are some 25,000 trades."""

TAIL_HOURS = 24
"""How far back sealed hours are read: a coin that was quieter than that is asked for anew."""

N_REPLAYED = 30
"""What the venue replays of a coin (protocol, section 2.1): more need not be known."""

IDENTITY = ("coin", "time", "tid", "side", "px", "sz", "hash", "users")
"""What tells trades apart: beside the id all that they say, for those whose id is 0."""

NEWEST_SEALED = f"""
SELECT {", ".join(IDENTITY)} FROM read_parquet($paths, {ONLY_THE_FILE})
QUALIFY row_number() OVER (PARTITION BY coin ORDER BY time DESC, tid) <= {N_REPLAYED}
ORDER BY time, coin, tid
"""


def newest_trades(folder: Path) -> tuple[bytes, ...]:
    """Return the newest trades of each coin as lines that name coin, time and id, oldest first."""
    return _sealed(folder) + newest_lines(feed_path(folder, Feed.TRADES))


def _sealed(folder: Path) -> tuple[bytes, ...]:
    hours = sealed_hours(folder, Feed.TRADES)[-TAIL_HOURS:]
    if not hours:
        return ()
    import duckdb  # noqa: PLC0415 - a recorder that continues no sealed hours does without it

    paths = [glob.escape(str(path)) for path in hours]
    try:
        with duckdb.connect(":memory:") as connection:
            rows = connection.execute(NEWEST_SEALED, {"paths": paths}).fetchall()
    except duckdb.Error as error:  # recording goes on, only less sure of what it missed
        log.warning("sealed trades could not be read: %s", str(error).splitlines()[0])
        return ()
    return tuple(line_of(dict(zip(IDENTITY, row, strict=True))) for row in rows)


def newest_lines(path: Path) -> tuple[bytes, ...]:
    """Return the last whole lines of a file; none where there is no file."""
    if not path.exists():
        return ()
    with path.open("rb") as file:
        skipped = max(os.fstat(file.fileno()).st_size - TAIL_BYTES, 0)
        file.seek(skipped)
        lines = file.read().splitlines()
    return tuple(lines[1:] if skipped else lines)
