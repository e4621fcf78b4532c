"""The lists of what is traded, and what each thing is worth: meta, contexts, mids."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from hypertrack.records import HOUR_MS
from hypertrack.simulate.market.funding import RATE_DECIMALS, premiums, rate_of
from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.venue.numbers import price_text, rounded, wire_number
from hypertrack.simulate.venue.state import CoinState, VenueState

Json = dict[str, Any]

_OPEN_INTEREST_DAYS = 0.25
"""Open interest over a day's volume."""


def coins_of_dex(state: VenueState, dex: str) -> list[CoinState]:
    """Return the perps of a builder's dex, or of the venue's own where ``dex`` is empty."""
    if not dex:
        return [c for c in _listed(state) if c.coin.kind == "perp"]
    return [c for c in _listed(state) if c.coin.name.startswith(f"{dex}:")]


def spot_coins(state: VenueState) -> list[CoinState]:
    """Return the spot pairs."""
    return [c for c in _listed(state) if c.coin.kind == "spot"]


def meta(state: VenueState, dex: str = "") -> Json:
    """Return the universe of a dex; a coin's position in it is its asset id."""
    leverages = sorted({c.coin.max_leverage for c in coins_of_dex(state, dex)})
    return {
        "universe": [_perp(c.coin) for c in coins_of_dex(state, dex)],
        "marginTables": [[leverage, _margin_table(leverage)] for leverage in leverages],
        "collateralToken": 0,
    }


def perp_dexes(state: VenueState) -> list[Json | None]:
    """Return the venue's own dex, as null, and the builders'."""
    return [None, *(_dex(state, name) for name in state.dexes)]


def spot_meta(state: VenueState) -> Json:
    """Return spot pairs and tokens; a token's index is its position."""
    coins = [c.coin for c in spot_coins(state)]
    tokens = [_token(at + 1, coin.token, coin.size_decimals) for at, coin in enumerate(coins)]
    return {
        "universe": [_pair(coin, at + 1) for at, coin in enumerate(coins)],
        "tokens": [_token(0, "USDC", 8), *tokens],
    }


def outcome_meta(state: VenueState) -> Json:
    """Return outcome markets; both sides of one share its number (``#`` ten times it, plus side).

    Source: protocol, section 5.
    """
    names = [c.coin.name for c in _listed(state) if c.coin.kind == "outcome"]
    numbers = sorted({int(name[1:]) // 10 for name in names})
    sides = [{"name": "Yes"}, {"name": "No"}]
    return {
        "outcomes": [
            {"outcome": number, "name": f"Outcome {number}", "description": "", "sideSpecs": sides}
            for number in numbers
        ],
        "questions": [],
    }


def mids(state: VenueState, dex: str | None = None) -> dict[str, str]:
    """Return mid prices, or last ones where the book is empty.

    Args:
        dex: A builder's; without one, the venue's own perps and all spot pairs.
    """
    own = [*coins_of_dex(state, ""), *spot_coins(state)]
    chosen = coins_of_dex(state, dex) if dex else own
    found = {c.coin.name: mid_or_last(state, c) for c in chosen}
    return {name: mid for name, mid in found.items() if mid is not None}


def mid_or_last(state: VenueState, coin: CoinState) -> str | None:
    """Return the coin's mid price, or its last price where the book is empty."""
    mid = coin.mid_price()
    return state.candles.last_close(coin.coin.name) if mid is None else wire_number(round(mid, 10))


def context(state: VenueState, coin: CoinState, now_ms: int) -> Json:
    """Return the coin's ``ctx``, for perps or for spot."""
    mid = coin.mid_price()
    mark = mid_or_last(state, coin) or wire_number(coin.coin.price_usd)
    usd, coins = state.day_volume(coin, now_ms)
    common = {
        "prevDayPx": wire_number(coin.coin.price_usd),
        "dayNtlVlm": rounded(usd, 10),
        "markPx": mark,
        "midPx": None if mid is None else wire_number(round(mid, 10)),
        "dayBaseVlm": rounded(coins, 8),
    }
    if coin.coin.kind == "spot":
        return {**common, **_supply(coin.coin)}
    return {**common, **_perp_context(state, coin, mid, now_ms)}


def contexts(state: VenueState, coins: Sequence[CoinState], now_ms: int) -> list[Json]:
    """Return the coins' contexts, in their order."""
    return [context(state, coin, now_ms) for coin in coins]


def _listed(state: VenueState) -> list[CoinState]:
    return [coin for name, coin in state.coins.items() if name != state.unlisted]


def _perp_context(state: VenueState, coin: CoinState, mid: float | None, now_ms: int) -> Json:
    """Return what only perps have; the rate is the one that falls due at the next full hour."""
    oracle = float(state.candles.last_close(coin.coin.name) or coin.coin.price_usd)
    hour = np.array([(now_ms // HOUR_MS + 1) * HOUR_MS])
    premium = premiums(hour, np.array([state.coin_ids[coin.coin.name]]))
    bid, ask = coin.book.best()
    interest = _OPEN_INTEREST_DAYS * coin.coin.day_volume_usd / coin.coin.price_usd
    return {
        "funding": rounded(float(rate_of(premium)[0]), RATE_DECIMALS),
        "openInterest": rounded(interest, coin.coin.size_decimals),
        "premium": None if mid is None else rounded(float(premium[0]), 10),
        "oraclePx": price_text(oracle, coin.coin.max_price_decimals),
        "impactPxs": None if bid is None or ask is None else [bid.px, ask.px],
    }


def _perp(coin: Coin) -> Json:
    entry: Json = {
        "szDecimals": coin.size_decimals,
        "name": coin.name,
        "maxLeverage": coin.max_leverage,
        "marginTableId": coin.max_leverage,
    }
    if coin.kind == "hip3":
        entry |= {"onlyIsolated": True, "marginMode": "strictIsolated"}
    return entry


def _margin_table(leverage: int) -> Json:
    tier = {"lowerBound": "0.0", "maxLeverage": leverage}
    return {"description": "", "marginTiers": [tier]}


def _dex(state: VenueState, name: str) -> Json:
    address = "0x" + name.encode().hex().rjust(40, "0")
    caps = [[c.coin.name, "100000000.0"] for c in coins_of_dex(state, name)]
    return {
        "name": name,
        "fullName": name.upper(),
        "deployer": address,
        "oracleUpdater": None,
        "feeRecipient": address,
        "assetToStreamingOiCap": caps,
        "subDeployers": [],
        "deployerFeeScale": "1.0",
        "lastDeployerFeeScaleChangeTime": "1970-01-01T00:00:00",
        "assetToFundingMultiplier": [],
        "assetToFundingInterestRate": [],
    }


def _pair(coin: Coin, token: int) -> Json:
    number = int(coin.name[1:]) if coin.name.startswith("@") else 0
    return {
        "tokens": [token, 0],
        "name": coin.name,
        "index": number,
        "isCanonical": "/" in coin.name,
    }


def _token(index: int, name: str, size_decimals: int) -> Json:
    return {
        "name": name,
        "szDecimals": size_decimals,
        "weiDecimals": max(8, size_decimals),
        "index": index,
        "tokenId": f"0x{index:032x}",
        "isCanonical": index <= 1,
        "evmContract": None,
        "fullName": None,
        "deployerTradingFeeShare": "0.0",
    }


def _supply(coin: Coin) -> Json:
    supply = rounded(10 * coin.day_volume_usd / coin.price_usd, 2)
    return {"circulatingSupply": supply, "coin": coin.name, "totalSupply": supply}
