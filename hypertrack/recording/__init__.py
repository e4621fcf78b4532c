"""Live feeds to a dataset, with its coverage."""
