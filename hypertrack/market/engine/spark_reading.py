"""Sealed hours to the numbered tables of a dataset, by Spark: no row passes through this machine.

By the statements of `store.reading`, as Spark says them. A test holds both equal.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from py4j.protocol import Py4JJavaError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from hypertrack.errors import EngineError
from hypertrack.market.engine.spark_dialect import made_of
from hypertrack.market.engine.spark_rows import define_functions, local_path, read_sealed
from hypertrack.records import Feed
from hypertrack.store.columns import schema_of
from hypertrack.store.dataset import TABLES
from hypertrack.store.reading.account_answers import NUMBER, RAW_ACCOUNTS
from hypertrack.store.reading.damage import Damage
from hypertrack.store.reading.dictionary import (
    BUILD_CANDLES,
    DISTINCT_BBO,
    DISTINCT_TRADES,
    NO_NAMES,
    NUMBER_CONTEXTS,
    NUMBER_EVM,
    NUMBER_NAMES,
    NUMBER_RECORDED,
    NUMBER_TRADES,
    UNITE_CANDLES,
)
from hypertrack.store.reading.folder_lines import FolderLines
from hypertrack.store.reading.imported_fills import NUMBER_FILLS
from hypertrack.store.reading.prepared import exported
from hypertrack.store.reading.recorded_lines import Lines
from hypertrack.store.reading.truncation import LATER
from hypertrack.store.reading.unsealed import APART, SealedFacts, SealedHours

NUMBERING = (
    NO_NAMES,
    NUMBER_NAMES,
    NUMBER_TRADES,
    DISTINCT_TRADES,
    f"CREATE TABLE bbo AS {DISTINCT_BBO}",
    NUMBER_CONTEXTS,
    NUMBER_RECORDED,
    NUMBER_EVM,
    BUILD_CANDLES,
    UNITE_CANDLES,
    *(f"CREATE TABLE {name} AS {rows}" for name, rows in NUMBER.items()),
    NUMBER_FILLS,
)
"""Of the store; each needs what those before it make."""

KEPT = {*TABLES, "spelled"}
"""Of what these make, what is read more than once."""


def number_tables(
    session: SparkSession,
    unsealed: Path,
    sealed: Mapping[Feed, Sequence[str]],
    until_ms: int | None = None,
) -> tuple[dict[str, DataFrame], SealedFacts]:
    """Return the tables of a dataset as Spark computes them, kept where they were computed.

    Args:
        session: Whose workers see both places.
        unsealed: Holds a folder of Parquet for each raw table: what is not in sealed hours.
        sealed: Files or URLs of the sealed hours of each feed.
        until_ms: Nothing that was not known by then is read.

    Raises:
        EngineError: Sealed hours could not be read, though none is damaged.
    """
    define_functions(session)
    for name in ("raw_contexts", "raw_evm", "raw_transfers", "raw_fills", *RAW_ACCOUNTS):
        handed_over(session, unsealed / name).createOrReplaceTempView(name)
    n_rows: dict[Feed, int] = {}
    unread: list[tuple[Feed, str, int]] = []
    damage: list[Damage] = []
    for feed in APART:
        rows = handed_over(session, unsealed / f"raw_{feed}")
        if sealed[feed]:
            rows.createOrReplaceTempView(f"open_{feed}")
            found = read_sealed(session, feed, sealed[feed])
            n_rows[feed] = found.n_rows
            unread += [(feed, reason, n) for reason, n in found.unread.items()]
            damage += [Damage(feed, local_path(place)) for place in found.damaged]
            rows = rows.unionByName(known_before(found.rows, feed, until_ms))
        rows.createOrReplaceTempView(f"raw_{feed}")
    tables: dict[str, DataFrame] = {}
    for name, query in (made for each in NUMBERING for made in made_of(each)):
        rows = session.sql(query)
        if name in KEPT:
            rows = tables[name] = kept(rows)
        rows.createOrReplaceTempView(name)
    return tables, SealedFacts(n_rows, unread, damage)


def kept(rows: DataFrame) -> DataFrame:
    """Return rows that Spark keeps where it computes them, as soon as something reads them.

    As if they had always been there: whatever is made of them would else be planned from the lines
    on, which takes Spark minutes.
    """
    return rows.localCheckpoint(eager=False)


def handed_over(session: SparkSession, folder: Path) -> DataFrame:
    """Return a table of this machine; Spark need not run a job to find out its columns."""
    columns = from_arrow_schema(schema_of(exported(folder)))
    return session.read.schema(columns).parquet(str(folder))


def hours_at(
    session: SparkSession, url: str, lines: Lines, local: SealedHours
) -> dict[Feed, tuple[str, ...]]:
    """Return the sealed hours of each feed that lie under a URL and were not read here.

    Args:
        session: Whose Hadoop knows the URL's scheme.
        url: Of the folder with a folder a feed.
        lines: Of the dataset here; the sealed hours that it has beside ``local`` were read.
        local: Its other sealed hours.

    Raises:
        EngineError: Spark cannot read there.
    """
    places: dict[Feed, tuple[str, ...]] = {}
    for feed, paths in local.items():
        here = lines.sealed(feed) if isinstance(lines, FolderLines) else []
        read = {path.name for path in here} - {path.name for path in paths}
        found = _listed(session, f"{url}/{feed}")
        places[feed] = tuple(each for each in found if each.rpartition("/")[2] not in read)
    return places


def _listed(session: SparkSession, url: str) -> list[str]:
    """Return the URLs of the Parquet files in a folder; none where there is none."""
    hadoop = session._jvm.org.apache.hadoop.fs
    folder = hadoop.Path(url)
    try:
        system = folder.getFileSystem(session._jsc.hadoopConfiguration())
        found = system.listStatus(folder) if system.exists(folder) else []
        names = sorted(str(each.getPath().toString()) for each in found)
    except Py4JJavaError as error:
        reason = str(error.java_exception.getMessage()).splitlines()[0]
        raise EngineError(
            f"Spark cannot read {url} ({reason}): give it the scheme's file system and keys, such "
            "as spark.jars.packages org.apache.hadoop:hadoop-aws:VERSION, in spark-defaults.conf"
        ) from error
    return [name for name in names if name.endswith(".parquet")]


def known_before(rows: DataFrame, feed: Feed, until_ms: int | None) -> DataFrame:
    """Return the rows that could have been recorded before a time; all where None."""
    if until_ms is None:
        return rows
    return rows.filter(f"NOT ({LATER[feed].replace('$until_ms', str(until_ms))})")
