"""Streaming detectors of one series, one a file: no threshold to set, no look-ahead, bounded memory."""
