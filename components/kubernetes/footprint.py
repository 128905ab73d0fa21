"""What workloads may take of a namespace at the most: the sum that its quota is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

from components.kubernetes.quantity import Bytes, Cpu


@dataclass(frozen=True, kw_only=True)
class ContainerResources:
    """Requests and limits of one container. Defaults of the ephemeral storage: logs and /tmp of a web service."""

    cpu_request: Cpu
    cpu_limit: Cpu
    memory_request: Bytes
    memory_limit: Bytes
    ephemeral_request: Bytes = Bytes.parse("256Mi")
    ephemeral_limit: Bytes = Bytes.parse("1Gi")

    def __post_init__(self) -> None:
        pairs = {
            "CPU": (self.cpu_request, self.cpu_limit),
            "memory": (self.memory_request, self.memory_limit),
            "ephemeral storage": (self.ephemeral_request, self.ephemeral_limit),
        }
        for what, (request, limit) in pairs.items():
            if request.amount > limit.amount:
                raise ValueError(f"{what} request {request} is larger than its limit {limit}")

    @classmethod
    def of(cls, cpu_request: str, cpu_limit: str, memory_request: str, memory_limit: str) -> ContainerResources:
        """The same from Kubernetes notation, such as `of("100m", "1", "128Mi", "1Gi")`."""
        return cls(
            cpu_request=Cpu.parse(cpu_request),
            cpu_limit=Cpu.parse(cpu_limit),
            memory_request=Bytes.parse(memory_request),
            memory_limit=Bytes.parse(memory_limit),
        )

    @classmethod
    def largest(cls, all_of: Sequence[ContainerResources]) -> ContainerResources:
        """The smallest resources that none of `all_of` exceeds in any figure."""
        return cls(**{name.name: max(getattr(one, name.name) for one in all_of) for name in fields(cls)})

    def within(self, most: ContainerResources) -> ContainerResources:
        """The same, but for figures above those of `most`, which it takes from there."""
        return ContainerResources(
            **{name.name: min(getattr(self, name.name), getattr(most, name.name)) for name in fields(self)}
        )

    def as_requirements(self) -> dict[str, dict[str, str]]:
        """The `resources` field of a container."""
        return {
            "requests": {
                "cpu": str(self.cpu_request),
                "memory": str(self.memory_request),
                "ephemeral-storage": str(self.ephemeral_request),
            },
            "limits": {
                "cpu": str(self.cpu_limit),
                "memory": str(self.memory_limit),
                "ephemeral-storage": str(self.ephemeral_limit),
            },
        }


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """The most that some workloads may request and use at a time, surge of a rolling update included.

    `protect` says whether any of their volumes is protected: whatever these go with is then to be as well.
    """

    pods: int = 0
    cpu_requests: Cpu = field(default=Cpu(0))
    cpu_limits: Cpu = field(default=Cpu(0))
    memory_requests: Bytes = field(default=Bytes(0))
    memory_limits: Bytes = field(default=Bytes(0))
    volumes: int = 0
    storage: Bytes = field(default=Bytes(0))
    protect: bool = False

    @classmethod
    def of(
        cls,
        pods: int,
        resources: ContainerResources,
        *,
        volumes: int = 0,
        storage: Bytes = Bytes(0),
        protect: bool = False,
    ) -> Footprint:
        """The footprint of `pods` equal pods that hold `volumes` claims of `storage` bytes each in all."""
        return cls(
            pods=pods,
            cpu_requests=resources.cpu_request * pods,
            cpu_limits=resources.cpu_limit * pods,
            memory_requests=resources.memory_request * pods,
            memory_limits=resources.memory_limit * pods,
            volumes=volumes,
            storage=storage * volumes,
            protect=protect,
        )

    def __add__(self, other: Footprint) -> Footprint:
        return Footprint(
            pods=self.pods + other.pods,
            cpu_requests=self.cpu_requests + other.cpu_requests,
            cpu_limits=self.cpu_limits + other.cpu_limits,
            memory_requests=self.memory_requests + other.memory_requests,
            memory_limits=self.memory_limits + other.memory_limits,
            volumes=self.volumes + other.volumes,
            storage=self.storage + other.storage,
            protect=self.protect or other.protect,
        )
