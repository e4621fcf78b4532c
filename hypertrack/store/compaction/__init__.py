"""Finished hours as Parquet, swapped in without losing or doubling a line."""
