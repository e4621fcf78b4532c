"""Wallets of the simulated market: their past and their money, from the market's own truth."""

from collections.abc import Sequence

import numpy as np

from hypertrack.simulate.market.arrays import Floats, Ints
from hypertrack.simulate.market.cash_flows import CashFlow
from hypertrack.simulate.market.identifiers import hashes, trade_ids
from hypertrack.simulate.market.market import Market
from hypertrack.simulate.venue.trade_log import OwnTrade

_PAST_IDS = 2**45
"""Numbers of past trades begin here, far beyond those that the market gives out."""
_PAST_IDS_PER_WALLET = 2**20


class MarketRecords:
    """Answers from the market, wallet by wallet."""

    def __init__(self, market: Market):
        self._market = market
        self._numbers = {wallet: at for at, wallet in enumerate(market.wallets)}

    def knows(self, wallet: str) -> bool:
        """Return whether the wallet is one of the market's."""
        return wallet in self._numbers

    def past_trades(self, wallet: str) -> Sequence[OwnTrade]:
        """Return what a wallet traded before the market's start, oldest first."""
        at = self._numbers.get(wallet)
        if at is None:
            return ()
        fills = self._market.past_fills(at)
        numbers = _PAST_IDS + at * _PAST_IDS_PER_WALLET + np.arange(len(fills))
        columns = (
            fills.time_ms.tolist(),
            fills.coin.tolist(),
            fills.units.tolist(),
            fills.price.tolist(),
            fills.is_taker.tolist(),
            trade_ids(numbers).tolist(),
            hashes(numbers, self._market.settings.seed),
        )
        return [OwnTrade(*row) for row in zip(*columns, strict=True)]

    def flows(self, wallet: str) -> Sequence[CashFlow]:
        """Return all of a wallet's flows, oldest first."""
        at = self._numbers.get(wallet)
        if at is None:
            return ()
        past = self._market.past_fills(at)
        first = int(past.time_ms[0]) if len(past) else self._market.start_ms
        return (CashFlow(first - 3_600_000, "deposit", 100_000.0, "", wallet),)

    def past_prices(self) -> tuple[Ints, Floats]:
        """Return full hours up to the start and the coins' prices then, ``[hours, coins]``."""
        past = self._market.past_prices
        return past.hours_ms, past.prices
