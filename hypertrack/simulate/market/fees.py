"""What the simulated venue charges, by coin and by the rates of a wallet."""

from typing import NamedTuple

import numpy as np

from hypertrack.config import FeeSettings
from hypertrack.simulate.market.arrays import Floats
from hypertrack.simulate.market.instruments import Coin, CoinKind

_FEES = FeeSettings()

_MULTIPLIER: dict[CoinKind, float] = {"hip3": _FEES.hip3_multiplier, "outcome": 0.0}


class FeeRates(NamedTuple):
    """Fees in bps of notional, negative where the venue pays."""

    perp_taker_bps: float
    perp_maker_bps: float
    spot_taker_bps: float
    spot_maker_bps: float
    builder_bps: float = 0.0
    """Added by the builder through whom the wallet trades."""

    def bps(self, coin: Coin, *, is_taker: bool, is_buy: bool) -> float:
        """Return the fee of a fill, its builder's part included."""
        return self.own_bps(coin, is_taker=is_taker) + self.builder_part_bps(coin, is_buy=is_buy)

    def own_bps(self, coin: Coin, *, is_taker: bool) -> float:
        """Return what the venue takes of a fill."""
        if coin.kind == "spot":
            return self.spot_taker_bps if is_taker else self.spot_maker_bps
        return (self.perp_taker_bps if is_taker else self.perp_maker_bps) * fee_multiplier(coin)

    def builder_part_bps(self, coin: Coin, *, is_buy: bool) -> float:
        """Return what the builder takes: of spot, in sales alone."""
        return 0.0 if coin.kind == "spot" and is_buy else self.builder_bps


BASE_RATES = FeeRates(
    _FEES.perp_taker_bps, _FEES.perp_maker_bps, _FEES.spot_taker_bps, _FEES.spot_maker_bps
)
"""Of wallets that trade little, without discounts."""


def fee_multiplier(coin: Coin) -> float:
    """Return what perps' fees are multiplied by in a coin."""
    return _MULTIPLIER.get(coin.kind, 1.0)


def fees_bps(coins: tuple[Coin, ...], *, is_taker: bool) -> Floats:
    """Return the base fee in each coin, ``[coins]``."""
    return np.array([BASE_RATES.own_bps(coin, is_taker=is_taker) for coin in coins])
