"""What an object refers to by name: configuration, credentials, identities, storage and issuers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from components.kubernetes.operator_kinds import SECRET, STORAGE_CLASS
from policy.engine.subject import Subject
from policy.facts.inventory import listed
from policy.facts.kinds import KINDS, PRIORITISED
from policy.facts.values import at, items, mapping, text
from policy.facts.volumes import VOLUME_OWNERS, volumes
from policy.facts.workloads import WORKLOADS, containers, pod_spec, priority_class_name

_CONFIG_MAP, _CLAIM, _ACCOUNT = "core/ConfigMap", "core/PersistentVolumeClaim", "core/ServiceAccount"
_ISSUER, _CLUSTER_ISSUER = "cert-manager.io/Issuer", "cert-manager.io/ClusterIssuer"
_SECRET_STORES = "external-secrets.io"
PRIORITY_CLASS = "scheduling.k8s.io/PriorityClass"


class Reference(NamedTuple):
    """Where a reference stands, and the type and name of the object that it means."""

    field: str
    object_type: str
    name: str

    @property
    def is_cluster_scoped(self) -> bool:
        """Whether it means an object that no namespace holds."""
        return self.object_type in (STORAGE_CLASS, PRIORITY_CLASS) or self.object_type.rpartition("/")[2].startswith(
            "Cluster"
        )


def references(subject: Subject) -> Iterator[Reference]:
    """All references of an object that name something; those that may be missing (`optional`) are left out."""
    yield from (one for one in _all(subject) if one.name)


def _all(subject: Subject) -> Iterator[Reference]:
    if subject.object_type in WORKLOADS:
        yield from _of_pods(subject)
    if subject.object_type in WORKLOADS | PRIORITISED:
        field, name = priority_class_name(subject)
        yield Reference(field, PRIORITY_CLASS, name)
    if subject.object_type in VOLUME_OWNERS:
        for volume in volumes(subject):
            yield Reference(volume.class_field, STORAGE_CLASS, text(volume.storage_class))
    match subject.object_type:
        case "networking.k8s.io/Ingress":
            yield from _of_ingress(subject)
        case "cert-manager.io/Certificate":
            yield _by_kind("spec.issuerRef", "cert-manager.io", "Issuer", at(subject.props, "spec", "issuerRef"))
        case "external-secrets.io/ExternalSecret":
            store = at(subject.props, "spec", "secretStoreRef")
            yield _by_kind("spec.secretStoreRef", _SECRET_STORES, "SecretStore", store)
        case _:
            yield from _of_custom(subject)


def _of_pods(workload: Subject) -> Iterator[Reference]:
    spec = pod_spec(workload)
    yield Reference("serviceAccountName", _ACCOUNT, text(spec.get("serviceAccountName")))
    for pull in listed(spec, "imagePullSecrets"):
        yield Reference("imagePullSecrets", SECRET, text(pull.get("name")))
    for index, volume in enumerate(listed(spec, "volumes")):
        yield from _of_volume(f"volumes[{index}]", volume)
    for container in containers(workload):
        yield from _of_environment(container.name, container.props)


def _of_volume(field: str, volume: Mapping[str, Any]) -> Iterator[Reference]:
    yield _source(f"{field}.configMap", _CONFIG_MAP, volume.get("configMap"))
    yield _source(f"{field}.secret", SECRET, volume.get("secret"), key="secretName")
    claim = mapping(volume.get("persistentVolumeClaim"))
    yield Reference(f"{field}.persistentVolumeClaim", _CLAIM, text(claim.get("claimName")))
    for source in listed(volume, "projected", "sources"):
        yield _source(f"{field}.projected", _CONFIG_MAP, source.get("configMap"))
        yield _source(f"{field}.projected", SECRET, source.get("secret"))


def _of_environment(container: str, props: Mapping[str, Any]) -> Iterator[Reference]:
    for variable in listed(props, "env"):
        field = f"env {text(variable.get('name'))} of container {container}"
        yield _source(field, _CONFIG_MAP, at(variable, "valueFrom", "configMapKeyRef"))
        yield _source(field, SECRET, at(variable, "valueFrom", "secretKeyRef"))
    for index, source in enumerate(listed(props, "envFrom")):
        field = f"envFrom[{index}] of container {container}"
        yield _source(field, _CONFIG_MAP, source.get("configMapRef"))
        yield _source(field, SECRET, source.get("secretRef"))


def _of_ingress(ingress: Subject) -> Iterator[Reference]:
    annotations = mapping(at(ingress.props, "metadata", "annotations"))
    issuers = {"cert-manager.io/issuer": _ISSUER, "cert-manager.io/cluster-issuer": _CLUSTER_ISSUER}
    named = [(key, text(annotations.get(key))) for key in issuers]
    for key, name in named:
        yield Reference(f"metadata.annotations.{key}", issuers[key], name)
    # cert-manager makes the Secret for an Ingress that names an issuer.
    if not any(name for _, name in named):
        for index, entry in enumerate(listed(ingress.props, "spec", "tls")):
            yield Reference(f"spec.tls[{index}].secretName", SECRET, text(entry.get("secretName")))


def _of_custom(owner: Subject) -> Iterator[Reference]:
    kind = KINDS.get(owner.object_type)
    for one in kind.references if kind else ():
        for field, value in _found(owner.props, one.field.split(".")):
            if one.by_kind:
                group, _, default = one.object_type.partition("/")
                yield _by_kind(field, group, default, value)
            else:
                yield _source(field, one.object_type, value, key=one.key)


def _found(value: Any, path: Sequence[str], field: str = "") -> Iterator[tuple[str, Any]]:
    """What stands at a path of keys, with the field: after a key of a list `[]`, and `*` for each key."""
    if not path:
        yield field, value
        return
    key, rest, inside = path[0].removesuffix("[]"), path[1:], mapping(value)
    for name in inside if key == "*" else (key,):
        here = f"{field}.{name}".lstrip(".")
        if path[0].endswith("[]"):
            for index, item in enumerate(items(inside.get(name))):
                yield from _found(item, rest, f"{here}[{index}]")
        else:
            yield from _found(inside.get(name), rest, here)


def _by_kind(field: str, group: str, default: str, value: Any) -> Reference:
    target = mapping(value)
    return Reference(field, f"{group}/{text(target.get('kind')) or default}", text(target.get("name")))


def _source(field: str, object_type: str, value: Any, *, key: str = "name") -> Reference:
    source = mapping(value)
    return Reference(field, object_type, "" if source.get("optional") is True else text(source.get(key)))
