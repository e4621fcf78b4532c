"""The market: executions, prices, positions, profit, markouts, each defined once."""
