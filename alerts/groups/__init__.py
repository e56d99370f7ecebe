"""Alerts that belong together: one thing to look at, to be told of and to acknowledge, however many."""
