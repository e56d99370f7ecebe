"""The console's API: devices, series, ledger, dead letters."""
