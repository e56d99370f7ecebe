"""What a rule would have done: the past, read again and judged by the very same code as the live job's."""
