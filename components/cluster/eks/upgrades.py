"""From which version of Kubernetes a control plane may go to which."""

from __future__ import annotations


def upgrade_problem(deployed: str, wanted: str) -> str | None:
    """Why a control plane of version `deployed` cannot become `wanted`, both such as 1.35; None if it can.

    EKS upgrades by one minor version at a time and never back (EKS User Guide, "Update existing cluster").
    """
    steps = minor(wanted) - minor(deployed)
    if steps < 0:
        return f"the cluster has Kubernetes {deployed}, and EKS never goes back: set version to {deployed!r} or newer"
    if steps > 1:
        first = f"1.{minor(deployed) + 1}"
        return (
            f"the cluster has Kubernetes {deployed}, and EKS upgrades by one minor version at a time: "
            f"set version to {first!r}, deploy, and go on from there"
        )
    return None


def minor(version: str) -> int:
    """The second number of a version such as 1.35."""
    return int(version.split(".")[1])
