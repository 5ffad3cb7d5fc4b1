"""The open space in the graph."""
