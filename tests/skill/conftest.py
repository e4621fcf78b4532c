"""An engine over a few lines."""

from engine_fakes import busy_engine, busy_market, features_of, open_engine

__all__ = ["busy_engine", "busy_market", "features_of", "open_engine"]
