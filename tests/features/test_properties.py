"""What must change nothing, and what must never leave its bounds, on generated hostile datasets."""

import dataclasses
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_fakes import ALL_FEATURES
from fakes import START_MS, candle, erc20_transfer, evm_transaction, quote, trade
from fakes import write_dataset as write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hypertrack.config import FeeSettings
from hypertrack.features.engine import FeatureEngine, FeatureMatrix
from hypertrack.features.registry import FEATURES, REGISTRY
from hypertrack.records import DAY_MS, HOUR_MS, MINUTE_MS
from hypertrack.store.compaction.sealed_hours import seal_folder
from hypertrack.store.dataset import open_dataset

Market = dict[str, list[dict[str, Any]]]

WALLETS = tuple(f"0x{digit * 40}" for digit in "1a5f")
COINS = ("BTC", "HYPE", "xyz:CL", "@107")

AFTER_MS = [0, 1, 500, 999, 59_999, 60_000, 60_001, 299_999, 300_001, HOUR_MS, 2 * HOUR_MS]
TIMES = st.sampled_from(AFTER_MS).map(lambda after_ms: START_MS + after_ms)
"""Few, so that many things happen at once, and on edges of minutes and horizons."""

PRICES = st.sampled_from([1e-9, 0.25, 99.0, 100.0, 100.5, 1e12])
USUAL_PRICES = st.sampled_from([0.25, 99.0, 100.0, 100.5])
SIZES = st.sampled_from([1e-9, 0.5, 1.0, 3.25, 1e12])

SIGNED = {"flow_pnl_usd", "net_notional_usd", "avg_candle_momentum"}
"""Below zero where money was lost, or sold, or a price fell; as everything in bps."""

PRICED_UNITS = {"USD", "kUSD/min"}

slow = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@st.composite
def trades(draw: st.DrawFn, prices: st.SearchStrategy[float], coins: tuple[str, ...]) -> Any:
    buyer, seller = draw(st.sampled_from(WALLETS)), draw(st.sampled_from(WALLETS))
    return {
        "time_ms": draw(TIMES),
        "buyer": buyer,
        "seller": seller,
        "taker": draw(st.sampled_from([buyer, seller])),
        "price": draw(prices),
        "size": draw(SIZES),
        "coin": draw(st.sampled_from(coins)),
        "is_twap": draw(st.booleans()),
    }


@st.composite
def markets(draw: st.DrawFn, prices: st.SearchStrategy[float] = PRICES) -> Market:
    """Draw the lines of a dataset; some trades are with oneself, some candles have no width."""
    drawn = draw(st.lists(trades(prices, COINS), min_size=1, max_size=14))
    lines = [trade(**each, trade_id=(i * 7_919) % 10_007) for i, each in enumerate(drawn)]
    minutes = draw(st.sets(TIMES.map(lambda ms: ms // MINUTE_MS * MINUTE_MS), max_size=2))
    flat = draw(prices)
    quoted = draw(st.lists(TIMES, max_size=3, unique=True))
    sent = draw(st.lists(TIMES.map(lambda ms: ms // 1_000 * 1_000), max_size=2, unique=True))
    to = WALLETS[len(sent)]
    return {
        "trades": lines,
        "candles": [candle(ms, prices=(flat,) * 4, coin=COINS[0]) for ms in minutes],
        "bbo": [quote(ms, draw(prices), draw(st.none() | prices), COINS[0]) for ms in quoted],
        "transactions": [
            evm_transaction(
                ms,
                WALLETS[0],
                to,
                value_wei=10**18,
                call="0xa9059cbb",
                transfers=[erc20_transfer(f"0x{'e' * 40}", WALLETS[1], to, 10**18)],
            )
            for ms in sent
        ],
    }


def matrix_of(folder: Path) -> FeatureMatrix:
    with open_dataset(folder) as dataset:
        return FeatureEngine(dataset, ALL_FEATURES, FeeSettings()).matrix()


def measured(market: Market) -> FeatureMatrix:
    with tempfile.TemporaryDirectory() as folder:
        return matrix_of(write(Path(folder) / "data", **market))


def rows_by_wallet(matrix: FeatureMatrix) -> dict[str, Any]:
    return dict(zip(matrix.wallets, matrix.values, strict=True))


def assert_same(found: FeatureMatrix, expected: FeatureMatrix, *but: str, scale: float = 1) -> None:
    """Assert the same numbers but for rounding, those in USD ``scale`` times larger."""
    rows, others = rows_by_wallet(found), rows_by_wallet(expected)
    assert rows.keys() == others.keys()
    for i, name in enumerate(expected.names):
        if name in but:
            continue
        factor = scale if REGISTRY[name].unit in PRICED_UNITS else 1.0
        values = np.array([rows[wallet][i] for wallet in others])
        targets = np.array([row[i] for row in others.values()]) * factor
        slack = 1e-9 * _scale_of(expected, name) * factor
        np.testing.assert_allclose(values, targets, rtol=1e-9, atol=slack, err_msg=name)


def _scale_of(matrix: FeatureMatrix, name: str) -> float:
    """Return the largest number of the same unit: what sums of that size leave over is zero."""
    unit = REGISTRY[name].unit
    same = [i for i, each in enumerate(matrix.names) if REGISTRY[each].unit == unit]
    return float(np.nanmax(np.abs(matrix.values[:, same]), initial=1e-3))


@pytest.mark.slow
@slow
@given(markets(), st.randoms(use_true_random=False))
def test_order_repetition_files_and_names_change_nothing(market: Market, random: Any) -> None:
    renamed = dict(zip(WALLETS, WALLETS[2:] + WALLETS[:2], strict=True))
    text = {name: lines + random.sample(lines, len(lines) // 2) for name, lines in market.items()}
    for lines in text.values():
        random.shuffle(lines)
    halves = [
        {name: lines[part::2] for name, lines in with_names(text, renamed).items()}
        for part in (0, 1)
    ]
    with tempfile.TemporaryDirectory() as folder:
        place = write(Path(folder) / "data", **halves[0])
        list(seal_folder(place))  # finished hours to files of their own
        for name, lines in halves[1].items():
            with (place / f"{name}.jsonl").open("a", encoding="utf-8") as file:
                file.write(as_lines(lines))
        found = matrix_of(place)

    expected = measured(market)
    back = {new: old for old, new in renamed.items()}
    assert_same(with_wallets(found, back), expected)


@pytest.mark.slow
@slow
@given(markets(), st.integers(1, 400))
def test_whole_days_change_nothing_but_the_calendar(market: Market, days: int) -> None:
    found = measured(later(market, days * DAY_MS))

    assert_same(found, measured(market), "weekend_share")


@pytest.mark.slow
@slow
@given(markets(USUAL_PRICES), st.sampled_from([2.0**-20, 8.0, 2.0**30]))
def test_the_unit_of_prices_changes_nothing_but_usd(market: Market, scale: float) -> None:
    found = measured(repriced(market, scale))

    assert_same(found, measured(market), "round_size_share", scale=scale)


@pytest.mark.slow
@settings(slow, max_examples=12)
@given(markets())
def test_every_feature_keeps_its_bounds(market: Market) -> None:
    matrix = measured(market)

    for i, each in enumerate(FEATURES):
        values = matrix.values[:, i]
        known = values[~np.isnan(values)]
        assert each.group != "base" or len(known) == len(values), each.name
        assert np.isfinite(known).all(), each.name
        if each.unit == "0..1":
            assert ((known >= -1e-12) & (known <= 1 + 1e-12)).all(), (each.name, known)
        elif each.unit != "bps" and each.name not in SIGNED:
            assert (known >= 0).all(), (each.name, known)
        if each.unit == "count":
            assert (known == known.round()).all(), each.name


def with_names(market: Market, renamed: dict[str, str]) -> Market:
    """Return the lines with other addresses."""
    text = {name: as_lines(lines) for name, lines in market.items()}
    for old in renamed:
        text = {name: part.replace(old, f"<{old[2]}>") for name, part in text.items()}
    for old, new in renamed.items():
        text = {name: part.replace(f"<{old[2]}>", new) for name, part in text.items()}
    return {name: [json.loads(line) for line in part.splitlines()] for name, part in text.items()}


def with_wallets(matrix: FeatureMatrix, names: dict[str, str]) -> FeatureMatrix:
    return dataclasses.replace(
        matrix, wallets=tuple(names.get(wallet, wallet) for wallet in matrix.wallets)
    )


def as_lines(lines: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)


def later(market: Market, by_ms: int) -> Market:
    """Return the lines as if everything had happened so much later."""

    def moved(line: dict[str, Any]) -> dict[str, Any]:
        line = line | {"received_ns": line["received_ns"] + by_ms * 1_000_000}
        line |= {key: line[key] + by_ms for key in ("time", "t", "T") if key in line}
        if "blockTimestamp" in line:
            line["blockTimestamp"] = hex(int(line["blockTimestamp"], 16) + by_ms // 1_000)
        return line

    return {name: [moved(line) for line in lines] for name, lines in market.items()}


def repriced(market: Market, scale: float) -> Market:
    """Return the lines with all prices in another unit."""

    def times(line: dict[str, Any]) -> dict[str, Any]:
        prices = {key: repr(float(line[key]) * scale) for key in ("px", *"ohlc") if key in line}
        quotes = [
            level and level | {"px": repr(float(level["px"]) * scale)}
            for level in line.get("bbo", ())
        ]
        return line | prices | ({"bbo": quotes} if "bbo" in line else {})

    return {name: [times(line) for line in lines] for name, lines in market.items()}
