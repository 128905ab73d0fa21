"""An environment on EKS, in every tier: what it is made of, and what the policies say of it."""

from __future__ import annotations

import json

import pytest

import ops.preview
from components.cluster.eks.args import INSTANCE_TYPES
from components.kubernetes.quantity import Bytes, Cpu
from graph.manifests import manifests
from graph.model import Graph, Resource, Secret, listing
from ops.preview import OK
from ops.preview import run as preview
from policy.engine.evaluation import evaluate
from stacks.schema.tiers import TIERS
from tests.unit.eks.files import EVERYTHING, file
from tests.unit.recordings import environment_of, objects, one, recorded
from tests.unit.scratch import STACK, Scratch
from tests.unit.workloads import Workload, workloads
from versions import EKS_VERSIONS

CLUSTER, NODE_GROUP = "aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup"
ADDON = "aws:eks/addon:Addon"


@pytest.fixture(params=TIERS)
def tier(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def eks(scratch: Scratch, tier: str) -> Graph:
    """A tier's environment with all that can be asked for."""
    return scratch.record(file(tier, EVERYTHING))


def of_type(graph: Graph, type_: str) -> list[Resource]:
    return [resource for resource in graph if resource.type == type_]


def test_the_policies_have_nothing_against_it_that_they_have_not_against_any_cluster(eks: Graph) -> None:
    """A cluster that its own pack refuses could never be deployed."""
    found = [finding for finding in evaluate(eks) if finding.blocks or ":aws:" in finding.urn.replace("$", ":")]
    assert not found, "\n".join(finding.message for finding in found)


def test_its_preview_succeeds(
    eks: Graph, scratch: Scratch, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the command that a person uses."""
    monkeypatch.setattr(ops.preview, "record", scratch.recorded)
    assert preview(STACK, "text", 3) == OK
    assert "EksCluster" in capsys.readouterr().out


def test_the_systems_are_the_same_as_on_any_other_cluster(scratch: Scratch) -> None:
    """Only a StorageClass is added, which other clusters must have already; the backups need no Secret and no MinIO.

    Access is on by itself here.
    """
    text = file("dev")
    head = text.partition("  saas-platform:cluster")[0]
    on_sandbox = f"{head}  saas-platform:access: {{}}\n  saas-platform:cluster: {{kind: sandbox}}\n"
    eks, sandbox = ({m.key for m in manifests(scratch.record(one))} for one in (text, on_sandbox))
    own = {key for key in eks ^ sandbox if not key[2].startswith("minio-buckets-")}
    assert own == {("StorageClass", "", "fast-ssd"), ("Secret", "astrbot", "postgresql-backup-secret")}
    assert own - sandbox == {("StorageClass", "", "fast-ssd")}


def test_everything_in_the_cluster_waits_for_its_nodes(eks: Graph) -> None:
    """Otherwise the first pods time out before there is a node."""
    (provider,) = of_type(eks, "pulumi:providers:kubernetes")
    waits = {eks.by_urn[urn].type for urn in eks.all_dependencies(provider) if urn in eks.by_urn}
    assert {CLUSTER, NODE_GROUP, ADDON} <= waits


def test_nodes_follow_the_control_plane_and_the_network_plug_in(eks: Graph) -> None:
    """In an upgrade too: a kubelet newer than its API server is not supported."""
    for group in of_type(eks, NODE_GROUP):
        waits = {eks.by_urn[urn].name for urn in group.dependencies if urn in eks.by_urn}
        assert f"saas-platform-{STACK}-vpc-cni" in waits
        assert f"saas-platform-{STACK}" in waits
        assert group.inputs["version"] == of_type(eks, CLUSTER)[0].inputs["version"]
    (dns,) = (addon for addon in of_type(eks, ADDON) if addon.inputs["addonName"] == "coredns")
    assert NODE_GROUP in {eks.by_urn[urn].type for urn in dns.dependencies if urn in eks.by_urn}


@pytest.mark.parametrize("version", EKS_VERSIONS)
def test_add_ons_are_of_the_versions_of_the_clusters_own(scratch: Scratch, version: str) -> None:
    """kube-proxy may not be newer than the cluster, nor older than its nodes."""
    text = file("dev", f'    version: "{version}"\n').replace("systems:\n    astrbot: {}", "systems: {}")
    graph = scratch.record(text)
    found = {addon.inputs["addonName"]: addon.inputs["addonVersion"] for addon in of_type(graph, ADDON)}
    assert found == EKS_VERSIONS[version].addons
    assert found["kube-proxy"].startswith(f"v{version}.")


def test_network_policies_are_enforced(eks: Graph) -> None:
    """The plug-in's default is to ignore them, and with them every rule about who reaches whom."""
    (cni,) = (addon for addon in of_type(eks, ADDON) if addon.inputs["addonName"] == "vpc-cni")
    assert json.loads(cni.inputs["configurationValues"])["enableNetworkPolicy"] == "true"


def test_the_kubeconfig_is_a_secret_without_a_credential(eks: Graph) -> None:
    """It stands in the state, whose readers need not know where the cluster is."""
    (provider,) = of_type(eks, "pulumi:providers:kubernetes")
    kubeconfig = provider.inputs["kubeconfig"]
    assert isinstance(kubeconfig, Secret)
    document = json.loads(kubeconfig.reveal())
    assert document["users"][0]["user"].keys() == {"exec"}
    command = document["users"][0]["user"]["exec"]
    assert [command["command"], *command["args"]][:3] == ["aws", "eks", "get-token"]
    assert "get-token" not in json.dumps(listing(eks), default=str)


def test_nobody_deploys_into_another_account(eks: Graph) -> None:
    """Whoever is logged in to the wrong one gets an error from the provider."""
    (provider,) = of_type(eks, "pulumi:providers:aws")
    assert json.loads(provider.inputs["allowedAccountIds"]) == ["123456789012"]
    used = {
        resource.options.get("provider") for resource in eks if resource.custom and resource.type.startswith("aws:")
    }
    assert used == {provider.urn}, "a resource with the provider of whoever is logged in"


def test_what_cannot_be_made_again_is_protected_where_data_is(eks: Graph, tier: str) -> None:
    """A key that is deleted takes all that it encrypted with it."""
    types = {
        resource.type
        for resource in eks
        if resource.options.get("protect") and resource.type.startswith("aws:") and "route53" not in resource.type
    }
    wanted = {CLUSTER, "aws:ec2/vpc:Vpc", "aws:kms/key:Key", "aws:s3/bucket:Bucket"}
    assert (wanted <= types) if TIERS[tier].protect_data else not types  # type: ignore[index]
    (cluster,) = of_type(eks, CLUSTER)
    assert cluster.inputs["deletionProtection"] is TIERS[tier].protect_data  # type: ignore[index]


def test_volumes_are_encrypted_and_made_where_their_pod_is(eks: Graph, tier: str) -> None:
    """Made at once, a volume may be in a zone in which its pod has no node."""
    found = one(eks, "StorageClass", "fast-ssd")
    assert (found["provisioner"], found["parameters"]) == ("ebs.csi.aws.com", {"type": "gp3", "encrypted": "true"})
    assert found["volumeBindingMode"] == "WaitForFirstConsumer"
    assert found["reclaimPolicy"] == ("Retain" if TIERS[tier].protect_data else "Delete")  # type: ignore[index]


def test_all_pods_find_room_on_the_nodes_that_there_may_be(eks: Graph) -> None:
    """Largest first onto the first node with room, at the most replicas that the autoscalers may ask for."""
    nodes = [list(_allocatable(group)) for group in of_type(eks, NODE_GROUP) for _ in range(_maximum(group))]
    pods = sorted((pod for workload in workloads(eks) for pod in _pods(workload)), reverse=True)
    for cpu, memory, title in pods:
        room = next((node for node in nodes if node[0] >= cpu and node[1] >= memory), None)
        assert room is not None, f"{title}: no node has {cpu}m and {memory // 2**20}Mi left"
        room[0] -= cpu
        room[1] -= memory


def _maximum(group: Resource) -> int:
    return int(group.inputs["scalingConfig"]["maxSize"])


def _allocatable(group: Resource) -> tuple[int, int]:
    """The smallest of a group's types, without what EKS keeps (EKS's node bootstrap) and what daemons take."""
    has = min(INSTANCE_TYPES[name] for name in group.inputs["instanceTypes"])
    daemons = (Cpu.parse("250m"), Bytes.parse("300Mi"))
    # 110 pods reserve 11 MiB each and 255 MiB; 100 MiB are the threshold of eviction.
    reserved = Bytes.parse(f"{255 + 11 * 110 + 100}Mi")
    return has.cpu.amount - 80 - daemons[0].amount, has.memory.amount - reserved.amount - daemons[1].amount


def _pods(workload: Workload) -> list[tuple[int, int, str]]:
    cpu, memory = (workload.total("requests", resource) // max(workload.pods, 1) for resource in ("cpu", "memory"))
    return [(cpu, memory, workload.title)] * workload.pods


def test_the_repositorys_own_environments_have_no_aws_resource() -> None:
    """They name clusters that are there; nobody's account is in them."""
    assert not [resource for name in TIERS if name != "test" for resource in recorded(name) if "aws:" in resource.type]


@pytest.mark.parametrize("tier", ["dev", "staging", "prod"])
def test_backups_go_to_the_bucket_that_was_made_with_the_cluster(eks: Graph) -> None:
    """MinIO goes with the cluster, its backups too. No key of AWS is kept anywhere: EKS hands out the role."""
    graph = eks
    store = one(graph, "ObjectStore", "postgresql-cluster")["spec"]["configuration"]
    bucket = graph.outputs["backup_bucket"]
    assert store["destinationPath"] == f"s3://{bucket}/astrbot/base"
    assert store["s3Credentials"] == {"inheritFromIAMRole": True}
    assert "endpointURL" not in store
    dump = one(graph, "CronJob", "postgresql-backup")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    variables = environment_of(dump["containers"][0])
    assert (variables["BACKUP_BUCKET"]["value"], variables["BACKUP_PREFIX"]["value"]) == (bucket, "astrbot/postgresql/")
    assert "AWS_ACCESS_KEY_ID" not in variables
    secrets = [body["metadata"]["name"] for body in objects(graph, "Secret", "ExternalSecret")]
    assert "postgresql-backup-secret" not in secrets
    entitled = [
        resource.inputs["serviceAccount"]
        for resource in graph
        if resource.type.endswith(":PodIdentityAssociation") and resource.inputs["namespace"] == "astrbot"
    ]
    assert sorted(entitled) == ["postgresql-backup", "postgresql-cluster"]


def test_a_database_with_backups_in_a_bucket_of_its_own_gets_no_role_of_the_clusters(scratch: Scratch) -> None:
    """It would never use the role, and the SDK has one too many to choose from."""
    arn = "arn:aws:iam::123456789012:role"
    storage = f"""object_storage:
        kind: s3
        region: eu-central-1
        files: {{bucket: acme-files, role_arn: "{arn}/files"}}
        backups: {{bucket: acme-backups, role_arn: "{arn}/backups"}}"""
    graph = scratch.record(file().replace("astrbot: {}", f"astrbot:\n      {storage}"))
    entitled = [one.inputs["namespace"] for one in graph if one.type.endswith(":PodIdentityAssociation")]
    assert "astrbot" not in entitled
