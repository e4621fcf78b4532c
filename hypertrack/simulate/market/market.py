"""The simulated market: its coins, its wallets and their truth, and what happens, by chunks."""

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from hypertrack.config import SimulateSettings
from hypertrack.records import HOUR_MS, MINUTE_MS
from hypertrack.simulate.market.arrays import (
    Chunk,
    EvmArrays,
    EvmBlockArrays,
    EvmTransactionArrays,
    FactArrays,
    Floats,
    HourArrays,
    QuoteArrays,
    TradeArrays,
)
from hypertrack.simulate.market.dust import Dust, draw_dust
from hypertrack.simulate.market.evm_activity import EvmChain, build_tokens
from hypertrack.simulate.market.flow import Flow, Minute
from hypertrack.simulate.market.instruments import Coin, build_coins
from hypertrack.simulate.market.kinship import Kinship, tie
from hypertrack.simulate.market.latent_prices import LatentPrices
from hypertrack.simulate.market.past_fills import PastFillArrays
from hypertrack.simulate.market.past_prices import PastPrices
from hypertrack.simulate.market.past_trading import PastTrading
from hypertrack.simulate.market.population import build_population
from hypertrack.simulate.market.start_positions import (
    PositionArrays,
    StartPositions,
    draw_positions,
)
from hypertrack.simulate.market.start_tokens import draw_tokens
from hypertrack.simulate.market.tempo import Tempo, at_own_pace
from hypertrack.simulate.market.terms import TermArrays, draw_terms
from hypertrack.simulate.market.traps import lay_traps
from hypertrack.simulate.market.true_entries import TrueEntries
from hypertrack.simulate.market.truth import truth
from hypertrack.simulate.market.wallet_ledger import WalletLedger
from hypertrack.simulate.market.wallet_money import WalletMoney
from hypertrack.simulate.market.worlds import drift_per_ms, look_ahead_ms, with_skill

__all__ = [
    "START_MS",
    "Chunk",
    "Coin",
    "EvmArrays",
    "EvmBlockArrays",
    "EvmTransactionArrays",
    "Market",
    "QuoteArrays",
    "TradeArrays",
]

START_MS = 1_767_571_200_000
"""2026-01-05 00:00:00 UTC, a Monday: when simulated time begins by default."""

_CHUNK_TRADES = 50_000
_CHUNK_MINUTES = 10
_BURN_IN_MS = 30 * MINUTE_MS
"""Unseen time before the start, in which positions, orders and quotes come about."""


class Market:
    """A market that is the same for the same settings and start.

    Attributes:
        wallets: Their addresses; trades and EVM transactions name wallets by index.
        tokens: The ERC-20 contracts of the EVM chain.
    """

    def __init__(self, settings: SimulateSettings, start_ms: int = START_MS):
        self.settings = settings
        self.start_ms = start_ms // MINUTE_MS * MINUTE_MS
        seconds = max(round(settings.hours * HOUR_MS / 1000), 1)
        self.end_ms = self.start_ms + seconds * 1000
        self.coins = build_coins(settings.coins, settings.trades_per_second)
        self._drift_per_ms = drift_per_ms(settings.trend, self.coins)
        people = build_population(settings.wallets, self.coins, self._rng(1))
        people = with_skill(people, settings.skill, self.coins, self._rng(6))
        people = at_own_pace(people, settings.trades_per_second)
        middle_ms = (self.start_ms + self.end_ms) // 2
        self._traps = lay_traps(people, self.coins, settings.trend, middle_ms, self._rng(8))
        self._population = self._traps.people
        self.wallets = self._population.addresses
        self.tokens = build_tokens(self._rng(2))

    def chunks(self, *, with_facts: bool = False, overtime_ms: int = 0) -> Iterator[Chunk]:
        """Yield all that happens, in order, some minutes at a time.

        Each call starts over and yields the same.

        Args:
            with_facts: Find what a ledger needs, too; nothing else differs.
            overtime_ms: Go on past the end for so long, for whoever waits for a number of trades.
        """
        flow = self._flow()
        chain = EvmChain(self._population, self.tokens, self._rng(4))
        begin, minutes = self.start_ms, list[Minute]()
        last_ms = self.end_ms
        if overtime_ms:  # in whole minutes, so that candles are whole
            last_ms = -(-(self.end_ms + overtime_ms) // MINUTE_MS) * MINUTE_MS
        for start in range(self.start_ms, last_ms, MINUTE_MS):
            end = min(start + MINUTE_MS, last_ms)
            minutes.append(flow.minute(start, end, with_facts=with_facts))
            n_trades = sum(len(minute.trades) for minute in minutes)
            if end >= self.end_ms or len(minutes) == _CHUNK_MINUTES or n_trades > _CHUNK_TRADES:
                yield _joined(begin, end, minutes, chain.stretch(begin, end))
                begin, minutes = end, []

    @cached_property
    def past_prices(self) -> PastPrices:
        """What coins cost in the weeks before the start."""
        return PastPrices(self.coins, self.start_ms, self._rng(10))

    @property
    def start_positions(self) -> PositionArrays:
        """What wallets hold at the start, with what they paid for it on average."""
        return self._start.positions

    @cached_property
    def _start(self) -> StartPositions:
        perps = draw_positions(self._population, self.coins, self.past_prices, self._rng(7))
        tokens = draw_tokens(self._population, self.coins, self.past_prices, self._rng(14))
        return perps.and_more(tokens)

    def past_fills(self, wallet: int) -> PastFillArrays:
        """Return what a wallet traded before the start, by time; it explains its positions."""
        return self._past_trading.of_wallet(wallet)

    @cached_property
    def kinship(self) -> Kinship:
        """Who belongs together, as the venue knows it."""
        return tie(self._population, self._rng(12))

    @cached_property
    def money(self) -> WalletMoney:
        """What wallets brought in, took out and gave each other."""
        return WalletMoney(
            self._population,
            self.coins,
            self.start_positions,
            self.kinship,
            (self.start_ms, self.end_ms),
            lambda wallet: np.random.default_rng([self.settings.seed, 13, wallet]),
        )

    @cached_property
    def _past_trading(self) -> PastTrading:
        return PastTrading(
            self._population,
            self.coins,
            self.past_prices,
            self._start.openings,
            lambda wallet: np.random.default_rng([self.settings.seed, 11, wallet]),
        )

    @cached_property
    def terms(self) -> TermArrays:
        """On which terms wallets trade: their fees and builders."""
        return draw_terms(self._population, self._rng(21))

    @cached_property
    def dust(self) -> list[Dust]:
        """Spot balances below one step of the size that wallets come in with."""
        return draw_dust(len(self.wallets), self.coins, self.start_positions, self._rng(22))

    @cached_property
    def start_prices(self) -> Floats:
        """Fair prices when it begins, ``[coins]``."""
        prices = self._latent_prices()
        prices.extend(self.start_ms + MINUTE_MS)
        every = np.arange(len(self.coins), dtype=np.int16)
        return np.exp(prices.log_price(np.full(len(every), self.start_ms), every))

    def ledger(self, *, with_entries: bool = False) -> WalletLedger:
        """Return a ledger of nothing yet, to which the chunks with facts are to be added."""
        ledger = WalletLedger(self.coins, self.start_positions, self.start_prices, self.terms)
        if with_entries:
            ledger.entries = TrueEntries(self.coins, look_ahead_ms(self.settings.skill))
        return ledger

    def truth_of(self, ledger: WalletLedger) -> dict[str, np.ndarray]:
        """Return the truth over the chunks in a ledger: a column a fact, a row a wallet."""
        start = self.start_positions
        is_perp = np.array([coin.kind == "perp" for coin in self.coins])
        traps = self._traps.with_carried(start.take(is_perp[start.coin]))
        return truth(traps, self.coins, start, ledger, self.settings)

    @cached_property
    def truth(self) -> dict[str, np.ndarray]:
        """The truth over the whole market, which is played once for it."""
        ledger = self.ledger()
        for chunk in self.chunks(with_facts=True):
            ledger.add(chunk)
        return self.truth_of(ledger)

    def _flow(self) -> Flow:
        """Return the flow of trades, as it stands at the start."""
        settings = self.settings
        begin = self.start_ms - _BURN_IN_MS
        prices = self._latent_prices()
        tempo = Tempo(self._population, settings.trades_per_second, self.start_ms, self.end_ms)
        flow = Flow(settings, self._population, self.coins, prices, tempo, begin)
        for start in range(begin, self.start_ms, MINUTE_MS):
            flow.minute(start, start + MINUTE_MS, with_facts=False)
        flow.begin()
        return flow

    def _latent_prices(self) -> LatentPrices:
        return LatentPrices(
            self.coins,
            self.start_ms - _BURN_IN_MS,
            self._rng(5),
            look_ahead_ms=look_ahead_ms(self.settings.skill),
            drift_per_ms=self._drift_per_ms,
        )

    def _rng(self, stream: int) -> np.random.Generator:
        return np.random.default_rng([self.settings.seed, stream])


def _joined(start_ms: int, end_ms: int, minutes: list[Minute], evm: EvmArrays) -> Chunk:
    facts = [minute.facts for minute in minutes if minute.facts is not None]
    return Chunk(
        start_ms=start_ms,
        end_ms=end_ms,
        trades=TradeArrays.join([minute.trades for minute in minutes]),
        quotes=QuoteArrays.join([minute.quotes for minute in minutes]),
        evm=evm,
        facts=FactArrays.join(facts) if facts else None,
        end_prices=minutes[-1].prices,
        hours=_hours(start_ms, minutes),
        impact=np.concatenate([minute.impact for minute in minutes]) if facts else None,
    )


def _hours(start_ms: int, minutes: list[Minute]) -> HourArrays:
    """Return the full hours at which minutes end."""
    ends = start_ms + MINUTE_MS * np.arange(1, len(minutes) + 1)
    is_full = np.flatnonzero(ends % HOUR_MS == 0)
    prices = np.array([minutes[at].prices for at in is_full])
    return HourArrays(ends[is_full], prices.reshape(len(is_full), len(minutes[0].prices)))
