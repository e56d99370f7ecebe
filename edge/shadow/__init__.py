"""The desired state on the device: kept, applied key by key, reported with reasons."""

from edge.shadow.keeper import Apply, Shadow

__all__ = ["Apply", "Shadow"]
