"""Pages of the fleet: the list, one device, and the claim that lets it in."""
