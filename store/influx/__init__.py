"""The engine at work: InfluxDB 2 or later by its v2 write API, read by InfluxQL."""

from store.influx.engine import Engine
from store.influx.http import Server
from store.influx.sink import Sink

__all__ = ["Engine", "Server", "Sink"]
