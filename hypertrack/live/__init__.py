"""Live: wallets told while they trade, from what is on disk."""
