"""The truth is what the tape shows on average, and the money in it is conserved."""

import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pytest

from hypertrack.config import SimulateSettings
from hypertrack.records import HOUR_MS
from hypertrack.simulate.market.arrays import (
    Columns,
    FactArrays,
    QuoteArrays,
    TradeArrays,
)
from hypertrack.simulate.market.fees import fees_bps
from hypertrack.simulate.market.market import Market
from hypertrack.simulate.market.terms import FeeSchedule

SEEDS = range(21, 29)
"""Markets that are averaged: what happens within one moves together, so that the error of a mean
is told by how it differs from market to market."""


@dataclass(frozen=True)
class Played:
    """A market with everything that happened in it."""

    market: Market
    trades: TradeArrays
    facts: FactArrays
    quotes: QuoteArrays
    end_prices: np.ndarray
    truth: dict[str, np.ndarray]

    @classmethod
    def of(cls, seed: int) -> "Played":
        settings = SimulateSettings(wallets=600, hours=1.5, trades_per_second=10, seed=seed)
        market = Market(settings)
        chunks = list(market.chunks(with_facts=True))
        ledger = market.ledger()
        for chunk in chunks:
            ledger.add(chunk)
        return cls(
            market,
            TradeArrays.join([chunk.trades for chunk in chunks]),
            FactArrays.join([chunk.facts for chunk in chunks]),
            QuoteArrays.join([chunk.quotes for chunk in chunks]),
            chunks[-1].end_prices,
            market.truth_of(ledger),
        )

    @cached_property
    def books(self) -> list[QuoteArrays]:
        return [self.quotes.take(self.quotes.coin == at) for at in range(len(self.market.coins))]

    def quote(self, coin: np.ndarray, time_ms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return bid and ask in force at times."""
        bid, ask = np.empty(len(coin)), np.empty(len(coin))
        for at, book in enumerate(self.books):
            rows = coin == at
            place = np.searchsorted(book.time_ms, time_ms[rows], side="right") - 1
            bid[rows], ask[rows] = book.bid[place], book.ask[place]
        return bid, ask

    def sides(self, is_taker: bool) -> "Sides":
        """Return one side of every trade."""
        trades, facts = self.trades, self.facts
        is_buy = trades.is_buy == is_taker
        wallet = np.where(is_buy, trades.buyer, trades.seller)
        schedule = FeeSchedule(self.market.terms, self.market.coins)
        return Sides(
            trades.time_ms,
            trades.coin,
            wallet,
            np.where(is_buy, 1, -1),
            trades.price,
            facts.taker_horizon_ms if is_taker else facts.maker_horizon_ms,
            schedule.bps(wallet, trades.coin, np.full(len(trades), is_taker), is_buy),
        )

    def openings(self) -> "Sides":
        """Return all openings, of takers and of makers."""
        return Sides.join([self.openings_as(is_taker) for is_taker in (True, False)])

    def openings_as(self, is_taker: bool) -> "Sides":
        """Return the openings whose horizon ends within the market."""
        sides = self.sides(is_taker)
        return sides.take((sides.horizon_ms > 0) & (sides.end_ms < self.market.end_ms))


@dataclass(frozen=True)
class Sides(Columns):
    """A wallet's part in trades."""

    time_ms: np.ndarray
    coin: np.ndarray
    wallet: np.ndarray
    side: np.ndarray
    price: np.ndarray
    horizon_ms: np.ndarray
    fee_bps: np.ndarray

    @property
    def end_ms(self) -> np.ndarray:
        return self.time_ms + np.minimum(self.horizon_ms, HOUR_MS)


@pytest.fixture(scope="module")
def played() -> list[Played]:
    return [Played.of(seed) for seed in SEEDS]


@dataclass(frozen=True)
class Average:
    """What was realised, and what the truth says, in bps; means over what happened."""

    count: int
    realised: float
    truth: float
    error: float
    """Of the difference."""

    def __post_init__(self) -> None:
        print(self)

    @property
    def is_true(self) -> bool:
        return abs(self.realised - self.truth) < 3 * self.error


def average(parts: list[tuple[Sides, np.ndarray, np.ndarray]]) -> Average:
    """Return the averages over wallets of (sides, realised, truth) of each market.

    A wallet counts once however often it acted: a TWAP acts a hundred times on one view. Eight
    markets may agree by chance, so that the error is at least the one that the wallets show.
    """
    means = [(by_wallet(of, realised), by_wallet(of, truth)) for of, realised, truth in parts]
    count = np.array([len(realised) for realised, _ in means])
    sums = np.array([(realised.sum(), truth.sum()) for realised, truth in means])
    apart = sums[:, 0] - sums[:, 1]
    far = apart - apart.sum() / count.sum() * count
    of_markets = np.sqrt((far**2).sum() * len(parts) / (len(parts) - 1)) / count.sum()
    of_wallets = np.concatenate([a - b for a, b in means]).std() / np.sqrt(count.sum())
    realised, truth = sums.sum(axis=0) / count.sum()
    return Average(int(count.sum()), float(realised), float(truth), max(of_markets, of_wallets))


def by_wallet(sides: Sides, values: np.ndarray) -> np.ndarray:
    """Return the mean of each wallet that has any."""
    place = np.unique(sides.wallet, return_inverse=True)[1]
    return np.bincount(place, values) / np.bincount(place)


def mid_gain_bps(of: Played, sides: Sides, since_ms: np.ndarray) -> np.ndarray:
    """Return what mid prices did in the sides' favor, from a time to the end of the horizon."""
    now, later = (sum(of.quote(sides.coin, at)) / 2 for at in (since_ms, sides.end_ms))
    return sides.side * np.log(later / now) * 1e4


@pytest.mark.slow
def test_truth_has_a_row_a_wallet_and_the_columns_of_its_contract(played: list[Played]) -> None:
    truth = played[0].truth

    assert set(truth) == {
        *("wallet", "kind", "is_bot", "edge_bps", "holding_s", "home_coins"),
        *(
            "impact_bps",
            "selection_bps",
            "maker_edge_bps",
            "net_edge_bps",
            "snr",
            "n_openings",
            "start_positions",
            "world",
        ),
        *("owner", "follows", "traps"),
        *(f"copy_edge_bps_{delay}s" for delay in (1, 5, 30, 300)),
        *("profit_usd", "fees_usd", "funding_usd"),
    }
    assert {len(column) for column in truth.values()} == {600}
    assert np.array_equal(np.isnan(truth["edge_bps"]), truth["n_openings"] == 0)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["informed", "negative_edge", "retail"])
def test_mid_prices_move_for_openings_as_the_truth_says(played: list[Played], kind: str) -> None:
    parts, edges = [], []
    for of in played:
        openings = of.openings()
        openings = openings.take(of.truth["kind"][openings.wallet] == kind)
        gain = mid_gain_bps(of, openings, openings.time_ms)
        edge = of.truth["edge_bps"][openings.wallet]
        edges.append(by_wallet(openings, edge))
        parts.append((openings, gain, edge + beside_foresight_bps(of, openings)))

    found = average(parts)

    assert found.count > 100
    assert found.is_true
    assert found.error < 4
    low, high = {"informed": (6, 13), "negative_edge": (-12, -1), "retail": (-1, 1)}[kind]
    assert low < np.concatenate(edges).mean() < high


@pytest.mark.slow
def test_most_of_the_informed_bet_often_enough_to_be_found_in_a_day(played: list[Played]) -> None:
    """A day of 250 trades a wallet shows 10 bets of most and 30 of many; these markets have 90.

    A bet is what is opened in a coin within five minutes, in however many orders. In a whole day
    the shares are .8 and .4: these markets are short, and begin when most people are asleep.
    """
    bets = []
    for of in played:
        sides = Sides.join([of.sides(is_taker) for is_taker in (True, False)])
        opened = sides.take(sides.horizon_ms > 0)
        each = np.unique(np.stack([opened.wallet, opened.coin, opened.time_ms // 300_000]), axis=1)
        bets.append(np.bincount(each[0], minlength=600)[of.truth["kind"] == "informed"])

    of_day = np.concatenate(bets) * 250 / 90
    assert (of_day >= 10).mean() > 0.5
    assert (of_day >= 30).mean() > 0.2


def beside_foresight_bps(of: Played, openings: Sides) -> np.ndarray:
    """Return what prices do for each opening's wallet that it did not foresee, as the truth says.

    All orders' impact, the wallet's own and its company's too, and who met its limit orders.
    """
    truth = of.truth
    return truth["impact_bps"][openings.wallet] + truth["selection_bps"][openings.wallet]


@pytest.mark.slow
def test_a_bp_of_true_edge_is_a_bp_of_realised_gain(played: list[Played]) -> None:
    """The slope over all openings is 1, within the error that markets show.

    Stronger than a correlation of wallets' markouts with their edges over a day, which any slope
    above 0 satisfies: the slope itself is held, and is more than three errors from 0.
    """
    products, squares = np.zeros(len(played)), np.zeros(len(played))
    for at, of in enumerate(played):
        openings = of.openings()
        beside = beside_foresight_bps(of, openings)
        gain = by_wallet(openings, mid_gain_bps(of, openings, openings.time_ms) - beside)
        edge = by_wallet(openings, of.truth["edge_bps"][openings.wallet])
        products[at], squares[at] = (edge * gain).sum(), (edge**2).sum()

    slope = products.sum() / squares.sum()
    error = np.sqrt(((products - slope * squares) ** 2).sum()) / squares.sum()
    print(f"slope {slope:.2f} with an error of {error:.2f}")
    assert error < 0.3
    assert slope > 3 * error
    assert abs(slope - 1) < 2.5 * error


@pytest.mark.slow
@pytest.mark.parametrize("delay_s", [1, 5, 30, 300])
def test_copiers_earn_what_the_truth_says_after_both_spreads_and_fees(
    played: list[Played], delay_s: int
) -> None:
    """A copier buys at the ask so long after the taker, and sells at the bid when it would.

    It pays by the base schedule, whatever the taker pays.
    """
    parts = []
    for of in played:
        fee_bps = fees_bps(of.market.coins, is_taker=True)
        openings = of.openings_as(is_taker=True)
        late = np.minimum(openings.time_ms + delay_s * 1_000, openings.end_ms)
        bid, ask = of.quote(openings.coin, late)
        end_bid, end_ask = of.quote(openings.coin, openings.end_ms)
        buys = openings.side > 0
        gain = np.where(buys, np.log(end_bid / ask), np.log(bid / end_ask)) * 1e4
        truth = of.truth[f"copy_edge_bps_{delay_s}s"][openings.wallet]
        parts.append((openings, gain - 2 * fee_bps[openings.coin], truth))

    found = average(parts)

    assert found.is_true
    assert found.error < 1
    assert found.truth < -8  # two fees of 4.5 bps and the spread, and hardly anyone is informed


@pytest.mark.slow
def test_makers_earn_what_the_truth_says_after_adverse_selection_and_fees(
    played: list[Played],
) -> None:
    """Market makers, at the mid price five minutes later, when short-lived impact is gone."""
    parts = []
    for of in played:
        sides = of.sides(is_taker=False)
        is_maker = of.truth["kind"][sides.wallet] == "market_maker"
        sides = sides.take(is_maker & (sides.time_ms + 300_000 < of.market.end_ms))
        later = sum(of.quote(sides.coin, sides.time_ms + 300_000)) / 2
        gain = sides.side * np.log(later / sides.price) * 1e4 - sides.fee_bps
        parts.append((sides, gain, of.truth["maker_edge_bps"][sides.wallet]))

    found = average(parts)

    assert found.is_true
    assert found.error < 0.5
    assert found.truth > -1.5  # the fee alone, had they no spread


@pytest.mark.slow
def test_openings_net_what_the_truth_says_after_entry_and_exit(played: list[Played]) -> None:
    """From the price that was paid, after the fee, less what the wallet's exits cost on average."""
    parts = []
    for of in played:
        exit_cost = mean_exit_cost_bps(of)
        openings = of.openings()
        openings = openings.take(~np.isnan(exit_cost[openings.wallet]))
        later = sum(of.quote(openings.coin, openings.end_ms)) / 2
        gain = openings.side * np.log(later / openings.price) * 1e4 - openings.fee_bps
        net = gain - exit_cost[openings.wallet]
        parts.append((openings, net, of.truth["net_edge_bps"][openings.wallet]))

    found = average(parts)

    assert found.is_true
    assert found.error < 1
    assert -11 < found.truth < -4


def mean_exit_cost_bps(of: Played) -> np.ndarray:
    """Return what each wallet's fills that open nothing cost beside the mid price; NaN of none.

    Of limit orders with what the price goes on to do once it has met them.
    """
    total, count = np.zeros(600), np.zeros(600)
    for is_taker in (True, False):
        sides = of.sides(is_taker)
        mid = sum(of.quote(sides.coin, sides.time_ms)) / 2
        better = sides.side * np.log(mid / sides.price) * 1e4
        better += 0 if is_taker else of.facts.selection_bps
        leaves = sides.horizon_ms == 0
        cost = (sides.fee_bps - better)[leaves]
        total += np.bincount(sides.wallet[leaves], cost, 600)
        count += np.bincount(sides.wallet[leaves], minlength=600)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


@pytest.mark.slow
def test_no_money_comes_from_nowhere(played: list[Played]) -> None:
    """All profits, fees and funding together are what positions brought in gained."""
    market, truth = played[0].market, played[0].truth
    start = market.start_positions
    scale = 10.0 ** np.array([coin.size_decimals for coin in market.coins])
    change = (played[0].end_prices - market.start_prices)[start.coin]

    everything = truth["profit_usd"] + truth["fees_usd"] + truth["funding_usd"]

    assert everything.sum() == pytest.approx((start.units / scale[start.coin] * change).sum())
    assert truth["fees_usd"].sum() > 0


@pytest.mark.slow
def test_three_of_four_come_in_with_positions_at_entries_of_hours_to_weeks_ago(
    played: list[Played],
) -> None:
    market, truth = played[0].market, played[0].truth
    start = market.start_positions
    price = np.array([coin.price_usd for coin in market.coins])
    perps = start.take(np.array([coin.kind == "perp" for coin in market.coins])[start.coin])
    moved = perps.entry_price / price[perps.coin] - 1

    assert len(np.unique(perps.wallet)) / 600 == pytest.approx(0.75, abs=0.06)
    assert 0.03 < np.std(moved) < 0.12
    texts = truth["start_positions"]
    assert np.array_equal(np.flatnonzero(texts != ""), np.unique(start.wallet))
    held = json.loads(texts[start.wallet[0]])[0]
    coin = market.coins[start.coin[0]]
    assert held == {
        "coin": coin.name,
        "size": start.units[0] / 10**coin.size_decimals,
        "entry_price": start.entry_price[0],
    }
