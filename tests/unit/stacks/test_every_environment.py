"""What holds for every object of every environment, whatever system it belongs to."""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from components.kubernetes.quantity import Bytes, Cpu
from components.platform.operators.table import OPERATORS
from graph.model import Graph, Secret
from stacks.system.declaration import Declaration
from stacks.system.names import object_names
from tests.unit.recordings import (
    DECLARATIONS,
    Body,
    fields,
    objects,
    one,
    planted_passwords,
    recorded,
    recorded_with_planted_passwords,
    system_of,
    title,
)
from tests.unit.workloads import Workload, selects, workloads

# Argo CD looks in its own namespace for what it is to deploy, whoever says so.
OF_ARGO_CD = ("Application", "AppProject")
CLUSTER_SCOPED = {
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "Namespace",
    "PriorityClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
}
# The Service of all kubelets is the Prometheus operator's, and they are no pods.
# What cert-manager makes for an order, and removes after it.
SOLVERS = {"acme.cert-manager.io/http01-solver": "true"}
KUBELETS = {"app.kubernetes.io/name": "kubelet", "k8s-app": "kubelet"}
LABELS = {
    "app.kubernetes.io/name",
    "app.kubernetes.io/part-of",
    "app.kubernetes.io/managed-by",
    "platform.io/environment",
    "platform.io/system",
}
# Fields of the Restricted standard: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
RESTRICTED_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


def pod_selectors(body: Body) -> Iterator[tuple[str, Mapping[str, str]]]:
    """(path, labels) of every selector with which an object selects pods of its own namespace."""
    spec: Body = body.get("spec", {})
    if body["kind"] == "Service":
        yield "spec.selector", spec["selector"]
    for path, value in fields(spec, "spec"):
        labels = value.get("matchLabels") if isinstance(value, Mapping) else None
        if (
            labels
            and "namespace" in body["metadata"]
            and not path.endswith((".namespaceSelector", ".ruleSelector"))
            and not _peer_of_another_namespace(spec, path)
        ):
            yield path, labels


def _peer_of_another_namespace(spec: Body, path: str) -> bool:
    match = re.fullmatch(r"spec\.(ingress|egress)\[(\d+)\]\.(from|to)\[(\d+)\]\.podSelector", path)
    return match is not None and "namespaceSelector" in spec[match[1]][int(match[2])][match[3]][int(match[4])]


def pods_of(graph: Graph, namespace: str) -> list[Workload]:
    return [workload for workload in workloads(graph) if workload.namespace == namespace]


def test_every_selector_selects_pods_of_its_own_namespace(graph: Graph) -> None:
    """A Service, budget or policy that selects nothing is accepted by the API, and does nothing."""
    checked = 0
    everywhere = workloads(graph)
    for body in objects(graph):
        for path, labels in pod_selectors(body):
            checked += 1
            if labels in (KUBELETS, SOLVERS):
                continue
            pods = (one for one in everywhere if one.namespace == body["metadata"]["namespace"])
            assert any(selects(labels, workload) for workload in pods), f"{title(body)}: {path} {labels} selects no pod"
    assert checked > 50, f"only {checked} selectors were found: the test looks in the wrong places"


def test_a_workload_selects_its_own_pods_and_no_others(graph: Graph) -> None:
    """Two Deployments whose selectors overlap delete each other's pods."""
    everywhere = workloads(graph)
    for body in objects(graph, "Deployment", "StatefulSet", "DaemonSet"):
        selector = body["spec"]["selector"]["matchLabels"]
        same = [one for one in everywhere if one.namespace == body["metadata"]["namespace"]]
        found = [workload.title for workload in same if selects(selector, workload)]
        assert found == [f"{body['kind']} {body['metadata']['name']}"], f"{title(body)} selects {found}"


def test_no_selector_has_a_label_that_an_upgrade_changes(graph: Graph) -> None:
    """A Deployment's selector is immutable: with the version in it, the first upgrade is refused."""
    for body in objects(graph):
        for path, labels in pod_selectors(body):
            changing = [label for label in labels if "version" in label or "hash" in label or "managed-by" in label]
            assert not changing, f"{title(body)}: {path} selects by {changing}"


def test_every_object_says_its_name_its_namespace_and_whose_it_is(graph: Graph) -> None:
    """Without them a lost state is not found again, and `down` cannot tell its own from others'."""
    for body in objects(graph):
        metadata = body["metadata"]
        assert metadata.get("name"), f"an object {body['kind']} has no name"
        assert ("namespace" in metadata) is (body["kind"] not in CLUSTER_SCOPED), title(body)
        missing = LABELS - metadata.get("labels", {}).keys()
        assert not missing, f"{title(body)} lacks {', '.join(sorted(missing))}"
        labels = metadata["labels"]
        assert labels["platform.io/environment"] == graph.stack, title(body)
        if "namespace" in metadata or body["kind"] == "Namespace":
            own = body["kind"] not in OF_ARGO_CD
            assert not own or labels["platform.io/system"] == metadata.get("namespace", metadata["name"]), title(body)


def test_pods_bear_the_labels_of_their_workload(graph: Graph) -> None:
    """Logs, metrics and `kubectl get pods -l` go by the pods' labels."""
    for workload in workloads(graph):
        missing = {"platform.io/environment", "platform.io/system"} - workload.labels.keys()
        assert not missing, f"pods of {workload.title} lack {', '.join(sorted(missing))}"
    for body in objects(graph, "Deployment"):
        assert body["spec"]["template"]["metadata"]["labels"] == body["metadata"]["labels"], title(body)


def test_names_and_label_values_are_short_enough_and_well_formed(graph: Graph) -> None:
    """The API refuses the rest, in the middle of a deployment."""
    label = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
    value = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
    for body in objects(graph):
        assert label.fullmatch(body["metadata"]["name"]), title(body)
        for key, text in body["metadata"]["labels"].items():
            assert value.fullmatch(text), f"{title(body)}: label {key} has the value {text!r}"


def test_no_two_objects_are_the_same(graph: Graph) -> None:
    """The second would overwrite the first, in an order that nobody chose."""
    identities = Counter((body["apiVersion"].rpartition("/")[0], title(body)) for body in objects(graph))
    assert [identity for identity, count in identities.items() if count > 1] == []


def test_every_object_lives_in_a_namespace_that_the_environment_makes(graph: Graph) -> None:
    """An object in `default` escapes the quota, the policies and `down`. Alone the right to read the lines of an
    operator's pods is where these are."""
    made = {body["metadata"]["name"] for body in objects(graph, "Namespace")}
    for body in objects(graph):
        if body["metadata"]["name"] == "alloy-reads-logs":
            made_for_logs = made | {one.namespace for one in OPERATORS.values()}
            assert body["metadata"]["namespace"] in made_for_logs, title(body)
            continue
        assert body["kind"] in (*CLUSTER_SCOPED, *OF_ARGO_CD) or body["metadata"]["namespace"] in made, title(body)


def test_a_budget_keeps_no_pod_that_is_not_ready(graph: Graph) -> None:
    """Pods that crash in a loop would hold every node under them against a drain."""
    budgets = objects(graph, "PodDisruptionBudget")
    assert budgets
    for body in budgets:
        assert body["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow", title(body)
        assert body["spec"]["maxUnavailable"] == 1, title(body)


def test_an_autoscaler_can_scale_and_its_budget_lets_a_pod_go(graph: Graph) -> None:
    """Minimum equal to maximum scales nothing; a budget as large as the minimum blocks every drain."""
    for body in objects(graph, "HorizontalPodAutoscaler"):
        assert 1 < body["spec"]["minReplicas"] < body["spec"]["maxReplicas"], title(body)
        budget = one(graph, "PodDisruptionBudget", body["metadata"]["name"], system_of(body))
        assert budget["spec"]["maxUnavailable"] == 1


QUOTA_KEYS = {
    "requests.cpu": ("requests", "cpu"),
    "requests.memory": ("requests", "memory"),
    "limits.cpu": ("limits", "cpu"),
    "limits.memory": ("limits", "memory"),
}


@pytest.mark.parametrize("key", QUOTA_KEYS)
def test_the_quota_admits_everything_at_its_largest(graph: Graph, key: str) -> None:
    """All autoscalers at their maximum during a rolling update: a quota below that stops the update half-way."""
    bound, resource = QUOTA_KEYS[key]
    parse = Cpu.parse if resource == "cpu" else Bytes.parse
    for quota in objects(graph, "ResourceQuota"):
        needed = sum(one.total(bound, resource) for one in pods_of(graph, quota["metadata"]["namespace"]))
        allowed = parse(quota["spec"]["hard"][key]).amount
        assert needed <= allowed, f"{key}: {needed} are needed and {allowed} allowed"
        assert allowed <= 2 * needed, f"{key}: {allowed} allowed for {needed} bounds nothing"


def test_the_quota_admits_all_pods_and_volumes(graph: Graph) -> None:
    """A volume that the quota refuses leaves its pod Pending for ever."""
    for quota in objects(graph, "ResourceQuota"):
        hard, pods = quota["spec"]["hard"], pods_of(graph, quota["metadata"]["namespace"])
        assert sum(one.pods for one in pods) <= int(hard["pods"])
        assert sum(one.volumes for one in pods) <= int(hard["persistentvolumeclaims"])
        assert sum(one.volumes * one.volume.amount for one in pods) <= Bytes.parse(hard["requests.storage"]).amount
        assert (hard["services.nodeports"], hard["services.loadbalancers"]) == ("0", "0"), "a way around the Ingress"


def test_every_container_fits_the_limit_range(graph: Graph) -> None:
    """The API refuses a container above the maximum, and the Deployment then waits without a pod."""
    for limits in objects(graph, "LimitRange"):
        (limit,) = limits["spec"]["limits"]
        for workload in pods_of(graph, limits["metadata"]["namespace"]):
            for container in workload.containers:
                mine = container["resources"]["limits"]
                assert Cpu.parse(mine["cpu"]) <= Cpu.parse(limit["max"]["cpu"]), workload.title
                for resource in ("memory", "ephemeral-storage"):
                    assert Bytes.parse(mine[resource]) <= Bytes.parse(limit["max"][resource]), workload.title


def test_every_container_states_requests_and_limits(graph: Graph) -> None:
    """In a namespace with a quota, a pod without them is refused."""
    for workload in workloads(graph):
        for container in workload.containers:
            for bound in ("requests", "limits"):
                stated = container["resources"][bound].keys()
                assert {"cpu", "memory", "ephemeral-storage"} <= stated, f"{workload.title} {container['name']}"


def test_every_namespace_enforces_the_restricted_standard(graph: Graph) -> None:
    """`warn` alone lets a privileged pod in."""
    for namespace in objects(graph, "Namespace"):
        labels = namespace["metadata"]["labels"]
        for mode in ("enforce", "audit", "warn"):
            assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"


def pod_template(body: Body) -> Body:
    """The pod template of a workload; a CronJob has it one level deeper."""
    spec = body["spec"]["jobTemplate"]["spec"] if body["kind"] == "CronJob" else body["spec"]
    template: Body = spec["template"]
    return template


def test_every_pod_template_meets_the_restricted_standard(graph: Graph) -> None:
    """The API would refuse the pods, and the Deployment would report nothing but a missing replica."""
    templates = objects(graph, "Deployment", "StatefulSet", "DaemonSet")
    assert templates
    for body in templates:
        pod = pod_template(body)["spec"]
        assert not any(pod.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")), title(body)
        assert pod["securityContext"]["runAsNonRoot"] is True, title(body)
        ids = {pod["securityContext"][field] for field in ("runAsUser", "runAsGroup", "fsGroup")}
        assert ids == {10001}, f"{title(body)}: another may be somebody's on the node"
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, title(body)
        for volume in pod.get("volumes", []):
            assert volume.keys() - {"name"} <= RESTRICTED_VOLUMES, f"{title(body)}: volume {volume['name']}"
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False, title(body)
            assert security["capabilities"] == {"drop": ["ALL"]}, title(body)
            assert security["readOnlyRootFilesystem"] is True, f"{title(body)}: beyond the standard, and the default"
            assert not security.get("privileged"), title(body)
            assert all("hostPort" not in port for port in container.get("ports", [])), title(body)


def test_the_pods_of_redis_meet_the_restricted_standard(graph: Graph) -> None:
    """The operator passes on what it is told and nothing else."""
    found = objects(graph, "Redis", "RedisCluster")
    assert found
    for body in found:
        spec = body["spec"]
        pod = spec["podSecurityContext"]
        assert pod["runAsNonRoot"] is True
        assert pod["runAsUser"] > 0
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
        servers = [spec] if body["kind"] == "Redis" else [spec["redisLeader"], spec["redisFollower"]]
        for part in (*servers, spec["redisExporter"]):
            security = part["securityContext"]
            assert security["allowPrivilegeEscalation"] is False, part
            assert security["capabilities"] == {"drop": ["ALL"]}, part


def test_every_volume_mount_has_its_volume(graph: Graph) -> None:
    """A name misspelt in one of the two is refused by the API."""
    for body in objects(graph, "Deployment", "StatefulSet", "DaemonSet"):
        pod = body["spec"]["template"]["spec"]
        volumes = {volume["name"] for volume in pod.get("volumes", [])}
        volumes |= {claim["metadata"]["name"] for claim in body["spec"].get("volumeClaimTemplates", [])}
        mounts = {mount["name"] for container in pod["containers"] for mount in container.get("volumeMounts", [])}
        assert mounts == volumes, title(body)


def test_every_image_names_one_version(graph: Graph) -> None:
    """`latest`, or no tag, makes two pods of one Deployment differ, and a rollback a game of chance."""
    images = [
        value for body in objects(graph) for path, value in fields(body) if path.endswith((".image", ".imageName"))
    ]
    assert images
    for image in images:
        name, _, tag = image.rpartition(":")
        assert name, f"{image} has no tag"
        assert tag != "latest", image
        assert "/" not in tag, f"{image} has no tag"


# --- references -------------------------------------------------------------------------------------------------------


def keys_of_secrets(graph: Graph) -> dict[str, set[str]]:
    """The Secrets that there will be, by `namespace/name`, and their keys: declared, or made by an ExternalSecret."""
    made = {}
    for body in objects(graph, "Secret"):
        data = body["data"].reveal() if isinstance(body["data"], Secret) else body["data"]
        made[f"{body['metadata']['namespace']}/{body['metadata']['name']}"] = set(data)
    for body in objects(graph, "ExternalSecret"):
        target = body["spec"]["target"]
        made[f"{body['metadata']['namespace']}/{target['name']}"] = set(target["template"]["data"])
    for body in objects(graph, "Certificate"):
        # https://cert-manager.io/docs/usage/certificate/, for an issuer with an authority.
        made[f"{body['metadata']['namespace']}/{body['spec']['secretName']}"] = {"tls.crt", "tls.key", "ca.crt"}
    return made


def test_every_secret_that_is_used_is_made_with_the_key_that_is_used(graph: Graph) -> None:
    """A pod whose Secret lacks a key stays in CreateContainerConfigError."""
    secrets, checked = keys_of_secrets(graph), 0
    for body in objects(graph):
        namespace = body["metadata"].get("namespace", "")
        for path, value in fields(body):
            if path.endswith((".secretKeyRef", ".redisSecret")):
                checked += 1
                keys = secrets.get(f"{namespace}/{value['name']}")
                assert keys is not None, f"{title(body)}: there is no Secret {value['name']}"
                assert value["key"] in keys, f"{title(body)}: Secret {value['name']} has no key {value['key']}"
            elif path.endswith(".initdb.secret"):
                assert secrets[f"{namespace}/{value['name']}"] == {"username", "password"}, title(body)
    assert checked >= 10


TEMPLATE = r"""{{ (?:\.(\w+)|index \. "([\w.-]+)")(?: \| \w+)* }}"""


def test_an_external_secret_fills_every_key_that_its_template_names(graph: Graph) -> None:
    """A key of the template without its remote value ends as the text of the template itself."""
    for body in objects(graph, "ExternalSecret"):
        spec = body["spec"]
        filled = {entry["secretKey"] for entry in spec["data"]}
        named = set()
        for key, text in spec["target"]["template"]["data"].items():
            # Go's templates have no '-' in what follows a dot.
            values = {plain or quoted for plain, quoted in re.findall(TEMPLATE, text)}
            assert text.count("{{") == len(re.findall(TEMPLATE, text)), f"{title(body)}: {key}: {text}"
            assert values == {key} or key not in filled, f"{title(body)}: {key}"
            named |= values
        assert named == filled, title(body)


def test_every_config_map_that_is_used_is_made(graph: Graph) -> None:
    """A pod whose ConfigMap is missing does not start."""
    made = {title(body) for body in objects(graph, "ConfigMap")}
    for body in objects(graph):
        for path, value in fields(body):
            if path.endswith((".configMapRef", ".configMapKeyRef")) or re.search(r"\.volumes\[\d+\]\.configMap$", path):
                assert f"ConfigMap {body['metadata']['namespace']}/{value['name']}" in made, title(body)


def test_every_service_account_that_is_used_is_made_and_used(graph: Graph) -> None:
    """A pod of a missing account is refused; an account that nobody uses is a way in that nobody watches."""
    made = {title(body) for body in objects(graph, "ServiceAccount")}
    used = {
        f"ServiceAccount {body['metadata']['namespace']}/{pod_template(body)['spec']['serviceAccountName']}"
        for body in objects(graph, "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")
    }
    used |= {
        f"ServiceAccount {body['metadata']['namespace']}/{body['spec']['serviceAccountName']}"
        for body in objects(graph, "Prometheus", "Alertmanager", "ThanosRuler", "Redis", "RedisCluster")
    }
    assert made == used
    for body in objects(graph, "ServiceAccount"):
        assert body["automountServiceAccountToken"] is False, title(body)


def test_every_binding_binds_a_role_and_an_account_that_there_are(graph: Graph) -> None:
    """A binding to a missing role grants nothing, without an error."""
    made = {title(body) for body in objects(graph, "Role", "ServiceAccount")}
    for body in objects(graph, "RoleBinding"):
        namespace = body["metadata"]["namespace"]
        assert body["roleRef"]["apiGroup"] == "rbac.authorization.k8s.io"
        assert f"{body['roleRef']['kind']} {namespace}/{body['roleRef']['name']}" in made, title(body)
        for subject in body["subjects"]:
            assert f"{subject['kind']} {subject['namespace']}/{subject['name']}" in made, title(body)


def test_every_service_that_is_used_is_made_with_the_port_that_is_used(graph: Graph) -> None:
    """An Ingress to a port that its Service lacks answers 503."""
    ports = {title(body): {port["port"] for port in body["spec"]["ports"]} for body in objects(graph, "Service")}
    for body in objects(graph, "Ingress"):
        for path, value in fields(body):
            if path.endswith(".backend.service"):
                assert value["port"]["number"] in ports[f"Service {body['metadata']['namespace']}/{value['name']}"]
    for body in objects(graph, "StatefulSet"):
        service = one(graph, "Service", body["spec"]["serviceName"], system_of(body))
        assert service["spec"]["clusterIP"] == "None", "pods of a StatefulSet have names only below a headless Service"


def test_every_port_that_a_service_or_probe_names_is_one_of_its_pods(graph: Graph) -> None:
    """A Service whose target port no container has forwards to nothing."""
    for body in objects(graph, "Deployment", "StatefulSet", "DaemonSet"):
        for container in body["spec"]["template"]["spec"]["containers"]:
            names = {port["name"] for port in container["ports"]}
            for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
                asked = container[probe].get("httpGet") or container[probe]["tcpSocket"]
                assert asked["port"] in names, f"{title(body)}: {probe}"
    containers = {one.title: one.containers for one in workloads(graph)}
    for body in objects(graph, "Service"):
        selected = [one for one in workloads(graph) if selects(body["spec"]["selector"], one)]
        for workload in selected:
            names = {port["name"] for container in containers[workload.title] for port in container.get("ports", [])}
            assert {port["targetPort"] for port in body["spec"]["ports"]} <= names, title(body)


def test_every_autoscaler_scales_a_workload_that_there_is(graph: Graph) -> None:
    """An autoscaler without its target fails for ever, in its own status only."""
    made = {title(body) for body in objects(graph, "Deployment")}
    for body in objects(graph, "HorizontalPodAutoscaler"):
        target = body["spec"]["scaleTargetRef"]
        assert f"{target['kind']} {body['metadata']['namespace']}/{target['name']}" in made, title(body)


@pytest.mark.parametrize("declaration", DECLARATIONS.values(), ids=lambda declaration: declaration.name)
def test_no_object_of_the_systems_own_has_a_name_that_a_service_could_take(
    graph: Graph, declaration: Declaration
) -> None:
    """A service of that name would take over its account, its policy, or its traffic."""
    of_applications = {
        *("Deployment", "Service", "ServiceAccount", "Role", "RoleBinding", "NetworkPolicy", "ServiceMonitor"),
        *("HorizontalPodAutoscaler", "PodDisruptionBudget"),
    }
    known = {*object_names(declaration), *(service.name for service in declaration.everyone)}
    free = {
        title(body)
        for body in objects(graph, *of_applications)
        if body["metadata"]["namespace"] == declaration.name
        and body["metadata"]["name"] not in known
        and not body["metadata"]["name"].startswith("astrbot-instance-")
    }
    assert free == set()


# --- secrets ----------------------------------------------------------------------------------------------------------


def in_any_form(text: str) -> set[str]:
    """A secret as it could stand in an output: plain, and in base64 as a Secret's `data` has it."""
    return {text, base64.b64encode(text.encode()).decode()}


def test_no_secret_value_stands_outside_of_a_secret(dev: Graph) -> None:
    """What is not marked is printed, rendered, and kept in plain text in Pulumi's state."""
    graph = recorded_with_planted_passwords(dev.stack)
    passwords = planted_passwords(graph)
    assert len(passwords) > 10
    forbidden = {form for password in passwords for form in in_any_form(password)}

    def leaks(value: Any) -> bool:
        text = str(value)
        return any(form in text for form in forbidden)

    for resource in graph:
        everything: Any = {"inputs": resource.inputs, "options": resource.options, "urn": resource.urn}
        # What a value holds stands in its text too: only where there is something is it looked for more closely.
        found = [path for path, value in fields(everything, resource.name) if leaks(value)] if leaks(everything) else []
        assert not found, f"{found[-1]} holds a secret in plain text"
    assert not leaks(graph.outputs)


def test_every_generated_password_arrives_in_a_secret(dev: Graph) -> None:
    """The search above would find nothing if the passwords went nowhere."""
    graph = recorded_with_planted_passwords(dev.stack)
    revealed = str([body["data"].reveal() for body in objects(graph, "Secret") if isinstance(body["data"], Secret)])
    for password in planted_passwords(graph):
        assert base64.b64encode(password.encode()).decode() in revealed, password


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_an_environment_with_a_secret_store_never_holds_a_secret(stack: str) -> None:
    """What the program never sees, it cannot leak: neither Secrets nor generated passwords may be declared."""
    graph = recorded(stack)
    assert objects(graph, "Secret") == []
    assert planted_passwords(graph) == ()
    assert not [path for resource in graph for path, value in fields(resource.inputs) if isinstance(value, Secret)]
    stores = {body["spec"]["secretStoreRef"]["name"] for body in objects(graph, "ExternalSecret")}
    assert stores == {"platform"}
