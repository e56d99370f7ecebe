"""What edge and servers share while they run."""
