"""Time series, ledger, dead letters, frames and state: what ingest makes durable before it says so."""
