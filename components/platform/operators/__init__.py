"""The operators and controllers that a cluster needs, as pinned Helm releases."""
