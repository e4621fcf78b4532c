"""The kinds of wallets, each a row of medians around which its wallets are drawn.

The spreads of the draws are wide on purpose: kinds overlap in every single quantity, so that no
threshold on one of them tells the kinds apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """How wallets of one kind behave; every number is a median or a mean over its wallets."""

    name: str
    share: float
    """Of all wallets."""
    bot_share: float
    """Of its wallets, run by a program."""
    sessions_per_day: float
    session_min: float
    """Minutes that a session lasts."""
    gap_s: float
    """Seconds between a session's orders."""
    holding_s: float
    """From entry to exit."""
    edge_bps: float
    """Mean of the true edge: what an entry gains over the holding time, before costs."""
    edge_sd_bps: float
    trend: float
    """Correlation of its direction with the past return, -1 to 1."""
    volatility_taste: float
    """Power of volatility with which its activity rises."""
    limit_share: float
    """Of its orders, resting ones."""
    size_usd: float
    n_coins: float
    exit_share: float
    """Of its entries, closed again by an order of the same size."""
    twap_share: float
    """Of its sessions, TWAP orders."""
    long_bias: float
    """Share of entries that buy whatever the market does."""
    one_sided: float
    """Of its sessions, those that only build a position or only leave one."""


_TABLE = """
kind           share bots /day  min gap   hold edge  sd past vol rest  USD   n exit twap long aside
market_maker   0.0065   1    5   40   5     60    0 0.6    0 0.5 0.15  700  14  0.9 0.02    0  0.02
arbitrageur    0.023  0.9   50 0.24 0.06    12  0.5   1    0 0.5  0.1  700 150  0.9 0.02    0   0.1
scalper_bot     0.04    1  2.5   60  50     45  0.2 1.5    0 0.4  0.7  500   2  0.9 0.02    0  0.05
momentum        0.07  0.5   20    6 170    400    0 2.5  0.6 0.6 0.57 1000 3.5  0.9 0.02    0   0.8
mean_reversion  0.07  0.5   20    6 170    500    0 2.5 -0.6 0.3 0.66 1000 3.5  0.9 0.02    0  0.75
volatility      0.05  0.4   25    6 170    400    0 2.5  0.1   2 0.63 1000 3.5  0.9 0.02    0   0.8
informed        0.06  0.5  110  0.5  90    300   13   7  0.1 0.3 0.05  900   4  0.9 0.02    0  0.95
negative_edge   0.07  0.2   20    6 170    400   -6   3  0.1 0.4 0.35  800   3  0.9 0.02    0   0.8
whale           0.02  0.3   11    6  80   5400  0.5   3  0.1 0.2 0.66  9000 2.5  0.9 0.02    0  0.95
twap            0.08  0.1    6   60 150   7200    0   1    0   0  0.3  900 1.8  0.3  0.8    0  0.95
discretionary   0.02  0.4   20    6 170    350    0   0  0.1 0.4 0.63 1000 3.5  0.9 0.02    0   0.8
retail        0.3005 0.03  290  0.8 300   1500 -0.8   2 0.15 0.5 0.73  550 3.5  0.9 0.02    0  0.85
holder          0.09 0.03   12    1 150 100000    0   1    0   0  0.7 1000   2  0.2  0.1  0.7  0.95
dormant          0.1 0.02  0.4    1  80  20000    0   1    0   0 0.63  700 1.5  0.3 0.02    0   0.9
"""
# The columns are the fields of `Kind`, in their order.


def _kinds() -> Iterator[Kind]:
    for line in _TABLE.splitlines()[2:]:
        name, *numbers = line.split()
        yield Kind(name, *map(float, numbers))


KINDS = tuple(_kinds())
"""Shares add up to 1."""
