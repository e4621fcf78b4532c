"""What the simulated venue charges, by coin: its base schedule."""

import numpy as np

from hypertrack.config import FeeSettings
from hypertrack.simulate.market.arrays import Floats
from hypertrack.simulate.market.instruments import Coin

_FEES = FeeSettings()


def fee_bps(coin: Coin, is_taker: bool) -> float:
    """Return the fee of a fill, in bps of its notional."""
    if coin.kind == "spot":
        return _FEES.spot_taker_bps if is_taker else _FEES.spot_maker_bps
    bps = _FEES.perp_taker_bps if is_taker else _FEES.perp_maker_bps
    return bps * (_FEES.hip3_multiplier if coin.kind == "hip3" else 1.0)


def fees_bps(coins: tuple[Coin, ...], *, is_taker: bool) -> Floats:
    """Return the fee in each coin, ``[coins]``."""
    return np.array([fee_bps(coin, is_taker) for coin in coins])
