"""The formats that a graph can be written in, each with how a value travels in it."""
