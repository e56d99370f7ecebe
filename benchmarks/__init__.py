"""Figures against peers and limits, on this machine, in one run."""
