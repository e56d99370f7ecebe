"""The alerter is watched: whether probes still reach the desk, and by whom people hear that they do not."""
