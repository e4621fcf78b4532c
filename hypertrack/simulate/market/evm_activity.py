"""Activity on HyperEVM: transfers of HYPE and of tokens between wallets, calls of contracts."""

from dataclasses import dataclass

import numpy as np

from hypertrack.records import DAY_MS
from hypertrack.simulate.market.arrays import (
    EvmArrays,
    EvmBlockArrays,
    EvmTransactionArrays,
    Ids,
    Ints,
)
from hypertrack.simulate.market.identifiers import addresses
from hypertrack.simulate.market.population import Population

BLOCK_MS = 1_000
FIRST_BLOCK_MS = 1_740_000_000_000
"""Block numbers count from here."""

_TRANSFER_SHARE = 0.45
_TOKEN_SHARE = 0.40


@dataclass(frozen=True)
class Token:
    """An ERC-20 contract."""

    symbol: str
    decimals: int
    address: str
    typical_amount: float


_TOKENS = (
    ("WHYPE", 18, 5.0),
    ("USDT0", 6, 300.0),
    ("UBTC", 8, 0.004),
    ("UETH", 18, 0.1),
    ("feUSD", 18, 250.0),
    ("kHYPE", 18, 6.0),
    ("PURR", 18, 2_000.0),
    ("BUDDY", 6, 9_000.0),
)


def build_tokens(rng: np.random.Generator) -> tuple[Token, ...]:
    """Return the token contracts, at random addresses."""
    placed = zip(_TOKENS, addresses(len(_TOKENS), rng), strict=True)
    return tuple(Token(symbol, decimals, at, usual) for (symbol, decimals, usual), at in placed)


class EvmChain:
    """Blocks and transactions of one stretch after the other."""

    def __init__(self, population: Population, tokens: tuple[Token, ...], rng: np.random.Generator):
        self._rng = rng
        self._count = len(population)
        self._rates = np.cumsum(population.evm_per_day / DAY_MS)
        self._typical = np.array([token.typical_amount for token in tokens])
        self._nonce = rng.geometric(0.02, self._count).astype(np.int64)

    def stretch(self, start_ms: int, end_ms: int) -> EvmArrays:
        """Return what happens from start to end, both on whole seconds."""
        times = np.arange(start_ms, end_ms, BLOCK_MS, dtype=np.int64)
        blocks = EvmBlockArrays((times - FIRST_BLOCK_MS) // BLOCK_MS, times)
        count = self._rng.poisson(self._rates[-1] * (end_ms - start_ms))
        drawn = np.sort(self._rng.integers(0, len(blocks), count))
        return EvmArrays(blocks, self._transactions(blocks.take(drawn)))

    def _transactions(self, blocks: EvmBlockArrays) -> EvmTransactionArrays:
        rng, count = self._rng, len(blocks)
        sender = np.searchsorted(self._rates, rng.random(count) * self._rates[-1], side="right")
        other = self._others(sender)
        token = np.minimum(rng.exponential(1.6, count), len(self._typical) - 1).astype(np.int64)
        act = rng.random(count)
        is_plain = act < _TRANSFER_SHARE
        has_transfer = ~is_plain & (act < _TRANSFER_SHARE + _TOKEN_SHARE)
        amount = np.round(self._typical[token] * np.exp(1.5 * rng.standard_normal(count)), 6)
        value = np.round(np.exp(rng.normal(0.5, 1.6, count)), 6)
        return EvmTransactionArrays(
            block=blocks.number,
            time_ms=blocks.time_ms,
            sender=sender.astype(np.int32),
            receiver=np.where(is_plain, other, self._count + token).astype(np.int32),
            value_hype=np.where(is_plain, value, 0.0),
            has_input=~is_plain,
            nonce=self._next_nonces(sender),
            token=np.where(has_transfer, token, -1).astype(np.int16),
            transfer_to=np.where(has_transfer, other, -1).astype(np.int32),
            amount=np.where(has_transfer, np.maximum(amount, 1e-6), 0.0),
        )

    def _others(self, sender: Ints) -> Ids:
        """Return somebody else for each wallet, few of them for most of the transfers."""
        away = 1 + (self._rng.random(len(sender)) ** 3 * (self._count - 1)).astype(np.int64)
        return ((sender + away) % self._count).astype(np.int32)

    def _next_nonces(self, sender: Ints) -> Ints:
        """Return each transaction's nonce and count it."""
        order = np.argsort(sender, kind="stable")
        ranked = sender[order]
        nth = np.empty(len(sender), dtype=np.int64)
        nth[order] = np.arange(len(sender)) - np.searchsorted(ranked, ranked)
        nonces: Ints = self._nonce[sender] + nth
        np.add.at(self._nonce, sender, 1)
        return nonces
