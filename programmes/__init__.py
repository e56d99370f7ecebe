"""One package a citizen programme, independent of each other."""
