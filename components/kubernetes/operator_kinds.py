"""What is known of a kind of custom resource: what its operator makes of an object, and where the object says what.

Plain values: the rules, the preflight and the deployment read them, and no component has to be loaded for that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Path = tuple[str, ...]
Labels = Mapping[str, str]
SPEC: Path = ("spec",)
# The pods by which cert-manager answers an HTTP-01 challenge, in the namespace of the Ingress: pod.go and http.go in
# pkg/issuer/acme/http (cert-manager v1.21.1).
HTTP01_SOLVERS: Labels = {"acme.cert-manager.io/http01-solver": "true"}
SECRET, STORAGE_CLASS = "core/Secret", "storage.k8s.io/StorageClass"


def _nothing(name: str) -> tuple[str, ...]:
    return ()


def _no_pods(name: str) -> tuple[Labels, ...]:
    return ()


@dataclass(frozen=True, kw_only=True)
class ImageAt:
    """Where an object names an image of its pods, and the policy by which it is pulled."""

    image: Path
    pull_policy: Path


@dataclass(frozen=True, kw_only=True)
class VolumeAt:
    """Where an object asks for a volume, and below that its size and class; by default those of a claim.

    A volume that is not `required` is there only where `path` is.
    """

    path: Path
    size: Path = ("spec", "resources", "requests", "storage")
    storage_class: Path = ("spec", "storageClassName")
    required: bool = False


@dataclass(frozen=True, kw_only=True)
class ContextsAt:
    """Where an object has the security contexts of its operator's pods.

    `pod` is the context of the pods, `containers` are the parents of those of containers, or lists of them
    (`securityContext` below each that is there). `required` says whether they must be stated, for an operator that
    adds none of its own. `seccomp` is a profile that stands outside of the pods' context. `always` are fields of
    containers that are there whatever the object says of them.
    """

    pod: Path
    containers: tuple[Path, ...] = ()
    required: bool = True
    seccomp: Path | None = None
    always: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReferenceAt:
    """Where an object names another of `object_type` (`core/Secret`).

    `field` is the path with a dot between its keys, `[]` after the key of a list, `*` for each key of a mapping
    (`spec.managed.roles[].passwordSecret`), and `key` is below it. With `by_kind` the `kind` beside that key counts,
    and `object_type` is what is meant without one.
    """

    field: str
    object_type: str
    key: str = "name"
    by_kind: bool = False


@dataclass(frozen=True, kw_only=True)
class OperatorKind:
    """A kind, by `object_type`: `postgresql.cnpg.io/Cluster`.

    By the name of an object: the label selectors of each sort of pod that the operator makes (`pods`), and the names
    of `services` and `secrets`. Where an object has `images`, `volumes`, `resources` and security `contexts`, and
    which others it names (`references`; those of storage classes follow from the volumes). `priority` says whether it
    has the priority class of its pods, at `priority_class`, and `account` whether it names their service account, at
    `spec.serviceAccountName`: the pods of others have one that their operator makes. Of what it names it cannot come
    back without what `needs` lists. `keeps_data`: with the object data goes. `instances` is where it says how many pods
    there are, and `budget` where the operator's own disruption budget of them is switched off (None: it makes none).
    """

    object_type: str
    pods: Callable[[str], tuple[Labels, ...]] = _no_pods
    services: Callable[[str], tuple[str, ...]] = _nothing
    secrets: Callable[[str], tuple[str, ...]] = _nothing
    images: tuple[ImageAt, ...] = ()
    volumes: tuple[VolumeAt, ...] = ()
    resources: tuple[Path, ...] = ()
    contexts: ContextsAt | None = None
    references: tuple[ReferenceAt, ...] = ()
    priority: bool = False
    account: bool = False
    priority_class: Path = ("spec", "priorityClassName")
    needs: frozenset[str] = frozenset()
    keeps_data: bool = False
    instances: Path | None = None
    budget: Path | None = None

    @property
    def has_pods(self) -> bool:
        """Whether its operator makes pods of an object."""
        return self.pods is not _no_pods

    @property
    def kind(self) -> str:
        """The kind alone, such as `Cluster`."""
        return self.object_type.rpartition("/")[2]
