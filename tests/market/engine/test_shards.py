"""Wallets in shards: the same numbers, in memory or from disk, however many threads there are."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import ALICE, BOB, START_MS, trade
from ibis import _

from hypertrack.config import FeatureSettings, FeeSettings
from hypertrack.features.engine import FeatureEngine
from hypertrack.labels.cuts import Window
from hypertrack.labels.outcomes import measure
from hypertrack.market.engine import duckdb_market, shards
from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.executions import fills
from hypertrack.market.price_lookups import prices_around
from hypertrack.records import MINUTE_MS
from hypertrack.store.parallel import in_parallel

NAMES = ("total_value", "burstiness", "avg_slippage", "top_counterparty_share", "markout_30s_bps")
"""One of each way that tables are made: executions, steps, prices, fills, prices of minutes."""


@pytest.mark.slow
def test_fills_on_disk_give_the_numbers_of_fills_in_memory(
    open_engine: Any, busy_market: Any, busy_engine: FeatureEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_memory = busy_engine.matrix(names=NAMES)
    monkeypatch.setattr(shards, "FILLS_IN_MEMORY", 0)
    monkeypatch.setattr(shards, "FILLS_PER_SPILLED_SHARD", 200)
    monkeypatch.setattr(shards, "FILLS_PER_SLICE", 40)
    monkeypatch.setattr(duckdb_market, "ROWS_AT_ONCE", 150)
    engine = open_engine(**busy_market)

    first, again = engine.matrix(names=NAMES), engine.matrix(names=NAMES)

    assert first.wallets == in_memory.wallets
    np.testing.assert_allclose(first.values, in_memory.values, rtol=1e-9, atol=1e-9)
    assert first.values.tobytes() == again.values.tobytes()


@pytest.mark.slow  # two engines over a busy market
def test_cuts_measured_together_are_those_measured_alone(
    open_engine: Any, busy_market: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def base_engine() -> FeatureEngine:
        dataset = open_engine(**busy_market).dataset
        return FeatureEngine(dataset, FeatureSettings(groups=("base",)), FeeSettings())

    alone = base_engine()
    monkeypatch.setattr(shards, "FILLS_IN_MEMORY", 0)
    monkeypatch.setattr(shards, "FILLS_PER_SPILLED_SHARD", 200)
    cuts_ms = [alone.start_ms + minutes * MINUTE_MS for minutes in (30, 5, 12)]

    together = base_engine().matrices(cuts_ms)

    for found, cut_ms in zip(together, cuts_ms, strict=True):
        expected = alone.matrix(until_ms=cut_ms)
        assert (found.wallets, found.names) == (expected.wallets, expected.names)
        assert (found.end_ms, found.observed_days) == (cut_ms, expected.observed_days)
        np.testing.assert_allclose(found.values, expected.values, rtol=1e-9, atol=1e-9)


@pytest.mark.slow
def test_what_is_gathered_of_shards_on_disk_stays_after_they_are_measured(
    open_engine: Any, busy_market: Any, busy_engine: FeatureEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = Window(busy_engine.start_ms, busy_engine.end_ms)
    expected = measure(busy_engine.backend, window, FeeSettings(), busy_engine.n_wallets)
    monkeypatch.setattr(shards, "FILLS_IN_MEMORY", 0)
    monkeypatch.setattr(shards, "FILLS_PER_SPILLED_SHARD", 200)
    engine = open_engine(**busy_market)

    gathered = engine.backend
    engine.matrix(names=["tx_count", "burstiness"])
    found = measure(gathered, window, FeeSettings(), engine.n_wallets)

    np.testing.assert_allclose(found.quantities, expected.quantities, equal_nan=True)


def test_prices_of_a_few_coins_at_a_time_are_those_of_all(
    open_engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        trade(
            START_MS + nth * 1_000, buyer=ALICE, seller=BOB, taker=BOB, price=1.0 + nth, coin=coin
        )
        for nth, coin in enumerate(("BTC", "ETH", "SOL", "ETH"))
    ]

    def prices() -> list[tuple[Any, ...]]:
        con = open_engine(trades=lines).backend
        found = con.rows(prices_around(con).order_by("time_ms"))
        return [(row["coin_id"], row["before"], row["after_5s"]) for row in found]

    at_once = prices()
    monkeypatch.setattr(duckdb_market, "ROWS_AT_ONCE", 1)

    assert prices() == at_once == [(0, None, 1), (1, None, 4), (2, None, 3), (1, 2, 4)]


def failing_after(items_before: int, run_all: Any) -> Any:
    """Return `in_parallel` that stops with an error after so many items."""

    def run_some(connection: Any, run: Any, items: Any) -> Any:
        run_all(connection, run, items[:items_before])
        raise OSError("no space left")

    return run_some


@pytest.fixture
def spilled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all fills go to disk, in shards of ten and slices of time of five."""
    for name, n in (("IN_MEMORY", 0), ("PER_SPILLED_SHARD", 10), ("PER_SLICE", 5)):
        monkeypatch.setattr(shards, f"FILLS_{name}", n)


def bought_from_bob(n: int) -> list[dict[str, Any]]:
    return [trade(START_MS + i * 1_000, buyer=ALICE, seller=BOB, taker=BOB) for i in range(n)]


@pytest.mark.usefixtures("spilled")
def test_fills_that_were_written_in_part_are_written_again(
    open_engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_engine(trades=bought_from_bob(10))
    with monkeypatch.context() as patched:
        patched.setattr(shards, "in_parallel", failing_after(2, in_parallel))
        with pytest.raises(OSError, match="no space left"):
            engine.matrix(names=["tx_count"])

    np.testing.assert_array_equal(engine.matrix(names=["tx_count"]).values, [[10], [10]])


@pytest.mark.usefixtures("spilled")
def test_a_shard_on_disk_is_forgotten_when_its_measuring_fails(open_engine: Any) -> None:
    engine = open_engine(trades=bought_from_bob(10))

    def counted(con: Tables) -> tuple[Any]:
        return (fills(con).group_by("wallet_id").aggregate(n=_.count()),)

    def fail(_nth: int, _found: Any) -> Any:
        raise ValueError("not finished")

    with pytest.raises(ValueError, match="not finished"):
        engine.backend.measure_each([{}], counted, finish=fail)

    found = engine.matrix(names=["total_value"])  # which reads more columns
    np.testing.assert_allclose(found.values, [[1_000], [1_000]])


def test_tables_of_some_coins_are_made_anew_after_an_error(
    open_engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duckdb_market, "ROWS_AT_ONCE", 1)
    lines = [
        trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB, coin=coin)
        for coin in ("BTC", "ETH", "SOL")
    ]
    con = open_engine(trades=lines).backend
    with monkeypatch.context() as patched:
        patched.setattr(duckdb_market, "in_parallel", failing_after(1, in_parallel))
        with pytest.raises(OSError, match="no space left"):
            con.rows(prices_around(con))

    assert {row["coin_id"] for row in con.rows(prices_around(con))} == {0, 1, 2}


def test_an_error_in_one_shard_is_raised_and_frees_the_others(open_engine: Any) -> None:
    connection = open_engine(trades=[]).dataset.connection

    def run(cursor: Any, number: int) -> int:
        if number == 0:
            raise ValueError("shard 0")
        return int(cursor.execute("SELECT count(*) FROM range(20000000000)").fetchall()[0][0])

    with pytest.raises(ValueError, match="shard 0"):
        in_parallel(connection, run, [0, 1])

    threads = connection.execute("SELECT current_setting('threads')").fetchall()[0][0]
    assert threads > 0


def test_nothing_of_a_spilled_part_stays_on_disk(
    open_engine: Any, busy_market: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shards, "FILLS_IN_MEMORY", 0)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    engine = open_engine(**busy_market)

    engine.matrix(names=["tx_count"], since_ms=engine.start_ms + 60_000)
    of_a_window = [*tmp_path.glob("hypertrack-*/*")]
    engine.matrix(names=["tx_count"])
    engine.dataset.close()

    assert not of_a_window
    assert not [*tmp_path.glob("hypertrack-*/*")]
