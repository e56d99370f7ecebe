"""Presence: last wills, heartbeats and the freshness of data, weighed together for each device and site."""
