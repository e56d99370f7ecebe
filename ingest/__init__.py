"""From the broker to the store: route, check, box, decode, bound, gather, commit, receipt, feed."""
