"""Each command as one function that reads from top to bottom."""
