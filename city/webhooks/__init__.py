"""Webhooks: apps are told of events at an address of theirs, signed, in order, at least once."""
