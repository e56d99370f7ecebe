"""Versions of the agent: signed sets of wheels, made on the command line and handed out by the API."""
