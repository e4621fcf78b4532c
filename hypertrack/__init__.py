"""Record Hyperliquid, profile every wallet, and say which are worth copying and how you know."""

__version__ = "0.1.0"
