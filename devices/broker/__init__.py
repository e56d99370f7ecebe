"""Accounts at the broker: what each device and process may, kept equal to what the registry says."""
