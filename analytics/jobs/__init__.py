"""Analytics at work: the only part that reads the store and keeps state in it."""
