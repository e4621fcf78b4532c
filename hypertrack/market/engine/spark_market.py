"""The same definitions on Apache Spark: one machine's cores, or a cluster.

Spark reads the sealed hours itself, and numbers their names; only the lines that are still open are
read here and handed over as Parquet.
"""

import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ibis
from ibis.backends.pyspark.datatypes import PySparkType
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from hypertrack.config import DatabaseUrl
from hypertrack.errors import EngineError
from hypertrack.market.engine.kept_tables import Schemas, Step
from hypertrack.market.engine.market import Market
from hypertrack.market.engine.plans import Variables
from hypertrack.market.engine.spark_dialect import SPARK, statements
from hypertrack.market.engine.spark_reading import (
    handed_over,
    hours_at,
    kept,
    number_tables,
)
from hypertrack.scratch import clear_abandoned, scratch_folder
from hypertrack.store.dataset import Dataset, note_sealed, open_unsealed
from hypertrack.store.reading.recorded_books import RecordedBooks

ANSWER_S = 5.0
"""Patience with a cluster's master before it counts as unreachable."""

SETTINGS = {
    "spark.ui.showConsoleProgress": "false",
    "spark.ui.enabled": "false",
    "spark.log.level": "ERROR",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "false",  # x / 0 is NULL, as everywhere here, and no error
    # Of rows that were kept Spark does not know that they are few, and would filter all by all.
    "spark.sql.optimizer.runtime.bloomFilter.enabled": "false",
}

PARTITIONS = "spark.sql.shuffle.partitions"
PARTITIONS_DEFAULT = "200"
"""Spark's own: too many for a few cores, and what stands where nobody has chosen."""
PARTITIONS_PER_CORE = 4

AT_ONCE = 4
"""One query is planned while another's tasks run, as each waits for its planning, its tasks and its
last worker in turn; more would but share the driver."""

SHUFFLED = re.compile(r"\b(GROUP BY|JOIN|OVER|DISTINCT)\b")
"""What Spark moves rows between workers for: other rows are as quickly computed again as read."""


class SparkMarket(Market):
    """Views of one session."""

    def __init__(self, session: SparkSession, base: Schemas, whole: Market | None = None):
        super().__init__(SPARK, base, whole)
        self._session = session

    def narrowed(self, base: Schemas) -> "SparkMarket":
        """Return tables before these, of a part that is still to be made."""
        return SparkMarket(self._session, base, self)

    def prepare(self) -> None:
        """Keep nothing: the disks are the cluster's."""

    def answers(self, queries: Sequence[str], at: Variables) -> list[Any]:
        """Return the rows of each query as an Arrow table; some are asked at once."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(lambda query: self._frame(query, at).toArrow(), queries))

    def make_one(self, step: Step, at: Variables) -> None:
        """Make a view, whose rows Spark keeps where it computes them if they are to be kept."""
        frame = self._frame(step.query, at)
        frame = frame if step.is_view else kept(frame)
        frame.createOrReplaceTempView(self.prefix + step.name)

    def drop_one(self, step: Step) -> None:
        """Drop a view; Spark frees rows that nobody can read any more."""
        self._session.catalog.dropTempView(self.prefix + step.name)

    def _frame(self, query: str, at: Variables) -> DataFrame:
        """Return what a query says at some values of its variables."""
        shared, asked = statements(query, at)
        for name, rows in shared.items():
            frame = self._session.sql(rows)
            frame = kept(frame) if SHUFFLED.search(rows) else frame
            frame.createOrReplaceTempView(name)
        found = self._session.sql(asked)  # which resolves the names
        for name in shared:
            self._session.catalog.dropTempView(name)
        return found


@contextmanager
def open_spark(
    place: Path | DatabaseUrl,
    master: str,
    folder: Path | None,
    *,
    sealed_url: str | None = None,
    memory_limit_gib: float | None = None,
    until_ms: int | None = None,
) -> Iterator[tuple[Dataset, SparkMarket]]:
    """Let Spark read a dataset, and give its tables, beside what has the ledger and all else.

    Args:
        place: Of the dataset.
        master: ``spark://host:7077`` or ``local[*]``.
        folder: Which this machine and all workers see; a temporary one where None.
        sealed_url: Where all workers see the sealed hours; under the same path where None.
        memory_limit_gib: Of this machine, while it reads the open lines.
        until_ms: Read the dataset as it stood at that time; everything where None.

    Raises:
        DatasetError: No such dataset, or nothing recorded in it.
        EngineError: Nobody answers there, Spark does not start, or it cannot read there.
    """
    _require_answer(master)
    clear_abandoned(folder)
    with scratch_folder(folder) as scratch:
        unsealed = Path(scratch)
        dataset, hours = open_unsealed(
            place, unsealed, memory_limit_gib=memory_limit_gib, until_ms=until_ms
        )
        with dataset, _session(master) as session:
            sealed = {feed: tuple(map(str, paths)) for feed, paths in hours.items()}
            if sealed_url is not None:
                sealed = hours_at(session, sealed_url, dataset.lines, hours)
            tables, found = number_tables(session, unsealed, sealed, until_ms)
            note_sealed(dataset, unsealed, found, until_ms)
            tables["coverage"] = handed_over(session, unsealed / "coverage")
            for name, frame in tables.items():
                frame.createOrReplaceTempView(name)
            market = SparkMarket(session, _described(tables))
            market.books = RecordedBooks(dataset.connection, dataset.lines)
            yield dataset, market


def _described(tables: Mapping[str, DataFrame]) -> Schemas:
    kinds = ((name, PySparkType.to_ibis(frame.schema)) for name, frame in tables.items())
    return tuple((name, ibis.schema(kind)) for name, kind in kinds)


@contextmanager
def _session(master: str) -> Iterator[SparkSession]:
    """Give a session with names of its own; the first one starts Spark, and stops it."""
    is_first = SparkSession.getActiveSession() is None
    builder = SparkSession.builder.master(master).appName("hypertrack")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    try:
        running = builder.getOrCreate()
    except (PySparkException, OSError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise EngineError(f"Spark did not start ({reason}): it needs Java 17 or later") from error
    session = running.newSession()
    if session.conf.get(PARTITIONS) == PARTITIONS_DEFAULT:
        n_cores = session.sparkContext.defaultParallelism
        session.conf.set(PARTITIONS, str(n_cores * PARTITIONS_PER_CORE))
    try:
        yield session
    finally:
        if is_first:
            running.stop()


def _require_answer(master: str) -> None:
    """Spark itself would try for a minute, and then say little."""
    if not master.startswith("spark://"):
        return
    address = urlsplit(master)
    try:
        socket.create_connection((address.hostname, address.port or 7077), ANSWER_S).close()
    except OSError as error:
        raise EngineError(f"no Spark master answers at {master} ({error}): start it") from error
