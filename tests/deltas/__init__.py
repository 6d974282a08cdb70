"""Deltas: applied to the old graph, by code that knows nothing of kgimport's, they give the new."""
