"""The desk's hands together: commands, desired state, rollouts; as API, pages and work beside the relay."""
