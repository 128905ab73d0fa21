"""What tells of the cluster and of what has no metrics of its own: one module for each exporter."""
