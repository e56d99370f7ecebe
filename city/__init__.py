"""What the server side stands on: the city's database and its outbox of events."""
