"""Composition root: wiring, processes, command line. Imports all, imported by none."""
