"""Who may talk to whom: exactly the arrows of the AstrBot document's diagram, section 1.2, and what has a reason."""

from __future__ import annotations

from functools import cache

import pytest

from components.monitoring.prometheus import LABELS
from graph.model import Graph
from tests.unit.reachability import Connection, End, Policies
from tests.unit.recordings import objects, recorded, tenants_of
from tests.unit.workloads import workloads

SERVICES = (
    "api-gateway",
    "tenant-service",
    "session-service",
    "message-service",
    "auth-service",
    "astrbot-manager",
)
DNS = End("dns", "kube-system", {"k8s-app": "kube-dns"})
ADDRESSES = (
    End("internet", address="203.0.113.10"),
    End("private address", address="10.96.0.1"),
    End("cloud metadata", address="169.254.169.254"),
)
OUTSIDE = (
    End("ingress controller", "ingress-nginx", {"app.kubernetes.io/name": "ingress-nginx"}),
    End("prometheus", "monitoring", {**LABELS, "app.kubernetes.io/name": "prometheus", "prometheus": "main"}),
    End("alertmanager", "monitoring", {"app.kubernetes.io/name": "alertmanager", "alertmanager": "main"}),
    End("another pod of the monitoring", "monitoring", {"app.kubernetes.io/name": "debug"}),
    End("postgresql operator", "cnpg-system", {"app.kubernetes.io/name": "cloudnative-pg"}),
    End("redis operator", "redis-operator", {"name": "redis-operator"}),
    End("kube-proxy", "kube-system", {"k8s-app": "kube-proxy"}),
    End("stranger", "default", {"app": "stranger"}),
    # Labels are free for all: only together with the namespace do they name somebody.
    End("impostor of the gateway", "default", {"app.kubernetes.io/name": "api-gateway"}),
    End("impostor of redis", "default", {"app": "redis-cluster-leader", "role": "leader"}),
    End("impostor of a single redis", "default", {"app": "redis", "role": "standalone"}),
    End("unnamed pod of the namespace", "astrbot", {"app": "debug"}),
    *ADDRESSES,
)
TCP_PORTS = [(port, "TCP") for port in (22, 80, 443, 5432, 6379, 6443, 8000, 9000, 9121, 9127, 9187, 16379)]


def insides(graph: Graph) -> list[End]:
    """The pods of an environment, by the names of the diagram."""
    names = {
        "Cluster postgresql-cluster": "postgresql",
        "Pooler postgresql-cluster-pooler-rw": "pooler-rw",
        "Pooler postgresql-cluster-pooler-ro": "pooler-ro",
        "CronJob postgresql-backup": "dump",
        "Redis redis standalone": "redis",
        "RedisCluster redis-cluster leader": "redis-leader",
        "RedisCluster redis-cluster follower": "redis-follower",
    }
    return [
        End(names.get(one.title, _job(one.title)), one.namespace, one.labels)
        for one in workloads(graph)
        if one.namespace == "astrbot"
    ]


def _job(title: str) -> str:
    """The name of a workload; Jobs have a digest at their end."""
    name = title.split(" ", 1)[1]
    jobs = {"minio-buckets-": "buckets", "astrbot-migration-": "migration"}
    return next((short for start, short in jobs.items() if name.startswith(start)), name)


def instances(graph: Graph) -> list[str]:
    return [f"astrbot-instance-{tenant}" for tenant in tenants_of(graph.stack)]


def servers(graph: Graph) -> list[str]:
    return [end.name for end in insides(graph) if end.name.startswith("redis")]


def nodes(graph: Graph) -> list[str]:
    """The servers of a Redis cluster; a single one speaks with nobody."""
    return [name for name in servers(graph) if name != "redis"]


def poolers(graph: Graph) -> list[str]:
    return [end.name for end in insides(graph) if end.name.startswith("pooler-")]


def storage(graph: Graph) -> tuple[str, int]:
    """Where objects are kept, and its port: MinIO where there is one, else S3."""
    return ("minio", 9000) if any(end.name == "minio" for end in insides(graph)) else ("internet", 443)


def diagram(graph: Graph) -> set[Connection]:
    """The arrows of section 1.2, each with the port on which its target listens."""
    return {
        Connection("ingress controller", "api-gateway", 8000),
        Connection("api-gateway", "tenant-service", 8000),
        Connection("api-gateway", "session-service", 8000),
        Connection("api-gateway", "message-service", 8000),
        Connection("api-gateway", "auth-service", 8000),
        *(Connection("tenant-service", instance, 8000) for instance in instances(graph)),
        *(Connection("message-service", redis, 6379) for redis in servers(graph)),
        # PostgreSQL behind its poolers: nobody but them, and what needs a session, reaches the server itself.
        *(Connection("session-service", pooler, 5432) for pooler in poolers(graph)),
        *(Connection(instance, *storage(graph)) for instance in instances(graph)),
    }


def minio(graph: Graph) -> set[Connection]:
    """Its erasure set, what makes its buckets, and its metrics."""
    there = storage(graph)[0] == "minio"
    return {Connection(one, "minio", 9000) for one in ("minio", "buckets", "prometheus")} if there else set()


def with_reason(graph: Graph) -> set[Connection]:
    """What the diagram leaves out and another section, or the software itself, needs."""
    return {
        # Section 7.2: the tenants table. Section 4.2: the manager, which alerts reach through Prometheus' namespace.
        *(Connection("tenant-service", pooler, 5432) for pooler in poolers(graph)),
        *(Connection(pooler, "postgresql", 5432) for pooler in poolers(graph)),
        # Section 6.1: the dump, and base backups and WAL, to object storage.
        Connection("dump", "postgresql", 5432),
        # Section 7.2: a migration needs a session, which the poolers do not give.
        Connection("migration", "postgresql", 5432),
        *(Connection(one, *storage(graph)) for one in ("dump", "postgresql")),
        *(minio(graph)),
        # The exporters of the database.
        Connection("prometheus", "postgresql", 9187),
        *(Connection("prometheus", pooler, 9127) for pooler in poolers(graph)),
        Connection("tenant-service", "astrbot-manager", 8000),
        # Section 4.1: metrics of every service and instance.
        *(Connection("prometheus", service, 8000) for service in (*SERVICES, *instances(graph))),
        Connection("prometheus", "postgresql", 9187),
        *(Connection("prometheus", redis, 9121) for redis in servers(graph)),
        # Section 4.2: the manager is told of alerts.
        Connection("alertmanager", "astrbot-manager", 8000),
        # A language model answers for the instances.
        *(Connection(instance, "internet", 443) for instance in instances(graph)),
        # Replication, cluster bus, erasure set.
        *(Connection("postgresql", "postgresql", port) for port in (5432, 8000)),
        *(Connection(one, other, port) for one in nodes(graph) for other in nodes(graph) for port in (6379, 16379)),
        # Operators.
        *(Connection("postgresql operator", "postgresql", port) for port in (5432, 8000)),
        *(Connection("redis operator", redis, 6379) for redis in servers(graph)),
        # The API server, which is somewhere in the private ranges: a leader lease, and what the manager is there for.
        *(
            Connection(client, "private address", port)
            for client in ("postgresql", *poolers(graph), "astrbot-manager")
            for port in (443, 6443)
        ),
    }


@cache
def tcp_of(stack: str) -> set[Connection]:
    """What an environment's policies let through; each of them is asked once for all tests."""
    return tcp(recorded(stack))


def tcp(graph: Graph) -> set[Connection]:
    inside = insides(graph)
    everywhere = [*inside, *OUTSIDE]
    policies = Policies(graph)
    return policies.connections(inside, everywhere, TCP_PORTS) | policies.connections(OUTSIDE, inside, TCP_PORTS)


def listed(connections: set[Connection]) -> str:
    return "\n".join(sorted(map(str, connections)))


def test_every_arrow_of_the_diagram_is_let_through(graph: Graph) -> None:
    """A policy at one end only blocks the flow: both ends must name it."""
    missing = diagram(graph) - tcp_of(graph.stack)
    assert not missing, f"{graph.stack} blocks:\n{listed(missing)}"


def test_what_another_section_needs_is_let_through(graph: Graph) -> None:
    """Metrics, operators, replication: blocked, they fail long after the deployment was declared a success."""
    missing = with_reason(graph) - tcp_of(graph.stack)
    assert not missing, f"{graph.stack} blocks:\n{listed(missing)}"


def test_nothing_else_is_let_through(graph: Graph) -> None:
    """One flow too many, and whoever breaks into one pod reaches the data of all tenants."""
    surplus = tcp_of(graph.stack) - diagram(graph) - with_reason(graph)
    assert not surplus, f"{graph.stack} lets through what nobody asked for:\n{listed(surplus)}"


def test_every_pod_may_ask_dns_and_no_other_pod_of_the_system_namespace(graph: Graph) -> None:
    """Without DNS no host name of the ConfigMap resolves; with all of kube-system, dashboards and agents are open."""
    inside = [*insides(graph), End("unnamed pod", "astrbot", {"app": "debug"})]
    kube_proxy = End("kube-proxy", "kube-system", {"k8s-app": "kube-proxy"})
    found = Policies(graph).connections(inside, [DNS, kube_proxy], [(53, "UDP"), (53, "TCP"), (80, "TCP")])
    assert found == {Connection(pod.name, "dns", 53, protocol) for pod in inside for protocol in ("UDP", "TCP")}


def test_a_pod_that_no_policy_names_can_neither_reach_nor_be_reached(graph: Graph) -> None:
    """Default deny in both directions: a pod that somebody adds by hand gets nothing until it is asked for."""
    added = End("added", "astrbot", {"app": "added"})
    others = [*insides(graph), *OUTSIDE]
    policies = Policies(graph)
    found = policies.connections([added], others, TCP_PORTS) | policies.connections(others, [added], TCP_PORTS)
    assert not found, listed(found)


def test_tenants_cannot_reach_each_other(graph: Graph) -> None:
    """All instances share one policy: it must not let them talk among themselves."""
    mine = [end for end in insides(graph) if end.name.startswith("astrbot-instance")]
    assert len(mine) == len(tenants_of(graph.stack))
    assert not Policies(graph).connections(mine, mine, TCP_PORTS)


def test_every_policy_says_which_directions_it_rules(graph: Graph) -> None:
    """With `policyTypes` left out, a policy without egress rules does not rule egress."""
    for policy in objects(graph, "NetworkPolicy"):
        assert policy["spec"].get("policyTypes"), policy["metadata"]["name"]


@pytest.mark.parametrize("lost", ["tenant-service", "minio", "default-deny", "allow-dns"])
def test_the_model_notices_a_policy_that_is_gone(lost: str) -> None:
    """A model that lets everything or nothing through would make the tests above worthless."""
    whole = recorded("dev")
    resources = tuple(
        one
        for one in whole
        if not (one.is_kubernetes_object and one.object_name[0] == "NetworkPolicy" and one.object_name[2] == lost)
    )
    broken = Graph(whole.stack, resources, whole.outputs)
    added = [End("added", "astrbot", {"app": "added"})]
    seen = []
    for one in (whole, broken):
        policies, inside = Policies(one), [*insides(one), *added]
        others = policies.connections(OUTSIDE, added, TCP_PORTS) | policies.connections(inside, [DNS], [(53, "UDP")])
        seen.append((tcp_of("dev") if one is whole else tcp(one)) | others)
    assert seen[0] != seen[1]
