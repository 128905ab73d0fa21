"""What an EKS cluster of each tier is like where its file does not say otherwise.

The multi-cluster document has three clusters (its architecture): dev with 3 nodes in one zone, staging with 5, prod
with 10 and more over zones; its Terraform has t3.medium, at least 2 and at most 10. Those are dev's and test's general
nodes here. Ten of them have room for that document's system and not for AstrBot, whose pods in dev request 17 cores and
33 GiB at the most: a second group of larger ones starts at none, and the autoscaler takes from it what it needs.

The document's staging has one zone; here it has prod's three, since a rehearsal in another shape proves little. Nodes
of staging and prod have room for the largest pod: half of 4 cores are requested for one, and a t3.medium has 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from components.cluster.eks.args import Autoscaler
from stacks.types import Model, TierName


class EksTier(Model):
    """The defaults of a tier. `node_groups` are in the shape of the configuration's.

    Logs are kept `log_days`, of which CloudWatch knows certain numbers only; backups `backup_days`.
    """

    node_groups: Mapping[str, Mapping[str, Any]]
    nat: Literal["one", "zone"]
    autoscaler: Autoscaler
    log_days: Literal[7, 14, 30, 60, 90, 180, 365]
    backup_days: int = Field(ge=1)


# On spot: several types, since the more there are to choose from, the more rarely AWS takes an instance away.
_DEVELOPMENT: Mapping[str, Mapping[str, Any]] = {
    "general": {
        "instance_types": ["t3.medium", "t3a.medium"],
        "minimum": 2,
        "desired": 3,
        "maximum": 10,
        "spot": True,
    },
    "large": {
        "instance_types": ["t3.xlarge", "t3a.xlarge"],
        "minimum": 0,
        "desired": 0,
        "maximum": 6,
        "spot": True,
    },
}

EKS_TIERS: dict[TierName, EksTier] = {
    "dev": EksTier(
        node_groups=_DEVELOPMENT,
        nat="one",
        autoscaler="cluster-autoscaler",
        log_days=7,
        backup_days=7,
    ),
    "test": EksTier(
        node_groups=_DEVELOPMENT,
        nat="one",
        autoscaler="cluster-autoscaler",
        log_days=14,
        backup_days=7,
    ),
    "staging": EksTier(
        node_groups={"general": {"instance_types": ["m6i.xlarge"], "minimum": 3, "desired": 5, "maximum": 25}},
        nat="one",
        autoscaler="karpenter",
        log_days=90,
        backup_days=14,
    ),
    "prod": EksTier(
        node_groups={"general": {"instance_types": ["m6i.xlarge"], "minimum": 10, "desired": 10, "maximum": 30}},
        # A zone that is lost must not take the way out of the others with it.
        nat="zone",
        autoscaler="karpenter",
        # PCI DSS 10.5.1: a year.
        log_days=365,
        backup_days=30,
    ),
}
