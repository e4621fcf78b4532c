"""Datasets in SQLite and PostgreSQL, through ADBC: the same lines, in tables instead of files."""
