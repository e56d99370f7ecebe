"""What is wrong with a rule that types cannot say: place in the file, and reason."""
