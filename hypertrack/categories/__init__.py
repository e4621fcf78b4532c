"""The 30 rules and their reasons."""
