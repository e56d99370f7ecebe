"""A city for load, demo and invariants; speaks MQTT and HTTP only."""
