"""TANGI, one desk for everything: incidents from whichever door, each with its own clock and its own end."""
