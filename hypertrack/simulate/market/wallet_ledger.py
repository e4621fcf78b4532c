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
from hypertrack.simulate.market.positions import PositionBook, SideArrays
from hypertrack.simulate.market.start_positions import PositionArrays
from hypertrack.simulate.market.terms import FeeSchedule, TermArrays
from hypertrack.simulate.market.true_entries import TrueEntries


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
        self._entry_costs, self._exit_costs = _Means(n_wallets), _Means(n_wallets)
        self._resting = _Means(n_wallets)
        self._copies = [_Means(n_wallets) for _ in COPY_DELAYS_MS]

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
        self._prices = chunk.end_prices

    def columns(self) -> dict[str, np.ndarray]:
        """Return a column a fact, a row a wallet; NaN where a wallet had no occasion."""
        edge = self._openings.of_wallets()
        entry, leave = self._entry_costs.of_wallets(), self._exit_costs.of_wallets()
        cost = entry + np.where(np.isnan(leave), entry, leave)
        copies = zip(COPY_DELAYS_MS, self._copies, strict=True)
        gain = self._worth_usd(self._prices) - self._start_usd + self._cash_usd
        return {
            "edge_bps": edge,
            "maker_edge_bps": self._resting.of_wallets(),
            "net_edge_bps": edge - cost,
            "snr": edge / np.sqrt(np.maximum(self._squares.of_wallets(), 1e-9)),
            **{f"copy_edge_bps_{delay // 1000}s": means.of_wallets() for delay, means in copies},
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
        better = sides.side * (facts.fair_price / trades.price - 1)[sides.trade] * 1e4
        better -= np.where(sides.is_taker, 0.0, facts.adverse_bps[sides.trade])
        self._add_edges(sides, facts, better - bps)

    def _add_edges(self, sides: SideArrays, facts: FactArrays, better_bps: Floats) -> None:
        """Add what was foreseen, and how far prices were better than fair after all costs."""
        of = facts.take(sides.trade)
        edge = np.where(sides.is_taker, of.taker_edge_bps, of.maker_edge_bps)
        opens = np.where(sides.is_taker, of.taker_horizon_ms, of.maker_horizon_ms) > 0
        move = np.where(sides.is_taker, of.taker_move_bps, of.maker_move_bps)
        self._openings.add(sides.wallet, edge, opens)
        self._squares.add(sides.wallet, move**2, opens)
        self._entry_costs.add(sides.wallet, -better_bps, opens)
        self._exit_costs.add(sides.wallet, -better_bps, ~opens)
        self._resting.add(sides.wallet, better_bps, ~sides.is_taker)
        for nth, means in enumerate(self._copies):
            means.add(sides.wallet, of.copy_edge_bps[:, nth], opens & sides.is_taker)

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
        self._total = np.zeros(n_wallets)

    def add(self, wallet: Ids, values: Floats, counts: Flags) -> None:
        """Add the values that count."""
        n = len(self.count)
        self.count += np.bincount(wallet[counts], minlength=n)
        self._total += np.bincount(wallet[counts], values[counts], n)

    def of_wallets(self) -> Floats:
        """Return the means, NaN of none."""
        mean = np.full(len(self.count), np.nan)
        np.divide(self._total, self.count, out=mean, where=self.count > 0)
        return mean
