"""What wallets really earned, and what their foresight was worth, added up chunk by chunk."""

import numpy as np

from hypertrack.simulate.market.arrays import (
    Chunk,
    FactArrays,
    Flags,
    Floats,
    Ids,
    Ints,
    TradeArrays,
)
from hypertrack.simulate.market.facts import COPY_DELAYS_MS
from hypertrack.simulate.market.funding import is_funded, rates_at
from hypertrack.simulate.market.instruments import Coin, CoinColumns
from hypertrack.simulate.market.played_impact import ImpactQuestions, PlayedImpact
from hypertrack.simulate.market.positions import PositionBook, SideArrays
from hypertrack.simulate.market.start_positions import PositionArrays
from hypertrack.simulate.market.terms import FeeSchedule, TermArrays
from hypertrack.simulate.market.true_entries import TrueEntries

_MADE, _TAKEN, _RESTED, _LATE = range(4)
"""Sums of what orders moved: until openings of makers end, and of takers; until makers of all sorts
are judged; and until copiers enter, one for each delay."""
_N_TOTALS = _LATE + len(COPY_DELAYS_MS)

_RESTED_MS = 300_000.0
"""After which makers are judged: what moves prices for a while is gone."""


class WalletLedger:
    """Sums by wallet.

    Args:
        coins: Of the market.
        start: Positions when the first chunk begins.
        start_prices: Latent prices then, ``[coins]``.
        terms: On which the wallets trade.
    """

    def __init__(
        self,
        coins: tuple[Coin, ...],
        start: PositionArrays,
        start_prices: Floats,
        terms: TermArrays,
    ):
        n_wallets = len(terms)
        self.entries: TrueEntries | None = None
        """Takes every chunk, where somebody wants the entries themselves."""
        self._n = n_wallets
        self._book = PositionBook(start, CoinColumns(coins).size_scale)
        self._fees = FeeSchedule(terms, coins)
        self._pays_funding = np.array([is_funded(coin) for coin in coins])
        self._prices = start_prices
        self._start_usd = self._worth_usd(start_prices)
        self._cash_usd, self._fees_usd, self._funding_usd = (np.zeros(n_wallets) for _ in range(3))
        self._openings, self._squares = _Means(n_wallets), _Means(n_wallets)
        self._selection, self._begins = _Means(n_wallets), _Means(n_wallets)
        self._entries, self._exits = _Means(n_wallets), _Means(n_wallets)
        self._resting = _Means(n_wallets)
        self._copies = [_Means(n_wallets) for _ in COPY_DELAYS_MS]
        self._impact = PlayedImpact(n_wallets, _N_TOTALS, len(coins))

    def add(self, chunk: Chunk) -> None:
        """Add what happened; funding is paid at each full hour.

        Raises:
            ValueError: The chunk comes without facts.
        """
        if chunk.facts is None:
            raise ValueError(
                "a ledger needs chunks with facts: take market.chunks(with_facts=True)"
            )
        if self.entries is not None:
            self.entries.add(chunk)
        done = 0
        for hour, prices in zip(chunk.hours.time_ms.tolist(), chunk.hours.prices, strict=True):
            until = int(np.searchsorted(chunk.trades.time_ms, hour))
            self._trade(chunk.trades, chunk.facts, slice(done, until))
            self._pay_funding(hour, prices)
            done = until
        self._trade(chunk.trades, chunk.facts, slice(done, len(chunk.trades)))
        self._impact.play(chunk)
        self._prices = chunk.end_prices

    def columns(self) -> dict[str, np.ndarray]:
        """Return a column a fact, a row a wallet; NaN where a wallet had no occasion."""
        ends_made, ends_taken, rested, *late = self._impact.bps()
        ends, edge = ends_made + ends_taken, self._openings.of_wallets()
        leave = self._exits.of_wallets()
        entry = self._entries.of_wallets(ends)
        leave = np.where(np.isnan(leave), self._entries.of_wallets(-self._begins.total), leave)
        copies = zip(COPY_DELAYS_MS, self._copies, late, strict=True)
        gain = self._worth_usd(self._prices) - self._start_usd + self._cash_usd
        return {
            "edge_bps": edge,
            "impact_bps": self._begins.of_wallets(ends),
            "selection_bps": self._selection.of_wallets(),
            "maker_edge_bps": self._resting.of_wallets(rested),
            "net_edge_bps": edge + entry + leave,
            "snr": edge / np.sqrt(np.maximum(self._squares.of_wallets(), 1e-9)),
            **{
                f"copy_edge_bps_{delay // 1000}s": means.of_wallets(ends_taken - begins)
                for delay, means, begins in copies
            },
            "n_openings": self._openings.count,
            "profit_usd": gain - self._fees_usd - self._funding_usd,
            "fees_usd": self._fees_usd,
            "funding_usd": self._funding_usd,
        }

    def _trade(self, all_trades: TradeArrays, all_facts: FactArrays, rows: slice) -> None:
        trades, facts = all_trades.take(rows), all_facts.take(rows)
        if not len(trades):
            return
        sides = self._book.add(trades)
        usd = (trades.price * trades.size)[sides.trade]
        bps = self._fees.bps(sides.wallet, sides.coin, sides.is_taker, sides.side > 0)
        self._fees_usd += self._sum(sides.wallet, usd * bps / 1e4)
        self._cash_usd -= self._sum(sides.wallet, sides.side * usd)
        of = facts.take(sides.trade)
        paid = sides.side * np.log(of.fair_price / trades.price[sides.trade]) * 1e4 - bps
        self._add_edges(sides, of, paid)
        self._impact.ask(_questions(sides, trades.time_ms[sides.trade].astype(np.float64), of))

    def _add_edges(self, sides: SideArrays, of: FactArrays, paid_bps: Floats) -> None:
        """Add what was foreseen, and what was paid beside the latent price after the fee.

        Args:
            sides: Of trades.
            of: The facts of each side's trade.
            paid_bps: Negative where the wallet paid more than that price.
        """
        wallet, makes = sides.wallet, ~sides.is_taker
        opens = _horizons(sides, of) > 0
        edge = np.where(makes, of.maker_edge_bps, of.taker_edge_bps)
        move = np.where(makes, of.maker_move_bps, of.taker_move_bps)
        selection = np.where(makes, of.selection_bps, 0.0)
        moved = sides.side * of.impact * 1e4
        self._openings.add(wallet, edge, opens)
        self._squares.add(wallet, move**2, opens)
        self._selection.add(wallet, selection, opens)
        self._begins.add(wallet, -moved, opens)
        self._entries.add(wallet, paid_bps + selection, opens)
        self._exits.add(wallet, paid_bps + selection + moved, ~opens)
        self._resting.add(wallet, paid_bps + selection, makes)
        for nth, means in enumerate(self._copies):
            means.add(wallet, of.copy_edge_bps[:, nth], opens & sides.is_taker)

    def _pay_funding(self, hour_ms: int, prices: Floats) -> None:
        held = self._book.held()
        owed = prices * rates_at(hour_ms, len(prices))
        usd = self._book.coins_of(held) * owed[held.coin]
        pays = self._pays_funding[held.coin]
        self._funding_usd += self._sum(held.wallet[pays], usd[pays])

    def _worth_usd(self, prices: Floats) -> Floats:
        """Return each wallet's positions at these prices; shorts count against it."""
        held = self._book.held()
        usd = self._book.coins_of(held) * prices[held.coin]
        return self._sum(held.wallet, usd)

    def _sum(self, wallet: Ids, values: Floats) -> Floats:
        """Return the values added up by wallet."""
        total: Floats = np.bincount(wallet, values, self._n).astype(np.float64)
        return total


class _Means:
    """A running mean for each wallet."""

    def __init__(self, n_wallets: int):
        self.count: Ints = np.zeros(n_wallets, dtype=np.int64)
        self.total: Floats = np.zeros(n_wallets)

    def add(self, wallet: Ids, values: Floats, counts: Flags) -> None:
        """Add the values that count."""
        n = len(self.count)
        self.count += np.bincount(wallet[counts], minlength=n)
        self.total += np.bincount(wallet[counts], values[counts], n)

    def of_wallets(self, more: Floats | float = 0.0) -> Floats:
        """Return the means, NaN of none; ``more`` is added to each wallet's total."""
        mean = np.full(len(self.count), np.nan)
        np.divide(self.total + more, self.count, out=mean, where=self.count > 0)
        return mean


def _horizons(sides: SideArrays, of: FactArrays) -> Floats:
    """Return the horizon of each side's opening, 0 for what opens nothing."""
    return np.where(sides.is_taker, of.taker_horizon_ms, of.maker_horizon_ms)


def _questions(sides: SideArrays, time_ms: Floats, of: FactArrays) -> ImpactQuestions:
    """Return what is to be known of later impact about sides of trades.

    Args:
        sides: Of the trades.
        time_ms: Of each side's trade.
        of: Its facts.
    """
    horizon = _horizons(sides, of)
    opens, takes = horizon > 0, sides.is_taker
    asked: list[tuple[int, Flags, Floats]] = [
        (_MADE, opens & ~takes, time_ms + horizon),
        (_TAKEN, opens & takes, time_ms + horizon),
        (_RESTED, ~takes, time_ms + _RESTED_MS),
    ]
    asked += [
        (_LATE + nth, opens & takes, time_ms + np.minimum(horizon, delay))
        for nth, delay in enumerate(COPY_DELAYS_MS)
    ]
    return ImpactQuestions.join(
        [
            ImpactQuestions(
                time[rows],
                sides.coin[rows],
                sides.wallet[rows],
                sides.side[rows],
                np.full(np.count_nonzero(rows), total),
            )
            for total, rows, time in asked
        ]
    )
