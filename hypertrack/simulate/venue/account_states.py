"""What wallets hold and are worth now, as the venue tells it."""

from typing import Any

from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.venue.account_ledger import USD_DECIMALS, Holding
from hypertrack.simulate.venue.account_values import SPOT, AccountValues, place_of
from hypertrack.simulate.venue.numbers import residual, rounded, wire_number

Json = dict[str, Any]

_PRICE_DECIMALS = 8
_MAINTENANCE = 0.5
"""Of the initial margin at the highest leverage: where a position is liquidated (venue docs)."""


def clearinghouse_state(values: AccountValues, dex: str) -> Json:
    """Return a wallet's perp positions on a dex, and its margin."""
    held = _held(values, dex)
    cash = values.cash_usd(dex)
    equity = cash + sum(_value_usd(values, coin, holding) for coin, holding in held)
    notional = sum(abs(_value_usd(values, coin, holding)) for coin, holding in held)
    margin = sum(_margin_usd(values, coin, holding) for coin, holding in held)
    summary = {
        "accountValue": residual(round(equity, USD_DECIMALS)),
        "totalNtlPos": rounded(notional, USD_DECIMALS),
        "totalRawUsd": residual(round(cash, USD_DECIMALS)),
        "totalMarginUsed": rounded(margin, USD_DECIMALS),
    }
    return {
        "marginSummary": summary,
        "crossMarginSummary": summary,
        "crossMaintenanceMarginUsed": rounded(margin * _MAINTENANCE, USD_DECIMALS),
        "withdrawable": rounded(max(equity - margin, 0.0), USD_DECIMALS),
        "assetPositions": [
            _asset_position(values, coin, holding, equity - margin * _MAINTENANCE)
            for coin, holding in held
        ],
        "time": values.now_ms,
    }


def spot_clearinghouse_state(values: AccountValues) -> Json:
    """Return a wallet's tokens."""
    if not values.flows and not values.account.fills:
        return {"balances": []}
    coins = values.account.coins
    pairs = [coin.name for coin in coins if coin.kind == "spot"]
    tokens = [
        _balance(coins[coin], pairs.index(coins[coin].name) + 1, holding)
        for coin, holding in _held(values, SPOT)
        if coins[coin].kind == "spot" and holding.units > 0
    ]
    cash = rounded(values.cash_usd(SPOT), _PRICE_DECIMALS)
    usdc = {"coin": "USDC", "token": 0, "total": cash, "hold": "0.0", "entryNtl": "0.0"}
    return {"balances": [usdc, *tokens]}


def _held(values: AccountValues, place: str) -> list[tuple[int, Holding]]:
    coins = values.account.coins
    return [
        (coin, holding)
        for coin, holding in sorted(values.account.holdings.items())
        if holding.units and place_of(coins[coin]) == place
    ]


def _value_usd(values: AccountValues, coin: int, holding: Holding) -> float:
    """Return what a position is worth; negative for a short."""
    return values.account.coins[coin].size_of(holding.units) * values.marks[coin]


def _margin_usd(values: AccountValues, coin: int, holding: Holding) -> float:
    value = abs(_value_usd(values, coin, holding))
    return value / values.account.coins[coin].max_leverage


def _balance(coin: Coin, token: int, holding: Holding) -> Json:
    size = coin.size_of(holding.units)
    return {
        "coin": coin.token,
        "token": token,
        "total": wire_number(size),
        "hold": "0.0",
        "entryNtl": rounded(size * holding.entry_price, _PRICE_DECIMALS),
    }


def _asset_position(values: AccountValues, at: int, holding: Holding, spare_usd: float) -> Json:
    """Return a position.

    Args:
        spare_usd: What the account may lose before it is liquidated.
    """
    coin, mark = values.account.coins[at], values.marks[at]
    size, value = coin.size_of(holding.units), abs(_value_usd(values, at, holding))
    gain = size * (mark - holding.entry_price)
    leverage: Json = {"type": "cross", "value": coin.max_leverage}
    return {
        "type": "oneWay",
        "position": {
            "coin": coin.name,
            "szi": wire_number(size),
            "leverage": leverage,
            "entryPx": rounded(holding.entry_price, _PRICE_DECIMALS),
            "positionValue": rounded(value, USD_DECIMALS),
            "unrealizedPnl": rounded(gain, USD_DECIMALS),
            "returnOnEquity": rounded(gain * coin.max_leverage / value, 10),
            "liquidationPx": _liquidation_price(coin, size, mark, spare_usd),
            "marginUsed": rounded(value / coin.max_leverage, USD_DECIMALS),
            "maxLeverage": coin.max_leverage,
            "cumFunding": {
                "allTime": rounded(holding.funding_usd, USD_DECIMALS),
                "sinceOpen": rounded(holding.funding_since_open_usd, USD_DECIMALS),
                "sinceChange": rounded(holding.funding_since_change_usd, USD_DECIMALS),
            },
        },
    }


def _liquidation_price(coin: Coin, size: float, mark: float, spare_usd: float) -> str | None:
    """Return the price at which the account's margin is used up, None where none can be.

    Source:
        Venue docs, "Liquidations": price - side * spare / size / (1 - l * side), with l the
        maintenance margin over the notional.
    """
    side = 1 if size > 0 else -1
    part = _MAINTENANCE / coin.max_leverage
    price = mark - side * spare_usd / abs(size) / (1 - part * side)
    return rounded(price, _PRICE_DECIMALS) if price > 0 else None
