import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import ALICE, BOB, CAROL, START_MS, evm_transaction, trade

from hypertrack.errors import ConfigError
from hypertrack.features.engine import FeatureEngine, FeatureMatrix
from hypertrack.features.registry import FEATURES, REGISTRY
from hypertrack.records import MINUTE_MS

Market = dict[str, list[dict[str, Any]]]

ONE = trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE)


def assert_same(found: FeatureMatrix, expected: FeatureMatrix) -> None:
    """Sums may be taken in another order; nothing else may differ."""
    assert found.wallets == expected.wallets
    assert found.names == expected.names
    for index, name in enumerate(found.names):
        np.testing.assert_allclose(
            found.values[:, index], expected.values[:, index], rtol=1e-9, atol=1e-12, err_msg=name
        )
    for counts in ("n_executions", "n_fills", "n_candle_matches", "first_seen_ms", "last_seen_ms"):
        np.testing.assert_array_equal(getattr(found, counts), getattr(expected, counts), counts)
    assert found.observed_days == expected.observed_days


def as_known_at(cut_ms: int, market: Market) -> Market:
    """Return the lines that could have been recorded before the cut."""
    known = {
        name: [line for line in market[name] if line["time"] < cut_ms]
        for name in ("trades", "fills", "bbo", "account_flows")
    }
    return {
        **known,
        "account_states": [told_before(cut_ms, line) for line in market["account_states"]],
        "candles": [line for line in market["candles"] if line["T"] < cut_ms],
        "contexts": [line for line in market["contexts"] if line["exchange_time_ms"] < cut_ms],
        "transactions": [
            line
            for line in market["transactions"]
            if int(line["blockTimestamp"], 16) * 1000 < cut_ms
        ],
        "coverage": [
            {**line, "end_ms": min(line["end_ms"], cut_ms)}
            for line in market["coverage"]
            if line["start_ms"] < cut_ms
        ],
    }


def told_before(cut_ms: int, line: dict[str, Any]) -> dict[str, Any]:
    """Return what an answer says of the time before the cut; of a state that is later, nothing."""
    answer = line["answer"]
    if isinstance(answer, dict):
        return line if answer["time"] < cut_ms else {**line, "answer": None}
    ((period, window),) = answer
    told = {
        name: [point for point in points if point[0] < cut_ms] if name != "vlm" else points
        for name, points in window.items()
    }
    return {**line, "answer": [[period, told]]}


@pytest.mark.slow
@pytest.mark.parametrize(
    "cut_ms",
    [
        START_MS + 3 * MINUTE_MS,  # a candle ends with the cut
        START_MS + 11 * MINUTE_MS + 30_500,  # on a block, in the middle of a candle
        START_MS + 33 * MINUTE_MS + 17,
    ],
)
def test_features_at_a_cut_know_nothing_of_later_data(
    open_engine: Any, busy_engine: FeatureEngine, busy_market: Market, cut_ms: int
) -> None:
    known = open_engine(**as_known_at(cut_ms, busy_market)).matrix(until_ms=cut_ms)

    assert_same(busy_engine.matrix(until_ms=cut_ms), known)
    assert len(busy_market["trades"]) > known.n_fills.sum() / 2  # something was removed


def test_every_feature_depends_on_the_cut(busy_engine: FeatureEngine) -> None:
    whole, half = busy_engine.matrix(), busy_engine.matrix(until_ms=START_MS + 11 * MINUTE_MS)

    constant = {
        each.name
        for i, each in enumerate(FEATURES)
        if np.array_equal(whole.values[:, i], half.values[:, i], equal_nan=True)
    }
    # One Monday morning in few hours, no spot coin, no liquidation, nothing held at a full hour.
    hours = {"hour_entropy", "night_share", "weekend_share"}
    funding = {"funding_usd", "funding_oracle_share", "funding_paid_usd"}
    funding |= {"funding_alignment", "crowding"}
    assert constant <= {*hours, *funding, "spot_share", "liquidation_count"}


@pytest.mark.slow
def test_cuts_in_any_order_give_the_same(
    open_engine: Any, busy_engine: FeatureEngine, busy_market: Market
) -> None:
    cut_ms = START_MS + 20 * MINUTE_MS

    busy_engine.matrix(until_ms=cut_ms + 1_000)
    again = busy_engine.matrix(until_ms=cut_ms)

    assert_same(again, open_engine(**busy_market).matrix(until_ms=cut_ms))


@pytest.mark.slow
def test_the_same_dataset_gives_the_same_bits(
    open_engine: Any, busy_engine: FeatureEngine, busy_market: Market
) -> None:
    again = open_engine(**busy_market).matrix()

    assert again.values.tobytes() == busy_engine.matrix().values.tobytes()


@pytest.mark.slow
def test_order_of_lines_and_duplicates_change_nothing(
    open_engine: Any, busy_engine: FeatureEngine, busy_market: Market
) -> None:
    rng = np.random.default_rng(1)
    shuffled = {
        name: [lines[i] for i in rng.permutation(np.r_[: len(lines), : len(lines) // 2])]
        for name, lines in busy_market.items()
        if name != "coverage"
    }

    found = open_engine(**shuffled, coverage=busy_market["coverage"]).matrix()

    assert_same(found, busy_engine.matrix())


@pytest.mark.slow
def test_trades_with_oneself_change_nothing(
    open_engine: Any, busy_engine: FeatureEngine, busy_market: Market
) -> None:
    wash = [
        trade(line["time"] + 3, buyer=ALICE, seller=ALICE, taker=ALICE, price=1e6, size=1e6)
        for line in busy_market["trades"][:-1]
    ]
    with_wash = {**busy_market, "trades": wash + busy_market["trades"]}

    assert_same(open_engine(**with_wash).matrix(), busy_engine.matrix())


def test_upper_case_wallets_are_the_same_wallets(open_engine: Any) -> None:
    shouted = {**ONE, "users": [ALICE.upper().replace("X", "x"), BOB]}

    assert open_engine(trades=[shouted]).matrix().wallets == (ALICE, BOB)


def test_asking_for_a_few_gives_these_in_this_order(busy_engine: FeatureEngine) -> None:
    few = busy_engine.matrix(names=["max_value", "tx_count"])

    assert few.names == ("max_value", "tx_count")
    np.testing.assert_array_equal(few.column("tx_count"), few.values[:, 1])
    whole = busy_engine.matrix()
    np.testing.assert_allclose(few.column("max_value"), whole.column("max_value"))


def test_asking_for_a_few_prepares_only_what_they_need(
    open_engine: Any, busy_market: Market
) -> None:
    engine = open_engine(**busy_market)

    def tables() -> set[str]:
        found = engine.dataset.connection.execute("SHOW ALL TABLES").fetchall()
        return {name for _, _, name, *_ in found}

    before = tables()

    engine.matrix(names=["avg_value", "long_ratio", "size_entropy", "hour_entropy", "twap_share"])
    after_few = tables()
    engine.matrix()

    assert after_few - before == {"fills", "executions"}
    assert {"last_trades", "steps", "prices_around", "prices_later", "episode_steps"} <= tables()


def test_unknown_feature_is_an_error(open_engine: Any) -> None:
    with pytest.raises(ConfigError, match="unknown feature alpha"):
        open_engine(trades=[ONE]).matrix(names=["tx_count", "alpha"])


def test_every_wallet_of_fills_and_evm_is_a_row(open_engine: Any) -> None:
    matrix = open_engine(trades=[ONE], transactions=[evm_transaction(START_MS, CAROL, BOB)]).matrix(
        names=["tx_count"]
    )

    assert matrix.wallets == (ALICE, BOB, CAROL)
    assert matrix.wallet_ids.tolist() == [0, 1, 2]
    assert matrix.n_executions.tolist() == [1, 1, 0]
    assert matrix.n_fills.tolist() == [1, 1, 0]
    assert matrix.n_candle_matches.tolist() == [1, 1, 0]
    assert matrix.first_seen_ms.tolist() == [START_MS] * 3


def test_wallets_first_seen_after_the_cut_are_no_rows(open_engine: Any) -> None:
    later = trade(START_MS + 10, buyer=CAROL, seller=BOB, taker=CAROL)

    matrix = open_engine(trades=[ONE, later]).matrix(until_ms=START_MS + 10)

    assert matrix.wallets == (ALICE, BOB)
    assert (matrix.start_ms, matrix.end_ms) == (START_MS, START_MS + 10)


def test_window_ends_after_the_last_trade(open_engine: Any) -> None:
    engine = open_engine(trades=[ONE, trade(START_MS + 9, buyer=ALICE, seller=BOB, taker=BOB)])

    assert (engine.start_ms, engine.end_ms) == (START_MS, START_MS + 10)
    assert engine.matrix().end_ms == START_MS + 10


def test_one_trade_gives_a_row_of_defined_numbers(features_of: Any) -> None:
    alice = features_of(trades=[ONE])[ALICE]

    defined = {name: value for name, value in alice.items() if value and not math.isnan(value)}
    assert defined == {
        **dict.fromkeys(("tx_count", "unique_tokens", "unique_addresses", "long_ratio"), 1),
        **dict.fromkeys(("total_value", "avg_value", "max_value", "net_notional_usd"), 100),
        "execution_count": 1,
        "tx_per_day": pytest.approx(24),
        "avg_candle_volume": pytest.approx(0.1),
        "max_candle_volume": pytest.approx(0.1),
        "night_share": pytest.approx(23 / 24),
        "round_size_share": 1,
        "top_counterparty_share": 1,
        "fees_usd": pytest.approx(0.045),
        "flow_pnl_usd": pytest.approx(-0.045),
    }


def test_a_dataset_without_trades_has_no_rows(open_engine: Any) -> None:
    matrix = open_engine(trades=[]).matrix()

    assert matrix.values.shape == (0, len(FEATURES))
    assert (matrix.start_ms, matrix.end_ms) == (0, 0)


def hostile_trades() -> list[dict[str, Any]]:
    numbers = [1e-9, 1.0, 1e12, 123.456]
    coins = ["'; DROP TABLE trades; --", '"', "", "💥:[*]", "a/b:c@d"]
    return [
        trade(
            START_MS + i // 3 * 61_000,
            buyer=(ALICE, BOB, CAROL)[i % 3],
            seller=(BOB, CAROL, ALICE, BOB)[i % 4] if i % 3 != (1, 2, 0, 1)[i % 4] else ALICE,
            taker=(ALICE, BOB, CAROL)[i % 3],
            price=numbers[i % 4],
            size=numbers[i // 4 % 4],
            coin=coins[i % 5],
            trade_id=i,
        )
        for i in range(120)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("source", ["hostile", "busy"])
def test_bounds_hold(open_engine: Any, busy_engine: FeatureEngine, source: str) -> None:
    engine = open_engine(trades=hostile_trades()) if source == "hostile" else busy_engine

    for until_ms in (None, START_MS + 10 * MINUTE_MS):
        matrix = engine.matrix(until_ms=until_ms)
        assert len(matrix.wallets) > 2
        for name in matrix.names:
            values, feature = matrix.column(name), REGISTRY[name]
            assert not np.isinf(values).any(), name
            if feature.group == "base":
                assert not np.isnan(values).any(), name
            if feature.unit == "0..1":
                assert np.nanmin(values, initial=0.0) >= -1e-9, name
                assert np.nanmax(values, initial=0.0) <= 1 + 1e-9, name
            if feature.unit in ("count", "days", "s", "1/day"):
                assert np.nanmin(values, initial=0.0) >= 0, name


def test_real_capture(open_engine: Any, capture: Path) -> None:
    frames = [json.loads(line) for line in capture.read_text().splitlines()]
    trades = [
        {"received_ns": frame["received_wall_ns"], **item}
        for frame in frames
        if frame["channel"] == "trades"
        for item in frame["data"]
    ]

    engine = open_engine(trades=trades)
    matrix = engine.matrix()

    summary = engine.dataset.summary()
    assert (summary.n_trades, summary.n_wallets, summary.n_self_trades) == (1_869, 528, 0)
    assert summary.n_torn_lines == 0
    assert len(matrix.wallets) == 528
    assert matrix.n_fills.sum() == 2 * 1_869
    # Every dollar is bought and sold once, taken and made once.
    assert matrix.column("net_notional_usd").sum() == pytest.approx(0, abs=1e-6)
    assert matrix.column("total_value").sum() == pytest.approx(2 * summary.notional_usd)
    assert not np.isnan(matrix.values[:, :37]).any()
    taken = (1 - matrix.column("order_book_participation")) * matrix.column("total_value")
    assert taken.sum() == pytest.approx(summary.notional_usd)
