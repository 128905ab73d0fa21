"""The key `monitoring` of an environment's file: what it makes, and what is refused with file, line and path."""

from __future__ import annotations

from typing import Any

import pytest

import stacks.environment
from graph.model import Graph
from stacks.monitoring import Monitoring
from stacks.system.environment_context import EnvironmentContext
from tests.unit.reachability import End, Policies
from tests.unit.recordings import objects, one
from tests.unit.scratch import NO_TELEMETRY, Mistake, Scratch, mistakes
from tests.unit.workloads import workloads

_STORE = "  saas-platform:secret_store: {name: platform, path: a}\n"


def file(tier: str, monitoring: str) -> str:
    """An environment of that tier, with a system so that there is something to look at."""
    store = _STORE if tier in ("staging", "prod") else ""
    return f"""\
config:
  saas-platform:tier: {tier}
  saas-platform:domain: example.com
  saas-platform:cluster: {{kind: sandbox}}
{store}{NO_TELEMETRY}  saas-platform:systems: {{astrbot: {{tenants: [{{name: acme}}]}}}}
  saas-platform:monitoring:
{monitoring}"""


MISTAKES = {
    "a key that there is not": file(
        "test", "    remote_writes: []  #! monitoring.remote_writes | did you mean 'remote_write'?\n"
    ),
    "times that are none": file(
        "prod",
        "    retention: a fortnight  #! monitoring.retention | is not a duration\n"
        "    long_term_retention: 0s  #! monitoring.long_term_retention | is no time at all\n",
    ),
    "a retention larger than the volume": file(
        "test",
        "    retention_size: 60Gi  #! monitoring.retention_size | does not fit a volume of 50Gi: at most 85%\n",
    ),
    "a volume smaller than the retention": file(
        "test", "    storage: 20Gi  #! monitoring.storage | does not fit a volume of 20Gi\n"
    ),
    "an agent that sends nothing": file(
        "test",
        "    retention: 3d  #! monitoring.retention | an agent keeps nothing\n"
        "    agent: {query_url: https://a.example}  #! monitoring.agent | say in remote_write where\n",
    ),
    "stores": file(
        "test",
        "    remote_write:\n"
        "      - {url: victoria:8428}  #! monitoring.remote_write[0].url | is no URL\n"
        "      - {url: http://a.example, drop: '('}  #! monitoring.remote_write[1].drop | is no regular expression\n"
        "      - {url: http://a.example}  #! monitoring.remote_write[2].url | is listed twice\n"
        "      - url: http://b.example\n"
        "        credential: token  #! monitoring.remote_write[3].credential | has no secret store\n",
    ),
    "other Prometheus": file(
        "test",
        "    federate:\n"
        "      - name: a\n"
        "        target: prometheus  #! monitoring.federate[0].target | write host:port\n"
        "        match: ['{job=']  #! monitoring.federate[0].match[0] | does not parse\n"
        "      - {name: b, target: 'b:9090', match: ['sum(up)']}"
        "  #! monitoring.federate[1].match[0] | selects no series\n"
        "      - {name: c, target: 'b:9090', match: []}  #! monitoring.federate[2].match | at least 1\n",
    ),
    "probes": file(
        "test",
        "    probes:\n"
        "      - {name: astrbot, target: 'https://a.example'}  #! monitoring.probes[0].name | is probed anyway\n"
        "      - {name: a, target: 'https://a.example', module: icmp}  #! monitoring.probes[1].module | 'https'\n",
    ),
    "probes where there is no exporter": file(
        "dev",
        "    probes: [{name: a, target: 'https://a.example'}]  #! monitoring.probes | has no blackbox exporter\n",
    ),
    "receivers": file(
        "prod",
        "    receivers:\n"
        "      - {name: a}  #! monitoring.receivers[0] | has no channel\n"
        "      - {name: default, pagerduty: {}}  #! monitoring.receivers[1].name | one of the platform's own\n"
        "      - {name: b, email: {to: [ops]}}  #! monitoring.receivers[2].email.to[0] | is no address\n"
        "      - {name: c, webhook: {}}  #! monitoring.receivers[3].webhook | name one of url and credential\n"
        "      - {name: b, pagerduty: {}}  #! monitoring.receivers[4].name | is listed twice\n",
    ),
    "receivers without their Secret": file(
        "test",
        "    receivers:\n"
        "      - {name: a, slack: {channel: '#a'}}  #! monitoring.receivers[0].slack | has no secret store\n"
        "    routes:\n"
        "      - {receiver: pagerduty, match: {team: a}}  #! monitoring.routes[0].receiver | has no secret store\n",
    ),
    "routes and windows": file(
        "prod",
        "    routes:\n"
        "      - {receiver: nobody-here, match: {team: a}}  #! monitoring.routes[0].receiver | there is no receiver\n"
        "      - {receiver: default, match: {}}  #! monitoring.routes[1].match | at least 1\n"
        "      - {receiver: default, match: {a: b}, muted: [night]}"
        "  #! monitoring.routes[2].muted[0] | there is no maintenance window\n"
        "    maintenance:\n"
        "      - {name: a, weekdays: [someday], start: '20:00', end: '22:00'}"
        "  #! monitoring.maintenance[0].weekdays[0] | 'monday'\n"
        "      - {name: b, weekdays: [monday], start: '22:00', end: '02:00'}"
        "  #! monitoring.maintenance[1].end | is not after 22:00\n"
        "      - {name: c, weekdays: [monday], start: 8pm, end: '22:00'}"
        "  #! monitoring.maintenance[2].start | is no time of day\n",
    ),
    "a party of WeCom that nobody has named": file(
        "prod",
        "    receivers:\n"
        "      - name: a\n"
        "        wecom: {party: '3', agent_id: '1'}  #! monitoring.receivers[0].wecom.corporation | missing\n"
        "    routes:\n"
        "      - {receiver: sre-team-wecom, match: {team: a}}"
        "  #! monitoring.routes[0].receiver | say which in the key `monitoring.wecom`\n"
        "    maintenance:\n"
        "      - name: a\n"
        "        weekdays: [monday]\n"
        "        start: '20:00'\n"
        "        end: '22:00'\n"
        "        receivers:\n"
        "          - sre-team-wecom  #! monitoring.maintenance[0].receivers[0] | `monitoring.wecom`\n"
        "          - pagerduty  #! monitoring.maintenance[0].receivers[1] | that can be muted\n",
    ),
    "a party of WeCom without a secret store": file(
        "test",
        "    wecom: {corporation: a, agent_id: '1', party: '3'}  #! monitoring.wecom | has no secret store\n",
    ),
    "intervals that are none": file(
        "test",
        "    scrape_interval: often  #! monitoring.scrape_interval | is not a duration\n"
        "    evaluation_interval: 0s  #! monitoring.evaluation_interval | is no time at all\n",
    ),
}


@pytest.mark.parametrize("text", MISTAKES.values(), ids=MISTAKES.keys())
def test_what_cannot_work_is_refused_with_its_place(scratch: Scratch, text: str) -> None:
    """Prometheus and Alertmanager would go on with what they had, and say so in their logs only."""
    found = [Mistake(problem.line or 0, problem.path, problem.message) for problem in scratch.problems(text)]
    expected = mistakes(text)
    assert [(one.line, one.path) for one in found] == [(one.line, one.path) for one in expected]
    for mine, wanted in zip(found, expected, strict=True):
        assert wanted.fragment in mine.fragment
    assert scratch.registered == []


UNUSUAL = [
    file("test", "    - a list\n"),
    file("test", "    receivers: 7\n    routes: {a: b}\n    probes: text\n"),
    file(
        "prod", "    routes: [{receiver: [a], match: [b], muted: [[c], {d: e}]}]\n    receivers: [{name: {f: g}}, h]\n"
    ),
    file("test", "    probes: [{name: [a], target: 7}]\n    remote_write: [1, {url: []}]\n    retention_size: [1]\n"),
    file(
        "test",
        "    receivers: [{name: [a], slack: 7, webhook: [b]}]\n    routes: [{receiver: [a]}]\n    agent: 2020-01-01\n",
    ),
    file(
        "test",
        "    maintenance: [{name: a, weekdays: 1, start: 20, end: 2020-01-01}]\n"
        "  saas-platform:overrides: {monitoring: [a]}\n",
    ),
]


@pytest.mark.parametrize("text", UNUSUAL)
def test_whatever_yaml_can_hold_ends_in_a_report_and_not_in_a_traceback(scratch: Scratch, text: str) -> None:
    """A list where a name belongs cannot be looked up anywhere."""
    assert {problem.file for problem in scratch.problems(text)} == {"Pulumi.scratch.yaml"}


WHOLE = file(
    "prod",
    """\
    retention: 10d
    retention_size: 60Gi
    long_term_retention: 90d
    remote_write:
      - url: https://victoria.example.com/api/v1/write
        drop: expensive_metric.*
        credential: victoria-token
      - url: http://victoria-metrics.metrics.svc.cluster.local:8428/api/v1/write
    federate:
      - name: cluster-1
        target: prometheus-cluster-1.example.com:9090
        match: ['{job="rust-app"}']
    probes:
      - {name: status-page, target: 'https://status.example.com'}
    receivers:
      - name: payments
        slack: {channel: '#payments', credential: payments-slack}
        webhook: {url: 'http://hooks.payments.svc:8080/alert'}
    routes:
      - {receiver: payments, match: {team: payments}, muted: [night]}
    maintenance:
      - {name: night, weekdays: [monday, tuesday], start: '01:00', end: '03:00'}
""",
)
AGENT = file(
    "prod",
    """\
    agent: {query_url: 'https://metrics.example.com/prometheus'}
    remote_write:
      - url: https://victoria.example.com/api/v1/write
""",
)


def test_a_file_changes_what_prometheus_keeps_and_sends(scratch: Scratch) -> None:
    spec = one(scratch.record(WHOLE), "Prometheus", "main")["spec"]
    assert (spec["retention"], spec["retentionSize"]) == ("10d", "61440MB")
    first, second = spec["remoteWrite"]
    assert first["authorization"] == {"credentials": {"name": "remote-write-credentials", "key": "victoria-token"}}
    assert first["writeRelabelConfigs"][0] == {
        "sourceLabels": ["__name__"],
        "regex": "expensive_metric.*",
        "action": "drop",
    }
    assert second.keys() == {"url", "queueConfig"}
    compactor = one(scratch.record(WHOLE), "StatefulSet", "thanos-compactor")["spec"]["template"]["spec"]
    assert "--retention.resolution-raw=90d" in compactor["containers"][0]["args"]


def test_further_sources_are_scraped_and_may_be_reached(scratch: Scratch) -> None:
    """Default deny would keep Prometheus from every address that only the file names."""
    graph = scratch.record(WHOLE)
    assert one(graph, "ScrapeConfig", "federate-cluster-1")["spec"]["params"] == {"match[]": ['{job="rust-app"}']}
    probes = {body["metadata"]["name"]: body["spec"] for body in objects(graph, "Probe")}
    assert probes.keys() == {"probe-astrbot", "probe-status-page"}
    assert probes["probe-astrbot"]["targets"]["staticConfig"]["static"] == ["https://api.example.com"]
    ports = reachable(graph, "prometheus-main")
    assert {("metrics", 8428), ("10.0.0.0/8", 10250)} <= ports
    assert any(port == 9090 and where not in ("", "monitoring") for where, port in ports)
    assert ("payments", 8080) in reachable(graph, "alertmanager-main")


def reachable(graph: Graph, policy: str) -> set[tuple[str, int]]:
    """(namespace or CIDR, port) of what a network policy lets out."""
    found = set()
    for rule in one(graph, "NetworkPolicy", policy)["spec"]["egress"]:
        for peer in rule["to"]:
            labels = peer.get("namespaceSelector", {}).get("matchLabels", {})
            where = labels.get("kubernetes.io/metadata.name") or peer.get("ipBlock", {}).get("cidr", "")
            found |= {(where, port["port"]) for port in rule["ports"]}
    return found


def test_a_receiver_of_the_file_is_told_first_and_the_others_as_well(scratch: Scratch) -> None:
    graph = scratch.record(WHOLE)
    spec = one(graph, "AlertmanagerConfig", "alertmanager-main")["spec"]
    assert spec["route"]["routes"][0] == {
        "receiver": "payments",
        "matchers": [{"name": "team", "matchType": "=", "value": "payments"}],
        "continue": True,
        "muteTimeIntervals": ["night"],
    }
    assert {window["name"] for window in spec["muteTimeIntervals"]} == {"night"}
    receivers = {one["name"]: one for one in spec["receivers"]}
    assert "sre-team-wecom" not in receivers, "nobody has named a party of WeCom"
    secret = one(graph, "ExternalSecret", "alerting-credentials")["spec"]
    assert "payments-slack" in secret["target"]["template"]["data"]


TOLD = file(
    "prod",
    "    scrape_interval: 20s\n"
    "    evaluation_interval: 1m\n"
    "    grafana_url: https://grafana.example.com/\n"
    "    wecom: {corporation: ww1, agent_id: '7', party: '3', credential: wecom-secret}\n"
    "    maintenance:\n"
    "      - {name: patches, weekdays: [saturday], start: '20:00', end: '22:00', receivers: [slack-warnings]}\n",
).replace("{tenants:", "{sizes: {auth-service: {scrape_interval: 5s}}, tenants:")


def test_how_often_is_said_for_the_environment_and_for_a_service(scratch: Scratch) -> None:
    graph = scratch.record(TOLD)
    spec: Any = one(graph, "Prometheus", "main")["spec"]
    assert (spec["scrapeInterval"], spec["evaluationInterval"]) == ("20s", "1m")
    (endpoint,) = one(graph, "ServiceMonitor", "auth-service")["spec"]["endpoints"]
    assert (endpoint["interval"], endpoint["scrapeTimeout"]) == ("5s", "5s")
    (endpoint,) = one(graph, "ServiceMonitor", "api-gateway")["spec"]["endpoints"]
    assert not {"interval", "scrapeTimeout"} & endpoint.keys(), "Prometheus' own"


def test_a_party_and_quiet_hours_of_the_file_are_told_and_kept(scratch: Scratch) -> None:
    spec: Any = one(scratch.record(TOLD), "AlertmanagerConfig", "alertmanager-main")["spec"]
    (wecom,) = (one for one in spec["receivers"] if one["name"] == "sre-team-wecom")
    assert wecom["wechatConfigs"][0]["corpID"] == "ww1"
    assert wecom["wechatConfigs"][0]["apiSecret"] == {"name": "alerting-credentials", "key": "wecom-secret"}
    muted = {
        route["receiver"]: route["muteTimeIntervals"]
        for route in spec["route"]["routes"]
        if "muteTimeIntervals" in route
    }
    assert muted == {"slack-warnings": ["patches"]}


def test_alerts_of_a_system_lead_to_its_dashboard_where_somebody_says_where_grafana_is(scratch: Scratch) -> None:
    """Orders document, section 5.1. An address that nobody has given leads nowhere."""
    graph = scratch.record(TOLD)
    rules = [
        rule for group in one(graph, "PrometheusRule", "astrbot-alerts")["spec"]["groups"] for rule in group["rules"]
    ]
    found = {rule["annotations"].get("dashboard_url") for rule in rules if "alert" in rule}
    assert found == {"https://grafana.example.com/d/astrbot"}
    assert one(graph, "ConfigMap", "dashboard-astrbot"), "it is there"
    graph = scratch.record(WHOLE)
    rules = [
        rule for group in one(graph, "PrometheusRule", "astrbot-alerts")["spec"]["groups"] for rule in group["rules"]
    ]
    assert not [rule for rule in rules if "dashboard_url" in rule.get("annotations", {})]


def test_an_agent_keeps_nothing_and_judges_nothing(scratch: Scratch) -> None:
    """Rules, Alertmanager, dashboards and Thanos are where its samples go."""
    graph = scratch.record(AGENT)
    spec: Any = one(graph, "PrometheusAgent", "main")["spec"]
    assert not {"retention", "ruleSelector", "alerting", "evaluationInterval", "thanos"} & spec.keys()
    assert spec["remoteWrite"][0]["url"] == "https://victoria.example.com/api/v1/write"
    assert objects(graph, "Prometheus", "Alertmanager", "AlertmanagerConfig", "ThanosRuler") == []
    mine = [body for body in objects(graph, "PrometheusRule", "ConfigMap") if _in_monitoring(body)]
    assert {body["metadata"]["name"] for body in mine} == {"blackbox-exporter"}
    assert graph.outputs["prometheus_url"] == "https://metrics.example.com/prometheus"


def test_a_service_that_pushes_reaches_the_gateway_and_no_other_does(scratch: Scratch) -> None:
    """Default deny would lose what a job tells at its end."""
    service = "{name: report, replicas: 1, cpu: 1, memory: 1Gi, uses: [pushgateway]}"
    graph = scratch.record(
        file("test", "    retention: 5d\n").replace("{tenants:", f"{{services: [{service}], tenants:")
    )
    ends = {
        one.title.partition(" ")[2]: End(one.title, one.namespace, one.labels)
        for one in workloads(graph)
        if one.title.startswith("Deployment")
    }
    found = Policies(graph).connections(ends.values(), [ends["pushgateway"]], [(9091, "TCP")])
    assert {connection.source for connection in found} == {"Deployment report"}


def _in_monitoring(body: Any) -> bool:
    return bool(body["metadata"]["namespace"] == "monitoring")


@pytest.mark.parametrize("text", [file("dev", "    retention: 20d\n"), file("prod", "    retention: 20d\n"), AGENT])
def test_systems_know_where_prometheus_will_be(scratch: Scratch, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Their context says it before Prometheus is made: with another address KEDA and Flagger would ask nobody."""
    seen = []

    def made(args: EnvironmentContext, *others: Any) -> Monitoring:
        monitoring = Monitoring(args, *others)
        seen.append((args.prometheus, monitoring.url))
        return monitoring

    monkeypatch.setattr(stacks.environment, "Monitoring", made)
    # Recorded anew: what other tests have recorded is kept by its text.
    scratch.record(f"{text}# Where is it?\n")
    ((known, url),) = seen
    assert known == url
