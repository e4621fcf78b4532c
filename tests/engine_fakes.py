"""A dataset of a few lines in, the features of its wallets out."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pytest
from fakes import (
    START_MS,
    account_flow,
    account_state,
    candle,
    context,
    erc20_transfer,
    evm_transaction,
    fill_of,
    held_position,
    observed,
    portfolio,
    quote,
    trade,
    write_dataset,
)
from ibis import Table, _

from hypertrack.config import FeatureSettings, FeeSettings
from hypertrack.features.engine import FeatureEngine
from hypertrack.records import MINUTE_MS
from hypertrack.store.dataset import open_dataset

ALL_FEATURES = FeatureSettings(
    groups=("base", "extended", "profit", "account", "context", "conduct")
)

OpenEngine = Callable[..., FeatureEngine]
FeaturesOf = Callable[..., dict[str, dict[str, float]]]


@pytest.fixture
def open_engine(tmp_path: Path) -> Iterator[OpenEngine]:
    """Return a function from the lines of a dataset, by file, to an engine over it."""
    with ExitStack() as stack:
        n_opened = 0

        def open_(fees: FeeSettings | None = None, **lines: Any) -> FeatureEngine:
            nonlocal n_opened
            n_opened += 1
            folder = write_dataset(tmp_path / str(n_opened), **lines)
            dataset = stack.enter_context(open_dataset(folder))
            return FeatureEngine(dataset, ALL_FEATURES, fees or FeeSettings())

        yield open_


def price_asks(times_ms: Sequence[int], coin_id: int) -> Table:
    """Return what `reference_prices` is asked: ask_id, time_ms, coin_id."""
    told = [{"ask_id": number, "time_ms": time_ms} for number, time_ms in enumerate(times_ms)]
    asks = ibis.literal(told, "array<struct<ask_id: int64, time_ms: int64>>").unnest()
    return asks.name("ask").as_table().select(_.ask.ask_id, _.ask.time_ms, coin_id=coin_id)


@contextmanager
def opened_engine(
    folder: Path, until_ms: int | None = None, *, features: FeatureSettings = ALL_FEATURES
) -> Iterator[FeatureEngine]:
    """Give an engine over a dataset as it stood at a time."""
    with open_dataset(folder, until_ms=until_ms) as dataset:
        yield FeatureEngine(dataset, features, FeeSettings())


@pytest.fixture
def features_of(open_engine: OpenEngine) -> FeaturesOf:
    """Return a function from the lines of a dataset to features by wallet and name."""

    def compute(
        *names: str, until_ms: int | None = None, fees: FeeSettings | None = None, **lines: Any
    ) -> dict[str, dict[str, float]]:
        matrix = open_engine(fees, **lines).matrix(until_ms=until_ms, names=names or None)
        return {
            wallet: dict(zip(matrix.names, row, strict=True))
            for wallet, row in zip(matrix.wallets, matrix.values.tolist(), strict=True)
        }

    return compute


@pytest.fixture(scope="session")
def busy_market() -> dict[str, list[dict[str, Any]]]:
    """Lines of all feeds that features read: 40 minutes, 3 coins, 9 wallets, everything random.

    The recorded candles tell of prices that the trades never had, so that a leak shows.
    """
    rng = np.random.default_rng(5)
    wallets = [f"0x{digit * 40}" for digit in "123456789"]
    coins = ["BTC", "HYPE", "xyz:CL"]
    length_ms = 40 * MINUTE_MS

    def times(n: int) -> list[int]:
        return (START_MS + np.sort(rng.integers(0, length_ms, n))).tolist()

    def price() -> float:
        return round(100 * math.exp(rng.normal(0, 0.02)), 4)

    trades = []
    for i, time_ms in enumerate(times(500)):
        buyer, seller = rng.choice(wallets, 2, replace=False).tolist()
        trades.append(
            trade(
                time_ms // 500 * 500,  # blocks, so that times coincide
                buyer=buyer,
                seller=seller,
                taker=buyer if rng.random() < 0.5 else seller,
                price=price(),
                size=float(rng.choice([0.5, 1, 1.25, 3.333])),
                coin=coins[rng.integers(3)],
                trade_id=(i * 7_919) % 10_007,
                is_twap=bool(rng.random() < 0.2),
            )
        )
    fills = told_by_fills(trades, wallets[:5], rng)
    bbo = [quote(t, price() - 0.1, price() + 0.1, "BTC") for t in times(60)]
    candles = [
        candle(
            START_MS + minute * MINUTE_MS,
            prices=(price(), 130.0 + minute, 70.0, price()),
            volume=5.0 + minute,
            coin=coin,
        )
        for minute in range(40)
        for coin in coins[: 1 + minute % 3]
    ]
    transactions = [
        evm_transaction(
            time_ms,
            *rng.choice(wallets, 2).tolist(),
            value_wei=int(rng.integers(10**18)),
            call="0xa9059cbb" if i % 2 else "0x",
            transfers=[
                erc20_transfer(f"0x{'ab'[i % 2] * 40}", *rng.choice(wallets, 2).tolist(), 10**18)
            ]
            * (i % 3),
        )
        for i, time_ms in enumerate(times(30))
    ]
    contexts = [
        context(
            START_MS + minute * MINUTE_MS + 59_000,
            rate=rng.normal(0, 1e-4),
            oracle=price(),
            open_interest=float(rng.integers(5, 50)),
            coin=coin,
        )
        for minute in range(40)
        for coin in coins[:2]
    ]
    coverage = [
        observed(f"trades:{coin}", START_MS + i * MINUTE_MS, START_MS + (22 + 9 * i) * MINUTE_MS)
        for i, coin in enumerate(coins)
    ]
    coverage += [observed(f"flows:{wallet}", START_MS, START_MS + length_ms) for wallet in wallets]
    return {
        "trades": trades,
        **told_by_the_venue(wallets[:6], times(40), rng),
        "fills": fills,
        "bbo": bbo,
        "candles": candles,
        "contexts": contexts,
        "transactions": transactions,
        "coverage": coverage,
    }


def told_by_the_venue(
    wallets: list[str], times_ms: list[int], rng: np.random.Generator
) -> dict[str, list[dict[str, Any]]]:
    """Return states, portfolios and flows of some wallets at some times."""
    states, flows = [], []
    for nth, time_ms in enumerate(times_ms):
        wallet, size = wallets[nth % len(wallets)], float(rng.integers(-3, 4))
        held = held_position("BTC", size, price=float(100 + nth), liquidation=50.0 + nth)
        states.append(account_state(time_ms, wallet, held, equity=float(rng.integers(100, 900))))
        points = [(START_MS + minute * MINUTE_MS, 100.0 + minute, 0.0) for minute in range(40)]
        states.append(portfolio(time_ms, wallet, points))
        flows.append(account_flow(time_ms, wallet, type="deposit", usdc=str(nth)))
    return {"account_states": states, "account_flows": flows}


def told_by_fills(
    trades: list[dict[str, Any]], wallets: list[str], rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Return fills of some wallets, all of the first one's; they may come in with a position."""
    held: dict[tuple[str, str], float] = {}
    fills = []
    for line in trades:
        for wallet, sign in zip(line["users"], (1, -1), strict=True):
            start = held.setdefault((wallet, line["coin"]), float(rng.integers(0, 3)))
            if wallet in wallets[:1] or (wallet in wallets and rng.random() < 0.8):
                says = {"startPosition": str(start), "closedPnl": str(rng.integers(-5, 6))}
                fills.append(fill_of(line, wallet, fee="0.25", **says))
            held[wallet, line["coin"]] = start + sign * float(line["sz"])
    return fills


@pytest.fixture(scope="session")
def busy_engine(
    busy_market: dict[str, list[dict[str, Any]]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FeatureEngine]:
    """An engine over `busy_market`, shared: its tables are prepared once."""
    folder = write_dataset(tmp_path_factory.mktemp("busy"), **busy_market)
    with open_dataset(folder) as dataset:
        yield FeatureEngine(dataset, ALL_FEATURES, FeeSettings())
