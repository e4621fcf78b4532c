"""The rules and their reasons."""
