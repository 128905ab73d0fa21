"""Which operators an environment installs, and as which Helm releases."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from components.kubernetes.quantity import Bytes
from components.platform.operators.table import OPERATORS
from components.platform.operators.values import Sizing
from graph.model import Graph
from policy.engine.evaluation import evaluate
from tests.unit.eks.files import file
from tests.unit.recordings import objects, recorded
from tests.unit.scratch import BASIC_MONITORING, NO_TELEMETRY, Mistake, Scratch, mistakes
from versions import HELM_CHARTS

RELEASE = "kubernetes:helm.sh/v3:Release"
NEEDED = {one.name for one in OPERATORS.values() if one.needed}
ALL = "".join(f"    {name}: install\n" for name in OPERATORS)
SIZING = Sizing(
    replicas=2,
    storage=Bytes.parse("10Gi"),
    storage_class="gp3",
    retention_days=30,
    trace_sampling_rate=0.1,
    ingress_class="nginx",
)


def releases(graph: Graph) -> dict[str, Any]:
    """The releases of a graph by name."""
    return {one.name: one for one in graph if one.type == RELEASE}


def cluster(tier: str = "dev", rest: str = "") -> str:
    """The file of an environment with a cluster of its own and no systems: those need no operators by themselves."""
    return file(tier, rest=rest).replace("systems:\n    astrbot: {}\n", "systems: {}\n")


# With all that monitors production, and all that moves its traffic.
FLAGGER = f"{NO_TELEMETRY}  saas-platform:routing: {{mesh: istio, controller: flagger}}\n"


def operators(text: str) -> str:
    return f"  saas-platform:operators:\n{text}"


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_a_cluster_that_is_there_already_gets_none(stack: str) -> None:
    """A second operator beside the cluster's own would fight it over every object."""
    assert releases(recorded(stack)) == {}


def test_a_cluster_of_its_own_gets_what_the_environment_needs(scratch: Scratch) -> None:
    """Without them none of the custom resources can be created."""
    assert releases(scratch.record(cluster("prod", BASIC_MONITORING))).keys() == NEEDED
    assert releases(scratch.record(cluster("dev"))).keys() == NEEDED - {"external-secrets", "reloader"}


@pytest.mark.parametrize(("tier", "environment"), [("dev", cluster), ("prod", file)])
def test_every_operator_can_be_installed_and_the_policies_accept_it(
    scratch: Scratch, tier: str, environment: Callable[..., str]
) -> None:
    """Each release exactly as the table pins it."""
    # The charts of logs and traces would be beside the environment's own.
    graph = scratch.record(environment(tier, rest=operators(ALL) + NO_TELEMETRY))
    found = releases(graph)
    assert found.keys() == OPERATORS.keys() == HELM_CHARTS.keys()
    for name, release in found.items():
        chart = HELM_CHARTS[name]
        inputs = release.inputs
        assert (inputs["chart"], inputs["version"], inputs["name"]) == (chart.name, chart.version, name)
        assert inputs["repositoryOpts"] == {"repo": chart.repository}
        assert inputs["namespace"] == OPERATORS[name].namespace
    assert [one for one in evaluate(graph) if one.blocks] == []


def test_an_operator_comes_after_what_it_needs_and_before_what_uses_it(scratch: Scratch) -> None:
    """A plugin without its operator, and a database without a definition of it, are refused by the API."""
    graph = scratch.record(file("prod", rest=operators(ALL) + NO_TELEMETRY))
    found = releases(graph)
    for name, operator in OPERATORS.items():
        assert {found[one].urn for one in operator.after} <= set(found[name].dependencies), name
    database = next(one for one in graph if one.type.endswith(":Cluster") and "postgresql" in one.type)
    assert {one.urn for one in found.values()} <= graph.all_dependencies(database)


def test_no_release_takes_its_definitions_with_it() -> None:
    """With a definition Kubernetes deletes every object of its kind, databases included."""
    in_a_folder = {"redis-operator", "vertical-pod-autoscaler", "flagger"}
    by_the_chart_itself = {"cloudnative-pg", "plugin-barman-cloud", "istio-base"}
    without = {"istiod", "istio-gateway", "ingress-nginx", "metrics-server", "loki", "tempo", "opentelemetry-collector"}
    without |= {"prometheus-operator", "reloader"}
    for name, operator in OPERATORS.items():
        if name in in_a_folder | by_the_chart_itself | without or not operator.keeps_definitions:
            continue
        crds = operator.build(SIZING)["crds"]
        keep = {"helm.sh/resource-policy": "keep"}
        assert crds.get("keep") is True or keep in crds.values(), name


def test_a_release_whose_chart_keeps_nothing_stays_when_the_environment_goes(scratch: Scratch) -> None:
    """Routes of other environments would go with the definitions."""
    found = releases(scratch.record(cluster("dev", operators(ALL) + NO_TELEMETRY)))
    assert [name for name, one in found.items() if one.options.get("retain_on_delete")] == ["gateway-api-crds"]


@pytest.mark.parametrize("chart", HELM_CHARTS.values(), ids=lambda chart: chart.name)
def test_every_chart_is_one_exact_version_from_a_repository_by_tls(chart: Any) -> None:
    """A range would install another version on the next day."""
    assert re.fullmatch(r"v?\d+\.\d+\.\d+", chart.version)
    assert chart.repository.startswith("https://")


def test_the_operators_run_where_the_network_policies_let_them_in_from() -> None:
    """Both sides name the namespace; a difference would cut an operator off from what it runs."""
    from components.stores.postgres.args import OPERATOR_NAMESPACE
    from components.stores.redis.args import OPERATOR_NAMESPACE as CACHE_OPERATOR_NAMESPACE
    from stacks.system.flows import INGRESS_NAMESPACE

    assert OPERATORS["cloudnative-pg"].namespace == OPERATORS["plugin-barman-cloud"].namespace == OPERATOR_NAMESPACE
    assert OPERATORS["redis-operator"].namespace == CACHE_OPERATOR_NAMESPACE
    assert OPERATORS["ingress-nginx"].namespace == INGRESS_NAMESPACE


def reached(graph: Graph) -> set[tuple[str, int]]:
    """(namespace or CIDR, port) of everything that Prometheus' pods may reach."""
    policies = [one for one in objects(graph, "NetworkPolicy") if one["metadata"]["namespace"] == "monitoring"]
    rules = [rule for one in policies if "prometheus" in str(one["spec"]["podSelector"]) for rule in _egress(one)]
    found = set()
    for rule in rules:
        for peer in rule["to"]:
            labels = peer.get("namespaceSelector", {}).get("matchLabels", {})
            where = labels.get("kubernetes.io/metadata.name") or peer.get("ipBlock", {}).get("cidr", "")
            found |= {(where, port["port"]) for port in rule["ports"]}
    return found


def _egress(policy: Any) -> Any:
    return policy["spec"].get("egress", [])


def test_prometheus_reaches_what_tells_of_the_cluster_where_it_is_installed_and_only_there(scratch: Scratch) -> None:
    """Default deny would leave every alert on nodes and pods without data."""
    ports = {("prometheus-operator", 10250), ("kube-system", 9153)}
    assert ports <= reached(scratch.record(cluster("prod", FLAGGER)))
    assert not ports & reached(recorded("prod"))


def routing(values: str) -> str:
    return f"  saas-platform:routing: {{{values}}}\n"


@pytest.mark.parametrize(
    ("values", "needed"),
    [
        ("mesh: istio", {"istio-base", "istiod", "istio-gateway"}),
        ("mesh: istio, controller: flagger", {"istio-base", "istiod", "istio-gateway", "flagger"}),
        ("mesh: gateway-api", {"gateway-api-crds", "istio-base", "istiod"}),
        ("mesh: gateway-api, gateway_class: cilium", {"gateway-api-crds"}),
        ("mesh: none", set()),
    ],
)
def test_what_splits_traffic_and_who_moves_it_is_needed_where_the_environment_says_so(
    scratch: Scratch, values: str, needed: set[str]
) -> None:
    """Their kinds would be refused at the first object, and an operator that is off would not be missed before."""
    assert releases(scratch.record(cluster("prod", BASIC_MONITORING + routing(values)))).keys() == NEEDED | needed
    for name in needed:
        text = cluster("prod", routing(values) + operators(f"    {name}: off\n"))
        assert f"operators.{name}" in [one.path for one in scratch.problems(text)]


def test_flagger_can_ask_prometheus_where_it_carries_out_releases(scratch: Scratch) -> None:
    """Default deny would make every analysis fail, and an address without TLS every one in staging and prod."""
    graph = scratch.record(cluster("prod", FLAGGER))
    values = releases(graph)["flagger"].inputs["values"]
    assert values["metricsServer"] == graph.outputs["prometheus_url"]
    assert graph.outputs["prometheus_url"].startswith("https://")
    assert flagger_may_ask(graph)
    assert not flagger_may_ask(scratch.record(cluster("prod", BASIC_MONITORING + routing("mesh: istio"))))


def flagger_may_ask(graph: Graph) -> bool:
    (policy,) = (one for one in objects(graph, "NetworkPolicy") if one["metadata"]["name"] == "prometheus-main")
    peers = [peer for rule in policy["spec"]["ingress"] for peer in rule["from"]]
    spaces = [peer.get("namespaceSelector", {}).get("matchLabels", {}) for peer in peers]
    return OPERATORS["flagger"].namespace in [one.get("kubernetes.io/metadata.name") for one in spaces]


MISTAKES = {
    "an operator that there is not": file(
        rest=operators("    cert-manger: install  #! operators.cert-manger | did you mean 'cert-manager'?\n")
    ),
    "something else than a mode": file(
        rest=operators(
            "    keda: on  #! operators.keda | on is true to some readers of YAML\n"
            "    loki: later  #! operators.loki | must be 'install', 'off' or 'preinstalled'\n"
        )
    ),
    "one off that is needed": file(
        "prod", rest=operators("    cert-manager: off  #! operators.cert-manager | say install, or preinstalled\n")
    ),
    "one without what it needs": file(
        rest=operators("    flagger: install  #! operators.flagger | needs istiod, which is off\n")
    ),
}


@pytest.mark.parametrize("text", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_named_with_line_and_path_before_anything_is_registered(scratch: Scratch, text: str) -> None:
    """Half of the operators in a cluster are worse than none."""
    found = [Mistake(one.line or 0, one.path, one.message) for one in scratch.problems(text)]
    wanted = mistakes(text)
    assert [(one.line, one.path) for one in found] == [(one.line, one.path) for one in wanted]
    for one, expected in zip(found, wanted, strict=True):
        assert expected.fragment in one.fragment
    assert scratch.registered == []


def test_off_is_understood_as_yaml_reads_it(scratch: Scratch) -> None:
    """YAML 1.1 makes false of it."""
    text = cluster(rest=operators("    keda: off\n    loki: 'off'\n    external-secrets: off\n"))
    assert releases(scratch.record(text)).keys() == NEEDED - {"external-secrets", "reloader"}
