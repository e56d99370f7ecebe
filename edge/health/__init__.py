"""How an agent fares: told to systemd, to the engineer on the roof, and to a screen beside it."""
