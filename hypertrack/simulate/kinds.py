"""The kinds of wallets, each a row of medians around which its wallets are drawn.

The spreads of the draws are wide on purpose: kinds overlap in every single quantity, so that no
threshold on one of them tells the kinds apart.
"""

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
    exit_share: float = 0.9
    """Of its entries, closed again by an order of the same size."""
    twap_share: float = 0.02
    """Of its sessions, TWAP orders."""
    long_bias: float = 0.0
    """Share of entries that buy whatever the market does."""


_MAKERS = (
    # name, share, bots, per day, min, gap, holding, edge, its sd, trend, taste, limit, USD, coins
    Kind("market_maker", 0.010, 1.0, 9.0, 40.0, 25.0, 60.0, 0.0, 0.6, 0.0, 0.5, 0.3, 700, 6.0),
    Kind("arbitrageur", 0.030, 0.9, 6.0, 12.0, 40.0, 12.0, 0.5, 1.0, 0.0, 0.5, 0.6, 700, 40.0),
)

_TRADERS = (
    Kind("scalper_bot", 0.040, 1.0, 2.5, 60.0, 80.0, 45.0, 0.2, 1.5, 0.0, 0.4, 0.6, 500, 2.0),
    Kind("momentum", 0.070, 0.5, 20.0, 6.0, 170.0, 400.0, 0.0, 2.5, 0.6, 0.6, 0.5, 1000, 3.5),
    Kind(
        "mean_reversion", 0.07, 0.5, 20.0, 6.0, 170.0, 500.0, 0.0, 2.5, -0.6, 0.3, 0.75, 1000, 3.5
    ),
    Kind("volatility", 0.050, 0.4, 25.0, 6.0, 170.0, 400.0, 0.0, 2.5, 0.1, 2.0, 0.6, 1000, 3.5),
    Kind("informed", 0.060, 0.5, 20.0, 6.0, 170.0, 300.0, 13.0, 7.0, 0.1, 0.3, 0.6, 1200, 4.0),
    Kind("negative_edge", 0.07, 0.2, 20.0, 6.0, 170.0, 400.0, -6.0, 3.0, 0.1, 0.4, 0.5, 800, 3.0),
)

_OTHERS = (
    Kind("whale", 0.020, 0.3, 8.0, 6.0, 80.0, 5400.0, 0.5, 3.0, 0.1, 0.2, 0.6, 20_000, 2.5),
    Kind("twap", 0.080, 0.1, 1.5, 60.0, 150.0, 7200.0, 0.0, 1.0, 0.0, 0.0, 0.3, 900, 1.8, 0.3, 0.8),
    Kind("retail", 0.31, 0.03, 50.0, 1.5, 120.0, 1500.0, -0.8, 2.0, 0.15, 0.5, 0.7, 550, 3.5),
    Kind(
        "holder",
        0.09,
        0.03,
        6.0,
        1.0,
        150.0,
        1e5,
        0.0,
        1.0,
        0.0,
        0.0,
        0.6,
        1000,
        2.0,
        0.2,
        0.1,
        0.7,
    ),
    Kind("dormant", 0.1, 0.02, 0.1, 1.0, 80.0, 2e4, 0.0, 1.0, 0.0, 0.0, 0.5, 700, 1.5, 0.3, 0.02),
)

KINDS = (*_MAKERS, *_TRADERS, *_OTHERS)
"""Shares add up to 1."""
