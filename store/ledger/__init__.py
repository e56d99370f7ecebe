"""The ledger: which batches came, what was in them, what became of it."""
