"""What happened after: targets and splits."""
