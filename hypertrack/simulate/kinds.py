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
    twap_share: float = 0.0
    """Of its sessions, TWAP orders."""
    long_bias: float = 0.0
    """Share of entries that buy whatever the market does."""


_MAKERS = (
    # name, share, bots, per day, min, gap, holding, edge, its sd, trend, taste, limit, USD, coins
    Kind("market_maker", 0.014, 1.0, 6.0, 20.0, 6.0, 60.0, 0.0, 0.6, 0.0, 0.5, 0.3, 250, 4.0),
    Kind("arbitrageur", 0.030, 0.9, 18.0, 12.0, 3.0, 12.0, 0.5, 1.0, 0.0, 0.5, 0.5, 300, 10.0),
)

_TRADERS = (
    Kind("scalper_bot", 0.040, 1.0, 9.0, 60.0, 8.0, 45.0, 0.2, 1.5, 0.0, 0.4, 0.35, 150, 1.5),
    Kind("momentum", 0.070, 0.5, 9.0, 8.0, 9.0, 400.0, 0.0, 2.5, 0.6, 0.6, 0.25, 350, 2.0),
    Kind("mean_reversion", 0.070, 0.5, 9.0, 8.0, 9.0, 500.0, 0.0, 2.5, -0.6, 0.3, 0.6, 350, 2.0),
    Kind("volatility", 0.050, 0.4, 9.0, 8.0, 8.0, 400.0, 0.0, 2.5, 0.1, 2.0, 0.35, 350, 2.0),
    Kind("informed", 0.060, 0.5, 9.0, 8.0, 10.0, 600.0, 9.0, 6.0, 0.1, 0.3, 0.35, 450, 1.8),
    Kind("negative_edge", 0.070, 0.2, 9.0, 8.0, 10.0, 700.0, -5.0, 3.0, 0.1, 0.4, 0.25, 250, 1.8),
)

_OTHERS = (
    Kind("whale", 0.020, 0.3, 2.5, 5.0, 6.0, 5400.0, 0.5, 3.0, 0.1, 0.2, 0.4, 9000, 1.6),
    Kind("twap", 0.080, 0.1, 4.0, 30.0, 30.0, 7200.0, 0.0, 1.0, 0.0, 0.0, 0.2, 200, 1.3, 0.3, 0.85),
    Kind("retail", 0.306, 0.03, 4.0, 2.5, 10.0, 1500.0, -0.8, 2.0, 0.15, 0.5, 0.45, 220, 1.4),
    Kind(
        "holder", 0.09, 0.03, 0.8, 1.0, 10.0, 1e5, 0.0, 1.0, 0.0, 0.0, 0.4, 500, 1.4, 0.2, 0.1, 0.7
    ),
    Kind("dormant", 0.10, 0.02, 0.06, 0.5, 10.0, 2e4, 0.0, 1.0, 0.0, 0.0, 0.3, 250, 1.1, 0.3, 0.02),
)

KINDS = (*_MAKERS, *_TRADERS, *_OTHERS)
"""Shares add up to 1."""
