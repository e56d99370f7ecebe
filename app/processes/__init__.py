"""One module a process, and the supervisor that keeps them alive on one machine."""
