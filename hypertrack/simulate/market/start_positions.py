"""What wallets hold when the market begins: positions built hours to weeks before."""

from dataclasses import dataclass, replace

import numpy as np

from hypertrack.records import DAY_MS, HOUR_MS
from hypertrack.simulate.market.arrays import CoinIds, Columns, Floats, Ids, Ints
from hypertrack.simulate.market.calendar import block_before
from hypertrack.simulate.market.instruments import Coin, CoinColumns, price_step
from hypertrack.simulate.market.past_fills import PastFillArrays
from hypertrack.simulate.market.past_prices import PastPrices
from hypertrack.simulate.market.population import Population

_HOLDERS_SHARE = 0.75
"""Of wallets; measured on the fills of 81 s of the venue, as is the size beside the turnover."""
_MOST_COINS = 4
_USD_PER_ORDER = 32.0
"""Median of a wallet's positions over its order size: about 9.5 times what it trades in 81 s."""
_USD_SPREAD = 1.4
_MOST_USD = 5e6
_MEDIAN_AGE_DAYS = 3.8
_AGE_SPREAD = 1.2
_AGE_DAYS = (0.04, 30.0)
_LONG_SHARE = 0.55
_MOST_OPENINGS = 6
_OPENING_MS = 2 * HOUR_MS
"""Time in which a position is built at most; half its age at most."""
_OPENING_NOISE = 0.001
"""Of prices around those of the hour."""


@dataclass(frozen=True)
class PositionArrays(Columns):
    """Positions, at most one a wallet and coin."""

    wallet: Ids
    coin: CoinIds
    units: Ints
    """In the smallest step of the coin's size; negative for short."""
    entry_price: Floats


@dataclass(frozen=True)
class StartPositions:
    """Positions, and the fills that built them."""

    positions: PositionArrays
    openings: PastFillArrays
    """By wallet and time; the average of a position's prices is its entry price."""

    def and_more(self, others: "StartPositions") -> "StartPositions":
        """Return these and other positions."""
        return StartPositions(
            PositionArrays.join([self.positions, others.positions]),
            PastFillArrays.join([self.openings, others.openings]).in_order(),
        )


def draw_positions(
    people: Population, coins: tuple[Coin, ...], past: PastPrices, rng: np.random.Generator
) -> StartPositions:
    """Draw what each wallet comes in with: perps of its own, its favourites first."""
    price = np.array([coin.price_usd for coin in coins])
    scale = 10.0 ** np.array([coin.size_decimals for coin in coins])
    wallet, coin = _held_coins(people, coins, rng)
    total = (
        people.size_usd * _USD_PER_ORDER * np.exp(_USD_SPREAD * rng.standard_normal(len(people)))
    )
    part = rng.exponential(size=len(wallet)) + 0.1
    part /= np.bincount(wallet, part, len(people))[wallet]
    usd = np.minimum(total[wallet], _MOST_USD) * part
    age_ms = draw_ages_ms(len(wallet), rng)
    long = np.where(people.long_bias[wallet] > 0.3, 1.0, _LONG_SHARE)
    side = np.where(rng.random(len(wallet)) < long, 1, -1)
    units = side * np.maximum(np.round(usd / price[coin] * scale[coin]), 1).astype(np.int64)
    positions = PositionArrays(wallet, coin, units, np.full(len(wallet), np.nan))
    return with_openings(positions, age_ms, past, coins, rng)


def draw_ages_ms(count: int, rng: np.random.Generator) -> Floats:
    """Draw how long ago positions began to be built."""
    days = np.exp(np.log(_MEDIAN_AGE_DAYS) + _AGE_SPREAD * rng.standard_normal(count))
    ages: Floats = np.clip(days, *_AGE_DAYS) * DAY_MS
    return ages


def with_openings(
    positions: PositionArrays,
    age_ms: Floats,
    past: PastPrices,
    coins: tuple[Coin, ...],
    rng: np.random.Generator,
) -> StartPositions:
    """Return positions with the fills that built them, and the entry prices of these.

    Args:
        positions: Without entry prices.
        age_ms: Of each position.
        past: What coins cost.
        coins: Of the market.
        rng: Draws the fills.
    """
    opened_ms = past.hours_ms[-1] - age_ms
    luck = _OPENING_NOISE * rng.standard_normal(len(positions))
    about = replace(positions, entry_price=past.at(opened_ms, positions.coin) * np.exp(luck))
    openings, row = _openings(about, opened_ms, past, CoinColumns(coins), rng)
    paid = np.bincount(row, openings.price * openings.units, len(positions))
    return StartPositions(
        replace(positions, entry_price=paid / positions.units), openings.in_order()
    )


def _openings(
    positions: PositionArrays,
    opened_ms: Floats,
    past: PastPrices,
    coins: CoinColumns,
    rng: np.random.Generator,
) -> tuple[PastFillArrays, Ints]:
    """Return the fills that build positions at about their price, and the position of each."""
    count = np.minimum(rng.geometric(0.4, len(positions)), _MOST_OPENINGS)
    row = np.repeat(np.arange(len(positions)), count)
    built = positions.take(row)
    share, units = _parts(np.abs(positions.units), count, row, rng)
    longest = np.minimum(_OPENING_MS, (past.hours_ms[-1] - opened_ms) / 2)
    noise = _OPENING_NOISE * rng.standard_normal(len(row))
    price = built.entry_price * np.exp(noise)
    step = price_step(price, coins.price_decimals[built.coin])[1]
    fills = PastFillArrays(
        time_ms=block_before(opened_ms[row] + share * longest[row]),
        wallet=built.wallet,
        coin=built.coin,
        units=np.sign(built.units) * units,
        price=np.round(price * step) / step,
        is_taker=rng.random(len(row)) < 0.5,
        is_dust=np.zeros(len(row), dtype=bool),
    )
    return fills.take(units > 0), row[units > 0]


def _parts(total: Ints, count: Ints, row: Ints, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Cut totals into random parts; return the share that is reached with each, and its units."""
    ends = np.cumsum(rng.exponential(size=len(row)) + 0.15)
    last = np.cumsum(count) - 1
    before = np.concatenate([[0.0], ends[last]])
    share = (ends - before[row]) / np.diff(before)[row]
    filled = np.round(share * total[row]).astype(np.int64)
    filled[last] = total
    units = np.diff(filled, prepend=0)
    units[last[:-1] + 1] = filled[last[:-1] + 1]
    return share, units


def _held_coins(
    people: Population, coins: tuple[Coin, ...], rng: np.random.Generator
) -> tuple[Ids, CoinIds]:
    """Return pairs of wallet and coin, by wallet."""
    wallet = np.repeat(np.arange(len(people), dtype=np.int32), people.home_count)
    most = np.minimum(rng.geometric(0.6, len(people)), _MOST_COINS)
    is_perp = np.array([coin.kind == "perp" for coin in coins])
    trades_perps = np.bincount(wallet, is_perp[people.home], len(people)) > 0
    holds = rng.random(len(people)) < _HOLDERS_SHARE / max(trades_perps.mean(), _HOLDERS_SHARE)
    is_new = np.zeros(len(wallet), dtype=bool)  # a wallet's coins may be the same one again
    is_new[np.unique(wallet.astype(np.int64) * len(coins) + people.home, return_index=True)[1]] = (
        True
    )
    able = holds[wallet] & is_perp[people.home] & is_new
    nth = np.cumsum(able) - 1
    first = np.searchsorted(wallet, wallet)
    nth -= np.concatenate([[0], np.cumsum(able)])[first]
    chosen = able & (nth < most[wallet])
    return wallet[chosen], people.home[chosen]
