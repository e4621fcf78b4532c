"""The same definitions on Apache Spark: one machine's cores, or a cluster.

Spark reads the sealed hours itself, and numbers their names; only the lines that are still open are
read here and handed over as Parquet.
"""

import re
import socket
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ibis
from ibis.backends.pyspark.datatypes import PySparkType
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from hypertrack.config import DatabaseUrl
from hypertrack.errors import EngineError
from hypertrack.market.engine.computer import (
    PARTIES,
    Computer,
    Finish,
    Market,
    as_found,
    asked_of,
)
from hypertrack.market.engine.kept_tables import Step
from hypertrack.market.engine.plans import Build, Columns, Variables
from hypertrack.market.engine.spark_dialect import SPARK, statements
from hypertrack.market.engine.spark_reading import (
    handed_over,
    hours_at,
    kept,
    number_tables,
    together,
)
from hypertrack.market.executions import fills
from hypertrack.records import DataSummary
from hypertrack.scratch import clear_abandoned, scratch_folder
from hypertrack.store.dataset import note_sealed, open_unsealed
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


SHUFFLED = re.compile(r"\b(GROUP BY|JOIN|OVER|DISTINCT)\b")
"""What Spark moves rows between workers for: other rows are as quickly computed again as read."""


class SparkTables(Market):
    """Views of one session: of the whole dataset, or with a prefix of a part of it."""

    def __init__(
        self,
        session: SparkSession,
        frames: Mapping[str, DataFrame],
        whole: Market | None = None,
    ):
        """Give data frames their names."""
        described = (
            (name, ibis.schema(PySparkType.to_ibis(frame.schema))) for name, frame in frames.items()
        )
        super().__init__(SPARK, tuple(described), whole)
        self._session = session
        for name, frame in frames.items():
            frame.createOrReplaceTempView(self.prefix + name)

    def answer(self, query: str, at: Variables) -> Any:
        """Return the rows of a query as an Arrow table."""
        return self._frame(query, at).toArrow()

    def answers(self, queries: Sequence[str], at: Variables) -> list[Any]:
        """Return the rows of each query as an Arrow table; some are asked at once."""
        return together(lambda query: self.answer(query, at), queries)

    def make_one(self, step: Step, at: Variables) -> None:
        """Make a view, whose rows Spark keeps where it computes them if they are to be kept."""
        frame = self._frame(step.query, at)
        frame = frame if step.is_view else kept(frame)
        frame.createOrReplaceTempView(self.prefix + step.name)

    def drop_one(self, name: str) -> None:
        """Drop a view; Spark frees rows that nobody can read any more."""
        self._session.catalog.dropTempView(self.prefix + name)

    def close(self) -> None:
        """Forget what was made of a part."""
        for name in self._made:
            self.drop_one(name)

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


class Spark(Computer):
    """Measures wallets of a dataset on Spark; use as a context manager.

    Attributes:
        dataset: Has the ledger and what is not read; the other tables are Spark's.
    """

    def __init__(
        self,
        place: Path | DatabaseUrl,
        master: str,
        folder: Path | None,
        *,
        sealed_url: str | None = None,
        memory_limit_gib: float | None = None,
        until_ms: int | None = None,
    ):
        """Let Spark read a dataset.

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
        with ExitStack() as opened:
            clear_abandoned(folder)
            unsealed = Path(opened.enter_context(scratch_folder(folder)))
            self.dataset, hours = open_unsealed(
                place, unsealed, memory_limit_gib=memory_limit_gib, until_ms=until_ms
            )
            opened.enter_context(self.dataset)
            self._session = opened.enter_context(_session(master))
            sealed = {feed: tuple(map(str, paths)) for feed, paths in hours.items()}
            if sealed_url is not None:
                sealed = hours_at(self._session, sealed_url, self.dataset.lines, hours)
            tables, found = number_tables(self._session, unsealed, sealed, until_ms)
            note_sealed(self.dataset, unsealed, found, until_ms)
            coverage = handed_over(self._session, unsealed / "coverage")
            self.read = SparkTables(self._session, {**tables, "coverage": coverage})
            self.read.books = RecordedBooks(self.dataset.connection, self.dataset.lines)
            self._opened = opened.pop_all()

    def summary(self) -> DataSummary:
        """Return what the dataset holds and what it is known to lack."""
        return self.dataset.summary(self.read.row)

    def prepare(self) -> None:
        """Keep nothing: the disks are the cluster's."""

    def measure(
        self,
        at: Variables,
        build: Build,
        *args: Hashable,
        wallet_ids: Sequence[int] | None = None,
        since_ms: int | None = None,
    ) -> list[Columns]:
        """Return what is asked of some wallets and a window (see `Computer`)."""
        if wallet_ids is None and since_ms is None:
            return self.read.measure(at, build, *args)
        part = SparkTables(self._session, self._narrowed(wallet_ids, since_ms), self.read)
        try:
            return part.measure(at, build, *args)
        finally:
            part.close()

    def measure_each(
        self,
        windows: Sequence[Variables],
        build: Build,
        *args: Hashable,
        finish: Finish = as_found,
    ) -> list[list[Columns]]:
        """Return what is asked of each window (see `Computer`)."""
        return [finish(n, self.read.measure(at, build, *args)) for n, at in enumerate(windows)]

    def _narrowed(
        self, wallet_ids: Sequence[int] | None, since_ms: int | None
    ) -> dict[str, DataFrame]:
        """Return what is asked for of each table that tells of wallets."""
        ids = None if wallet_ids is None else ", ".join(map(str, wallet_ids)) or "NULL"
        frames = {
            name: self._session.table(name).filter(asked_of(parties, ids, since_ms))
            for name, parties in PARTIES.items()
        }
        if ids is None:
            return frames
        several = SparkTables(self._session, frames, self.read)
        rows = fills(several)  # of these trades, and of their other wallets
        several.make(several.steps)
        of_asked = self._session.table(rows.get_name()).filter(f"wallet_id IN ({ids})")
        return {**frames, "fills": of_asked}

    def close(self) -> None:
        """Stop the session and remove what was handed over."""
        self._opened.close()

    def __enter__(self) -> "Spark":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


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
