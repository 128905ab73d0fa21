"""`ops preview`: what it prints in each format, and its exit status."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import ops.preview
from components.kubernetes.namespace import NamespaceBaseline
from graph.model import MASK, Graph
from paths import ROOT
from policy.engine.evaluation import Finding
from policy.engine.model import Level, Severity
from tests.unit.commands import ops as run
from tests.unit.recordings import planted_passwords, recorded, recorded_with_planted_passwords
from tests.unit.scratch import STACK, Scratch

BAD = "config:\n  saas-platform:tier: nonsense\n  saas-platform:domian: example.com\n"
SMALL = """\
config:
  saas-platform:tier: dev
  saas-platform:domain: example.com
  saas-platform:cluster: {kind: sandbox}
  saas-platform:systems: {orders: {}}
"""
RESOURCE_KEYS = {"urn", "type", "name", "parent", "custom", "dependencies", "options", "inputs"}
FINDING_KEYS = {"rule", "severity", "level", "urn", "object", "message", "remediation", "exemption"}


def finding(level: Level = Level.MANDATORY, message: str = "Deployment shop/api: is wrong") -> Finding:
    return Finding(
        rule="some-rule",
        severity=Severity.HIGH,
        level=level,
        urn="urn:pulumi:dev::saas-platform::kubernetes:apps/v1:Deployment::api",
        object="Deployment shop/api",
        message=message,
        remediation=("Repair it.",),
    )


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    """What the policies find; a test adds to it. Environments are not recorded again."""
    found: list[Finding] = []

    def evaluate(_graph: Graph) -> Sequence[Finding]:
        return tuple(found)

    monkeypatch.setattr(ops.preview, "evaluate", evaluate)
    monkeypatch.setattr(ops.preview, "record", recorded)
    return found


@cache
def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Python with these arguments, in the project's folder."""
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def preview_of_dev() -> subprocess.CompletedProcess[str]:
    """As a person runs it; on its standard error everything that it imports."""
    return process("-X", "importtime", "-m", "ops", "preview", "-s", "dev")


def test_the_true_exit_statuses_are_0_clean_1_violated_2_invalid(tmp_path: Path) -> None:
    """A pipeline looks at nothing else."""
    (tmp_path / "Pulumi.small.yaml").write_text(SMALL, encoding="utf-8")
    without_default_deny = (
        "import pathlib, sys; import stacks.schema.source; stacks.schema.source.ROOT = pathlib.Path(sys.argv[1]);"
        "from components.kubernetes.namespace import NamespaceBaseline;"
        "NamespaceBaseline._default_deny = lambda *_: None;"
        "sys.argv = ['ops', 'preview', '-s', 'small']; from ops.commands import main; main()"
    )
    results = [
        preview_of_dev(),
        process("-c", without_default_deny, str(tmp_path)),
        process("-m", "ops", "preview", "-s", "x"),
    ]
    assert [one.returncode for one in results] == [0, 1, 2], results[1:]
    assert "Traceback" not in "".join(one.stderr for one in results)


def test_an_environment_on_another_cluster_imports_nothing_of_aws() -> None:
    """pulumi_aws takes seconds the first time, and a third of a second from then on."""
    imported = {line.rpartition("|")[2].strip() for line in preview_of_dev().stderr.splitlines()}
    assert "pulumi_kubernetes" in imported
    assert not {name for name in imported if name.partition(".")[0] == "pulumi_aws"}


def test_a_violated_mandatory_policy_gives_status_1_and_is_named(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program itself, without its default-deny policy, judged by the real pack."""
    scratch.write(SMALL)
    monkeypatch.setattr(NamespaceBaseline, "_default_deny", lambda *_: None)
    outcome = run("preview", "-s", STACK)
    assert outcome.status == 1
    assert "network-policy" in outcome.out


@pytest.mark.parametrize(("level", "status"), [(Level.MANDATORY, 1), (Level.REMEDIATE, 1), (Level.ADVISORY, 0)])
@pytest.mark.parametrize("output", ["text", "json", "markdown"])
def test_the_status_follows_the_level_in_every_format(
    findings: list[Finding], level: Level, status: int, output: str
) -> None:
    """A note must not stop a pipeline; what would stop the deployment must."""
    findings.append(finding(level))
    assert run("preview", "-s", "dev", "-o", output).status == status


@pytest.mark.parametrize("output", ["text", "json"])
def test_an_invalid_configuration_gives_status_2_all_errors_and_no_output(scratch: Scratch, output: str) -> None:
    """Half a preview on standard output would be taken for a whole one."""
    scratch.write(BAD)
    outcome = run("preview", "-s", "scratch", "-o", output)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.startswith("error: invalid configuration, 5 errors:\n  Pulumi.scratch.yaml:")
    assert "did you mean 'domain'?" in outcome.err
    assert scratch.registered == []


def test_a_comment_lists_what_is_wrong_with_an_invalid_configuration(scratch: Scratch) -> None:
    """The file of the comment would be empty, and the pull request would show nothing but a red cross."""
    scratch.write(BAD + "  saas-platform:registry: '```'\n")
    outcome = run("preview", "-s", "scratch", "-o", "markdown")
    lines = outcome.out.splitlines()
    assert (outcome.status, lines[0]) == (2, "<!-- preview:scratch -->")
    assert "❌" in lines[2]
    # All that a person would be told in a terminal, as text that cannot become markup.
    shown = outcome.err.removeprefix("error: ").splitlines()
    assert lines[4:] == [f"    {line}" for line in shown]
    assert any("```" in line for line in shown)


def test_a_wrong_option_gives_status_2() -> None:
    """Click's own status for usage, the same as for configuration: nothing was done."""
    assert run("preview", "--output", "xml").status == 2
    assert run("preview", "--stack").status == 2


def test_json_has_the_environment_its_outputs_all_resources_and_all_findings(findings: list[Finding]) -> None:
    """Other tools read it: keys that come and go break them."""
    findings += [finding(), finding(Level.ADVISORY)]
    document = json.loads(run("preview", "-s", "dev", "-o", "json").out)
    assert document.keys() == {"environment", "capacity", "outputs", "resources", "findings"}
    assert document["environment"] == "dev"
    assert document["outputs"]["tier"] == "dev"
    assert len(document["resources"]) == len(recorded("dev"))
    assert all(row.keys() == RESOURCE_KEYS for row in document["resources"])
    assert all(row.keys() == FINDING_KEYS for row in document["findings"])
    assert [row["level"] for row in document["findings"]] == ["mandatory", "advisory"]
    assert document["findings"][0] == {
        "rule": "some-rule",
        "severity": "high",
        "level": "mandatory",
        "urn": "urn:pulumi:dev::saas-platform::kubernetes:apps/v1:Deployment::api",
        "object": "Deployment shop/api",
        "message": "Deployment shop/api: is wrong",
        "remediation": ["Repair it."],
        "exemption": None,
    }


def test_json_says_of_a_resource_what_it_is_and_what_it_waits_for(findings: list[Finding]) -> None:
    """One resource in full: the types of the values are part of the interface."""
    rows = json.loads(run("preview", "-s", "dev", "-o", "json").out)["resources"]
    by_urn: dict[str, Any] = {row["urn"]: row for row in rows}
    (row,) = (one for one in rows if one["name"] == "astrbot-api-gateway" and one["type"].endswith(":Deployment"))
    assert row["type"] == "kubernetes:apps/v1:Deployment"
    assert row["custom"] is True
    assert by_urn[row["parent"]]["type"] == "platform:application:Application"
    assert by_urn[row["parent"]]["custom"] is False
    assert all(urn in by_urn for urn in row["dependencies"])
    assert row["inputs"]["metadata"]["name"] == "api-gateway"
    assert isinstance(row["options"]["provider"], str)
    assert findings == []


def test_json_is_the_same_bytes_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two previews are compared with `diff`. The first is of a recording that lay around, the second is made anew."""
    with monkeypatch.context() as patch:
        patch.setattr(ops.preview, "record", recorded)
        first = run("preview", "-s", "dev", "-o", "json")
    assert run("preview", "-s", "dev", "-o", "json").out == first.out


@pytest.mark.parametrize("output", ["text", "json", "markdown"])
def test_no_format_shows_a_secret(monkeypatch: pytest.MonkeyPatch, findings: list[Finding], output: str) -> None:
    """Previews end in pull requests."""
    monkeypatch.setattr(ops.preview, "record", recorded_with_planted_passwords)
    outcome = run("preview", "-s", "dev", "-o", output)
    for password in planted_passwords(recorded_with_planted_passwords("dev")):
        for form in (password, base64.b64encode(password.encode()).decode()):
            assert form not in outcome.out + outcome.err
    assert findings == []
    assert output != "json" or MASK in outcome.out


def test_text_shows_every_component_and_every_object_with_counts(findings: list[Finding]) -> None:
    """What is not shown is not reviewed."""
    graph, text = recorded("dev"), run("preview", "-s", "dev").out
    objects = [resource for resource in graph if resource.is_kubernetes_object]
    components = [resource for resource in graph if resource.type.startswith("platform:")]
    assert f"{len(components)} components, {len(objects)} Kubernetes objects" in text
    for resource in objects:
        kind, _, name = resource.object_name
        assert f"{kind} {name}" in text
    for component in components:
        assert component.name in text
    deployments = [resource for resource in objects if resource.object_name[0] == "Deployment"]
    assert f" {len(deployments)} Deployment" in text
    assert findings == []


def test_depth_limits_the_tree_and_not_the_counts(findings: list[Finding]) -> None:
    """For a first look; the counts still tell how much is behind it."""
    shallow, whole = (run("preview", "-s", "dev", *depth).out for depth in (("--depth", "2"), ()))
    assert "Deployment api-gateway" not in shallow
    assert "astrbot-api-gateway" in shallow
    assert shallow.splitlines()[0] == whole.splitlines()[0]
    assert findings == []


def test_text_shows_findings_by_severity_and_does_not_cut_them_off(findings: list[Finding]) -> None:
    """The end of a message says what to do."""
    long = f"Deployment shop/api: {'very ' * 80}wrong; do this"
    findings += [finding(message=long), finding(Level.ADVISORY)]
    text = run("preview", "-s", "dev").out
    assert long in text
    assert "mandatory some-rule: " in text
    assert "advisory some-rule: " in text
    assert "Policies: 2 high; 1 of them stop a deployment" in text


def test_text_takes_brackets_in_names_and_messages_literally(findings: list[Finding]) -> None:
    """Rich reads `[...]` as its own markup: what is in brackets would vanish."""
    findings.append(finding(message="container [web]: resources[0] is wrong [/]"))
    assert "container [web]: resources[0] is wrong [/]" in run("preview", "-s", "dev").out


def test_markdown_starts_with_the_marker_of_its_environment(findings: list[Finding]) -> None:
    """The next run finds its own comment by it; without it every push adds one more."""
    for stack in ("dev", "prod"):
        assert run("preview", "-s", stack, "-o", "markdown").out.startswith(f"<!-- preview:{stack} -->\n")
    assert findings == []


def test_markdown_leaves_nothing_out(findings: list[Finding]) -> None:
    """People ask for what is cut off: every resource and every finding is there, whole."""
    findings += [finding(message=f"Deployment shop/api-{number}: {'long ' * 60}end-{number}") for number in range(60)]
    text = run("preview", "-s", "dev", "-o", "markdown").out
    for resource in recorded("dev"):
        name = resource.object_name[2] if resource.is_kubernetes_object else resource.name
        assert name in text
    for one in findings:
        assert one.message in text
    assert "…" not in text
    assert "..." not in text


def test_markdown_says_first_whether_the_deployment_is_stopped(findings: list[Finding]) -> None:
    """A reviewer reads the heading."""
    assert "no mandatory policy is violated" in run("preview", "-s", "dev", "-o", "markdown").out.splitlines()[2]
    findings += [finding(), finding(Level.ADVISORY)]
    assert "1 policy violations stop" in run("preview", "-s", "dev", "-o", "markdown").out.splitlines()[2]


def test_markdown_keeps_a_finding_in_one_row_of_its_table(findings: list[Finding]) -> None:
    """A bar or a line break in a message would tear the table apart."""
    findings.append(finding(message="a | b\nc"))
    (row,) = (line for line in run("preview", "-s", "dev", "-o", "markdown").out.splitlines() if "some-rule" in line)
    assert row.count("|") == 6
    assert "c" in row


def test_markdown_closes_every_fold_and_every_fence(findings: list[Finding]) -> None:
    """An open one swallows the rest of the page."""
    text = run("preview", "-s", "dev", "-o", "markdown").out
    assert text.count("<details>") == text.count("</details>") == 2
    assert text.count("```") == 2
    assert findings == []


def test_help_loads_neither_pulumi_nor_kubernetes() -> None:
    """`--help` must answer at once."""
    check = "import sys, ops.commands; print([one for one in ('pulumi', 'pydantic', 'yaml') if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
