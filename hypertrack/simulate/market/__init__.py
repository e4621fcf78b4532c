"""The simulated market: prices, wallets, orders, and their truth."""
