"""The cluster that everything runs on, as the Kubernetes provider that reaches it."""

from components.cluster.existing import ExistingCluster, ExistingClusterArgs

__all__ = ["ExistingCluster", "ExistingClusterArgs"]
