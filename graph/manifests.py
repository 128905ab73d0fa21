"""The graph as Kubernetes manifests, in waves that follow its dependencies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

from components.platform.gitops.args import operators_project
from graph.helm_releases import HelmRelease
from graph.model import Graph, Resource, has_secret, masked, revealed

SYNC_WAVE = "argocd.argoproj.io/sync-wave"
SYNC_OPTIONS = "argocd.argoproj.io/sync-options"


@dataclass(frozen=True)
class Manifest:
    """A Kubernetes object as the API takes it.

    `wave` counts from 0: an object depends only on objects of lower waves. `body` holds a Secret's values as
    `graph.model.Secret`. `owned` are the fields that others write once the object is there.
    """

    urn: str
    kind: str
    namespace: str
    name: str
    wave: int
    retained: bool
    body: Mapping[str, Any]
    owned: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """(kind, namespace or "", name), by which it and the live object are the same."""
        return self.kind, self.namespace, self.name

    @property
    def title(self) -> str:
        """How messages call it: `Kind namespace/name`."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    @property
    def holds_secret(self) -> bool:
        """Whether any of its values is a secret, so that it must not be written to a file."""
        return has_secret(self.body)

    @property
    def data_keys(self) -> tuple[str, ...]:
        """The keys of a Secret's or ConfigMap's data; never the values."""
        return tuple(sorted(revealed(self.body.get("data", {}))))

    @property
    def file_name(self) -> str:
        """Where `render` writes it: a folder for the namespace, and the kind and name as the file."""
        folder = self.namespace or "_cluster"
        group = str(self.body["apiVersion"]).rpartition("/")[0].partition(".")[0]
        kind = f"{self.kind}.{group}" if group else self.kind
        return f"{folder}/{kind.lower()}-{self.name}.yaml"


def manifests(graph: Graph, *, applications: bool = False) -> tuple[Manifest, ...]:
    """All Kubernetes objects of the graph, by wave, kind, namespace and name.

    Helm releases are no objects. With `applications` each is among them as the Argo CD Application that installs it.
    """
    levels = _levels(graph)
    objects = [one for one in graph if one.is_kubernetes_object or (applications and one.is_helm_release)]
    waves = {level: wave for wave, level in enumerate(sorted({levels[resource.urn] for resource in objects}))}
    found = [_manifest(graph, resource, waves[levels[resource.urn]]) for resource in objects]
    return tuple(sorted(found, key=lambda one: (one.wave, one.kind, one.namespace, one.name)))


def _manifest(graph: Graph, resource: Resource, wave: int) -> Manifest:
    if resource.is_helm_release:
        release = HelmRelease.of(resource)
        # An environment that Argo CD delivers has a project for them (components/platform/gitops/component.py).
        project = operators_project(graph.environment) if graph.outputs.get("delivery") == "argocd" else "default"
        body = release.as_application(graph.environment, project)
        metadata = body["metadata"]
        return Manifest(
            resource.urn, body["kind"], metadata["namespace"], metadata["name"], wave, release.retained, body
        )
    kind, namespace, name = resource.object_name
    if not name:
        raise ValueError(f"{resource.urn}: has no metadata.name; every object needs a name of its own to be rendered")
    owned = tuple(resource.options.get("ignore_changes", ()))
    return Manifest(resource.urn, kind, namespace, name, wave, resource.is_kept, resource.inputs, owned)


def _levels(graph: Graph) -> dict[str, int]:
    """By URN, one more than the highest level of what a resource waits for; 0 if it waits for nothing."""
    below = {one.urn: graph.all_dependencies(one) & graph.by_urn.keys() for one in graph}
    levels: dict[str, int] = {}
    for urn in TopologicalSorter(below).static_order():
        levels[urn] = 1 + max((levels[other] for other in below[urn]), default=-1)
    return levels


def for_argo_cd(manifest: Manifest) -> dict[str, Any]:
    """The manifest's body with its wave, and what is retained kept from pruning; secrets are masked.

    The number of pods that an autoscaler owns is left out: Argo CD would put back the first one at every sync.
    """
    body = _without_owned_replicas(manifest, masked(manifest.body))
    metadata = dict(body.get("metadata", {}))
    kept = {SYNC_OPTIONS: "Prune=false,Delete=false"} if manifest.retained else {}
    metadata["annotations"] = {**metadata.get("annotations", {}), SYNC_WAVE: str(manifest.wave), **kept}
    return {**body, "metadata": metadata}


def _without_owned_replicas(manifest: Manifest, body: dict[str, Any]) -> dict[str, Any]:
    # None at all is a release's candidate, of which the first pod may start only when it is released.
    if "spec.replicas" not in manifest.owned or not body["spec"].get("replicas"):
        return body
    return {**body, "spec": {key: value for key, value in body["spec"].items() if key != "replicas"}}


def as_yaml(manifest: Manifest) -> str:
    """The manifest's file: the API's own order of the first keys, the rest by name; the same bytes every time."""
    import yaml

    first = ("apiVersion", "kind", "metadata")
    body = for_argo_cd(manifest)
    ordered = {key: _sorted(body[key]) for key in (*first, *sorted(body.keys() - set(first))) if key in body}
    # By libyaml, which is in every wheel of PyYAML: a fifth of the time.
    text: str = yaml.dump(
        ordered, Dumper=yaml.CSafeDumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=120
    )
    return text


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
