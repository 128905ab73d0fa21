"""Whether a workload survives the loss of a pod, a node or a zone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from policy.inventory import each, listed, reference
from policy.label_selectors import SelectorIndex
from policy.model import About, Level, RuleConfig, Severity, Violation, resource_rule, stack_rule
from policy.quantities import whole
from policy.subject import Stack, Subject
from policy.values import at, items, mapping, text
from policy.workloads import pod_labels, pod_spec

_HPA, _KEDA = "autoscaling/HorizontalPodAutoscaler", "keda.sh/ScaledObject"
_SPREAD = ("apps/Deployment", "apps/StatefulSet")
# One pod is enough where nobody waits for it; test shows what prod would say.
_PRODUCTION_LIKE = {"dev": Level.DISABLED, "test": Level.ADVISORY}


class AutoscalerConfig(RuleConfig):
    """`minimum`: the fewest replicas to which an autoscaler may scale. `metrics`: whether it must name any.

    `most_utilization`: the highest use of a resource, in percent of what is requested, at which it may still wait.
    """

    minimum: int = 2
    metrics: bool = True
    most_utilization: int = 100


@resource_rule(
    About(
        name="autoscaler",
        title="Autoscalers have room, a floor and a measure",
        description="minReplicas is at least 2 and below maxReplicas, and the metrics to scale by are stated.",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        remediation=(
            "Set minReplicas to 2 or more and maxReplicas above it.",
            "List the metrics, with targets below 100 % of what is requested.",
        ),
    ),
    applies_to={_HPA},
    config=AutoscalerConfig,
)
def autoscaler(subject: Subject, config: AutoscalerConfig) -> Iterator[Violation]:
    """Bounds that are the same, a floor of one pod, and no metrics. The defaults are the API server's."""
    spec = mapping(subject.props.get("spec"))
    least, most = whole(spec.get("minReplicas")), whole(spec.get("maxReplicas"))
    floor = 1 if least is None else least
    if floor < config.minimum:
        fix = f"set it to {config.minimum} or more"
        yield Violation(field="spec.minReplicas", problem=f"is {floor}, below {config.minimum}", fix=fix)
    if most is None or most <= floor:
        problem = "is missing" if most is None else "is not above minReplicas"
        yield Violation(field="spec.maxReplicas", problem=problem, fix="leave room to scale")
    classic = subject.type.endswith("/v1:HorizontalPodAutoscaler") and spec.get("targetCPUUtilizationPercentage")
    for index, metric in enumerate(listed(spec, "metrics")):
        percent = whole(at(metric, "resource", "target", "averageUtilization"))
        if percent is not None and not 0 < percent <= config.most_utilization:
            field = f"spec.metrics[{index}].resource.target.averageUtilization"
            problem = f"is {percent}, not from 1 to {config.most_utilization}"
            yield Violation(field=field, problem=problem, fix="scale before the request is used up")
    if config.metrics and not items(spec.get("metrics")) and not classic:
        yield Violation(field="spec.metrics", problem="is missing", fix="say by what to scale")


class ReplicasConfig(RuleConfig):
    """`minimum`: how many pods a service has at least.

    `reason_annotation`: the annotation by which a Deployment says why one pod is enough.
    """

    minimum: int = 2
    reason_annotation: str = "platform.io/single-replica-reason"


@stack_rule(
    About(
        name="replicas",
        title="Services have more than one pod",
        description=(
            "A Deployment behind a Service has two pods or more, or an autoscaler that keeps as many; one of a single "
            "pod says why in its annotation platform.io/single-replica-reason."
        ),
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels=_PRODUCTION_LIKE,
        remediation=(
            "Set replicas to 2 or more, or add an autoscaler.",
            "Where a second pod would do harm, say why in the annotation platform.io/single-replica-reason.",
        ),
    ),
    config=ReplicasConfig,
)
def replicas(stack: Stack, config: ReplicasConfig) -> Iterator[Violation]:
    """Each Deployment whose only pod is a Service's only pod."""
    scaled = stack.once(_scaled)
    yield from each(stack.of_type("apps/Deployment"), partial(_alone, config, stack.once(_services), scaled))


def _services(stack: Stack) -> Mapping[str, SelectorIndex[Subject]]:
    found: dict[str, list[tuple[Any, Subject]]] = {}
    for service in stack.of_type("core/Service"):
        selector = mapping(at(service.props, "spec", "selector"))
        if selector:
            found.setdefault(service.namespace, []).append(({"matchLabels": selector}, service))
    return {namespace: SelectorIndex(pairs) for namespace, pairs in found.items()}


def _scaled(stack: Stack) -> frozenset[tuple[str, tuple[str, str]]]:
    return frozenset((one.namespace, reference(one, "spec", "scaleTargetRef")) for one in stack.of_type(_HPA, _KEDA))


def _alone(
    config: ReplicasConfig,
    services: Mapping[str, SelectorIndex[Subject]],
    scaled: frozenset[tuple[str, tuple[str, str]]],
    deployment: Subject,
) -> Iterator[Violation]:
    stated = whole(at(deployment.props, "spec", "replicas"))
    number, index = 1 if stated is None else stated, services.get(deployment.namespace)
    target = (deployment.namespace, ("apps/Deployment", text(at(deployment.props, "metadata", "name"))))
    # Scaled to nothing on purpose: it serves nobody.
    if number == 0 or number >= config.minimum or target in scaled or index is None:
        return
    if text(at(deployment.props, "metadata", "annotations", config.reason_annotation)).strip():
        return
    if next(index.matching(pod_labels(deployment)[0]), None):
        problem = f"is {number}, and a Service sends traffic here"
        fix = f"set it to {config.minimum} or more, or say why in the annotation {config.reason_annotation}"
        yield Violation(subject=deployment, field="spec.replicas", problem=problem, fix=fix)


class TopologySpreadConfig(RuleConfig):
    """`keys`: the node labels over whose values the pods are to be spread."""

    keys: tuple[str, ...] = ("topology.kubernetes.io/zone",)


@resource_rule(
    About(
        name="topology-spread",
        title="Pods are spread over zones",
        description="A workload of several pods states a constraint that spreads them over zones.",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels=_PRODUCTION_LIKE,
        remediation=("Add topologySpreadConstraints for the zone that select the workload's own pods.",),
    ),
    applies_to=_SPREAD,
    config=TopologySpreadConfig,
)
def topology_spread(workload: Subject, config: TopologySpreadConfig) -> Iterator[Violation]:
    """Each label over which the pods are not spread; a single pod cannot be."""
    if whole(at(workload.props, "spec", "replicas")) in (0, 1) or not pod_spec(workload):
        return
    spread = [text(one.get("topologyKey")) for one in listed(pod_spec(workload), "topologySpreadConstraints")]
    for key in config.keys:
        if key not in spread:
            yield Violation(field="topologySpreadConstraints", problem=f"lacks {key}", fix="add a constraint for it")


@resource_rule(
    About(
        name="statefulset-service",
        title="StatefulSets name their Service",
        description="The pods of a StatefulSet have DNS names only through the Service that serviceName names.",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        remediation=("Make a headless Service (clusterIP None) and name it in spec.serviceName.",),
    ),
    applies_to={"apps/StatefulSet"},
    config=RuleConfig,
)
def statefulset_service(workload: Subject, config: RuleConfig) -> Iterator[Violation]:
    """A StatefulSet whose pods cannot be addressed."""
    if not text(at(workload.props, "spec", "serviceName")):
        yield Violation(field="spec.serviceName", problem="is missing", fix="name a headless Service")
