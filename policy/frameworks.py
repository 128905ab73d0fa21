"""The published standards that rules refer to, each pinned to the edition whose numbering is used."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Framework:
    """A passage of a standard. Its text form, `CIS Kubernetes 1.9: 5.3.2`, is for reports; `short` fits a table."""

    name: str
    version: str
    reference: str
    short: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}: {self.reference}"


def cis(reference: str) -> Framework:
    """A recommendation of the CIS Kubernetes Benchmark."""
    return Framework("CIS Kubernetes", "1.9", reference, "CIS")


def nsa(reference: str) -> Framework:
    """A section of the Kubernetes Hardening Guide of NSA and CISA."""
    return Framework("NSA/CISA Kubernetes Hardening Guide", "1.2", reference, "NSA")


def pss(reference: str) -> Framework:
    """A control of the Kubernetes Pod Security Standards, which are versioned with Kubernetes."""
    return Framework("Pod Security Standards", "1.35", reference, "PSS")


def pci(reference: str) -> Framework:
    """A requirement of PCI DSS."""
    return Framework("PCI DSS", "4.0.1", reference, "PCI")


def cis_aws(reference: str) -> Framework:
    """A recommendation of the CIS Amazon Web Services Foundations Benchmark."""
    return Framework("CIS AWS Foundations", "5.0.0", reference, "CIS AWS")


def cis_eks(reference: str) -> Framework:
    """A recommendation of the CIS Amazon EKS Benchmark."""
    return Framework("CIS EKS", "1.7.0", reference, "CIS EKS")
