"""The types of EC2 instance that node groups may have, and what each brings.

vCPUs and memory are AWS's (`aws ec2 describe-instance-types`). All are x86-64 of the Nitro system, which prefix
delegation needs. A type that is missing is one more row.
"""

from __future__ import annotations

from typing import NamedTuple

from components.quantity import Bytes, Cpu


class InstanceType(NamedTuple):
    """What a node of a type has; the kubelet and the system keep a part of it."""

    cpu: Cpu
    memory: Bytes


# GiB of memory to a vCPU by family, with the sizes' vCPUs below.
_FAMILIES = {"m5": 4, "m6a": 4, "m6i": 4, "m7i": 4, "c6i": 2, "c7i": 2, "r6i": 8, "r7i": 8}
_SIZES = {"large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16}
_BURSTABLE = {"medium": (2, 4), "large": (2, 8), "xlarge": (4, 16), "2xlarge": (8, 32)}


def _type(cpus: int, gibibytes: int) -> InstanceType:
    return InstanceType(Cpu(cpus * 1000), Bytes.parse(f"{gibibytes}Gi"))


INSTANCE_TYPES: dict[str, InstanceType] = {
    **{f"{family}.{size}": _type(*has) for family in ("t3", "t3a") for size, has in _BURSTABLE.items()},
    **{
        f"{family}.{size}": _type(cpus, cpus * gibibytes)
        for family, gibibytes in _FAMILIES.items()
        for size, cpus in _SIZES.items()
    },
}

# What EKS lets a node of fewer than 30 vCPUs run with prefix delegation (EKS User Guide, "Choose an optimal EC2 node
# instance type", maximum Pods).
PODS_PER_NODE = 110
