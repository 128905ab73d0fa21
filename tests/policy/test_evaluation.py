"""The findings on a recorded graph."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from datetime import timedelta
from typing import Any

import pydantic
import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from graph.model import MASK, Graph, Resource, Secret
from paths import ROOT
from policy.engine.evaluation import Finding, evaluate, stack_of
from policy.engine.model import About, Level, RuleConfig, Severity, Violation, resource_rule
from policy.engine.settings import Entry, Exemption, Settings
from policy.engine.subject import ANY_OBJECT, Subject
from policy.facts.values import plain
from policy.rules import RULES
from policy.rules.resources import resource_limits
from tests.policy.objects import TODAY, TOKENS, Props, default_deny, having, shop, urn_of, without, workload

_WEB = "spec.template.spec.containers.0"


def graph_of(*objects: Props, tier: str | None = "prod", **options: Any) -> Graph:
    resources = tuple(
        Resource(urn=urn_of(one), type=TOKENS[one["kind"]], name="r", parent=None, custom=True, inputs=one, **options)
        for one in objects
    )
    return Graph("some-stack", resources, {"tier": tier} if tier else {})


def _rule_that_quotes(field: str) -> Any:
    about = About(
        name="quote", title="t", description="d.", severity=Severity.LOW, level=Level.MANDATORY, remediation=("r.",)
    )

    @resource_rule(about, applies_to={ANY_OBJECT}, config=RuleConfig)
    def quote(subject: Subject, config: RuleConfig) -> Iterator[Violation]:
        yield Violation(field=field, problem=f"is {subject.props[field]!r}", fix="do not quote it")

    return quote


def test_a_stack_that_satisfies_all_rules_has_no_findings() -> None:
    assert evaluate(graph_of(*shop())) == ()


def test_a_finding_says_what_where_how_bad_and_what_to_do() -> None:
    changed = without(workload(), f"{_WEB}.startupProbe")
    (finding,) = evaluate(graph_of(*shop()[:-1], changed))
    assert finding == Finding(
        rule="probes",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        urn=urn_of(changed),
        object="Deployment shop/api",
        message=(
            "Deployment shop/api, container web: startupProbe is missing; "
            "add one, so that a slow start is not taken for a dead process"
        ),
        remediation=next(rule for rule in RULES if rule.about.name == "probes").about.remediation,
    )
    assert finding.blocks
    with pytest.raises(FrozenInstanceError):
        finding.rule = "other"  # type: ignore[misc]


def test_findings_come_by_severity_then_object() -> None:
    bare = [having(workload(name=name), f"{_WEB}.livenessProbe", None) for name in ("b", "a")]
    bare = [without(one, f"{_WEB}.resources.limits.cpu") for one in bare]
    found = [(finding.severity, finding.object) for finding in evaluate(graph_of(*shop(), *bare))]
    assert found == [
        (Severity.HIGH, "Deployment shop/a"),
        (Severity.HIGH, "Deployment shop/b"),
        (Severity.MEDIUM, "Deployment shop/a"),
        (Severity.MEDIUM, "Deployment shop/b"),
    ]


@pytest.mark.parametrize(
    ("tier", "level"), [("dev", Level.ADVISORY), ("prod", Level.MANDATORY), (None, Level.MANDATORY)]
)
def test_the_level_is_that_of_the_tier_and_the_strictest_where_there_is_none(tier: str | None, level: Level) -> None:
    changed = without(workload(), f"{_WEB}.startupProbe")
    (finding,) = evaluate(graph_of(*shop()[:-1], changed, tier=tier))
    assert (finding.level, finding.blocks) == (level, level is Level.MANDATORY)


def test_settings_override_the_tiers_levels_as_the_engines_configuration_does() -> None:
    graph = graph_of(*shop()[:-1], without(workload(), f"{_WEB}.startupProbe"))
    entries: dict[str, Entry] = {"all": "advisory", "probes": {"enforcementLevel": "mandatory", "startup": True}}
    assert [finding.level for finding in evaluate(graph, settings=Settings("prod", entries))] == [Level.MANDATORY]
    assert evaluate(graph, settings=Settings("prod", {"probes": "disabled"})) == ()
    assert evaluate(graph, settings=Settings("prod", {"probes": {"startup": False}})) == ()
    assert [finding.level for finding in evaluate(graph, settings=Settings("prod", {"all": "advisory"}))] == [
        Level.ADVISORY
    ]


def test_a_setting_that_a_rule_does_not_have_is_refused() -> None:
    with pytest.raises(pydantic.ValidationError, match="startUp"):
        evaluate(graph_of(), settings=Settings("prod", {"probes": {"startUp": False}}))
    with pytest.raises(ValueError, match="strict"):
        evaluate(graph_of(), settings=Settings("prod", {"probes": "strict"}))


def test_an_exempt_finding_is_shown_and_does_not_block() -> None:
    exemption = Exemption(
        rule="probes", object="Deployment shop/api", reason="next release", expires=TODAY + timedelta(days=1)
    )
    graph = graph_of(*shop()[:-1], without(workload(), f"{_WEB}.startupProbe"))
    (finding,) = evaluate(graph, exemptions=[exemption], today=TODAY)
    assert (finding.exemption, finding.blocks) == (exemption, False)
    assert str(finding.exemption) == "until 2026-07-02: next release"
    (finding,) = evaluate(graph, exemptions=[exemption], today=TODAY + timedelta(days=2))
    assert finding.blocks
    assert finding.message.endswith("(its exemption expired on 2026-07-02)")


def test_what_is_not_known_yet_is_noted_and_hides_no_other_object() -> None:
    unknown = having(workload(name="unknown"), f"{_WEB}.resources.limits.cpu", UNKNOWN_STRING_VALUE)
    bare = without(workload(), f"{_WEB}.resources.limits.cpu")
    first, second = evaluate(graph_of(*shop()[:-1], unknown, bare), rules=[resource_limits])
    assert (first.object, first.blocks) == ("Deployment shop/api", True)
    assert (second.object, second.level) == ("Deployment shop/unknown", Level.ADVISORY)
    assert second.message == (
        "Deployment shop/unknown: not judged yet: "
        "string value at .spec.template.spec.containers.0.resources.limits.cpu can't be known during preview"
    )


@pytest.mark.parametrize(
    ("secret", "seen"),
    [
        ("hunter2", MASK),
        (1234, 0),
        (True, True),
        (None, None),
        ({"key": ["hunter2", Secret("inner")]}, {"key": [MASK, MASK]}),
    ],
)
def test_rules_see_the_shape_of_a_secret_and_never_its_value(secret: Any, seen: Any) -> None:
    graph = graph_of(having(default_deny(), "spec.secret", [Secret(secret)]))
    (subject,) = stack_of(graph, "prod").subjects
    assert plain(subject.props["spec"]["secret"]) == [seen]


def test_a_secret_that_is_not_known_yet_is_unknown_and_not_a_masked_value() -> None:
    graph = graph_of(having(default_deny(), "spec", Secret(UNKNOWN_STRING_VALUE)))
    (finding,) = evaluate(graph, rules=[_rule_that_quotes("spec")])
    assert "not judged yet" in finding.message


def test_a_rule_that_quotes_a_secret_shows_the_mask() -> None:
    (finding,) = evaluate(
        graph_of(having(default_deny(), "spec", Secret("hunter2"))), rules=[_rule_that_quotes("spec")]
    )
    assert finding.message == "NetworkPolicy shop/default-deny: spec is '[secret]'; do not quote it"


def test_a_resource_that_is_no_kubernetes_object_is_named_by_its_type() -> None:
    bucket = Resource(urn="urn", type="aws:s3/bucket:Bucket", name="backups", parent=None, custom=True, inputs={"a": 1})
    (subject,) = stack_of(Graph("s", (bucket,)), None).subjects
    assert (subject.label, subject.object_type) == ("Bucket backups", "aws:s3/bucket:Bucket")


def test_the_pack_is_imported_without_starting_a_server_or_what_a_preview_does_not_need() -> None:
    loaded = "'pulumi_kubernetes' in sys.modules or 'policy.engine.pack' in sys.modules"
    script = f"import sys, policy.engine.evaluation; sys.exit({loaded})"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, timeout=30, check=False).returncode == 0
