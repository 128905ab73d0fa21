"""The rule `protected-owners`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from graph.model import Graph
from policy.engine.evaluation import evaluate
from policy.rules.data import protected_owners
from tests.policy.aws_objects import BUCKET, CLUSTER, ENCRYPTION, KEY, aws, companion, recorded
from tests.policy.objects import OPTIONS, Props, having, judge, namespace
from tests.policy.stack_objects import assert_exempt, made, protected

_CLASS = {"accessModes": ["ReadWriteOnce"], "storageClassName": "fast"}
_CLAIM = made("PersistentVolumeClaim", "data", _CLASS)
_DATABASE = made(
    "Cluster",
    "db",
    {
        "imageCatalogRef": {"apiGroup": "postgresql.cnpg.io", "kind": "ImageCatalog", "name": "images", "major": 18},
        "bootstrap": {"initdb": {"secret": {"name": "login"}}},
        "managed": {"roles": [{"name": "b", "passwordSecret": {"name": "login-b"}}]},
        "plugins": [{"name": "barman-cloud", "parameters": {"barmanObjectName": "archive"}}],
        "externalClusters": [{"name": "other", "plugin": {"parameters": {"barmanObjectName": "other-archive"}}}],
    },
)
_S3 = {"accessKeyId": {"name": "bucket-login", "key": "a"}, "secretAccessKey": {"name": "bucket-login", "key": "b"}}
_ARCHIVE = made("ObjectStore", "archive", {"configuration": {"s3Credentials": _S3}})
_DEFINITION = made(
    "CustomResourceDefinition",
    "clusters.postgresql.cnpg.io",
    {"group": "postgresql.cnpg.io", "names": {"kind": "Cluster"}},
    namespace=None,
)
_STORAGE_CLASS = made("StorageClass", "fast", namespace=None)
# What a database cannot come back without, each under the name by which the database has it.
_NEEDED = (
    made("ImageCatalog", "images", {}),
    made("ObjectStore", "archive", {}),
    made("ObjectStore", "other-archive", {}),
    made("Secret", "login"),
    made("ExternalSecret", "b", {"target": {"name": "login-b"}}),
)


def _lacks(label: str, verb: str, *owned: str) -> str:
    are = "are" if len(owned) > 1 else "is"
    problem = f"protect is not set, but it {verb} {', '.join(owned)}, which {are} protected"
    return f"{label}: {problem}; set it here too, or deleting this takes the other along"


def _label(props: Props) -> str:
    return f"{props['kind']} shop/{props['metadata']['name']}"


_COMPLIANT: dict[str, list[Props]] = {
    "a protected claim in a protected namespace": [protected(namespace()), protected(_CLAIM)],
    "nothing that is protected": [namespace(), _CLAIM, _STORAGE_CLASS, _DATABASE, *_NEEDED],
    "a protected claim elsewhere": [namespace("other"), protected(_CLAIM)],
    "a database with all that it needs": [protected(one) for one in (namespace(), _DATABASE, *_NEEDED)],
    "a database and what it does not need": [protected(_DATABASE), made("Secret", "x"), made("ObjectStore", "x")],
    "an object that is no database": [protected(_CLAIM), _DEFINITION],
}
_HELD = "PersistentVolumeClaim shop/data"
_VIOLATIONS: dict[str, tuple[list[Props], str]] = {
    "the namespace of a claim": ([namespace(), protected(_CLAIM)], _lacks("Namespace shop", "holds", _HELD)),
    "the namespace of data and of a Secret": (
        [namespace(), protected(made("Secret", "login")), protected(_CLAIM)],
        _lacks("Namespace shop", "holds", _HELD, "Secret shop/login"),
    ),
    "the storage class of a claim": (
        [protected(_CLAIM), _STORAGE_CLASS],
        _lacks("StorageClass fast", "gives volumes to", _HELD),
    ),
    "the definition of a database": (
        [_DEFINITION, protected(_DATABASE)],
        _lacks("CustomResourceDefinition clusters.postgresql.cnpg.io", "defines", "Cluster shop/db"),
    ),
    "the login of an archive": (
        [protected(_ARCHIVE), made("Secret", "bucket-login")],
        _lacks("Secret shop/bucket-login", "is needed by", "ObjectStore shop/archive"),
    ),
    **{
        f"what a database needs: {_label(one)}": (
            [protected(_DATABASE), one],
            _lacks(_label(one), "is needed by", "Cluster shop/db"),
        )
        for one in _NEEDED
    },
}


@pytest.mark.parametrize("objects", _COMPLIANT.values(), ids=_COMPLIANT.keys())
def test_data_that_stays_with_what_it_is_in_has_no_violation(objects: list[Props]) -> None:
    assert judge(protected_owners, *objects) == []


@pytest.mark.parametrize(("objects", "message"), _VIOLATIONS.values(), ids=_VIOLATIONS.keys())
def test_what_would_take_protected_data_along_is_named(objects: list[Props], message: str) -> None:
    assert judge(protected_owners, *objects) == [message]


@pytest.mark.parametrize(("objects", "message"), _VIOLATIONS.values(), ids=_VIOLATIONS.keys())
def test_an_exempt_owner_is_let_off(objects: list[Props], message: str) -> None:
    assert_exempt(protected_owners, message.partition(":")[0], *objects)


@pytest.mark.parametrize(
    "objects",
    [
        [protected(having(_CLAIM, "metadata.namespace", UNKNOWN_STRING_VALUE)), namespace()],
        [protected(_CLAIM), having(namespace(), "metadata.name", UNKNOWN_STRING_VALUE)],
    ],
    ids=["where it is", "what holds it"],
)
def test_what_is_not_known_yet_is_said_after_all_others_were_judged(objects: list[Props]) -> None:
    found: list[str] = []
    certain = [protected(made("PersistentVolumeClaim", "data", {}, namespace="bank")), namespace("bank")]
    with pytest.raises(UnknownValueError):
        judge(protected_owners, *objects, *certain, found=found)
    assert found == [_lacks("Namespace bank", "holds", "PersistentVolumeClaim bank/data")]


def test_of_many_the_first_are_named_and_the_others_counted() -> None:
    many = [protected(made("PersistentVolumeClaim", f"data-{number}", {})) for number in range(5)]
    (message,) = judge(protected_owners, namespace(), *many)
    claims = ", ".join(f"PersistentVolumeClaim shop/data-{number}" for number in range(3))
    assert f"it holds {claims} and 2 more, which are protected;" in message


def _labels(graph: Graph) -> list[str]:
    return [one.object for one in evaluate(graph, rules=[protected_owners])]


def _kept(graph: Graph, *names: str, **options: bool) -> Graph:
    """The graph in which the resources of these names have options."""
    resources = (replace(one, options=options) if one.name in names else one for one in graph)
    return replace(graph, resources=tuple(resources))


@pytest.fixture
def cloud() -> Graph:
    """Two buckets, one of which names its key by its companion, and a file system that does so itself."""
    return recorded(
        [
            ("key", aws(KEY), ()),
            ("other", aws(KEY), ()),
            ("data", aws(BUCKET, bucket="data"), ()),
            ("data-encryption", companion(ENCRYPTION), ("data", "key")),
            ("scratch", aws(BUCKET, bucket="scratch"), ()),
            ("scratch-encryption", companion(ENCRYPTION, "scratch"), ("scratch", "other")),
            ("files", aws("aws:efs/fileSystem:FileSystem", encrypted=True), ("other",)),
        ]
    )


def test_the_key_of_a_protected_bucket_is_named(cloud: Graph) -> None:
    """AWS deletes a key after some days, and nobody reads the bucket again."""
    assert _labels(_kept(cloud, "data", protect=True)) == ["Key key"]
    assert _labels(_kept(cloud, "data", "key", protect=True)) == []


def test_the_key_of_a_protected_file_system_is_named(cloud: Graph) -> None:
    assert _labels(_kept(cloud, "files", protect=True)) == ["Key other"]
    assert _labels(_kept(cloud, "files", "other", protect=True)) == []


def test_the_cluster_in_which_anything_is_protected_is_named() -> None:
    cluster: Props = aws(CLUSTER)
    objects: list[tuple[str, Any, tuple[str, ...]]] = [
        ("eks", cluster, ()),
        ("namespace", {**namespace(), "kind": "kubernetes:core/v1:Namespace", OPTIONS: {"protect": True}}, ()),
    ]
    graph = recorded(objects)
    assert _labels(graph) == ["Cluster eks"]
    assert _labels(_kept(graph, "eks", protect=True)) == []
    assert _labels(_kept(graph, "namespace")) == []


@pytest.mark.parametrize(
    ("owned", "owner", "found"),
    [
        ({"retain_on_delete": True}, {}, True),
        ({"retain_on_delete": True}, {"retain_on_delete": True}, False),
        ({"retain_on_delete": True}, {"protect": True}, False),
        # Else recording and engine would judge it differently: the engine does not say what is retained.
        ({"protect": True}, {"retain_on_delete": True}, True),
    ],
)
def test_what_is_only_retained_needs_an_owner_that_stays(
    owned: dict[str, bool], owner: dict[str, bool], found: bool
) -> None:
    """The namespace that goes takes along what the engine left in it."""
    claim = {**_CLAIM, "kind": "kubernetes:core/v1:PersistentVolumeClaim", OPTIONS: owned}
    holder = {**namespace(), "kind": "kubernetes:core/v1:Namespace", OPTIONS: owner}
    graph = recorded([("claim", claim, ()), ("namespace", holder, ())])
    assert _labels(graph) == (["Namespace shop"] if found else [])


def test_a_release_that_is_left_in_the_cluster_is_no_data() -> None:
    """It keeps definitions, and its cluster may go."""
    release = {"kind": "kubernetes:helm.sh/v3:Release", "namespace": "shop", OPTIONS: {"retain_on_delete": True}}
    assert _labels(recorded([("eks", aws(CLUSTER), ()), ("chart", release, ())])) == []
