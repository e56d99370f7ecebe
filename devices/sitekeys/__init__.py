"""The holder of the daily site keys: in memory only, in a process apart from ingest and store."""
