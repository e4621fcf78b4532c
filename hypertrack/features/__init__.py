"""Wallets to numbers, as Ibis expressions."""
