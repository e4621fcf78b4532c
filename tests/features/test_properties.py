"""What must change nothing, and what must never leave its bounds, on a hostile dataset.

Opening and measuring costs a second however few lines there are, so that one dataset holds many
little markets: groups of wallets that trade with each other, in coins of all groups and one of
their own.
"""

import dataclasses
import json
import re
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from engine_fakes import ALL_FEATURES
from fakes import START_MS, candle, erc20_transfer, evm_transaction, quote, trade
from fakes import write_dataset as write

from hypertrack.config import FeeSettings
from hypertrack.features.engine import FeatureEngine, FeatureMatrix
from hypertrack.features.registry import FEATURES, REGISTRY
from hypertrack.records import DAY_MS, HOUR_MS, MINUTE_MS
from hypertrack.store.compaction.sealed_hours import seal_folder
from hypertrack.store.dataset import open_dataset

Market = dict[str, list[dict[str, Any]]]

N_GROUPS = 24
COINS = ("BTC", "HYPE", "xyz:CL", "@107")

AFTER_MS = (0, 1, 500, 999, 59_999, 60_000, 60_001, 299_999, 300_001, HOUR_MS, 2 * HOUR_MS)
"""Few, so that many things happen at once, and on edges of minutes and horizons."""

USUAL_PRICES = (0.25, 99.0, 100.0, 100.5)
HOSTILE_PRICES = (1e-9, *USUAL_PRICES, 1e12)
SIZES = (1e-9, 0.5, 1.0, 3.25, 1e12)

CONTRACT = f"0x{'e' * 40}"

ADDRESS = re.compile("0x[0-9a-f]{40}(?![0-9a-f])")  # and not the beginning of a hash

SIGNED = {"flow_pnl_usd", "net_notional_usd", "avg_candle_momentum"}
"""Below zero where money was lost, or sold, or a price fell; as everything in bps."""

PRICED_UNITS = {"USD", "kUSD/min"}


def drawn(prices: tuple[float, ...]) -> Market:
    """Draw the lines of all groups; some trades are with oneself, some candles have no width."""
    random, market = Random(7), Market(trades=[], candles=[], bbo=[], transactions=[])
    for group in range(N_GROUPS):
        for name, lines in drawn_group(random, group, prices).items():
            market[name] += lines
    return market


def drawn_group(random: Random, group: int, prices: tuple[float, ...]) -> Market:
    """Draw the lines of a few wallets, fewest of the first groups."""
    wallets = [f"0x{digit * 38}{group:02x}" for digit in "1a5f"]
    own = f"C{group}"

    def times(most: int, step_ms: int = 1) -> list[int]:
        after = [after_ms // step_ms * step_ms for after_ms in AFTER_MS]
        return [
            START_MS + each for each in random.sample(sorted({*after}), random.randint(0, most))
        ]

    return {
        "trades": [
            drawn_trade(random, wallets, own, prices, trade_id=group * 100 + (nth * 7_919) % 97)
            for nth in range(1 + random.randint(group // 4, group // 2))
        ],
        "candles": [
            candle(ms, prices=(random.choice(prices),) * 4, coin=own) for ms in times(2, MINUTE_MS)
        ],
        "bbo": [
            quote(ms, random.choice(prices), random.choice((None, *prices)), coin)
            for coin in (own, COINS[group % len(COINS)] if group < len(COINS) else own)
            for ms in times(3)
        ],
        "transactions": [
            drawn_transaction(random, ms, wallets, f"{group:02x}{nth}")
            for nth, ms in enumerate(times(2, 1_000))
        ],
    }


def drawn_trade(
    random: Random, wallets: list[str], own: str, prices: tuple[float, ...], *, trade_id: int
) -> dict[str, Any]:
    buyer, seller = random.choice(wallets), random.choice(wallets)
    return trade(
        START_MS + random.choice(AFTER_MS),
        buyer=buyer,
        seller=seller,
        taker=random.choice([buyer, seller]),
        price=random.choice(prices),
        size=random.choice(SIZES),
        coin=random.choice((*COINS, own, own)),
        is_twap=random.random() < 0.5,
        trade_id=trade_id,
    )


def drawn_transaction(random: Random, ms: int, wallets: list[str], salt: str) -> dict[str, Any]:
    sender, other, to = random.sample(wallets, 3)
    return evm_transaction(
        ms,
        sender,
        to,
        value_wei=random.choice((0, 10**18)),
        call=f"0xa9059cbb{salt}",
        transfers=[erc20_transfer(CONTRACT, other, to, 10**18)],
    )


def matrix_of(folder: Path) -> FeatureMatrix:
    with open_dataset(folder) as dataset:
        return FeatureEngine(dataset, ALL_FEATURES, FeeSettings()).matrix()


def measured(market: Market) -> FeatureMatrix:
    with TemporaryDirectory() as folder:
        return matrix_of(write(Path(folder) / "data", **market))


@cache
def expected_of(prices: tuple[float, ...]) -> FeatureMatrix:
    return measured(drawn(prices))


def assert_same(found: FeatureMatrix, expected: FeatureMatrix, *but: str, scale: float = 1) -> None:
    """Assert the same numbers but for rounding, those in USD ``scale`` times larger."""
    order = [found.wallets.index(wallet) for wallet in expected.wallets]
    assert len(order) == len(found.wallets)
    for name in (each for each in expected.names if each not in but):
        factor = scale if REGISTRY[name].unit in PRICED_UNITS else 1.0
        values, targets = found.column(name)[order], expected.column(name) * factor
        np.testing.assert_array_equal(np.isnan(values), np.isnan(targets), name)
        slack = 1e-9 * (np.abs(targets) + _scale_of(expected, name) * factor)
        is_same = np.isnan(values) | (np.abs(values - targets) <= slack)
        assert is_same.all(), (name, values[~is_same], targets[~is_same])


def _scale_of(matrix: FeatureMatrix, name: str) -> Any:
    """Return each wallet's largest number of the same unit: what sums of it leave over is zero."""
    unit = REGISTRY[name].unit
    same = [i for i, each in enumerate(matrix.names) if REGISTRY[each].unit == unit]
    return np.nanmax(np.abs(matrix.values[:, same]), axis=1, initial=1e-3)


@pytest.mark.slow  # a dataset of three files a feed, opened and measured in full
def test_order_repetition_files_and_names_change_nothing(tmp_path: Path) -> None:
    random, market = Random(11), drawn(HOSTILE_PRICES)
    wallets = sorted({*ADDRESS.findall(json.dumps(market))} - {CONTRACT})
    renamed = dict(zip(wallets, random.sample(wallets, len(wallets)), strict=True))
    text = {name: lines + random.sample(lines, len(lines) // 2) for name, lines in market.items()}
    for name, lines in text.items():
        random.shuffle(lines)
        text[name] = with_names(lines, renamed)

    place = write(tmp_path / "data", **{name: lines[::2] for name, lines in text.items()})
    list(seal_folder(place))  # finished hours to files of their own
    for name, lines in text.items():
        with (place / f"{name}.jsonl").open("a", encoding="utf-8") as file:
            file.write(as_lines(lines[1::2]))
    found = matrix_of(place)

    back = {new: old for old, new in renamed.items()}
    found = dataclasses.replace(found, wallets=tuple(back[wallet] for wallet in found.wallets))
    assert_same(found, expected_of(HOSTILE_PRICES))


@pytest.mark.slow  # measured in full at a time of its own
def test_whole_days_change_nothing_but_the_calendar() -> None:
    found = measured(later(drawn(HOSTILE_PRICES), 37 * DAY_MS))

    assert_same(found, expected_of(HOSTILE_PRICES), "weekend_share")


@pytest.mark.slow  # measured in full twice
def test_the_unit_of_prices_changes_nothing_but_usd() -> None:
    scale = 2.0**20

    found = measured(repriced(drawn(USUAL_PRICES), scale))

    assert_same(found, expected_of(USUAL_PRICES), "round_size_share", scale=scale)


@pytest.mark.slow  # measured in full
def test_every_feature_keeps_its_bounds() -> None:
    matrix = expected_of(HOSTILE_PRICES)

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


def with_names(lines: list[dict[str, Any]], renamed: dict[str, str]) -> list[dict[str, Any]]:
    """Return the lines with other addresses."""
    text = ADDRESS.sub(lambda found: renamed.get(found[0], found[0]), as_lines(lines))
    return [json.loads(line) for line in text.splitlines()]


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
