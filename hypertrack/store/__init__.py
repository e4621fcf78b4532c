"""Datasets: write, open, summarize."""
