"""Commands on the device: kept before they are begun, done once, told until the desk knows."""

from edge.commands.errors import Refusal
from edge.commands.executor import Executor, Handler, Resume, Telling
from edge.commands.journal import Journal, Kept

__all__ = ["Executor", "Handler", "Journal", "Kept", "Refusal", "Resume", "Telling"]
