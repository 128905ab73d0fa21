"""One `ComponentResource` per capability. A component knows Kubernetes and AWS; it knows no environment and no system.

Each takes a frozen `…Args` dataclass of plain values, makes its objects with `ResourceOptions(parent=self)`, and owns
all that belongs to its capability: the workload, its network policy, its disruption budget, its service account.
"""
