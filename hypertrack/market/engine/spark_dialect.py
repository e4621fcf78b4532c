"""Ibis expressions as statements of Spark."""

import re
from collections.abc import Iterator, Mapping
from hashlib import md5

import ibis
import sqlglot
from ibis import _
from ibis.backends.pyspark import Backend
from sqlglot import exp

from hypertrack.market.engine.kept_tables import OF_COIN, SEPARATOR, Dialect
from hypertrack.market.engine.plans import Variables
from hypertrack.store.reading.readable_rows import MACROS

SQL = Backend.compiler.dialect

VARIABLE = re.compile(r"getvariable\('(\w+)'\)", re.IGNORECASE)


def as_of(
    rows: ibis.Table, points: ibis.Table, point_ms: str, same: Mapping[str, str] = OF_COIN
) -> ibis.Table:
    """Return rows with the last point of their own at or before their ``seen_ms``.

    As on DuckDB, without its join: rows and points in one line by time; each point begins a group,
    in which all rows see it.
    """
    found = [name for name in points.columns if name not in same.values()]
    schema = rows.schema() | {name: points[name].type() for name in found}
    asking = rows.mutate(**{name: ibis.null(schema[name]) for name in found})
    known = {"seen_ms": points[point_ms]} | {name: points[other] for name, other in same.items()}
    known |= {name: points[name] for name in found}
    telling = points.select(
        **{name: known.get(name, ibis.null(dtype)) for name, dtype in schema.items()}
    )
    line = telling.mutate(place=ibis.literal(0)).union(asking.mutate(place=ibis.literal(1)))
    past = ibis.window(group_by=[*same], order_by=["seen_ms", "place"], rows=(None, 0))
    around = ibis.window(group_by=[*same, "nth_point"])
    line = line.mutate(nth_point=_[point_ms].count().over(past))
    line = line.mutate(**{name: _[name].max().over(around) for name in found})
    return line.filter(_.place == 1).drop("place", "nth_point")


def compiled(rows: ibis.Table) -> str:
    """Return a query behind the rows that it reads more than once, named, a statement each.

    Spark plans and computes what stands in a `WITH` anew wherever it is read: a curve of profits
    reads the profit ten times, and took its planner a minute.
    """
    tree = Backend.compiler.to_sqlglot(rows)
    mark = md5(tree.sql(SQL).encode(), usedforsecurity=False).hexdigest()[:12]
    names = {each.alias: f"{each.alias}_{mark}" for each in tree.ctes}
    for table in tree.find_all(exp.Table):
        if table.name in names:
            table.set("this", exp.to_identifier(names[table.name]))
    shared = [f"{names[each.alias]} AS {each.this.sql(SQL)}" for each in tree.ctes]
    if shared:
        tree.find(exp.With).pop()
    return SEPARATOR.join([*shared, tree.sql(SQL)])


def statements(query: str, at: Variables) -> tuple[dict[str, str], str]:
    """Return what a query of `compiled` reads more than once, by name, and what it asks of that.

    Args:
        at: Values of its variables, constants to Spark.
    """
    *shared, asked = VARIABLE.sub(lambda found: f"{at[found[1]]}L", query).split(SEPARATOR)
    named = (each.partition(" AS ") for each in shared)
    return {name: rows for name, _as, rows in named}, asked


def made_of(script: str) -> list[tuple[str, str]]:
    """Return name and query of each table that statements of DuckDB make (see `of_spark`)."""
    made = [each for each in sqlglot.parse(script, "duckdb") if isinstance(each, exp.Create)]
    return [(each.this.name, of_spark(each.expression)) for each in made]


def of_spark(query: str | exp.Expr) -> str:
    """Return a query of DuckDB as Spark says it, its rows in no order."""
    said = exp.maybe_parse(query, dialect="duckdb").transform(_written_out)
    said.set("order", None)
    return said.sql("spark")


def shape_of(columns: Mapping[str, str]) -> str:
    """Return columns and their types in DuckDB as Spark declares them."""
    kinds = {name: exp.DataType.build(kind, dialect="duckdb") for name, kind in columns.items()}
    return ", ".join(f"{name} {kind.sql('spark')}" for name, kind in kinds.items())


def _written_out(node: exp.Expr) -> exp.Expr:
    """Return what a macro of the store stands for, and other words for what Spark has not."""
    if isinstance(node, exp.TryCast):
        return exp.Anonymous(this="number_of", expressions=[node.this.transform(_written_out)])
    if isinstance(node, exp.PercentileDisc):  # of which sqlglot makes an approximate one
        of_rows = exp.Anonymous(this="percentile_disc", expressions=[node.expression])
        rows = exp.Order(expressions=[node.this.transform(_written_out)])
        return exp.WithinGroup(this=of_rows, expression=rows)
    if not isinstance(node, exp.Anonymous) or node.name not in STANDS_FOR:
        return node
    names, body = STANDS_FOR[node.name]
    given = {name: exp.paren(each) for name, each in zip(names, node.expressions, strict=True)}
    said = body.transform(lambda x: given[x.name].copy() if isinstance(x, exp.Column) else x)
    return exp.paren(said.transform(_written_out))


def _macros(script: str) -> Iterator[tuple[str, tuple[list[str], exp.Expr]]]:
    """Yield name, names of arguments and body of each macro that a script of DuckDB makes."""
    for made in sqlglot.parse(script, "duckdb"):
        if isinstance(made, exp.Create):
            said = made.this
            yield said.this.name, ([each.name for each in said.expressions], made.expression)


STANDS_FOR = dict(_macros(MACROS))
Backend.register_options()  # which Ibis does when it connects
SPARK = Dialect(
    compile=compiled,
    type_name=Backend.compiler.type_mapper.to_string,
    quote="`",
    has_order=False,
    as_of=as_of,
    ids="SELECT explode(from_json('{}', 'ARRAY<INT>')) AS wallet_id",
)
