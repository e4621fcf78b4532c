"""Wallets in shards: the same numbers, in memory or from disk, however many threads there are."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import ALICE, BOB, START_MS, trade

from hypertrack.config import FeatureSettings, FeeSettings
from hypertrack.features.engine import FeatureEngine
from hypertrack.labels.cuts import Window
from hypertrack.labels.outcomes import measure
from hypertrack.market.engine import duckdb_market, shards
from hypertrack.market.engine.backend import END_ID, groups_of
from hypertrack.market.price_lookups import prices_around
from hypertrack.records import MINUTE_MS
from hypertrack.store.parallel import in_parallel

NAMES = ("total_value", "burstiness", "avg_slippage", "top_counterparty_share", "markout_30s_bps")
"""One of each way that tables are made: executions, steps, prices, fills, prices of minutes."""


def test_groups_hold_about_equally_many() -> None:
    ids, counts = np.array([0, 1, 3, 7]), np.array([5, 5, 4, 6])

    assert groups_of(ids, counts, 10) == [(0, 1), (1, END_ID)]
    assert groups_of(ids, counts, 7) == [(0, 1), (1, 3), (3, END_ID)]
    assert groups_of(ids, counts, 100) == [(0, END_ID)]
    assert groups_of(ids[:0], counts[:0], 100) == [(0, END_ID)]


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
