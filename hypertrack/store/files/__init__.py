"""The files of a dataset folder: written, locked, described."""
