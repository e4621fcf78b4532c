"""What is kept is expressed once for like tables, and brings whatever it is made of."""

import ibis
import pytest
from ibis import Table, _

from hypertrack.market.engine.duckdb_dialect import DUCKDB
from hypertrack.market.engine.kept_tables import Schemas, Tables, expressed_once, keep

TRADES: Schemas = (("trades", ibis.schema({"coin_id": "int32", "price": "float64"})),)
BIGGER: Schemas = (("trades", ibis.schema({"coin_id": "int64", "price": "float64"})),)


@pytest.fixture
def built() -> list[str]:
    """The names of what was built, in order."""
    return []


def test_what_is_kept_is_expressed_once_for_like_tables(built: list[str]) -> None:
    def dear(con: Tables, least: float) -> Table:
        built.append(f"dear {least}")
        return con.table("trades").filter(_.price > least)

    first, second, other = (Tables(DUCKDB, base) for base in (TRADES, TRADES, BIGGER))
    for con in (first, second, other):
        keep(con, "dear", dear, 5.0)

    assert built == ["dear 5.0", "dear 5.0"]  # the columns of the third are of other types
    assert second.steps == first.steps
    assert 'AS INT) AS "coin_id"' in second.steps[0].query
    assert 'AS BIGINT) AS "coin_id"' in other.steps[0].query


def test_other_arguments_make_another_table(built: list[str]) -> None:
    def dear(con: Tables, least: float) -> Table:
        built.append(f"dear {least}")
        return con.table("trades").filter(_.price > least)

    for least in (5.0, 6.0, 5.0):
        con = Tables(DUCKDB, TRADES)
        keep(con, "dear", dear, least)

        assert f"> {least})" in con.steps[0].query
    assert built == ["dear 5.0", "dear 6.0"]


def test_what_is_kept_brings_what_it_is_made_of_to_where_that_is_kept(built: list[str]) -> None:
    def last(con: Tables) -> Table:
        built.append("last")
        return con.table("trades").group_by("coin_id").aggregate(price=_.price.max())

    def near(con: Tables) -> Table:
        built.append("near")
        return keep(con.whole, "last", last).filter(_.price > 1)

    for expected in (["near", "last"], ["near", "last"]):
        whole = Tables(DUCKDB, TRADES)
        shard = Tables(DUCKDB, (), whole, whole)
        keep(shard, "near", near)

        assert built == expected
        assert [step.name for step in whole.steps] == ["last"]
        assert [step.name for step in shard.steps] == ["near"]


def test_what_is_there_already_is_not_made_again() -> None:
    whole = Tables(DUCKDB, TRADES)
    keep(whole, "last", lambda con: con.table("trades").limit(1))
    there = list(whole.steps)

    keep(whole, "near", lambda con: keep(con, "last", lambda con: con.table("trades").limit(2)))

    assert [step.name for step in whole.steps] == ["last", "near"]
    assert whole.steps[:1] == there


def test_a_definition_expressed_once_brings_what_it_reads_to_every_table(built: list[str]) -> None:
    @expressed_once
    def dear(con: Tables, least: float) -> Table:
        built.append(f"dear {least}")
        return keep(con, "last", lambda con: con.table("trades").limit(1)).filter(_.price > least)

    first, second = Tables(DUCKDB, TRADES), Tables(DUCKDB, TRADES)

    assert dear(second, 5.0) is dear(first, 5.0)
    assert built == ["dear 5.0"]
    assert second.steps == first.steps
    assert [step.name for step in second.steps] == ["last"]
