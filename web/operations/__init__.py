"""Operations: what failed and waits for a person, why, and having it done again."""
