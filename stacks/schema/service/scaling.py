"""By what a service scales, how fast and between which bounds, and what its pods request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from components.kubernetes.naming import Scope
from components.workload import scaling as components
from components.workload.scaling import CustomMetric
from stacks.schema.service.types import Amount, Delay, MetricName, Percent
from stacks.schema.types import Bytes, Cpu, Model, Problem, ReplicaCount, ServiceName, Text


class PodsMetric(Model):
    """A metric of each pod, and what it is to be on average. `query` replaces the sum of the metric over its pods."""

    name: MetricName
    average_value: Amount
    query: Text | None = None


class ObjectMetric(Model):
    """A metric of a Service as a whole, and what it is to be; `service` is by default the service itself.

    `query` replaces the largest of the metric over the pods behind it.
    """

    name: MetricName
    value: Amount
    service: ServiceName | None = None
    query: Text | None = None


class ExternalMetric(Model):
    """Any query of Prometheus, and what its result is to be: altogether (`value`) or for each pod (`average_value`)."""

    name: MetricName
    query: Text
    value: Amount | None = None
    average_value: Amount | None = None

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """Neither target, or both."""
        if (data.get("value") is None) is (data.get("average_value") is None):
            yield Problem(("value",), "needs one of 'value' (altogether) and 'average_value' (for each pod)")


class Policy(Model):
    """At the most so many `percent` or `pods` in each `period` (seconds, up to half an hour)."""

    percent: Annotated[int, Field(ge=1, le=10_000)] | None = None
    pods: Annotated[int, Field(ge=1, le=1000)] | None = None
    period: Annotated[Delay, Field(ge=1, le=1800)]

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """Neither share nor number, or both."""
        if (data.get("percent") is None) is (data.get("pods") is None):
            yield Problem(("percent",), "needs one of 'percent' (of the pods there are) and 'pods'")

    def as_spec(self) -> dict[str, Any]:
        """The policy of an autoscaler."""
        kind, value = ("Percent", self.percent) if self.percent is not None else ("Pods", self.pods)
        return {"type": kind, "value": value, "periodSeconds": self.period}


class Direction(Model):
    """How fast it goes up or down: the most cautious figure of the last `stabilization_window` seconds counts.

    `select` says which of several policies holds: the one that allows most (`max`) or least, or scaling is `disabled`.
    """

    stabilization_window: Annotated[Delay, Field(ge=0, le=3600)] | None = None
    policies: Sequence[Policy] = ()
    select: Literal["max", "min", "disabled"] | None = None

    def as_spec(self) -> dict[str, Any]:
        """The rules of an autoscaler."""
        spec = {
            "stabilizationWindowSeconds": self.stabilization_window,
            "policies": [one.as_spec() for one in self.policies] or None,
            "selectPolicy": self.select.title() if self.select else None,
        }
        return {key: value for key, value in spec.items() if value is not None}


class Behavior(Model):
    """How fast an autoscaler goes up and down; Kubernetes' own figures where nothing is said."""

    scale_up: Direction | None = None
    scale_down: Direction | None = None

    def as_spec(self) -> dict[str, Any]:
        """The `behavior` of an autoscaler, in the API's names."""
        directions = {"scaleUp": self.scale_up, "scaleDown": self.scale_down}
        return {key: one.as_spec() for key, one in directions.items() if one}


class Autoscaling(Model):
    """By what a service scales. `minimum` is by default its replicas, `maximum` the tier's; a resource that is null
    is left out. `pods`, `objects` and `external` are figures of Prometheus and need KEDA in the cluster."""

    minimum: ReplicaCount | None = None
    maximum: ReplicaCount | None = None
    cpu_percent: Percent | None = 70
    memory_percent: Percent | None = 80
    pods: Sequence[PodsMetric] = ()
    objects: Sequence[ObjectMetric] = ()
    external: Sequence[ExternalMetric] = ()
    behavior: Behavior | None = None

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """Nothing to scale by, two metrics of one name, and queries that do not parse."""
        custom = [
            (key, index, one)
            for key in ("pods", "objects", "external")
            for index, one in enumerate(_items(data.get(key)))
            if isinstance(one, Mapping)
        ]
        if not custom and data.get("cpu_percent", 70) is None and data.get("memory_percent", 80) is None:
            yield Problem(("cpu_percent",), "there is nothing to scale by: set a percentage, or a metric")
        names: dict[Any, str] = {}
        for key, index, one in custom:
            first = names.setdefault(one.get("name"), f"{key}[{index}]")
            if first != f"{key}[{index}]":
                yield Problem((key, index, "name"), f"metric {one.get('name')!r} is there already, as {first}")
            yield from _unparsed(one.get("query"), (key, index, "query"))

    @property
    def asks_prometheus(self) -> bool:
        """Whether anything but CPU and memory counts."""
        return bool(self.pods or self.objects or self.external)

    def metrics(self, scope: Scope, component: str) -> list[CustomMetric]:
        """The figures of Prometheus, as KEDA asks for them; a metric's `job` is the service's name."""

        def of(metric: str, service: str) -> str:
            return f'{metric}{{namespace="{scope.namespace}",job="{service}"}}'

        pods = [
            CustomMetric(
                name=one.name,
                query=one.query or f"sum({of(one.name, component)})",
                target=one.average_value,
                average=True,
            )
            for one in self.pods
        ]
        objects = [
            CustomMetric(
                name=one.name,
                query=one.query or f"max({of(one.name, one.service or component)})",
                target=one.value,
                average=False,
            )
            for one in self.objects
        ]
        external = [
            CustomMetric(
                name=one.name,
                query=one.query,
                target=one.value or one.average_value or 0,
                average=one.value is None,
            )
            for one in self.external
        ]
        return [*pods, *objects, *external]


class Bounds(Model):
    """What of its autoscaling an environment sets otherwise for one service."""

    minimum: ReplicaCount | None = None
    maximum: ReplicaCount | None = None


def _items(value: Any) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else ()


def _unparsed(query: Any, path: tuple[str | int, ...]) -> Iterable[Problem]:
    if not isinstance(query, str):
        return
    # Only here: the parser is loaded by who wrote a query.
    from components.monitoring import promql

    try:
        promql.metrics(query)
    except ValueError as error:
        yield Problem(path, str(error))


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
