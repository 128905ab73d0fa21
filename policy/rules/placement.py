"""Where things run, and who looks after them."""

from __future__ import annotations

from collections.abc import Iterator

from policy.frameworks import cis, nsa
from policy.label_selectors import selects
from policy.model import About, Level, RuleConfig, Severity, Violation, resource_rule
from policy.subject import Subject
from policy.values import at, mapping
from policy.workloads import WORKLOADS, pod_labels, pod_spec

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
