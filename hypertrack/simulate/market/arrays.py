"""What the market yields: columns of trades, quotes and EVM activity over a stretch of time."""

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Ids = NDArray[np.int32]
CoinIds = NDArray[np.int16]
Signs = NDArray[np.int8]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


DTYPES: dict[object, type[np.generic]] = {
    Ints: np.int64,
    Ids: np.int32,
    CoinIds: np.int16,
    Signs: np.int8,
    Floats: np.float64,
    Flags: np.bool_,
}
"""The element type that each annotation of a column means; NumPy's own form of it varies."""


def clipped(values: NDArray[Any], low: ArrayLike, high: ArrayLike) -> NDArray[Any]:
    """Return values within bounds; `np.clip` takes four times as long for the few of a minute."""
    within: NDArray[Any] = np.minimum(np.maximum(values, low), high)
    return within


_MOST_SHORT = 2**16 - 1


def stable_order(keys: Ints, n_keys: int) -> Ints:
    """Return the rows by keys from 0 to below ``n_keys``, those of one key in their order."""
    few = n_keys <= _MOST_SHORT
    order: Ints = (keys.astype(np.uint16) if few else keys).argsort(kind="stable")  # radix sort
    return order


def one_key(*columns: NDArray[Any]) -> Ints:
    """Return a number for each row, in the order of the columns of whole numbers or flags.

    It is sorted in a fraction of the time of rows; those of a window fit into its 63 bits.
    """
    key: Ints = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        values = column.astype(np.int64)
        low = values.min(initial=0)
        key = key * (int(values.max(initial=0)) - low + 1) + (values - low)
    return key


@dataclass(frozen=True)
class Columns:
    """Arrays of one length, a row of each being one thing."""

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the columns' names."""
        return tuple(cls.__dataclass_fields__)

    def __len__(self) -> int:
        return len(next(iter(self.__dict__.values())))

    def take(self, rows: NDArray[np.int64] | Flags | slice) -> Self:
        """Return the rows chosen by indices, a mask or a slice."""
        if not isinstance(rows, slice) and rows.dtype == np.bool_:
            rows = rows.nonzero()[0]  # once, not for every column
        return self._made({name: values[rows] for name, values in self.__dict__.items()})

    def with_columns(self, **changed: NDArray[Any]) -> Self:
        """Return the same with other values in some columns."""
        return self._made(self.__dict__ | changed)

    @classmethod
    def none(cls) -> Self:
        """Return zero rows."""
        return cls(*(np.empty(0, dtype=DTYPES[field.type]) for field in fields(cls)))

    @classmethod
    def join(cls, parts: list[Self]) -> Self:
        """Return the parts one after another; needs at least one. A single one is itself."""
        some = [part.__dict__ for part in parts if len(part)]
        if len(some) <= 1:
            return cls._made(dict(some[0] if some else parts[0].__dict__))
        return cls._made({n: np.concatenate([part[n] for part in some]) for n in some[0]})

    @classmethod
    def _made(cls, columns: dict[str, NDArray[Any]]) -> Self:
        """Return columns without the checks of `__init__`: minutes take thousands of rows' sets."""
        made = cls.__new__(cls)
        made.__dict__.update(columns)
        return made


@dataclass(frozen=True)
class TradeArrays(Columns):
    """Trades by time; those of one taker order stand together, best price first."""

    time_ms: Ints
    """Time of the block."""
    coin: CoinIds
    """Index into the market's coins."""
    price: Floats
    size: Floats
    """Coins, at the coin's decimals."""
    is_buy: Flags
    """The taker bought."""
    trade_id: Ints
    """Unique, below 2^50."""
    buyer: Ids
    seller: Ids
    is_zero_hash: Flags
    """The taker's order is a TWAP slice."""
    order: Ints
    """Number of the taker's order, from which its hash follows; all its trades share it."""


@dataclass(frozen=True)
class FactArrays(Columns):
    """A row a trade, aligned with `TradeArrays`."""

    fair_price: Floats
    """Latent price behind the quotes at the trade: without what orders have moved."""
    impact: Floats
    """What orders have moved these quotes, in log price."""
    taker_edge_bps: Floats
    """What the taker's foresight gains on average from the trade on, over its horizon."""
    maker_edge_bps: Floats
    """The same of the maker, from when the price has met its order."""
    selection_bps: Floats
    """What the price does for the maker because of who met it and when: it goes through the order
    that it meets, and on as the taker foresees."""
    taker_horizon_ms: Floats
    """Time over which the taker chose its side, as far as prices are foreseen; 0 for exits and
    hedges."""
    maker_horizon_ms: Floats
    """The same of a limit order; 0 for market makers too."""
    taker_move_bps: Floats
    """What the price does over the taker's horizon, beyond its coin's trend; 0 without one."""
    maker_move_bps: Floats
    copy_edge_bps: Floats
    """What is left for one who copies the taker late, as taker on both legs, after fees and
    spread, before what orders move; ``[trades, delays]``."""


@dataclass(frozen=True)
class QuoteArrays(Columns):
    """Best bids and offers by time, one row for each block that changed a coin's."""

    time_ms: Ints
    coin: CoinIds
    bid: Floats
    ask: Floats
    bid_size: Floats
    ask_size: Floats


@dataclass(frozen=True)
class CandleArrays(Columns):
    """Candles of a minute."""

    start_ms: Ints
    coin: CoinIds
    open: Floats
    close: Floats
    high: Floats
    low: Floats
    volume: Floats
    """Coins."""
    count: Ints
    """Trades."""


@dataclass(frozen=True)
class EvmBlockArrays(Columns):
    """Blocks of the EVM chain by number."""

    number: Ints
    time_ms: Ints


@dataclass(frozen=True)
class EvmTransactionArrays(Columns):
    """EVM transactions in order of execution."""

    block: Ints
    """Number of the block."""
    time_ms: Ints
    sender: Ids
    """Index into the market's wallets."""
    receiver: Ids
    """Index into the market's wallets, or ``len(wallets) + token`` for a token's contract."""
    value_hype: Floats
    has_input: Flags
    nonce: Ints
    """Count of the sender's earlier transactions."""
    token: CoinIds
    """Token of the ERC-20 transfer it makes; -1 for none."""
    transfer_to: Ids
    """Wallet that receives the tokens; -1 for none."""
    amount: Floats
    """Tokens transferred, whole ones and at most 6 decimals; 0 for none."""


@dataclass(frozen=True)
class EvmArrays:
    """What happened on the EVM chain."""

    blocks: EvmBlockArrays
    transactions: EvmTransactionArrays


@dataclass(frozen=True)
class HourArrays(Columns):
    """Full hours by time."""

    time_ms: Ints
    prices: Floats
    """Fair prices then, ``[hours, coins]``."""


@dataclass(frozen=True)
class Chunk:
    """A contiguous stretch of exchange time, ``start_ms`` included, ``end_ms`` not."""

    start_ms: int
    end_ms: int
    trades: TradeArrays
    quotes: QuoteArrays
    evm: EvmArrays
    facts: FactArrays | None
    """None where they were not asked for."""
    end_prices: Floats
    """Fair prices at its end: latent, with what stays of orders' impact; ``[coins]``."""
    hours: HourArrays
    """Full hours after its start, up to its end."""
    impact: Floats | None = None
    """What orders have moved the quotes that come with each second of its minutes, in log price,
    ``[seconds, coins]``; comes with the facts."""

    def until(self, n_trades: int) -> "Chunk":
        """Return the chunk up to and with its ``n_trades``-th trade."""
        if len(self.trades) <= n_trades:
            return self
        trades = self.trades.take(slice(0, n_trades))
        end_ms = int(trades.time_ms[-1]) + 1
        quotes = self.quotes.take(self.quotes.time_ms < end_ms)
        blocks = self.evm.blocks.take(self.evm.blocks.time_ms < end_ms)
        transactions = self.evm.transactions.take(self.evm.transactions.time_ms < end_ms)
        facts = None if self.facts is None else self.facts.take(slice(0, n_trades))
        return replace(
            self,
            end_ms=end_ms,
            trades=trades,
            quotes=quotes,
            evm=EvmArrays(blocks, transactions),
            facts=facts,
            hours=self.hours.take(self.hours.time_ms < end_ms),
        )
