"""What takes a resource along when it is deleted itself, or is what the resource cannot come back without."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pulumi_policy.proxy import UnknownValueError

from policy.engine.subject import Stack, Subject
from policy.facts.kinds import KINDS
from policy.facts.references import references
from policy.facts.values import at, text
from policy.facts.volumes import VOLUME_OWNERS, volumes

_NAMESPACE, _SECRET = "core/Namespace", "core/Secret"
_STORAGE_CLASS = "storage.k8s.io/StorageClass"
_DEFINITION = "apiextensions.k8s.io/CustomResourceDefinition"
# Of what objects of these kinds name: the others they go on without.
_NEEDED = frozenset(name for kind in KINDS.values() for name in kind.needs)
_EKS_CLUSTER, _KEY = "aws:eks/cluster:Cluster", "aws:kms/key:Key"
_BUCKETS = frozenset(("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"))
_ENCRYPTION = tuple(
    f"aws:s3/bucketServerSideEncryptionConfiguration{suffix}:BucketServerSideEncryptionConfiguration{suffix}"
    for suffix in ("", "V2")
)


class Owner(NamedTuple):
    """An owner, and what it does for what it owns: `holds`, as in `Namespace shop holds StatefulSet shop/minio`."""

    subject: Subject
    verb: str


class Owners:
    """All possible owners of a stack, by what they are found by."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._named: dict[tuple[str, str, str], Subject] = {}
        self._uncertain: dict[str, UnknownValueError] = {}
        self._keys = {key.urn: key for key in stack.of_type(_KEY)}
        for type_ in (_NAMESPACE, _STORAGE_CLASS, _SECRET, *sorted(_NEEDED - {_SECRET})):
            self._add(type_, type_)
        self._add("external-secrets.io/ExternalSecret", _SECRET, "spec", "target")
        self._add("bitnami.com/SealedSecret", _SECRET)
        self._add(_DEFINITION, _DEFINITION, "spec", "names", key="kind", within=("spec", "group"))

    def _add(
        self,
        type_: str,
        found_as: str,
        *path: str,
        key: str = "name",
        within: tuple[str, ...] = ("metadata", "namespace"),
    ) -> None:
        """Add what is of a type, found by the name at a path, or else its own."""
        for one in self._stack.of_type(type_):
            try:
                name = text(at(one.props, *path, key)) or text(at(one.props, "metadata", "name"))
                self._named.setdefault((found_as, text(at(one.props, *within)), name), one)
            except UnknownValueError as error:
                self._uncertain.setdefault(found_as, error)

    def of(self, subject: Subject) -> Iterator[Owner]:
        """The owners of a resource among the stack's; raises UnknownValueError if one that is not known might be."""
        if subject.is_kubernetes_object:
            yield from (Owner(one, "runs") for one in self._stack.of_type(_EKS_CLUSTER))
            yield from self._of_object(subject)
        else:
            yield from (Owner(one, "is the key of") for one in self._keys_of(subject))

    def _of_object(self, subject: Subject) -> Iterator[Owner]:
        # A Helm release says so without metadata.
        namespace = text(at(subject.props, "metadata", "namespace")) or text(subject.props.get("namespace"))
        if namespace:
            yield from self._find("holds", _NAMESPACE, namespace)
        group, _, defined = subject.object_type.partition("/")
        yield from self._find("defines", _DEFINITION, defined, group)
        if subject.object_type in VOLUME_OWNERS:
            for name in dict.fromkeys(text(volume.storage_class) for volume in volumes(subject)):
                yield from self._find("gives volumes to", _STORAGE_CLASS, name)
        kind = KINDS.get(subject.object_type)
        if kind and kind.needs:
            wanted = {(one.object_type, one.name): one for one in references(subject) if one.object_type in kind.needs}
            for one in wanted.values():
                scope = "" if one.is_cluster_scoped else namespace
                yield from self._find("is needed by", one.object_type, one.name, scope)

    def _find(self, verb: str, type_: str, name: str, namespace: str = "") -> Iterator[Owner]:
        if found := self._named.get((type_, namespace, name)):
            yield Owner(found, verb)
        elif name and type_ in self._uncertain:
            raise self._uncertain[type_]

    def _keys_of(self, subject: Subject) -> Iterator[Subject]:
        """Found by dependency: a key's ARN is not known before AWS makes it."""
        encrypted = [subject]
        if subject.type in _BUCKETS:
            encrypted += [one for one in self._stack.of_type(*_ENCRYPTION) if _is_of(one, subject)]
        urns = dict.fromkeys(urn for one in encrypted for urn in one.dependencies if urn in self._keys)
        yield from (self._keys[urn] for urn in urns)


def _is_of(encryption: Subject, bucket: Subject) -> bool:
    if bucket.urn in encryption.dependencies:
        return True
    named = text(bucket.props.get("bucket"))
    return bool(named) and text(encryption.props.get("bucket")) == named
