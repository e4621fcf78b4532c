"""What the venue tells of a wallet: its fills and what follows from them.

A wallet is known from the trades in the log alone. Its positions are those it built in them,
from nothing, and its account began with a deposit that is the same for everybody.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hypertrack.config import FeeSettings
from hypertrack.records import DAY_MS, ZERO_HASH
from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.venue.numbers import rounded, wire_number
from hypertrack.simulate.venue.state import VenueState, WireTrade, trades_in

Json = dict[str, Any]

DEPOSIT_USD = 10_000.0
MAX_FILLS = 2_000
MAX_FILLS_BY_TIME = 10_000
"""Only so many of a wallet's latest fills can be asked for."""

_WINDOWS = {"day": DAY_MS, "week": 7 * DAY_MS, "month": 30 * DAY_MS, "allTime": 2**62}
_FEES = FeeSettings()


@dataclass
class Position:
    """What a wallet holds of a coin."""

    coin: Coin
    size: float = 0.0
    entry_price: float = 0.0

    def trade(self, signed: float, price: float) -> float:
        """Change the position and return the realized PnL."""
        if self.size * signed >= 0:
            total = self.size + signed
            self.entry_price = (self.entry_price * self.size + price * signed) / total
            self.size = round(total, 9)
            return 0.0
        closed = min(abs(signed), abs(self.size))
        realized = closed * (price - self.entry_price) * (1 if self.size > 0 else -1)
        left = round(self.size + signed, 9)
        if left * self.size < 0:
            self.entry_price = price
        self.size = left
        return realized


@dataclass
class Account:
    """A wallet as its fills in the log show it."""

    fills: list[Json] = field(default_factory=list)
    """Oldest first."""
    positions: dict[str, Position] = field(default_factory=dict)
    pnl_usd: list[tuple[int, float]] = field(default_factory=list)
    """Realized PnL after fees, running, by time."""
    volume_usd: list[tuple[int, float]] = field(default_factory=list)
    """Notional of each fill."""


def account(state: VenueState, wallet: str) -> Account:
    """Return what the log knows of a wallet."""
    found = Account()
    for trade in trades_of(state, wallet):
        for is_buyer in (True, False):
            if trade.users[0 if is_buyer else 1] == wallet:
                _add_fill(found, state.coins[trade.coin].coin, trade, is_buyer)
    return found


def trades_of(state: VenueState, wallet: str) -> Iterator[WireTrade]:
    """Yield a wallet's trades in the log, oldest first."""
    needle = wallet.encode()
    for data in state.trade_log:
        if needle in data:
            yield from (trade for trade in trades_in(data) if wallet in trade.users)


def fills_between(
    fills: list[Json], start_ms: int, end_ms: int, *, newest_first: bool
) -> list[Json]:
    """Return the first fills of a stretch, both ends included, within the venue's limits."""
    latest = fills[-MAX_FILLS_BY_TIME:]
    chosen = [fill for fill in latest if start_ms <= fill["time"] <= end_ms]
    return (chosen[::-1] if newest_first else chosen)[:MAX_FILLS]


def clearinghouse_state(state: VenueState, wallet: str, dex: str, now_ms: int) -> Json:
    """Return a wallet's perp positions on a dex, and its margin."""
    found = account(state, wallet)
    held = [p for p in found.positions.values() if p.size and _is_on(p.coin, dex)]
    entries = [_asset_position(state, position) for position in held]
    value = sum(abs(p.size) * _mark(state, p) for p in held)
    margin = sum(abs(p.size) * _mark(state, p) / p.coin.max_leverage for p in held)
    equity = DEPOSIT_USD if found.fills else 0.0
    equity += found.pnl_usd[-1][1] if found.pnl_usd else 0.0
    equity += sum(p.size * (_mark(state, p) - p.entry_price) for p in held)
    summary = {
        "accountValue": rounded(equity, 6),
        "totalNtlPos": rounded(value, 6),
        "totalRawUsd": rounded(equity - sum(p.size * _mark(state, p) for p in held), 6),
        "totalMarginUsed": rounded(margin, 6),
    }
    return {
        "marginSummary": summary,
        "crossMarginSummary": summary,
        "crossMaintenanceMarginUsed": rounded(margin / 2, 6),
        "withdrawable": rounded(max(equity - margin, 0.0), 6),
        "assetPositions": entries,
        "time": now_ms,
    }


def spot_clearinghouse_state(state: VenueState, wallet: str) -> Json:
    """Return a wallet's tokens."""
    held = [p for p in account(state, wallet).positions.values() if p.coin.kind == "spot"]
    spot = [c.coin.name for c in state.coins.values() if c.coin.kind == "spot"]
    balances = [
        {
            "coin": position.coin.token,
            "token": spot.index(position.coin.name) + 1,
            "total": rounded(position.size, 8),
            "hold": "0.0",
            "entryNtl": rounded(position.size * position.entry_price, 8),
        }
        for position in held
        if position.size > 0
    ]
    return {"balances": balances}


def portfolio(state: VenueState, wallet: str, now_ms: int) -> list[list[Any]]:
    """Return the wallet's history by window; the venue's perps and spot are not told apart."""
    found = account(state, wallet)
    windows = {name: _window(found, now_ms - span) for name, span in _WINDOWS.items()}
    perp = {f"perp{name[0].upper()}{name[1:]}": window for name, window in windows.items()}
    return [[name, window] for name, window in {**windows, **perp}.items()]


def user_role(state: VenueState, wallet: str) -> Json:
    """Return whether the venue knows a wallet."""
    return {"role": "missing" if next(trades_of(state, wallet), None) is None else "user"}


def _add_fill(found: Account, coin: Coin, trade: WireTrade, is_buyer: bool) -> None:
    price, size = float(trade.px), float(trade.sz)
    signed = size if is_buyer else -size
    position = found.positions.setdefault(coin.name, Position(coin))
    before = position.size
    pnl = position.trade(signed, price)
    is_taker = is_buyer == trade.is_buy
    fee = price * size * _fee_bps(coin, is_taker) / 1e4
    total = (found.pnl_usd[-1][1] if found.pnl_usd else 0.0) + pnl - fee
    found.pnl_usd.append((trade.time, total))
    found.volume_usd.append((trade.time, price * size))
    found.fills.append(
        {
            "coin": coin.name,
            "px": trade.px,
            "sz": trade.sz,
            "side": "B" if is_buyer else "A",
            "time": trade.time,
            "startPosition": wire_number(before),
            "dir": _direction(coin, before, position.size, is_buyer),
            "closedPnl": rounded(pnl, 6),
            "hash": trade.hash,
            "oid": trade.tid % 2**40 + is_taker,
            "crossed": is_taker,
            "fee": rounded(fee, 6),
            "tid": trade.tid,
            "feeToken": "USDC",
            "twapId": trade.tid % 10**6 if is_taker and trade.hash == ZERO_HASH else None,
        }
    )


def _direction(coin: Coin, before: float, after: float, is_buyer: bool) -> str:
    if coin.kind == "spot":
        return "Buy" if is_buyer else "Sell"
    if before * after < 0:
        return "Long > Short" if before > 0 else "Short > Long"
    opens = abs(after) > abs(before)
    is_long = (after if opens else before) > 0
    return f"{'Open' if opens else 'Close'} {'Long' if is_long else 'Short'}"


def _fee_bps(coin: Coin, is_taker: bool) -> float:
    if coin.kind == "spot":
        return _FEES.spot_taker_bps if is_taker else _FEES.spot_maker_bps
    bps = _FEES.perp_taker_bps if is_taker else _FEES.perp_maker_bps
    return bps * (_FEES.hip3_multiplier if coin.kind == "hip3" else 1.0)


def _is_on(coin: Coin, dex: str) -> bool:
    return coin.name.startswith(f"{dex}:") if dex else coin.kind == "perp"


def _mark(state: VenueState, position: Position) -> float:
    mid = state.coins[position.coin.name].mid_price()
    return position.entry_price if mid is None else mid


def _asset_position(state: VenueState, position: Position) -> Json:
    mark, leverage = _mark(state, position), position.coin.max_leverage
    value, gain = abs(position.size) * mark, position.size * (mark - position.entry_price)
    return {
        "type": "oneWay",
        "position": {
            "coin": position.coin.name,
            "szi": wire_number(position.size),
            "leverage": {"type": "cross", "value": leverage},
            "entryPx": rounded(position.entry_price, 8),
            "positionValue": rounded(value, 6),
            "unrealizedPnl": rounded(gain, 6),
            "returnOnEquity": rounded(gain * leverage / value, 10),
            "liquidationPx": None,
            "marginUsed": rounded(value / leverage, 6),
            "maxLeverage": leverage,
            "cumFunding": {"allTime": "0.0", "sinceOpen": "0.0", "sinceChange": "0.0"},
        },
    }


def _window(found: Account, since_ms: int) -> Json:
    return {
        "accountValueHistory": _history(found.pnl_usd, since_ms, lambda pnl: DEPOSIT_USD + pnl),
        "pnlHistory": _history(found.pnl_usd, since_ms, lambda pnl: pnl),
        "vlm": rounded(sum(usd for time_ms, usd in found.volume_usd if time_ms >= since_ms), 6),
    }


def _history(
    points: list[tuple[int, float]], since_ms: int, of: Callable[[float], float]
) -> list[list[Any]]:
    """Return at most 100 points of a running value, evenly chosen, the last included."""
    chosen = [point for point in points if point[0] >= since_ms]
    stride = -(-len(chosen) // 100) or 1
    return [[time_ms, rounded(of(value), 6)] for time_ms, value in chosen[::-stride][::-1]]
