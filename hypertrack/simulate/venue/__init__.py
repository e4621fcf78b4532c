"""The simulated venue: the wire that a market is served over."""
