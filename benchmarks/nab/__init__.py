"""The detectors on the Numenta Anomaly Benchmark, by its published rules (Lavin & Ahmad, 2015)."""
