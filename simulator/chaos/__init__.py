"""Chaos: real processes, killed at random moments; then every sample is counted."""
