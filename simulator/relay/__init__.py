"""A bad network for one TCP port: a process between two that speak, told what befalls them.

Over a Unix socket it takes JSON, a command a line, and answers each with a line of what it has done:
`{"do": "way", "delay": 80, "loss": 0.05}`, `{"do": "reset", "after": 900}`, `{"do": "drop", "side": "far"}`.
"""
