"""How the messages of third parties' devices are read: declared in YAML, never guessed."""
