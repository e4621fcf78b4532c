"""Expressions and statements as Spark gets them; what it answers is asked of a cluster."""

import ibis
from ibis import _

from hypertrack.market.engine.plans import variable
from hypertrack.market.engine.spark_dialect import compiled, made_of, of_spark, shape_of, statements

TRADES = ibis.table({"coin_id": "int32", "time_ms": "int64", "price": "float64"}, name="trades")


def test_rows_that_a_query_reads_twice_are_named_and_said_once() -> None:
    highest = TRADES.group_by("coin_id").aggregate(price=_.price.max())
    both = highest.union(highest.filter(_.price > 1))

    shared, asked = statements(compiled(both), {})

    ((name, rows),) = shared.items()
    assert rows.count("GROUP BY") == 1
    assert asked.count(name) == 2
    assert "GROUP BY" not in asked
    assert "WITH" not in asked


def test_two_queries_give_what_they_share_names_of_their_own() -> None:
    def names(least: float) -> set[str]:
        highest = TRADES.group_by("coin_id").aggregate(price=_.price.max())
        query = compiled(highest.union(highest.filter(_.price > least)))
        return set(statements(query, {})[0])

    assert names(1.0).isdisjoint(names(2.0))


def test_variables_of_a_window_become_numbers() -> None:
    query = compiled(TRADES.filter(_.time_ms < variable("end_ms")))

    _shared, asked = statements(query, {"end_ms": 1_767_600_000_000})

    assert "1767600000000L" in asked
    assert "variable" not in asked.lower()


def test_statements_of_the_store_are_said_as_spark_says_them() -> None:
    script = """
    CREATE OR REPLACE TEMP TABLE raw AS
    SELECT users[1] AS buyer, try_cast(px AS DOUBLE) AS price, time // 60000 AS minute
    FROM lines ORDER BY time;
    DROP TABLE lines
    """

    assert made_of(script) == [
        (
            "raw",
            "SELECT users[0] AS buyer, NUMBER_OF(px) AS price, time DIV 60000 AS minute FROM lines",
        )
    ]


def test_macros_of_the_store_are_written_out() -> None:
    assert of_spark("SELECT positive(bid) AS bid FROM lines") == (
        "SELECT (CASE WHEN ((NUMBER_OF((bid))) BETWEEN 1e-18 AND 1e+18) "
        "THEN NUMBER_OF((bid)) END) AS bid FROM lines"
    )


def test_the_lower_median_is_an_exact_one() -> None:
    assert of_spark("SELECT quantile_disc(a - b, 0.5) AS skew FROM lines") == (
        "SELECT PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY a - b) AS skew FROM lines"
    )


def test_columns_are_declared_with_sparks_types() -> None:
    columns = {"time": "BIGINT", "users": "VARCHAR[]", "bbo": "STRUCT(px VARCHAR)[]"}

    assert shape_of(columns) == "time BIGINT, users ARRAY<STRING>, bbo ARRAY<STRUCT<px: STRING>>"
