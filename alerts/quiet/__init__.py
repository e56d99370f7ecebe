"""Why nobody is told of an alert: planned work, another alert that tells the cause, or a silence."""
