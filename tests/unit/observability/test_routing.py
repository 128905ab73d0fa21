"""Who is told of an alert, asked of Alertmanager's own tool, and what a routing refuses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.monitoring.notification import Matcher, PagerDuty, Receiver, Route, Routing, SecretKey, WeCom, Window
from graph.model import Graph
from stacks.monitoring.notifications import SECRET, in_cluster, to_people
from stacks.system.watching import alert_hooks
from tests.unit.observability.tools import run
from tests.unit.recordings import DECLARATIONS, objects, one, title

# What the operator makes of a field of the custom resource, where it is not the same in another spelling.
_NAMES = {"apiURL": "api_url", "corpID": "corp_id", "agentID": "agent_id", "sourceMatch": "source_matchers"}
_NAMES |= {"targetMatch": "target_matchers", "requireTLS": "require_tls", "matchers": "matchers"}
_PLACEHOLDERS = {"api_url": "https://example.test/hook", "url": "http://example.test/hook"}


def snake(name: str) -> str:
    return _NAMES.get(name) or re.sub(r"(?<=[a-z])([A-Z])", lambda match: f"_{match[1].lower()}", name)


def configuration(spec: Any, key: str = "") -> Any:
    """Alertmanager's own file, as the operator makes it of an AlertmanagerConfig; credentials are placeholders."""
    if isinstance(spec, dict):
        if spec.keys() == {"name", "key"}:
            return _PLACEHOLDERS.get(snake(key), "placeholder")
        return {snake(name): configuration(value, name) for name, value in spec.items()}
    if key in ("matchers", "sourceMatch", "targetMatch"):
        return [f'{one["name"]}{one["matchType"]}"{one["value"]}"' for one in spec]
    if key == "headers":
        return {one["key"]: one["value"] for one in spec}
    if key == "times":
        return [{"start_time": one["startTime"], "end_time": one["endTime"]} for one in spec]
    return [configuration(item) for item in spec] if isinstance(spec, list) else spec


def written(routing: Routing, folder: Path) -> Path:
    path = folder / "alertmanager.yaml"
    path.write_text(yaml.safe_dump(configuration(routing.as_spec())), encoding="utf-8")
    return path


HOOKS = alert_hooks(DECLARATIONS.values())
SRE = WeCom(corporation="ww1", agent_id="1", party="2", api_secret=SecretKey(name=SECRET, key="wecom"))
SATURDAY = Window(name="saturday", weekdays=["saturday"], start="20:00", end="22:00")
PEOPLE = [
    ({"severity": "critical"}, ["pagerduty", "critical-alerts"]),
    ({"severity": "warning"}, ["slack-warnings"]),
    ({"severity": "warning", "team": "backend"}, ["backend-team-slack", "slack-warnings"]),
    ({"severity": "critical", "team": "backend"}, ["pagerduty", "backend-team-slack", "critical-alerts"]),
    ({"severity": "critical", "team": "sre"}, ["pagerduty", "sre-team-wecom", "critical-alerts"]),
    (
        {"severity": "critical", "alertname": "AstrBotInstanceDown"},
        ["astrbot-alerts", "pagerduty", "critical-alerts"],
    ),
    ({"severity": "info", "alertname": "Watchdog"}, ["default"]),
    ({"severity": "unheard-of"}, ["default"]),
    ({"severity": "info", "team": "backend"}, ["default"]),
]
IN_CLUSTER = [
    ({"severity": "critical", "alertname": "AstrBotInstanceDown"}, ["astrbot-alerts"]),
    ({"severity": "critical", "alertname": "HighErrorRate"}, ["nobody"]),
]


def receivers(path: Path, labels: dict[str, str]) -> list[str]:
    asked = [f"{name}={value}" for name, value in labels.items()]
    return run("amtool", "config", "routes", "test", f"--config.file={path}", *asked).strip().split(",")


@pytest.mark.parametrize(("labels", "expected"), PEOPLE)
def test_an_alert_reaches_its_receivers(labels: dict[str, str], expected: list[str], tmp_path: Path) -> None:
    """A route behind one that does not go on is never reached, as two are in the documents' own trees."""
    assert receivers(written(to_people(HOOKS, SRE), tmp_path), labels) == expected


def test_nobody_is_told_by_wecom_where_the_file_names_no_party(tmp_path: Path) -> None:
    """A made-up corporation is no receiver, and Alertmanager would fail with it for ever."""
    labels = {"severity": "critical", "team": "sre"}
    assert receivers(written(to_people(HOOKS), tmp_path), labels) == ["pagerduty", "critical-alerts"]
    assert all("wechatConfigs" not in one for one in to_people(HOOKS).as_spec()["receivers"])


@pytest.mark.parametrize("tree", [to_people(HOOKS, SRE), in_cluster(HOOKS)], ids=["to people", "in the cluster"])
def test_the_root_has_the_timings_of_the_document(tree: Routing) -> None:
    """AstrBot document, section 4.2. The orders document's (6.1) are those of its own receivers."""
    root = tree.root
    assert (root.group_wait, root.group_interval, root.repeat_interval) == ("10s", "10s", "1h")
    of_orders = [one for one in root.routes if one.receiver in ("pagerduty", "slack-warnings", "backend-team-slack")]
    assert len(of_orders) == (3 if tree.root.receiver == "default" else 0)
    for route in of_orders:
        assert (route.group_wait, route.group_interval, route.repeat_interval) == ("30s", "5m", "12h")


def test_warnings_are_silent_only_in_windows_that_the_file_names() -> None:
    """The document silences one alert on one day: a Saturday evening's warnings all unheard are nobody's wish."""
    assert not [one for one in to_people(HOOKS, SRE).root.routes if one.muted]
    assert "muteTimeIntervals" not in to_people(HOOKS).as_spec()
    muted = to_people(HOOKS, SRE, [SATURDAY], {"slack-warnings": ["saturday"]})
    assert [one.receiver for one in muted.root.routes if one.muted] == ["slack-warnings"]


@pytest.mark.parametrize(("labels", "expected"), IN_CLUSTER)
def test_without_a_secret_store_only_the_cluster_itself_is_told(
    labels: dict[str, str], expected: list[str], tmp_path: Path
) -> None:
    assert receivers(written(in_cluster(HOOKS), tmp_path), labels) == expected


@pytest.mark.parametrize(
    "routing",
    [to_people(HOOKS, SRE, [SATURDAY], {"slack-warnings": ["saturday"]}), in_cluster(HOOKS)],
    ids=["to people", "in the cluster"],
)
def test_alertmanager_accepts_the_configuration(routing: Routing, tmp_path: Path) -> None:
    run("amtool", "check-config", written(routing, tmp_path))


def test_every_channel_says_when_an_alert_is_over() -> None:
    for receiver in to_people(HOOKS).as_spec()["receivers"]:
        for name, channels in receiver.items():
            assert name == "name" or all(channel["sendResolved"] is True for channel in channels)


def test_every_receiver_is_reached_by_some_alert() -> None:
    """A receiver that no alert reaches is somebody who waits in vain."""
    assert {name for _, names in PEOPLE for name in names} == {one.name for one in to_people(HOOKS, SRE).receivers}


def test_credentials_come_from_a_secret_that_the_environment_makes(graph: Graph) -> None:
    """The operator refuses the whole configuration for one missing key."""
    config = one(graph, "AlertmanagerConfig", "alertmanager-main")["spec"]
    made = {
        body["spec"]["target"]["name"]: set(body["spec"]["target"]["template"]["data"])
        for body in objects(graph, "ExternalSecret")
        if body["metadata"]["namespace"] == "monitoring"
    }
    used = [value for value in walked(config) if value.keys() == {"name", "key"}]
    assert bool(used) is (graph.stack != "dev")
    for secret in used:
        assert secret["key"] in made[secret["name"]], title(one(graph, "AlertmanagerConfig", "alertmanager-main"))


def walked(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [value, *(found for item in value.values() for found in walked(item))]
    return [found for item in value for found in walked(item)] if isinstance(value, list) else []


ROOT = Route(receiver="default")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"receivers": [Receiver(name="default", channels=[PagerDuty(service_key=SecretKey(name="a", key="b"))])]},
            "receiver 'default': there is no Secret 'a' with a key 'b'",
        ),
        (
            {"root": Route(receiver="default", routes=[Route(receiver="missing")])},
            r"route\.routes\[0\]: there is no receiver 'missing'; there are default",
        ),
        ({"receivers": [Receiver(name="default"), Receiver(name="default")]}, "receiver 'default' is declared twice"),
        ({"root": Route(receiver="default", muted=["night"])}, "route: there is no maintenance window 'night'"),
        ({"root": Route(receiver="default", group_wait="soon")}, "route: 'soon' is not a duration"),
    ],
)
def test_a_routing_that_cannot_work_is_refused_with_the_place(arguments: dict[str, Any], message: str) -> None:
    """Alertmanager would keep its old configuration, and say so in its log only."""
    with pytest.raises(ValueError, match=message):
        Routing(**{"root": ROOT, "receivers": [Receiver(name="default")], **arguments})


def test_a_matcher_keeps_its_operator() -> None:
    assert Matcher(label="a", value="b|c", operator="=~").as_spec() == {"name": "a", "matchType": "=~", "value": "b|c"}
