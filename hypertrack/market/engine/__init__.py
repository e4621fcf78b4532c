"""What computes the definitions: DuckDB in shards, or Spark."""
