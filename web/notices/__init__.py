"""The notification centre: what a person was told, on which ways he wants to be told, and when not."""
