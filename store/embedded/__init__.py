"""The engine of the all-in-one process: one DuckDB file holds samples, ledger, dead letters and state."""
