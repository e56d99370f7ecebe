"""The agent's time: steady while the machine's jumps, and honest where none is known."""
