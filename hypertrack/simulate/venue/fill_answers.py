"""Fills as the venue tells them, and the pages they come in."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any
from zlib import crc32

from hypertrack.records import HOUR_MS, ZERO_HASH
from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.market.order_ids import (
    maker_order_id,
    taker_mark,
    taker_order_id,
)
from hypertrack.simulate.venue.account_ledger import (
    MAX_FILLS_BY_TIME,
    TOKEN_DECIMALS,
    USD_DECIMALS,
    OwnFill,
)
from hypertrack.simulate.venue.numbers import residual, rounded, wire_number

Json = dict[str, Any]

MAX_FILLS = 2_000
"""Of one answer."""


def told_fills(
    coins: Sequence[Coin],
    wallet: str,
    fills: Iterable[OwnFill],
    liquidations: Mapping[int, float],
) -> list[Json]:
    """Return fills as the venue tells them, in their order.

    Args:
        coins: Of the source.
        wallet: Whose they are.
        fills: To be told.
        liquidations: Price of those by which the venue closed a position, by the trades' ids.
            Of the other side's fills it tells nothing here.
    """
    return [
        _told(coins[fill.trade.coin], wallet, fill)
        | _liquidation(wallet, fill, liquidations.get(fill.trade.trade_id))
        for fill in fills
    ]


def fills_between(
    fills: Sequence[OwnFill], start_ms: int, end_ms: int, *, newest_first: bool
) -> list[OwnFill]:
    """Return the fills of a stretch, both ends included, of those that still exist."""
    latest = fills[-MAX_FILLS_BY_TIME:]
    chosen = [fill for fill in latest if start_ms <= fill.trade.time_ms <= end_ms]
    return chosen[::-1] if newest_first else chosen


def is_twap(fill: OwnFill) -> bool:
    """Return whether the fill is a slice of the wallet's own TWAP order."""
    trade = fill.trade
    return trade.is_taker and trade.hash == ZERO_HASH and not trade.is_dust


def aggregated(fills: Iterable[Json]) -> list[Json]:
    """Return fills with the parts of each taker order joined: at their mean price, as the first."""
    groups = groupby(fills, key=lambda fill: (fill["oid"], fill["time"], fill["coin"]))
    return [_joined(list(group)) for _, group in groups]


def twap_slices(fills: Iterable[Json]) -> list[Json]:
    """Return fills as slices of their TWAP orders."""
    return [{"fill": fill, "twapId": fill["twapId"]} for fill in fills]


def _told(coin: Coin, wallet: str, fill: OwnFill) -> Json:
    trade = fill.trade
    pays_token = coin.kind == "spot" and trade.units > 0
    built = {"builderFee": rounded(fill.builder_fee_usd, USD_DECIMALS)}
    return {
        "coin": coin.name,
        "px": wire_number(trade.price),
        "sz": wire_number(coin.size_of(abs(trade.units))),
        "side": "B" if trade.units > 0 else "A",
        "time": trade.time_ms,
        "startPosition": residual(coin.size_of(fill.before)),
        "dir": _direction(coin, fill),
        "closedPnl": rounded(fill.closed_pnl_usd, USD_DECIMALS),
        "hash": trade.hash,
        "oid": _order_id(coin, wallet, fill),
        "crossed": trade.is_taker,
        "fee": rounded(fill.fee, TOKEN_DECIMALS if pays_token else USD_DECIMALS),
        "tid": trade.trade_id,
        **(built if fill.builder_fee_usd else {}),
        "feeToken": coin.token if pays_token else "USDC",
        "twapId": _twap_id(coin, wallet, fill) if is_twap(fill) else None,
    }


def _direction(coin: Coin, fill: OwnFill) -> str:
    before, after = fill.before, fill.after
    if fill.trade.is_dust:
        return "Spot Dust Conversion"
    if coin.kind in ("spot", "outcome"):
        return "Buy" if fill.trade.units > 0 else "Sell"
    if before * after < 0:
        return "Long > Short" if before > 0 else "Short > Long"
    opens = abs(after) > abs(before)
    is_long = (after if opens else before) > 0
    return f"{'Open' if opens else 'Close'} {'Long' if is_long else 'Short'}"


def _liquidation(wallet: str, fill: OwnFill, price: float | None) -> Json:
    """Return what is told otherwise of a liquidation."""
    if price is None or not fill.trade.is_taker:
        return {}
    named = {"liquidatedUser": wallet, "markPx": wire_number(price), "method": "market"}
    side = "Long" if fill.before > 0 else "Short"
    return {"dir": f"Liquidated Cross {side}", "liquidation": named}


def _order_id(coin: Coin, wallet: str, fill: OwnFill) -> int:
    """Return the order's number: one for all parts of a taker order, which share their hash."""
    trade = fill.trade
    if not trade.is_taker:
        return maker_order_id(trade.time_ms, trade.trade_id)
    return taker_order_id(trade.time_ms, taker_mark(trade.hash, wallet, coin.name))


def _twap_id(coin: Coin, wallet: str, fill: OwnFill) -> int:
    """Return the number of the TWAP order: that of the wallet and coin in the same hour."""
    return crc32(f"{wallet} {coin.name} {fill.trade.time_ms // HOUR_MS}".encode()) % 2_000_000


def _joined(parts: list[Json]) -> Json:
    if len(parts) == 1 or not parts[0]["crossed"]:
        return parts[0]
    size = sum(float(part["sz"]) for part in parts)
    usd = sum(float(part["sz"]) * float(part["px"]) for part in parts)
    return {
        **parts[0],
        "px": rounded(usd / size, 8),
        "sz": rounded(size, 8),
        "closedPnl": rounded(sum(float(part["closedPnl"]) for part in parts), USD_DECIMALS),
        "fee": rounded(sum(float(part["fee"]) for part in parts), TOKEN_DECIMALS),
    }
