"""The simulated exchange."""
