"""What an object refers to by name: configuration, credentials, identities, storage and issuers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from policy.engine.subject import Subject
from policy.facts.inventory import listed
from policy.facts.values import at, mapping, text
from policy.facts.workloads import PRIORITISED, WORKLOADS, containers, pod_spec, priority_class_name

_CONFIG_MAP, _SECRET, _CLAIM = "core/ConfigMap", "core/Secret", "core/PersistentVolumeClaim"
_STORAGE_CLASS = "storage.k8s.io/StorageClass"
_ISSUER, _CLUSTER_ISSUER = "cert-manager.io/Issuer", "cert-manager.io/ClusterIssuer"
_SECRET_STORES = "external-secrets.io"
_DATABASES, _ARCHIVE = "postgresql.cnpg.io", "barmancloud.cnpg.io/ObjectStore"
PRIORITY_CLASS = "scheduling.k8s.io/PriorityClass"


class Reference(NamedTuple):
    """Where a reference stands, and the type and name of the object that it means."""

    field: str
    object_type: str
    name: str

    @property
    def is_cluster_scoped(self) -> bool:
        """Whether it means an object that no namespace holds."""
        return self.object_type in (_STORAGE_CLASS, PRIORITY_CLASS) or self.object_type.rpartition("/")[2].startswith(
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
    match subject.object_type:
        case "apps/StatefulSet":
            for index, claim in enumerate(listed(subject.props, "spec", "volumeClaimTemplates")):
                yield _class(f"spec.volumeClaimTemplates[{index}].spec.storageClassName", claim)
        case "core/PersistentVolumeClaim":
            yield _class("spec.storageClassName", subject.props)
        case "networking.k8s.io/Ingress":
            yield from _of_ingress(subject)
        case "cert-manager.io/Certificate":
            yield _by_kind("spec.issuerRef", "cert-manager.io", "Issuer", at(subject.props, "spec", "issuerRef"))
        case "external-secrets.io/ExternalSecret":
            store = at(subject.props, "spec", "secretStoreRef")
            yield _by_kind("spec.secretStoreRef", _SECRET_STORES, "SecretStore", store)
        case "postgresql.cnpg.io/Cluster":
            yield from _of_database(subject)
        case "barmancloud.cnpg.io/ObjectStore":
            yield from _of_archive(subject)
        case "redis.redis.opstreelabs.in/RedisCluster" | "redis.redis.opstreelabs.in/Redis":
            yield from _of_cache(subject)


def _of_pods(workload: Subject) -> Iterator[Reference]:
    spec = pod_spec(workload)
    yield Reference("serviceAccountName", "core/ServiceAccount", text(spec.get("serviceAccountName")))
    for pull in listed(spec, "imagePullSecrets"):
        yield Reference("imagePullSecrets", _SECRET, text(pull.get("name")))
    for index, volume in enumerate(listed(spec, "volumes")):
        yield from _of_volume(f"volumes[{index}]", volume)
    for container in containers(workload):
        yield from _of_environment(container.name, container.props)


def _of_volume(field: str, volume: Mapping[str, Any]) -> Iterator[Reference]:
    yield _source(f"{field}.configMap", _CONFIG_MAP, volume.get("configMap"))
    yield _source(f"{field}.secret", _SECRET, volume.get("secret"), key="secretName")
    claim = mapping(volume.get("persistentVolumeClaim"))
    yield Reference(f"{field}.persistentVolumeClaim", _CLAIM, text(claim.get("claimName")))
    for source in listed(volume, "projected", "sources"):
        yield _source(f"{field}.projected", _CONFIG_MAP, source.get("configMap"))
        yield _source(f"{field}.projected", _SECRET, source.get("secret"))


def _of_environment(container: str, props: Mapping[str, Any]) -> Iterator[Reference]:
    for variable in listed(props, "env"):
        field = f"env {text(variable.get('name'))} of container {container}"
        yield _source(field, _CONFIG_MAP, at(variable, "valueFrom", "configMapKeyRef"))
        yield _source(field, _SECRET, at(variable, "valueFrom", "secretKeyRef"))
    for index, source in enumerate(listed(props, "envFrom")):
        field = f"envFrom[{index}] of container {container}"
        yield _source(field, _CONFIG_MAP, source.get("configMapRef"))
        yield _source(field, _SECRET, source.get("secretRef"))


def _of_ingress(ingress: Subject) -> Iterator[Reference]:
    annotations = mapping(at(ingress.props, "metadata", "annotations"))
    issuers = {"cert-manager.io/issuer": _ISSUER, "cert-manager.io/cluster-issuer": _CLUSTER_ISSUER}
    named = [(key, text(annotations.get(key))) for key in issuers]
    for key, name in named:
        yield Reference(f"metadata.annotations.{key}", issuers[key], name)
    # cert-manager makes the Secret for an Ingress that names an issuer.
    if not any(name for _, name in named):
        for index, entry in enumerate(listed(ingress.props, "spec", "tls")):
            yield Reference(f"spec.tls[{index}].secretName", _SECRET, text(entry.get("secretName")))


def _of_database(cluster: Subject) -> Iterator[Reference]:
    spec = mapping(cluster.props.get("spec"))
    for field in ("storage", "walStorage"):
        yield Reference(f"spec.{field}.storageClass", _STORAGE_CLASS, text(at(spec, field, "storageClass")))
    yield _source("spec.superuserSecret", _SECRET, spec.get("superuserSecret"))
    for method in mapping(spec.get("bootstrap")):
        yield _source(f"spec.bootstrap.{method}.secret", _SECRET, at(spec, "bootstrap", method, "secret"))
    for index, role in enumerate(listed(spec, "managed", "roles")):
        yield _source(f"spec.managed.roles[{index}].passwordSecret", _SECRET, role.get("passwordSecret"))
    yield _by_kind("spec.imageCatalogRef", _DATABASES, "ImageCatalog", spec.get("imageCatalogRef"))
    archivers = [(f"spec.plugins[{index}]", one) for index, one in enumerate(listed(spec, "plugins"))]
    for index, other in enumerate(listed(spec, "externalClusters")):
        archivers.append((f"spec.externalClusters[{index}].plugin", mapping(other.get("plugin"))))
    for field, plugin in archivers:
        yield Reference(f"{field}.parameters", _ARCHIVE, text(at(plugin, "parameters", "barmanObjectName")))


def _of_archive(store: Subject) -> Iterator[Reference]:
    credentials = mapping(at(store.props, "spec", "configuration", "s3Credentials"))
    for key in credentials:
        yield _source(f"spec.configuration.s3Credentials.{key}", _SECRET, credentials[key])


def _of_cache(cluster: Subject) -> Iterator[Reference]:
    password = at(cluster.props, "spec", "kubernetesConfig", "redisSecret")
    yield _source("spec.kubernetesConfig.redisSecret", _SECRET, password)
    for part in ("TLS", "acl"):
        secret = at(cluster.props, "spec", part, "secret")
        yield _source(f"spec.{part}.secret", _SECRET, secret, key="secretName")
    claim = mapping(at(cluster.props, "spec", "storage", "volumeClaimTemplate"))
    yield _class("spec.storage.volumeClaimTemplate.spec.storageClassName", claim)


def _class(field: str, claim: Mapping[str, Any]) -> Reference:
    return Reference(field, _STORAGE_CLASS, text(at(claim, "spec", "storageClassName")))


def _by_kind(field: str, group: str, default: str, value: Any) -> Reference:
    target = mapping(value)
    return Reference(field, f"{group}/{text(target.get('kind')) or default}", text(target.get("name")))


def _source(field: str, object_type: str, value: Any, *, key: str = "name") -> Reference:
    source = mapping(value)
    return Reference(field, object_type, "" if source.get("optional") is True else text(source.get(key)))
