"""Detectors: pure functions over all series at once, one a file. A class is +1 wrong, -1 well, 0 neither."""
