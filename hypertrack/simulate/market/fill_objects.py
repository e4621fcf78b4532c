"""Fills as the venue's nodes write them: each wallet's part of a trade, with what its account says.

Source: fills of the venue's node archives (protocol, sections 3 and 6); the names are the venue's.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from hypertrack.simulate.market.arrays import Flags, Floats, Ints, TradeArrays
from hypertrack.simulate.market.holdings import WalletFillArrays
from hypertrack.simulate.market.identifiers import hashes, order_hashes
from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.market.liquidations import Liquidations
from hypertrack.simulate.market.order_ids import (
    maker_order_id,
    taker_mark,
    taker_order_id,
)
from hypertrack.simulate.market.terms import FeeSchedule, TermArrays
from hypertrack.simulate.market.text_columns import number_texts

T = TypeVar("T")

FIRST_ORDER_ID = 250_000_000_000
"""Of what the venue does by itself: before all orders of wallets."""
_TWAP_GAP_MS = 120_000
"""Slices come every 30 s; after this long the next one is of another TWAP."""
_FIRST_TWAP_ID = 1_500_000

_USD_DECIMALS = 6
_TOKEN_DECIMALS = 10
_OWN_ID_SALT = 3_000_017


class FillObjects:
    """Writes fills as JSON; each chunk goes on where the one before ended.

    Args:
        coins: Of the market.
        wallets: Their addresses.
        terms: On which each trades.
        seed: Of the market, which tells its hashes from another's.
    """

    def __init__(
        self, coins: tuple[Coin, ...], wallets: Sequence[str], terms: TermArrays, seed: int
    ):
        self._names = [coin.name for coin in coins]
        self._tokens = [coin.token for coin in coins]
        self._scale = 10.0 ** np.array([coin.size_decimals for coin in coins])
        self._is_spot = np.array([coin.kind == "spot" for coin in coins])
        self._liquidations = Liquidations(coins)
        self._wallets = wallets
        self._numbers_orders = terms.numbers_orders
        self._schedule = FeeSchedule(terms, coins)
        self._seed = seed
        self._twaps = _TwapIds()

    def texts(self, trades: TradeArrays, fills: WalletFillArrays) -> list[str]:
        """Return ``["0x…",{…}]`` for each fill of the trades."""
        digests = order_hashes(trades.order, trades.is_zero_hash, self._seed)
        taker_marks = self._taker_marks(trades, fills, digests)
        is_liquidated = self._liquidations.among(trades, fills)
        order_ids = _order_ids(trades, taker_marks)
        marks = self._own_ids(fills, order_ids)
        self._mark_liquidations(trades, fills, is_liquidated, marks)
        rows = zip(
            fills.wallet.tolist(),
            _twice(self._matches(trades)),
            np.where(fills.is_buy, "B", "A").tolist(),
            _twice(trades.time_ms.tolist()),
            number_texts(fills.before / self._scale[fills.coin]),
            self._dirs(fills, is_liquidated),
            number_texts(_rounded(fills.closed_usd, _USD_DECIMALS)),
            _twice(digests),
            order_ids.tolist(),
            np.where(fills.is_taker, "true", "false").tolist(),
            self._fees(trades, fills),
            _twice(trades.trade_id.tolist()),
            marks,
            self._fee_tokens(fills),
            self._twap_ids(trades, fills),
            strict=True,
        )
        wallets = self._wallets
        return [
            f'["{wallets[user]}",{{{match},"side":"{side}","time":{time},'
            f'"startPosition":"{start}","dir":"{way}","closedPnl":"{closed}","hash":"{digest}",'
            f'"oid":{order},"crossed":{taker},{fees},"tid":{trade},{mark}'
            f'"feeToken":"{token}","twapId":{twap}}}]'
            for (user, match, side, time, start, way, closed, digest, order, taker, *rest) in rows
            for fees, trade, mark, token, twap in (rest,)
        ]

    def _matches(self, trades: TradeArrays) -> Iterator[str]:
        """Yield what both fills of a trade say alike of it."""
        rows = zip(
            trades.coin.tolist(),
            number_texts(trades.price),
            number_texts(trades.size),
            strict=True,
        )
        names = self._names
        return (f'"coin":"{names[coin]}","px":"{px}","sz":"{sz}"' for coin, px, sz in rows)

    def _fees(self, trades: TradeArrays, fills: WalletFillArrays) -> list[str]:
        """Return the fields of each fee: who buys spot pays in what is bought."""
        size = trades.size[fills.trade]
        usd = trades.price[fills.trade] * size
        bps = self._schedule.bps(fills.wallet, fills.coin, fills.is_taker, fills.is_buy)
        paid = _rounded(usd * bps / 1e4, _USD_DECIMALS)
        in_token = self._in_token(fills)
        paid[in_token] = _rounded((size * bps)[in_token] / 1e4, _TOKEN_DECIMALS)
        built = usd * self._schedule.builder_bps(fills.wallet, fills.coin, fills.is_buy) / 1e4
        builder = _rounded(built, _USD_DECIMALS)
        fields = [f'"fee":"{text}"' for text in number_texts(paid)]
        shared = np.flatnonzero(builder)
        for at, text in zip(shared.tolist(), number_texts(builder[shared]), strict=True):
            fields[at] += f',"builderFee":"{text}"'
        return fields

    def _fee_tokens(self, fills: WalletFillArrays) -> list[str]:
        coins = zip(fills.coin.tolist(), self._in_token(fills).tolist(), strict=True)
        return [self._tokens[coin] if is_paid else "USDC" for coin, is_paid in coins]

    def _in_token(self, fills: WalletFillArrays) -> Flags:
        is_paid: Flags = self._is_spot[fills.coin] & fills.is_buy
        return is_paid

    def _dirs(self, fills: WalletFillArrays, is_liquidated: Flags) -> list[str]:
        """Return what each fill did to its position."""
        before, after = fills.before, fills.after
        was_long, is_spot = before > 0, self._is_spot[fills.coin]
        opens = np.abs(after) > np.abs(before)
        side = np.where(np.where(opens, after, before) > 0, " Long", " Short").astype(object)
        dirs = np.where(opens, "Open", "Close").astype(object) + side
        flips = before * after < 0
        dirs[flips] = np.where(was_long, "Long > Short", "Short > Long")[flips]
        dirs[is_spot] = np.where(fills.is_buy, "Buy", "Sell")[is_spot]
        at = 2 * np.flatnonzero(is_liquidated)
        dirs[at] = "Liquidated Cross" + side[at]
        texts: list[str] = dirs.tolist()
        return texts

    def _mark_liquidations(
        self,
        trades: TradeArrays,
        fills: WalletFillArrays,
        is_liquidated: Flags,
        marks: list[str],
    ) -> None:
        """Tell both fills of a liquidation; the venue's own order carries no other id."""
        at = np.flatnonzero(is_liquidated)
        prices = number_texts(trades.price[np.searchsorted(trades.order, trades.order[at])])
        for row, mark in zip(at.tolist(), prices, strict=True):
            wallet = self._wallets[fills.wallet[2 * row]]
            field = f'"liquidation":{{"liquidatedUser":"{wallet}","markPx":"{mark}",'
            marks[2 * row] = field + '"method":"market"},'
            marks[2 * row + 1] += marks[2 * row]

    def _taker_marks(
        self, trades: TradeArrays, fills: WalletFillArrays, digests: Sequence[str]
    ) -> Ints:
        takers = [self._wallets[wallet] for wallet in fills.wallet[::2].tolist()]
        coins = [self._names[coin] for coin in trades.coin.tolist()]
        return np.array(list(map(taker_mark, digests, takers, coins)), dtype=np.int64)

    def _own_ids(self, fills: WalletFillArrays, order_ids: Ints) -> list[str]:
        """Return the field of the wallet's own order id, empty where it gives none."""
        fields = [""] * len(fills)
        rows = np.flatnonzero(self._numbers_orders[fills.wallet])
        texts = hashes(order_ids[rows], self._seed + _OWN_ID_SALT)
        for at, text in zip(rows.tolist(), texts, strict=True):
            fields[at] = f'"cloid":"{text[:34]}",'
        return fields

    def _twap_ids(self, trades: TradeArrays, fills: WalletFillArrays) -> list[str]:
        ids = ["null"] * len(fills)
        for at in np.flatnonzero(trades.is_zero_hash).tolist():
            taker = (int(fills.wallet[2 * at]), int(trades.coin[at]), bool(trades.is_buy[at]))
            ids[2 * at] = str(self._twaps.of(taker, int(trades.time_ms[at])))
        return ids


class _TwapIds:
    """Numbers TWAPs: slices of one wallet, coin and side without a long pause."""

    def __init__(self) -> None:
        self._last: dict[tuple[int, int, bool], tuple[int, int]] = {}
        self._next = _FIRST_TWAP_ID

    def of(self, taker: tuple[int, int, bool], time_ms: int) -> int:
        """Return the number of the TWAP that a slice is part of."""
        number, last_ms = self._last.get(taker, (0, time_ms))
        if not number or time_ms - last_ms > _TWAP_GAP_MS:
            number, self._next = self._next, self._next + 1
        self._last[taker] = (number, time_ms)
        return number


def _order_ids(trades: TradeArrays, taker_marks: Ints) -> Ints:
    """Return the order of each fill."""
    taken = taker_order_id(trades.time_ms, taker_marks)
    made = maker_order_id(trades.time_ms, trades.trade_id)
    return np.stack([taken, made], axis=1).ravel()


def _rounded(values: Floats, decimals: int) -> Floats:
    """Return rounded values, without a zero below nothing."""
    rounded: Floats = np.round(values, decimals) + 0.0
    return rounded


def _twice(values: Iterable[T]) -> list[T]:
    return [value for value in values for _ in range(2)]
