"""The recorded engine: waves, waiting, pruning and removing, against a cluster in memory."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

import ops.engines.waiting
from graph.manifests import Manifest, manifests
from graph.model import Graph
from ops.engines.changes import Key, title_of
from ops.engines.recorded import RecordedEngine
from ops.engines.waiting import State
from ops.kubectl import ClusterError
from tests.unit.fake_cluster import FakeKubectl
from tests.unit.recordings import planted_passwords, recorded_with_planted_passwords, with_systems
from tests.unit.scratch import graph_of

PART_OF = "applyset.kubernetes.io/part-of"


@pytest.fixture(scope="module")
def dev() -> Graph:
    """Development with one system: a third of its objects, and all that an engine makes a difference of."""
    return graph_of("dev", with_systems("dev", "astrbot"))


@dataclass
class Progress:
    """Notes what it is told."""

    waves: list[tuple[int, int, int]] = field(default_factory=list)
    states: list[State] = field(default_factory=list)

    def wave(self, number: int, of: int, objects: int) -> None:
        self.waves.append((number, of, objects))

    def waiting(self, state: State) -> None:
        self.states.append(state)


def engine(cluster: FakeKubectl, graph: Graph, *, timeout: int = 0) -> RecordedEngine:
    return of(cluster, manifests(graph), timeout=timeout)


def of(cluster: FakeKubectl, rendered: Sequence[Manifest], *, timeout: int = 0) -> RecordedEngine:
    return RecordedEngine(
        kubectl=cluster, environment="dev", tier="dev", manifests=rendered, progress=Progress(), timeout=timeout
    )


def key(manifest: Manifest) -> Key:
    return manifest.kind, manifest.namespace, manifest.name


def without(graph: Graph, *names: str) -> Graph:
    kept = tuple(one for one in graph if not (one.is_kubernetes_object and one.object_name[2] in names))
    return Graph(graph.stack, kept, graph.outputs)


def objects_of(cluster: FakeKubectl) -> set[Key]:
    own = {"Environment", "CustomResourceDefinition"}
    return {one for one in cluster.state.objects if one[0] not in own}


def test_a_deployment_makes_every_object_wave_by_wave(dev: Graph) -> None:
    """An object of a later wave needs those of the earlier ones to be there, and ready."""
    cluster, rendered = FakeKubectl(), manifests(dev)
    deployer = engine(cluster, dev)
    changes = deployer.deploy()
    assert objects_of(cluster) == {key(one) for one in rendered}
    assert (len(changes.created), changes.changed, changes.removed) == (len(rendered), [], [])
    waves = [
        sorted(keys)
        for keys in cluster.state.applied
        if keys and keys[0][0] not in ("Environment", "CustomResourceDefinition")
    ]
    numbers = sorted({one.wave for one in rendered})
    assert waves[: len(numbers)] == [sorted(key(one) for one in rendered if one.wave == number) for number in numbers]
    assert isinstance(deployer.progress, Progress)
    assert [number for number, _, _ in deployer.progress.waves] == [number + 1 for number in numbers]


def test_a_second_deployment_changes_nothing_and_says_so(dev: Graph) -> None:
    """Every change that is reported and was none makes people stop reading."""
    cluster = FakeKubectl()
    engine(cluster, dev).deploy()
    changes = engine(cluster, dev).deploy()
    assert changes.none
    assert changes.unchanged == len(manifests(dev))


def test_every_member_carries_the_label_of_its_set(dev: Graph) -> None:
    """What does not carry it is never pruned and never removed."""
    cluster = FakeKubectl()
    deployer = engine(cluster, dev)
    deployer.deploy()
    labels = {cluster.state.objects[one]["metadata"]["labels"].get(PART_OF) for one in objects_of(cluster)}
    assert len(labels) == 1
    assert str(labels.pop()).startswith("applyset-")


def test_secrets_are_applied_with_their_values(dev: Graph) -> None:
    """The mask in place of a password would be a password that everybody knows."""
    cluster = FakeKubectl()
    graph = recorded_with_planted_passwords(dev.stack)
    engine(cluster, graph).deploy()
    secrets = [body["data"] for one, body in cluster.state.objects.items() if one[0] == "Secret"]
    values = {base64.b64decode(value).decode() for data in secrets for value in data.values()}
    assert set(planted_passwords(graph)) <= values
    assert "[secret]" not in str(cluster.state.objects)


def test_no_secret_is_in_the_arguments_of_any_call(dev: Graph) -> None:
    """Arguments are visible to every user of the machine."""
    cluster = FakeKubectl()
    graph = recorded_with_planted_passwords(dev.stack)
    engine(cluster, graph).deploy()
    arguments = str(cluster.state.calls)
    assert not [password for password in planted_passwords(graph) if password in arguments]


def test_what_is_no_longer_declared_is_pruned_and_nothing_else(dev: Graph) -> None:
    """A tenant that left must not run on; an object of somebody else must."""
    cluster = FakeKubectl()
    engine(cluster, dev).deploy()
    foreign = {"kind": "ConfigMap", "metadata": {"name": "foreign", "namespace": "astrbot", "resourceVersion": 1}}
    cluster.state.objects["ConfigMap", "astrbot", "foreign"] = foreign
    smaller = without(dev, "auth-service")
    changes = engine(cluster, smaller).deploy()
    assert objects_of(cluster) == {key(one) for one in manifests(smaller)} | {("ConfigMap", "astrbot", "foreign")}
    assert "deployment/auth-service" in changes.removed
    assert not changes.created


def test_a_protected_object_is_neither_a_member_nor_pruned(dev: Graph) -> None:
    """The database must survive that somebody takes it out of the program."""
    cluster = FakeKubectl()
    rendered = [replace(one, retained=one.kind == "Cluster") for one in manifests(dev)]
    of(cluster, rendered).deploy()
    database = ("Cluster", "astrbot", "postgresql-cluster")
    assert PART_OF not in cluster.state.objects[database]["metadata"]["labels"]
    of(cluster, [one for one in rendered if one.kind not in ("Cluster", "Role")]).deploy()
    assert database in cluster.state.objects
    assert ("Role", "astrbot", "astrbot-manager") not in cluster.state.objects


def test_an_object_that_is_refused_is_named_and_what_was_applied_is_kept_and_known(dev: Graph) -> None:
    """The API's own message, and an honest account of what is there now."""
    cluster = FakeKubectl()
    cluster.state.refused.add("Service astrbot/minio")
    deployer = engine(cluster, dev)
    with pytest.raises(ClusterError, match='Service "minio" is invalid: spec: Required value'):
        deployer.deploy()
    assert set(deployer.changes.created) == {
        " ".join((one[0], "/".join(part for part in one[1:] if part))) for one in objects_of(cluster)
    }
    assert "ConfigMap astrbot/saas-platform-config" in deployer.changes.created, "one of the same wave"
    assert not [one for one in objects_of(cluster) if one[0] == "Deployment"], "later waves were not held back"
    cluster.state.refused.clear()
    engine(cluster, dev).deploy()
    assert objects_of(cluster) == {key(one) for one in manifests(dev)}


def test_a_workload_that_does_not_come_up_is_named_with_the_clusters_own_warnings(
    dev: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`timed out` alone says neither what nor why."""
    monkeypatch.setattr(ops.engines.waiting, "_POLL_SECONDS", 0)
    cluster = FakeKubectl()
    cluster.state.stuck.add("StatefulSet astrbot/minio")
    involved = {"kind": "Pod", "name": "minio-0"}
    cluster.state.events += [{"involvedObject": involved, "message": "0/1 nodes are available"}] * 2
    with pytest.raises(ClusterError) as caught:
        engine(cluster, dev).deploy()
    text = str(caught.value)
    assert "StatefulSet astrbot/minio: 0 of 1" in text
    assert text.count("Pod minio-0: 0/1 nodes are available") == 1
    assert "Deployment" not in text, "it was not yet asked for"
    assert "what was applied stays" in text


def test_removing_takes_the_last_wave_first_and_leaves_nothing(dev: Graph) -> None:
    """A namespace that goes first takes its objects along while their operators still need them."""
    cluster = FakeKubectl()
    engine(cluster, dev).deploy()
    changes = engine(cluster, dev).remove()
    assert cluster.state.objects == {}
    wave = {one.title: one.wave for one in manifests(dev)}
    order = [wave[title] for title in cluster.state.deleted if title in wave]
    assert order == sorted(order, reverse=True)
    assert set(changes.removed) == set(wave)
    assert cluster.state.deleted[-3:-1] == ["Namespace astrbot", "Environment dev"]


def test_removing_also_takes_what_an_older_program_had_declared_and_leaves_what_is_not_its_own(dev: Graph) -> None:
    """`down` removes exactly what `up` created."""
    cluster = FakeKubectl()
    engine(cluster, dev).deploy()
    foreign = {"kind": "ConfigMap", "metadata": {"name": "foreign", "namespace": "other", "resourceVersion": 1}}
    cluster.state.objects["ConfigMap", "other", "foreign"] = foreign
    changes = engine(cluster, without(dev, "auth-service")).remove()
    assert set(cluster.state.objects) == {("ConfigMap", "other", "foreign")}
    assert "Deployment astrbot/auth-service" in changes.removed


def test_a_wave_is_removed_with_two_calls_and_only_what_takes_others_along_is_waited_for(dev: Graph) -> None:
    """With a process for each object an environment takes minutes to go."""
    cluster = FakeKubectl()
    engine(cluster, dev).deploy()
    cluster.state.calls.clear()
    engine(cluster, dev).remove()
    deletions = [call for call in cluster.state.calls if call[:3] == ("delete", "-f", "-")]
    kinds = {(one.wave, one.kind in ("Namespace", "StatefulSet", "Deployment", "Job")) for one in manifests(dev)}
    waited = [waits for _, waits in sorted(kinds, key=lambda one: (-one[0], one[1]))]
    assert ["--wait=true" in call for call in deletions] == waited


def test_an_object_that_is_not_deleted_is_named_and_holds_back_the_waves_before_it(dev: Graph) -> None:
    """The rest of its own wave goes, what it needs stays, and the next run takes it up from there."""
    cluster, job = FakeKubectl(), migration(dev)
    engine(cluster, dev).deploy()
    cluster.state.refused.add(title_of(job))
    deployer = engine(cluster, dev)
    with pytest.raises(ClusterError, match=f'"{job[2]}" is forbidden'):
        deployer.remove()
    wave = {one.key: one.wave for one in manifests(dev)}
    assert {one for one in wave if wave[one] < wave[job]} | {job} == objects_of(cluster)
    assert set(deployer.changes.removed) == {title_of(one) for one in wave if one not in objects_of(cluster)}
    cluster.state.refused.clear()
    engine(cluster, dev).remove()
    assert cluster.state.objects == {}


def test_an_environment_as_it_should_be_is_told_by_one_dry_run(dev: Graph) -> None:
    """Nothing is written, and no wave is asked for by itself."""
    cluster = FakeKubectl()
    engine(cluster, dev).deploy()
    cluster.state.calls.clear()
    deployer = engine(cluster, dev)
    deployer.deploy()
    applies = [call for call in cluster.state.calls if call[0] == "apply"]
    assert len(applies) == 1
    assert "--dry-run=server" in applies[0]
    assert isinstance(deployer.progress, Progress)
    assert deployer.progress.waves == []
    assert deployer.progress.states[-1], "nobody saw whether it is available"


@pytest.mark.parametrize("gone", [True, False])
def test_what_somebody_changed_is_repaired_from_its_wave_on(dev: Graph, gone: bool) -> None:
    """The waves before it are as they should be; what depends on it is applied and waited for as ever."""
    cluster = FakeKubectl()
    engine(cluster, dev).deploy()
    service = next(one for one in manifests(dev) if one.title == "Deployment astrbot/auth-service")
    if gone:
        del cluster.state.objects[service.key]
    else:
        cluster.state.objects[service.key]["spec"] = {"replicas": 99, "template": {}}
    cluster.state.applied.clear()
    changes = engine(cluster, dev).deploy()
    assert (changes.created, changes.changed) == ([service.title], []) if gone else ([], [service.title])
    assert changes.unchanged == len(manifests(dev)) - 1
    wave = {one.key: one.wave for one in manifests(dev)}
    applied = {wave[one] for keys in cluster.state.applied for one in keys if one in wave}
    assert applied == {number for number in wave.values() if number >= service.wave}
    assert cluster.state.objects[service.key]["spec"] == service.body["spec"]


def test_a_workload_that_is_as_declared_but_not_available_is_still_waited_for(
    dev: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`no changes` of an environment that does not run would be a lie."""
    monkeypatch.setattr(ops.engines.waiting, "_POLL_SECONDS", 0)
    cluster = FakeKubectl()
    engine(cluster, dev).deploy()
    cluster.state.objects["StatefulSet", "astrbot", "minio"]["status"] = {}
    with pytest.raises(ClusterError, match="StatefulSet astrbot/minio: 0 of 1"):
        engine(cluster, dev).deploy()


def migration(graph: Graph) -> Key:
    return next(key(one) for one in manifests(graph) if one.kind == "Job" and "migration" in one.name)


def test_a_failed_migration_stops_the_deployment_at_once_and_before_the_new_version(dev: Graph) -> None:
    """Waiting for the whole timeout would not mend it, and the new version would meet the old tables."""
    cluster, job = FakeKubectl(), migration(dev)
    cluster.state.failing.add(title_of(job))
    with pytest.raises(ClusterError, match=r"failed:\n.*BackoffLimitExceeded"):
        engine(cluster, dev, timeout=3600).deploy()
    assert ("Deployment", "astrbot", "tenant-service") not in objects_of(cluster)


def test_a_job_that_failed_runs_again_with_the_next_deployment(dev: Graph) -> None:
    """Its cause is mended, its name is the same: applied unchanged, it would stay failed for ever."""
    cluster, job = FakeKubectl(), migration(dev)
    cluster.state.failing.add(title_of(job))
    with pytest.raises(ClusterError):
        engine(cluster, dev).deploy()
    cluster.state.failing.clear()
    engine(cluster, dev).deploy()
    assert title_of(job) in cluster.state.deleted
    assert ("Deployment", "astrbot", "tenant-service") in objects_of(cluster)


def test_removing_what_was_never_deployed_does_nothing(dev: Graph) -> None:
    """`make down` on a fresh clone."""
    cluster = FakeKubectl()
    assert engine(cluster, dev).remove().none
    assert cluster.state.deleted == []


def test_the_state_has_every_workload_and_nothing_that_cannot_be_waited_for(dev: Graph) -> None:
    """What `make status` shows: an object that is missing counts as not ready."""
    cluster = FakeKubectl()
    before = engine(cluster, dev).state()
    assert {one[0] for one in before} == {"Deployment", "StatefulSet", "Job", "Cluster"}
    assert not any(state.done for state in before.values())
    assert {state.reason for state in before.values()} == {"does not exist"}
    engine(cluster, dev).deploy()
    assert all(state.done for state in engine(cluster, dev).state().values())


def test_an_autoscaled_deployment_is_waited_for_up_to_its_minimum(dev: Graph) -> None:
    """One of three replicas is not the environment that was asked for."""
    wanted = {
        key[2]: state.wanted for key, state in engine(FakeKubectl(), dev).state().items() if key[0] == "Deployment"
    }
    assert wanted["api-gateway"] == 3
    assert wanted["auth-service"] == 2
    assert wanted["astrbot-manager"] == 1
