"""The engine of the all-in-one process: one DuckDB file holds samples, ledger, dead letters and state."""

from store.embedded.dead_letters import DeadLetters
from store.embedded.engine import Engine
from store.embedded.file import File
from store.embedded.ledger import Ledger
from store.embedded.sink import Sink
from store.embedded.sketches import Sketches
from store.embedded.state import State

__all__ = ["DeadLetters", "Engine", "File", "Ledger", "Sink", "Sketches", "State"]
