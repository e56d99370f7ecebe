"""Which rules act: a rule is on trial until somebody who has read what it would have done activates it."""
