"""Terms on which simulated wallets trade, written down."""

import numpy as np

from hypertrack.simulate.market.terms import TermArrays


def base_terms(n_wallets: int) -> TermArrays:
    """Return the terms of wallets that trade little: the base schedule, without discounts."""
    rates_bps = np.repeat([[4.5], [1.5], [7.0], [4.0], [0.0]], n_wallets, axis=1)
    return TermArrays(*rates_bps, numbers_orders=np.zeros(n_wallets, dtype=np.bool_))
