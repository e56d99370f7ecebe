"""What a device finds wrong by itself: shown beside it when the centre is away, and told to the centre."""
