"""The multi-cluster manager."""
