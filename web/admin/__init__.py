"""Administration: people, units, roles, apps and their keys, and the trail of who did what."""
