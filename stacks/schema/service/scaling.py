"""By what a service scales, how fast and between which bounds, and what its pods request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from components.kubernetes.naming import Scope
from components.workload import scaling as components
from components.workload.scaling import CustomMetric
from components.workload.types import Amount, Delay, MetricName, Percent
from stacks.schema.types import Bytes, Cpu, Model, Problem, ReplicaCount, ServiceName, Text


class PodsMetric(Model):
    """A metric of each pod."""

    name: MetricName = Field(description="The name of the metric.")
    average_value: Amount = Field(description="What it is to be on average.")
    query: Text | None = Field(
        None, description="A query of Prometheus in place of the sum of the metric over the service's pods."
    )


class ObjectMetric(Model):
    """A metric of a Service as a whole."""

    name: MetricName = Field(description="The name of the metric.")
    value: Amount = Field(description="What it is to be.")
    service: ServiceName | None = Field(
        None, description="The service whose metric it is, by default the service itself."
    )
    query: Text | None = Field(
        None, description="A query of Prometheus in place of the largest of the metric over the pods behind it."
    )


class ExternalMetric(Model):
    """Any query of Prometheus."""

    name: MetricName = Field(description="A name for it, of which the service has no other.")
    query: Text = Field(description="The query, in PromQL.")
    value: Amount | None = Field(None, description="What its result is to be altogether; in place of `average_value`.")
    average_value: Amount | None = Field(
        None, description="What its result is to be for each pod; in place of `value`."
    )

    def contradictions(self) -> Iterable[Problem]:
        """Neither target, or both."""
        if (self.value is None) is (self.average_value is None):
            yield Problem(("value",), "needs one of 'value' (altogether) and 'average_value' (for each pod)")


class Policy(Model):
    """How many pods come or go at the most in a while."""

    percent: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        None, description="The most in percent of the pods that there are; in place of `pods`."
    )
    pods: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        None, description="The most in pods; in place of `percent`."
    )
    period: Annotated[Delay, Field(ge=1, le=1800)] = Field(
        json_schema_extra={"minimum": 1, "maximum": 1800}, description="The while that it holds for, from 1 s to 30m."
    )

    def contradictions(self) -> Iterable[Problem]:
        """Neither share nor number, or both."""
        if (self.percent is None) is (self.pods is None):
            yield Problem(("percent",), "needs one of 'percent' (of the pods there are) and 'pods'")

    def as_spec(self) -> dict[str, Any]:
        """The policy of an autoscaler."""
        kind, value = ("Percent", self.percent) if self.percent is not None else ("Pods", self.pods)
        return {"type": kind, "value": value, "periodSeconds": self.period}


class Direction(Model):
    """How fast it goes up or down."""

    stabilization_window: Annotated[Delay, Field(ge=0, le=3600)] | None = Field(
        None,
        json_schema_extra={"maximum": 3600},
        description="The most cautious figure of so much time counts, up to 1h.",
    )
    policies: Sequence[Policy] = Field((), description="How many pods come or go at the most.")
    select: Literal["max", "min", "disabled"] | None = Field(
        None, description="Which of several policies holds: the one that allows most or least; or scaling is disabled."
    )

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

    scale_up: Direction | None = Field(None, description="How fast pods come.")
    scale_down: Direction | None = Field(None, description="How fast pods go.")

    def as_spec(self) -> dict[str, Any]:
        """The `behavior` of an autoscaler, in the API's names."""
        directions = {"scaleUp": self.scale_up, "scaleDown": self.scale_down}
        return {key: one.as_spec() for key, one in directions.items() if one}


class Autoscaling(Model):
    """By what a service scales."""

    minimum: ReplicaCount | None = Field(None, description="The fewest pods, by default its replicas.")
    maximum: ReplicaCount | None = Field(None, description="The most pods.")
    cpu_percent: Percent | None = Field(
        70, description="The CPU to hold, in percent of what its pods request; null leaves it out."
    )
    memory_percent: Percent | None = Field(
        80, description="The memory to hold, in percent of what its pods request; null leaves it out."
    )
    pods: Sequence[PodsMetric] = Field(
        (), description="Metrics of each pod, from Prometheus; needs KEDA in the cluster."
    )
    objects: Sequence[ObjectMetric] = Field(
        (), description="Metrics of a Service as a whole, from Prometheus; needs KEDA in the cluster."
    )
    external: Sequence[ExternalMetric] = Field((), description="Any queries of Prometheus; needs KEDA in the cluster.")
    behavior: Behavior | None = Field(None, description="How fast it goes up and down.")

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
        names: dict[str, str] = {}
        for key, index, one in custom:
            first = names.setdefault(str(one.get("name")), f"{key}[{index}]")
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

    minimum: ReplicaCount | None = Field(None, description="The fewest pods.")
    maximum: ReplicaCount | None = Field(None, description="The most pods.")


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

    cpu: Cpu | None = Field(None, description="The CPU that a pod requests.")
    memory: Bytes | None = Field(None, description="The memory that a pod requests.")


_MODES: Mapping[str, components.UpdateMode] = {
    "off": "Off",
    "initial": "Initial",
    "recreate": "Recreate",
    "in-place-or-recreate": "InPlaceOrRecreate",
    "auto": "Auto",
}


class VerticalScaling(Model):
    """Bounds and recommendations of a VerticalPodAutoscaler."""

    mode: Annotated[Literal["off", "initial", "recreate", "in-place-or-recreate", "auto"], BeforeValidator(_off)] = (
        Field(
            "off",
            description="Whether requests follow the recommendations, and how; `off` only recommends. Where an "
            "autoscaler goes by a resource of `controlled`, it is off whatever this says.",
        )
    )
    controlled: Annotated[Sequence[components.Resource], Field(min_length=1)] = Field(
        ("cpu", "memory"), description="The resources that it looks at."
    )
    minimum: Amounts = Field(Amounts(), description="The least that it recommends.")
    maximum: Amounts = Field(Amounts(), description="The most that it recommends.")

    def contradictions(self) -> Iterable[Problem]:
        """A minimum above its maximum."""
        for resource in ("cpu", "memory"):
            low, high = (getattr(one, resource) for one in (self.minimum, self.maximum))
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
