"""Logs and traces of an environment: what its file says, the figures, and the namespace that they run in."""
