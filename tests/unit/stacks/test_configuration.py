"""What a valid configuration becomes: services and sizes of an environment's own, and no crash on anything."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from graph.model import Graph
from policy.engine.evaluation import evaluate
from stacks.schema.environment_file import EnvironmentFile
from stacks.schema.tiers import TIERS
from tests.unit.properties import examples
from tests.unit.reachability import Connection, End, Policies
from tests.unit.recordings import container, environment_of, objects, one
from tests.unit.scratch import Scratch

HEAD = """\
config:
  saas-platform:tier: dev
  saas-platform:domain: example.com
  saas-platform:registry: registry.example.com:5000/team
  saas-platform:ingress_class: public
  saas-platform:cluster: {kind: sandbox}
  saas-platform:systems:
    astrbot:
"""
SEARCH = f"""{HEAD}\
      tenants: [{{name: acme}}]
      services:
        - name: search
          replicas: 2
          cpu: 500m
          memory: 1Gi
          version: 2.1.0
          ports: {{http: 8080, metrics: 9090}}
          calls: [auth-service]
          uses: [cache, internet]
          secrets: [REDIS_PASSWORD]
"""
# Several sizes, tenants and names that have nothing to do with each other.
SIZED = f"""{HEAD}\
      tenants: [{{name: acme}}, {{name: big, cpu: 2, memory: 4Gi}}, {{name: small}}]
      services: [{{name: instance-acme, replicas: 1, cpu: 1, memory: 1Gi}}]
      sizes:
        api-gateway: {{replicas: 2, cpu: 1, version: 1.1.0}}
        message-service: {{replicas: 20}}
"""


@pytest.fixture
def sized(scratch: Scratch) -> Graph:
    """An environment with sizes of its own."""
    return scratch.record(SIZED)


@pytest.fixture
def search(scratch: Scratch) -> Graph:
    """An environment with a service of its own."""
    return scratch.record(SEARCH)


def test_a_service_of_the_configuration_gets_everything_that_the_built_in_ones_have(search: Graph) -> None:
    """A second way to declare a service would be one without budget, policy or account."""

    def kinds(name: str) -> set[str]:
        return {body["kind"] for body in objects(search) if body["metadata"]["name"] == name}

    assert kinds("search") == kinds("auth-service") >= {"Deployment", "Service", "ServiceAccount", "NetworkPolicy"}
    assert not [finding.message for finding in evaluate(search) if finding.blocks]


def test_a_service_of_the_configuration_has_the_figures_that_it_states(search: Graph) -> None:
    """Image from the environment's registry, its own version, its ports, and limits as given."""
    found = container(search, "search")
    assert found["image"] == "registry.example.com:5000/team/search:2.1.0"
    assert (found["resources"]["limits"]["cpu"], found["resources"]["limits"]["memory"]) == ("500m", "1Gi")
    assert {port["name"]: port["containerPort"] for port in found["ports"]} == {"http": 8080, "metrics": 9090}
    assert one(search, "HorizontalPodAutoscaler", "search")["spec"]["minReplicas"] == 2
    assert {port["port"] for port in one(search, "Service", "search")["spec"]["ports"]} == {8080, 9090}
    assert environment_of(found).keys() == {"OTEL_SDK_DISABLED", "REDIS_PASSWORD"}


def test_both_ends_of_its_flows_are_opened_and_no_others(search: Graph) -> None:
    """A policy that only lets it out would leave the other side closed."""
    label = "app.kubernetes.io/name"
    ends = [End(name, "astrbot", {label: name}) for name in ("search", "auth-service", "session-service")]
    ends += [
        End("redis", "astrbot", {"app": "redis", "role": "standalone"}),
        End("postgresql", "astrbot", {"cnpg.io/cluster": "postgresql-cluster"}),
        End("internet", address="203.0.113.10"),
    ]
    ports = [(port, "TCP") for port in (443, 5432, 6379, 8000, 8080)]
    found = Policies(search).connections(ends[:1], ends, ports)
    assert found == {
        Connection("search", "auth-service", 8000),
        Connection("search", "redis", 6379),
        Connection("search", "internet", 443),
    }


def test_the_quota_grows_with_a_service(search: Graph, scratch: Scratch) -> None:
    """Otherwise adding one would starve the others."""
    without = scratch.record(f"{HEAD}      tenants: [{{name: acme}}]\n")
    quotas = [
        body["spec"]["hard"]["pods"]
        for graph in (without, search)
        for body in objects(graph, "ResourceQuota")
        if body["metadata"]["namespace"] == "astrbot"
    ]
    pods = [int(quota) for quota in quotas]
    # Four at the most in tier dev, and half as many again during a rolling update.
    assert pods[1] - pods[0] == 6


def test_sizes_change_just_the_figures_that_they_name(sized: Graph) -> None:
    """Whatever else the service has stays."""
    limits = container(sized, "api-gateway")["resources"]["limits"]
    assert (limits["cpu"], limits["memory"]) == ("1", "4Gi")
    assert one(sized, "HorizontalPodAutoscaler", "api-gateway")["spec"]["minReplicas"] == 2
    assert container(sized, "api-gateway")["image"].endswith("/api-gateway:1.1.0")
    assert container(sized, "auth-service")["image"].endswith("/auth-service:1.0.0")


def test_a_size_for_the_tenants_instances_reaches_them(scratch: Scratch) -> None:
    """A setting that is accepted and does nothing is worse than one that is refused."""
    graph = scratch.record(
        f"{HEAD}      tenants: [{{name: acme}}]\n"
        "      sizes:\n        astrbot-instance: {memory: 8Gi, version: 1.1.0}\n"
    )
    assert container(graph, "astrbot-instance-acme")["resources"]["limits"]["memory"] == "8Gi"
    assert container(graph, "astrbot-instance-acme")["image"].endswith(":1.1.0")


def test_a_size_above_the_autoscalers_maximum_raises_it(sized: Graph) -> None:
    """A minimum above the maximum is refused by the API."""
    name = "message-service"
    deployment = one(sized, "Deployment", name)
    scaled = one(sized, "HorizontalPodAutoscaler", name)["spec"]
    assert deployment["spec"]["replicas"] == scaled["minReplicas"] == 20 < scaled["maxReplicas"]


def test_a_tenants_own_figures_are_its_instances(sized: Graph) -> None:
    """One customer's order must not become everybody's."""
    found = {name: container(sized, f"astrbot-instance-{name}") for name in ("big", "small")}
    limits = {
        name: (one["resources"]["limits"]["cpu"], one["resources"]["limits"]["memory"]) for name, one in found.items()
    }
    assert limits == {"big": ("2", "4Gi"), "small": ("1", "2Gi")}
    assert environment_of(found["big"])["TENANT_ID"]["value"] == "big"


def test_two_names_that_grow_alike_stay_two_resources(sized: Graph) -> None:
    """Service `instance-acme` and tenant `acme`: a URN that stands twice makes the engine fail half-way."""
    assert {"instance-acme", "astrbot-instance-acme"} <= {
        body["metadata"]["name"] for body in objects(sized, "Deployment")
    }
    urns = [resource.urn for resource in sized]
    assert sorted({urn for urn in urns if urns.count(urn) > 1}) == []


def test_an_environment_without_systems_is_its_cluster_and_its_monitoring(scratch: Scratch) -> None:
    """The first step of a new environment."""
    graph = scratch.record(HEAD.replace("systems:\n    astrbot:\n", "systems: {}\n"))
    assert {body["metadata"].get("namespace", "monitoring") for body in objects(graph)} == {"monitoring"}
    assert "astrbot_url" not in graph.outputs


def test_an_environment_without_tenants_may_be_deployed(scratch: Scratch) -> None:
    """The platform is there before its first customer: no policy may call that a violation."""
    graph = scratch.record(f"{HEAD}      tenants: []\n")
    assert [finding.message for finding in evaluate(graph) if finding.blocks] == []


def test_the_names_of_the_longest_tenant_and_service_are_still_names(scratch: Scratch) -> None:
    """Right at the limit: 63 characters with what is put before them."""
    tenant, service = "t" * 46, "s" * 63
    graph = scratch.record(
        f"{HEAD}      tenants: [{{name: {tenant}}}]\n"
        f"      services: [{{name: {service}, replicas: 2, cpu: 1, memory: 1Gi}}]\n"
    )
    names = {body["metadata"]["name"] for body in objects(graph, "Deployment")}
    assert {f"astrbot-instance-{tenant}", service} <= names
    assert all(len(body["metadata"]["name"]) <= 63 for body in objects(graph))


BASE: dict[str, Any] = {
    "tier": "dev",
    "domain": "example.com",
    "cluster": {"kind": "existing", "context": "x"},
    "secret_store": {
        "name": "vault",
        "path": "x",
        "provider": {
            "kind": "vault",
            "server": "https://vault.example.com",
            "path": "secret",
            "role": "platform",
            "service_account": {"name": "external-secrets", "namespace": "external-secrets"},
        },
    },
    "overrides": {"nodes": 2, "database": {"instances": 2}},
    "systems": {
        "astrbot": {
            "version": "1.0.0",
            "tenants": [{"name": "acme", "cpu": "1", "memory": "1Gi"}, {"name": "globex"}],
            "services": [
                {
                    "name": "search",
                    "replicas": 1,
                    "cpu": 1,
                    "memory": "1Gi",
                    "ports": {"http": 8000, "metrics": 9090},
                    "calls": ["auth-service"],
                    "uses": ["cache"],
                    "secrets": ["JWT_SECRET"],
                    "rules": [{"api_groups": [""], "resources": ["pods"], "verbs": ["get"]}],
                }
            ],
            "sizes": {"search": {"cpu": 2}},
            "object_storage": {
                "kind": "s3",
                "region": "eu-central-1",
                "files": {"bucket": "acme-files", "role_arn": "arn:aws:iam::123456789012:role/files"},
                "backups": {"bucket": "acme-backups", "role_arn": "arn:aws:iam::123456789012:role/backups"},
            },
        }
    },
}
anything = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=6),
        st.sampled_from(["dev", "acme", "http", "1Gi", "{x}", "8000"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.text(max_size=4), st.sampled_from(["name", "http", "kind"])), inner, max_size=3),
    ),
    max_leaves=5,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """(container, key) of every value inside a value."""
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in items for place in ((value, key), *places(item))]


@given(st.data())
@examples(150)
def test_whatever_stands_at_any_place_is_valid_or_reported(data: st.DataObject) -> None:
    """YAML can hold anything anywhere: whoever wrote it wants the list of errors and no traceback."""
    document = copy.deepcopy(BASE)
    for _ in range(data.draw(st.integers(1, 2))):
        # By its number: Hypothesis looks at all that it chooses among.
        everywhere = places(document)
        found, key = everywhere[data.draw(st.integers(0, len(everywhere) - 1))]
        found[key] = data.draw(anything)
    try:
        file = EnvironmentFile.model_validate(document)
    except ValidationError as error:
        assert all(line["loc"] for line in error.errors()), "a problem without a path cannot be found in the file"
    else:
        assert file.tier_with_overrides() is not None


def test_the_document_of_the_property_above_is_valid() -> None:
    """Starting from an invalid one, it would prove nothing."""
    file = EnvironmentFile.model_validate(copy.deepcopy(BASE))
    assert file.tier_with_overrides().nodes == 2
    assert TIERS["dev"].nodes == 1, "an override reached the tier itself"


def test_configuration_cannot_be_changed_after_it_was_checked() -> None:
    """A value that is set later was never validated."""
    file = EnvironmentFile.model_validate(copy.deepcopy(BASE))
    with pytest.raises(ValidationError):
        setattr(file, "domain", "Not A Domain")  # noqa: B010 mypy knows that it cannot be assigned
