"""The same expressions on Apache Spark: one machine's cores, or a cluster.

Spark reads the sealed hours itself, and numbers their names; only the lines that are still open are
read here and handed over as Parquet.
"""

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import ibis
import numpy as np
from ibis import _
from ibis.backends.pyspark import Backend
from numpy.typing import NDArray
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from hypertrack.config import DatabaseUrl
from hypertrack.errors import EngineError
from hypertrack.market.engine.selection import PARTIES, span_query
from hypertrack.market.engine.shards import Columns
from hypertrack.market.engine.spark_reading import number_tables
from hypertrack.market.executions import fills
from hypertrack.store.dataset import note_sealed, open_unsealed

ANSWER_S = 5.0
"""Patience with a cluster's master before it counts as unreachable."""

SETTINGS = {
    "spark.ui.showConsoleProgress": "false",
    "spark.ui.enabled": "false",
    "spark.log.level": "ERROR",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "false",  # x / 0 is NULL, as everywhere here, and no error
}

PARTITIONS = "spark.sql.shuffle.partitions"
PARTITIONS_DEFAULT = "200"
"""Spark's own: too many for a few cores, and what stands where nobody has chosen."""
PARTITIONS_PER_CORE = 4


class SparkBackend(Backend):  # type: ignore[misc]  # Ibis ships no types
    """Ibis on Spark: what an expression needs of an engine, and Ibis does not offer.

    Tables are views of one session. Those of a part have a prefix, and stand before the whole's.
    """

    whole: "SparkBackend"
    part: "SparkBackend"

    def of(self, session: SparkSession, whole: "SparkBackend | None" = None) -> "SparkBackend":
        """Use a session: for a part of ``whole``, or for the whole dataset."""
        self.register_options()
        self.do_connect(session)
        self.whole, self.part = whole or self, self
        self._prefix = "part_" if whole else ""
        self._own: set[str] = set()
        return self

    def register(self, name: str, rows: Any) -> None:
        """Give a Spark data frame a name."""
        rows.createOrReplaceTempView(self._prefix + name)
        self._own.add(name)

    def keep(
        self, name: str, rows: ibis.Table, order_by: Sequence[str] = (), *, by_coin: bool = False
    ) -> None:
        """Compute rows once; Spark keeps them where they were computed, in no order."""
        del order_by, by_coin
        self.register(name, self._typed(rows).persist())

    def define(self, name: str, rows: ibis.Table) -> None:
        """Give rows a name, by which they are computed wherever they are read."""
        self.register(name, self._typed(rows))

    def _typed(self, rows: ibis.Table) -> DataFrame:
        """Return rows with the types that Ibis thinks they have: Spark widens small integers."""
        type_name = self.compiler.type_mapper.to_string
        columns = ", ".join(
            f"CAST(`{name}` AS {type_name(dtype)}) AS `{name}`"
            for name, dtype in rows.schema().items()
        )
        return self._session.sql(f"SELECT {columns} FROM ({self.compile(rows)})")

    def list_tables(
        self, *, like: str | None = None, database: tuple[str, str] | str | None = None
    ) -> list[str]:
        """Return the names of what was registered here."""
        del database
        return list(self._filter_with_like(sorted(self._own), like))

    def table(self, name: str, /, *, database: tuple[str, str] | str | None = None) -> ibis.Table:
        """Return a table of the part, or else, or where a database is named, of the whole."""
        is_own = database is None and name in self._own
        return super().table(self._prefix + name if is_own else name)

    def as_of(self, rows: ibis.Table, points: ibis.Table, point_ms: str) -> ibis.Table:
        """Return rows with the last point of their coin at or before their ``seen_ms``.

        As on DuckDB, without its join: rows and points in one line by time; each point begins a
        group, in which all rows see it.
        """
        found = [name for name in points.columns if name != "coin"]
        schema = rows.schema() | {name: points[name].type() for name in found}
        asking = rows.mutate(**{name: ibis.null(schema[name]) for name in found})
        known = {"coin_id": points.coin, "seen_ms": points[point_ms]}
        known |= {name: points[name] for name in found}
        telling = points.select(
            **{name: known.get(name, ibis.null(dtype)) for name, dtype in schema.items()}
        )
        line = telling.mutate(place=ibis.literal(0)).union(asking.mutate(place=ibis.literal(1)))
        past = ibis.window(group_by="coin_id", order_by=["seen_ms", "place"], rows=(None, 0))
        around = ibis.window(group_by=["coin_id", "nth_point"])
        line = line.mutate(nth_point=_[point_ms].count().over(past))
        line = line.mutate(**{name: _[name].max().over(around) for name in found})
        return line.filter(_.place == 1).drop("place", "nth_point")


class SparkPart:
    """The wallets and the window asked for, measured by Spark.

    Attributes:
        plan: Ibis backend that features are expressed on.
    """

    def __init__(self, plan: SparkBackend):
        self.plan = plan

    def measure(self, queries: Sequence[ibis.Table]) -> list[Columns]:
        """Return the columns of each query, which has a row per ``wallet_id`` and else floats."""
        return [self._columns(each) for each in queries]

    def _columns(self, query: ibis.Table) -> Columns:
        found = self.plan._session.sql(self.plan.compile(query)).toArrow()
        return {
            name: np.asarray(found[name].to_numpy(), dtype=None if name == "wallet_id" else float)
            for name in found.column_names
        }


class Spark:
    """Measures wallets of a dataset on Spark; use as a context manager.

    Attributes:
        dataset: Has the ledger and what is not read; the other tables are Spark's.
        kept: Names of the tables that are there for the whole dataset.
    """

    def __init__(
        self,
        place: Path | DatabaseUrl,
        master: str,
        folder: Path | None,
        *,
        memory_limit_gib: float | None = None,
    ):
        """Let Spark read a dataset.

        Args:
            place: Of the dataset; all workers see its sealed hours under the same path.
            master: ``spark://host:7077`` or ``local[*]``.
            folder: Which this machine and all workers see; a temporary one where None.
            memory_limit_gib: Of this machine, while it reads the open lines.

        Raises:
            DatasetError: No such dataset, or nothing recorded in it.
            EngineError: Nobody answers there, or Spark does not start.
        """
        _require_answer(master)
        with ExitStack() as opened:
            made = TemporaryDirectory(prefix="hypertrack-", dir=folder)
            unsealed = Path(opened.enter_context(made))
            self.dataset, sealed = open_unsealed(place, unsealed, memory_limit_gib=memory_limit_gib)
            opened.enter_context(self.dataset)
            self._session = _session(master)
            opened.callback(self._session.stop)
            self._whole = SparkBackend().of(self._session)
            numbered = number_tables(self._session, unsealed, sealed)
            note_sealed(self.dataset, unsealed, numbered.unread, numbered.damage)
            coverage = self._session.read.parquet(f"{unsealed}/coverage")
            for name, rows in {**numbered.tables, "coverage": coverage}.items():
                self._whole.register(name, rows)
            self._opened = opened.pop_all()

    def wallets(self) -> NDArray[np.object_]:
        """Return the addresses of all wallets, by id."""
        rows = self._session.sql("SELECT wallet FROM wallets ORDER BY wallet_id").toArrow()
        return np.array(rows["wallet"].to_pylist(), dtype=object)

    def span_ms(
        self, since_ms: int | None = None, until_ms: int | None = None, *, has_self: bool = False
    ) -> tuple[int, int] | None:
        """Return the times of the first and the last trade (see `Computer`)."""
        statement = span_query(since_ms, until_ms, has_self=has_self)
        first, last = self._session.sql(statement).collect()[0]
        return None if first is None else (first, last)

    @property
    def kept(self) -> list[str]:
        """Names of the tables that are there for the whole dataset."""
        return self._whole.list_tables()

    def prepare(self) -> None:
        """Keep nothing: the disks are the cluster's."""

    @contextmanager
    def part(self, wallet_ids: Sequence[int] | None, since_ms: int | None) -> Iterator[SparkPart]:
        """Give the wallets and the window asked for; everything where both are None."""
        if wallet_ids is None and since_ms is None:
            yield SparkPart(self._whole)
            return
        narrow = SparkBackend().of(self._session, self._whole)
        for table, parties in PARTIES.items():
            rows = self._whole.table(table)
            if since_ms is not None:
                rows = rows.filter(_.time_ms >= since_ms)
            if wallet_ids is not None:
                rows = rows.filter(ibis.or_(*(rows[party].isin(wallet_ids) for party in parties)))
            narrow.define(table, rows)
        if wallet_ids is not None:
            narrow.define("fills", fills(narrow).filter(_.wallet_id.isin(wallet_ids)))
        yield SparkPart(narrow)

    def close(self) -> None:
        """Stop the session and remove what was handed over."""
        self._opened.close()

    def __enter__(self) -> "Spark":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def _session(master: str) -> SparkSession:
    builder = SparkSession.builder.master(master).appName("hypertrack")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except (PySparkException, OSError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise EngineError(f"Spark did not start ({reason}): it needs Java 17 or later") from error
    if session.conf.get(PARTITIONS) == PARTITIONS_DEFAULT:
        n_cores = session.sparkContext.defaultParallelism
        session.conf.set(PARTITIONS, str(n_cores * PARTITIONS_PER_CORE))
    return session


def _require_answer(master: str) -> None:
    """Spark itself would try for a minute, and then say little."""
    if not master.startswith("spark://"):
        return
    address = urlsplit(master)
    try:
        socket.create_connection((address.hostname, address.port or 7077), ANSWER_S).close()
    except OSError as error:
        raise EngineError(f"no Spark master answers at {master} ({error}): start it") from error
