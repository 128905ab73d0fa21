"""CloudLens: what the cloud costs, over several providers."""
