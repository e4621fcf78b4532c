"""Archives, captures and other datasets into a dataset: the venue's shapes are read here."""
