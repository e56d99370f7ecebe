"""The fleet: registry, and later enrolment, credentials, presence, shadow, commands."""
