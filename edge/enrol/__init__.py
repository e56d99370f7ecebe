"""How a device gets its credentials and keeps them fresh: the key is made here and never leaves."""
