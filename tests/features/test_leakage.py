from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_fakes import opened_engine
from fakes import ALICE, BOB, CAROL, START_MS, trade, write_dataset
from model_fakes import make_matrix

from hypertrack.features.definition import Scope, feature
from hypertrack.features.engine import FeatureEngine, FeatureMatrix
from hypertrack.features.leakage import check_cut, check_cuts, leaks, random_cuts
from hypertrack.features.registry import REGISTRY
from hypertrack.market.executions import executions
from hypertrack.records import CutCheck

Check = Callable[..., tuple[CutCheck, ...]]

MINUTE_MS = 60_000

TRADES = [
    trade(START_MS + i * MINUTE_MS, buyer=ALICE, seller=BOB, taker=ALICE, price=100.0 + i)
    for i in range(4)
]


@pytest.fixture
def check(tmp_path: Path) -> Iterator[Check]:
    """Return a function that checks features over a dataset of these lines at these cuts."""

    def run(
        *names: str, cuts_ms: tuple[int, ...] | None = None, **lines: Any
    ) -> tuple[CutCheck, ...]:
        folder = write_dataset(tmp_path / "data", **lines)
        with opened_engine(folder) as engine:
            cuts_ms = random_cuts(engine, 2, seed=0) if cuts_ms is None else cuts_ms
            open_until = partial(opened_engine, folder)
            return tuple(check_cuts(engine, open_until, cuts_ms, names or None))

    yield run


@feature(lambda scope: executions(scope.con), unit="USD")
def planted_total(rows: Any) -> Any:
    """Sum over the whole recording, whatever the cut."""
    return rows.notional_usd.sum()


def later_price(scope: Scope) -> Any:
    """Return executions before the cut with the last price of their coin after it."""
    everything = executions(scope.con)
    last = everything.group_by("coin_id").aggregate(last_vwap=everything.vwap.max())
    return scope.before(everything).join(last, "coin_id")


@feature(later_price, unit="ratio", group="extended")
def planted_return(rows: Any) -> Any:
    """Return to the highest price of the whole recording."""
    return (rows.last_vwap / rows.vwap - 1).mean()


@pytest.mark.slow
def test_no_feature_leaks_on_a_busy_market(check: Check, busy_market: Any) -> None:
    checks = check(**busy_market)

    assert len(checks) == 2
    assert [each.leaks for each in checks] == [(), ()]
    assert {each.n_features for each in checks} == {len(REGISTRY)}


@pytest.mark.parametrize("leaking", [planted_total, planted_return], ids=lambda each: each.name)
def test_a_planted_leak_is_caught(
    check: Check, monkeypatch: pytest.MonkeyPatch, leaking: Any
) -> None:
    monkeypatch.setitem(REGISTRY, leaking.name, leaking)

    (found,) = check("tx_count", leaking.name, trades=TRADES, cuts_ms=(START_MS + 2 * MINUTE_MS,))

    # Alice and Bob at the cut: 100 and 101 traded; 102 and 103 later, 103 the highest.
    with_later, without_later = {
        "planted_total": (406, 201),
        "planted_return": ((103 / 100 + 103 / 101) / 2 - 1, (101 / 100 + 1) / 2 - 1),
    }[leaking.name]
    (leak,) = found.leaks
    assert (leak.name, leak.wallet, leak.n_wallets) == (leaking.name, ALICE, 2)
    assert leak.with_later == pytest.approx(with_later)
    assert leak.without_later == pytest.approx(without_later)


def test_what_a_model_reads_beside_features_is_checked_like_them(tmp_path: Path) -> None:
    def as_read(engine: FeatureEngine, matrix: FeatureMatrix) -> FeatureMatrix:
        last = np.full((len(matrix.wallets), 1), engine.end_ms - START_MS)
        return replace(
            matrix, names=(*matrix.names, "own"), values=np.hstack([matrix.values, last])
        )

    folder = write_dataset(tmp_path / "data", trades=TRADES)
    with opened_engine(folder) as engine:
        matrix = engine.matrix(until_ms=START_MS + 2 * MINUTE_MS, names=["tx_count"])
        open_until = partial(opened_engine, folder)
        found = check_cut(as_read(engine, matrix), open_until, ["tx_count"], as_read=as_read)

    assert found.n_features == 2
    assert [(leak.name, leak.n_wallets) for leak in found.leaks] == [("own", 2)]


def test_a_value_that_appears_with_later_data_alone_is_a_leak(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    @feature(lambda scope: executions(scope.con), unit="0..1", group="extended")
    def planted_repeat(rows: Any) -> Any:
        """1 for wallets that trade more than once, ever."""
        return (rows.count() > 1).nullif(False).cast("float64")

    monkeypatch.setitem(REGISTRY, "planted_repeat", planted_repeat)

    (found,) = check("planted_repeat", trades=TRADES, cuts_ms=(START_MS + MINUTE_MS,))

    assert (found.leaks[0].with_later, found.leaks[0].without_later) == (1.0, None)


@pytest.mark.parametrize(
    ("later", "is_leak"),
    [(1 + 1e-6, True), (1 + 1e-12, False)],
    ids=["a millionth", "rounding"],
)
def test_a_leak_may_be_small_and_rounding_is_none(later: float, is_leak: bool) -> None:
    known = make_matrix(np.full((2, 1), 1_000.0), ("total_value",))
    whole = make_matrix(np.array([[1_000.0], [1_000.0 * later]]), ("total_value",))

    found = list(leaks(whole, known))

    assert [(leak.name, leak.wallet) for leak in found] == [
        ("total_value", known.wallets[1]),
    ][: int(is_leak)]


def test_wallets_seen_later_are_no_leak_of_the_engine(check: Check) -> None:
    later = trade(START_MS + 9 * MINUTE_MS, buyer=CAROL, seller=BOB, taker=CAROL)

    (found,) = check(
        "tx_count", "age_days", trades=[*TRADES, later], cuts_ms=(START_MS + 9 * MINUTE_MS,)
    )

    assert found.leaks == ()
    assert found.n_wallets == 2


def test_cuts_fall_on_trades_and_repeat_with_the_seed(open_engine: Any) -> None:
    engine = open_engine(trades=TRADES)

    cuts_ms = random_cuts(engine, 20, seed=1)

    assert cuts_ms == random_cuts(engine, 20, seed=1)
    assert set(cuts_ms) == {START_MS + i * MINUTE_MS for i in (1, 2, 3)}


def test_trades_at_one_time_have_no_cut(open_engine: Any) -> None:
    assert random_cuts(open_engine(trades=TRADES[:1]), 5, seed=0) == ()
    assert random_cuts(open_engine(trades=[]), 5, seed=0) == ()
