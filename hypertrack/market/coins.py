"""Kinds of coins, told by their names.

Source: names in the venue's ``meta``, ``spotMeta`` and ``outcomeMeta`` (protocol, section 6).
"""

import ibis


def is_hip3(coin: ibis.Value) -> ibis.Value:
    """Return whether a coin is a builder-deployed perp (``dex:COIN``)."""
    return coin.contains(":")


def is_spot(coin: ibis.Value) -> ibis.Value:
    """Return whether a coin is a spot pair (``@107``, ``PURR/USDC``)."""
    return coin.startswith("@") | coin.contains("/")


def is_outcome(coin: ibis.Value) -> ibis.Value:
    """Return whether a coin is a side of an outcome market (``#118440``), worth 0 or 1 at last."""
    return coin.startswith("#")
