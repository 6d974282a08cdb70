"""Each command as one function, to be read from top to bottom."""
