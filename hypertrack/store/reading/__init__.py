"""Recorded lines to tables."""
