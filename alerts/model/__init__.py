"""What an alert is and how it changes, without I/O."""
