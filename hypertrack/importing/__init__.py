"""Archives, captures and other datasets to a dataset."""
