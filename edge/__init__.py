"""Agents that run on site: sample, spool, send, and forget only what a receipt names."""
