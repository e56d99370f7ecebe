"""Visitors without identities: sketches lie apart from series, merge by site and hour; only numbers leave."""
