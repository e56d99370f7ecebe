"""Alerts as CAP 1.2: what was said of each hazard, in order, and what is live now."""
