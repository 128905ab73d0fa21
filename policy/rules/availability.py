"""Whether a workload survives the loss of a pod, a node or a zone, and where things run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from policy.engine.model import About, Level, RuleConfig, Severity, Violation, cis, nsa, resource_rule, stack_rule
from policy.engine.subject import Stack, Subject
from policy.facts.inventory import SelectorIndex, each, listed, reference, selects
from policy.facts.values import at, items, mapping, text, whole
from policy.facts.workloads import WORKLOADS, pod_labels, pod_spec

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


_SELECTING = ("apps/DaemonSet", "apps/Deployment", "apps/ReplicaSet", "apps/StatefulSet")
_NAMESPACED = (
    "core/ConfigMap",
    "core/PersistentVolumeClaim",
    "core/Secret",
    "core/Service",
    "core/ServiceAccount",
    "networking.k8s.io/Ingress",
    "networking.k8s.io/NetworkPolicy",
    "rbac.authorization.k8s.io/Role",
    "rbac.authorization.k8s.io/RoleBinding",
)


class OwnNamespaceConfig(RuleConfig):
    """`reserved`: namespaces that are nobody's, or Kubernetes' own."""

    reserved: tuple[str, ...] = ("default", "kube-system", "kube-public", "kube-node-lease")


@resource_rule(
    About(
        name="own-namespace",
        title="Objects are in a namespace of their own",
        description=(
            "No workload, and nothing that belongs to one, is in `default` or in a namespace of Kubernetes itself: "
            "neither has quotas or network policies, and rights in the latter are rights over the cluster."
        ),
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        frameworks=(cis("5.7.1, 5.7.4"), nsa("Network separation and hardening: namespaces")),
        remediation=("Name the system's namespace in metadata.namespace.",),
    ),
    applies_to={*WORKLOADS, *_NAMESPACED},
    config=OwnNamespaceConfig,
)
def own_namespace(subject: Subject, config: OwnNamespaceConfig) -> Iterator[Violation]:
    """An object that names no namespace, or one that is not a system's."""
    if subject.namespace in config.reserved:
        stated = at(subject.props, "metadata", "namespace")
        problem = f"is {subject.namespace}" if stated else "is missing, and thus default"
        yield Violation(field="metadata.namespace", problem=problem, fix="name the system's own")


@resource_rule(
    About(
        name="controlled-pods",
        title="Pods have a controller",
        description="No Pod stands alone: nothing would start it again when its node is lost, or roll it out anew.",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        remediation=("Write it as the template of a Deployment, a StatefulSet, a DaemonSet or a Job.",),
    ),
    applies_to={"core/Pod"},
    config=RuleConfig,
)
def controlled_pods(pod: Subject, config: RuleConfig) -> Iterator[Violation]:
    """A Pod that nothing owns."""
    if pod_spec(pod) and not at(pod.props, "metadata", "ownerReferences"):
        yield Violation(field="the pod", problem="has no controller", fix="use a Deployment or a Job")


@resource_rule(
    About(
        name="own-pods",
        title="Workloads select the pods that they make",
        description="The selector of a workload matches the labels of its template; else the API server refuses it.",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        remediation=("Take spec.selector.matchLabels and the labels of the template from one place.",),
    ),
    applies_to=_SELECTING,
    config=RuleConfig,
)
def own_pods(workload: Subject, config: RuleConfig) -> Iterator[Violation]:
    """A selector that misses the workload's own pods."""
    selector = mapping(at(workload.props, "spec", "selector"))
    if selector and not selects(selector, pod_labels(workload)[0]):
        problem = "does not match the labels of the template"
        yield Violation(field="spec.selector", problem=problem, fix="let both have the same labels")
