"""Some wallets, or a window: the same numbers as if there were nothing else."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import ALICE, BOB, CAROL, START_MS, fill_of, trade, write_dataset

from hypertrack.config import FeatureSettings, FeeSettings
from hypertrack.errors import ConfigError
from hypertrack.features.engine import FeatureEngine, FeatureMatrix
from hypertrack.market.executions import executions
from hypertrack.records import MINUTE_MS
from hypertrack.store import dataset as dataset_room

ASKED = tuple(f"0x{digit * 40}" for digit in "258")
SINCE_MS = START_MS + 13 * MINUTE_MS + 500
UNTIL_MS = START_MS + 31 * MINUTE_MS + 30_500

FACTS = ("n_executions", "n_fills", "n_candle_matches", "first_seen_ms", "last_seen_ms")


def assert_rows_of(found: FeatureMatrix, whole: FeatureMatrix) -> None:
    """Assert that every row of ``found`` is the wallet's row in ``whole``, but for rounding."""
    rows = [whole.wallets.index(wallet) for wallet in found.wallets]
    assert (found.names, found.observed_days) == (whole.names, whole.observed_days)
    assert (found.start_ms, found.end_ms) == (whole.start_ms, whole.end_ms)
    for name in found.names:
        np.testing.assert_allclose(
            found.column(name), whole.column(name)[rows], rtol=1e-9, atol=1e-9, err_msg=name
        )
    for fact in FACTS:
        np.testing.assert_array_equal(getattr(found, fact), getattr(whole, fact)[rows], fact)


@pytest.mark.slow
@pytest.mark.parametrize("until_ms", [None, UNTIL_MS])
def test_wallets_asked_for_have_the_rows_they_have_among_all(
    busy_engine: FeatureEngine, until_ms: int | None
) -> None:
    found = busy_engine.matrix(wallets=ASKED[::-1], until_ms=until_ms)

    assert found.wallets == ASKED
    assert_rows_of(found, busy_engine.matrix(until_ms=until_ms))


@pytest.mark.slow
def test_wallets_in_a_window_have_the_rows_they_have_among_all(busy_engine: FeatureEngine) -> None:
    window = {"since_ms": SINCE_MS, "until_ms": UNTIL_MS}

    found = busy_engine.matrix(wallets=ASKED, **window)

    assert_rows_of(found, busy_engine.matrix(**window))


@pytest.mark.slow
def test_what_a_wallet_did_before_the_window_changes_nothing(
    open_engine: Any, busy_engine: FeatureEngine, busy_market: Any
) -> None:
    # The same prices at the same times, but the early ones traded by two others.
    early = {"users": [ALICE, BOB]}
    trades = [line | early if line["time"] < SINCE_MS else line for line in busy_market["trades"]]
    transactions = [
        line
        for line in busy_market["transactions"]
        if int(line["blockTimestamp"], 16) * 1_000 >= SINCE_MS
    ]
    others = open_engine(**{**busy_market, "trades": trades, "transactions": transactions})

    found = busy_engine.matrix(since_ms=SINCE_MS)

    assert_rows_of(found, others.matrix(since_ms=SINCE_MS))
    assert found.n_fills.sum() < busy_engine.matrix(names=()).n_fills.sum()


@pytest.mark.slow
def test_a_window_that_holds_everything_is_the_whole(busy_engine: FeatureEngine) -> None:
    assert_rows_of(busy_engine.matrix(since_ms=busy_engine.start_ms), busy_engine.matrix())


def test_two_engines_on_one_dataset_share_what_was_made(open_engine: Any) -> None:
    trades = [trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE)]
    first = open_engine(trades=trades)
    first.backend.fetch(executions(first.backend))
    dearer = FeeSettings(perp_taker_bps=9.0)

    second = FeatureEngine(first.dataset, FeatureSettings(), dearer)

    names = ["tx_count", "fees_usd"]
    assert second.backend is first.backend
    np.testing.assert_allclose(first.matrix(names=names).column("tx_count"), [1, 1])
    found = second.matrix(names=names, wallets=[ALICE])
    np.testing.assert_allclose(found.values, [[1, 100 * 9 / 10_000]])


def test_ids_of_an_array_narrow_to_its_wallets(open_engine: Any) -> None:
    trades = [trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE)]
    con = open_engine(trades=trades).backend

    with con.only(list(np.array([1]))) as part:
        found = part.rows(executions(part))

    assert [row["wallet_id"] for row in found] == [1]


def test_a_window_counts_its_own_gaps_and_episodes(open_engine: Any) -> None:
    # Alice buys at 0 and 10 s, sells at 30 and 60 s: her second half alone is a short position.
    trades = [
        trade(START_MS + s * 1_000, buyer=buyer, seller=seller, taker=ALICE)
        for s, buyer, seller in (
            (0, ALICE, BOB),
            (10, ALICE, BOB),
            (30, BOB, ALICE),
            (60, BOB, ALICE),
        )
    ]
    engine = open_engine(trades=trades, fills=[fill_of(trades[0], ALICE)])  # flat before it
    names = ["tx_count", "median_gap_s", "flip_rate", "closed_episode_count", "net_notional_usd"]

    whole = engine.matrix(names=names, wallets=[ALICE])
    late = engine.matrix(names=names, wallets=[ALICE], since_ms=START_MS + 30_000)

    np.testing.assert_allclose(whole.values, [[4, 20, 1 / 3, 1, 0]])
    # Of the later half alone no fill tells a position.
    np.testing.assert_allclose(late.values, [[2, 30, 0, np.nan, -200]])


@pytest.mark.slow
def test_a_prepared_dataset_gives_the_same(
    busy_market: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_room, "WORTH_PREPARING", 1)
    folder = write_dataset(tmp_path / "data", **busy_market)
    some, all_ = [], []

    for _ in ("from lines", "from prepared tables"):
        with dataset_room.open_dataset(folder) as dataset:
            engine = FeatureEngine(dataset, FeatureSettings(), FeeSettings())
            some.append(engine.matrix(wallets=ASKED, since_ms=SINCE_MS))
            all_.append(engine.matrix())
            engine.backend.prepare()

    assert all_[0].values.tobytes() == all_[1].values.tobytes()
    assert_rows_of(some[1], some[0])
    assert (folder / "prepared/tables/prices_around/0.parquet").exists()


def test_wallets_not_seen_have_no_row(open_engine: Any) -> None:
    engine = open_engine(trades=[trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE)])

    assert engine.matrix(wallets=[CAROL, BOB], names=["tx_count"]).wallets == (BOB,)
    assert engine.matrix(wallets=[], names=["tx_count"]).values.shape == (0, 1)


def test_a_few_wallets_are_measured_without_the_others_executions(open_engine: Any) -> None:
    engine = open_engine(trades=[trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE)])

    engine.matrix(wallets=[ALICE], names=["tx_count"])

    tables = engine.dataset.connection.execute("SHOW ALL TABLES").fetchall()
    assert {(row[1], row[2]) for row in tables}.isdisjoint({("main", "executions")})
    assert {row[1] for row in tables} == {"main"}  # the selection is gone


def test_a_window_without_time_is_an_error(open_engine: Any) -> None:
    engine = open_engine(trades=[trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE)])

    with pytest.raises(ConfigError, match="the window ends before it begins"):
        engine.matrix(since_ms=START_MS + 5, until_ms=START_MS + 5)
