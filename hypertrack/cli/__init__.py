"""Parse, call the pipeline once, show, exit."""
