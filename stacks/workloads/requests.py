"""What the pods of a service request, and may come to request: explicit requests and vertical autoscaling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from components.application import scaling as components
from stacks.types import Bytes, Cpu, Model, Problem


def _off(value: Any) -> Any:
    # YAML 1.1 reads a bare `off` as false, and Pulumi's own reader as text.
    return "off" if value is False else value


class Amounts(Model):
    """CPU and memory that a pod may request."""

    cpu: Cpu | None = None
    memory: Bytes | None = None


_MODES: Mapping[str, components.UpdateMode] = {
    "off": "Off",
    "initial": "Initial",
    "recreate": "Recreate",
    "in-place-or-recreate": "InPlaceOrRecreate",
    "auto": "Auto",
}


class VerticalScaling(Model):
    """Bounds and recommendations of a VerticalPodAutoscaler, and in another mode than `off` requests that follow them.

    Where an autoscaler goes by a resource of `controlled`, it recommends only, whatever `mode` says.
    """

    mode: Annotated[Literal["off", "initial", "recreate", "in-place-or-recreate", "auto"], BeforeValidator(_off)] = (
        "off"
    )
    controlled: Annotated[Sequence[components.Resource], Field(min_length=1)] = ("cpu", "memory")
    minimum: Amounts = Amounts()
    maximum: Amounts = Amounts()

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """A minimum above its maximum."""
        least, most = (_mapping(data.get(key)) for key in ("minimum", "maximum"))
        for resource, quantity in (("cpu", Cpu), ("memory", Bytes)):
            low, high = (_quantity(quantity, one.get(resource)) for one in (least, most))
            if low is not None and high is not None and low.amount > high.amount:
                yield Problem(("minimum", resource), f"{low} is above the maximum of {high}")

    def as_arguments(self) -> components.Vertical:
        """The same for the component."""
        return components.Vertical(
            mode=_MODES[self.mode],
            controlled=tuple(self.controlled),
            cpu_minimum=self.minimum.cpu,
            cpu_maximum=self.maximum.cpu,
            memory_minimum=self.minimum.memory,
            memory_maximum=self.maximum.memory,
        )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _quantity(kind: type[Cpu] | type[Bytes], value: Any) -> Cpu | Bytes | None:
    """A quantity as it stands in a file; None if there is none, or if it is none."""
    try:
        return TypeAdapter(kind).validate_python(value) if value is not None else None
    except ValidationError:
        return None


def request_problems(data: Mapping[str, Any]) -> Iterable[Problem]:
    """Requests above their limits, in the raw keys of a service."""
    for resource, kind in (("cpu", Cpu), ("memory", Bytes)):
        request, limit = (_quantity(kind, data.get(key)) for key in (f"{resource}_request", resource))
        if request is not None and limit is not None and request.amount > limit.amount:
            message = f"{request} is above the limit, {resource}: {limit}; raise the limit or lower the request"
            yield Problem((f"{resource}_request",), message)
