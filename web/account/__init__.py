"""Coming in and going out: sign-in, second factor, one's own account, and the keys of apps."""
