"""The workflows in `.github/workflows`: they only call make targets, and a fork gets neither a secret nor a right."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from graph.model import Graph, Resource
from ops.reports.markdown import markdown
from paths import ROOT
from sandbox.build import GO_MINIMUM
from sandbox.paths import MODULES
from stacks.schema.source import environments
from tests.unit.examples.summary import STACKS

FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
Yaml = Mapping[Any, Any]

# Lines of `run:` that set a job up and do nothing of the project's own.
SETUP = {'install -m 600 /dev/stdin "$KUBECONFIG" <<<"$CONTENT"'}
# An action whose commits could not be compared with its releases is pinned by its major version.
BY_MAJOR_VERSION = {"pulumi/actions@v7"}
SAME_REPOSITORY = "github.event.pull_request.head.repo.full_name == github.repository"


class Job(NamedTuple):
    """A job, with the name of its workflow's file."""

    file: str
    name: str
    body: Yaml

    def __str__(self) -> str:
        return f"{self.file}: {self.name}"

    @property
    def steps(self) -> list[Yaml]:
        return list(self.body["steps"])


def workflow(file: str) -> Yaml:
    document: Yaml = yaml.safe_load((ROOT / ".github" / "workflows" / file).read_text(encoding="utf-8"))
    return document


def triggers(file: str) -> Yaml:
    # YAML 1.1 reads the key `on` as true.
    found: Yaml = workflow(file)[True]
    return found


JOBS = [Job(path.name, name, body) for path in FILES for name, body in workflow(path.name)["jobs"].items()]
STEPS = [(job, step) for job in JOBS for step in job.steps]
every_file = pytest.mark.parametrize("file", [path.name for path in FILES])
every_job = pytest.mark.parametrize("job", JOBS, ids=str)


def commands(job: Job) -> Iterator[str]:
    for step in job.steps:
        yield from (line.strip() for line in str(step.get("run", "")).splitlines() if line.strip())


def actions(prefix: str) -> Iterator[tuple[Job, Yaml]]:
    return ((job, step) for job, step in STEPS if str(step.get("uses", "")).startswith(prefix))


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_there_are_workflows_for_the_checks_the_sandbox_and_the_previews() -> None:
    assert {path.name for path in FILES} == {"checks.yml", "sandbox.yml", "preview.yml", "preview-comment.yml"}


@every_job
def test_a_job_runs_nothing_that_a_person_could_not_run_with_make(job: Job) -> None:
    """A script in a workflow is tried by nobody before it is pushed."""
    for command in commands(job):
        assert re.match(r"make [a-z]", command) or command in SETUP, command


def test_every_target_that_a_job_makes_is_in_the_makefile() -> None:
    made = {match[1] for job in JOBS for command in commands(job) if (match := re.match(r"make ([a-z0-9-]+)", command))}
    assert {"check", "test", "e2e", "preview-comment", "pulumi-preview"} <= made
    assert made <= make_targets()


@every_job
def test_no_text_from_outside_reaches_a_shell(job: Job) -> None:
    """A branch may be called `$(curl …)`: only the matrix, which stands in the workflow itself, is in commands."""
    for command in commands(job):
        assert set(re.findall(r"\$\{\{ *([a-z]+)", command)) <= {"matrix"}, command


@every_file
def test_a_workflow_has_no_right_but_to_read_the_code(file: str) -> None:
    """Without `permissions` a workflow has whatever the repository's settings give it."""
    assert workflow(file)["permissions"] in ({}, {"contents": "read"})


def test_only_the_job_that_comments_may_write_and_only_to_pull_requests() -> None:
    granted = {str(job): job.body["permissions"] for job in JOBS if "permissions" in job.body}
    assert granted == {"preview-comment.yml: comment": {"actions": "read", "pull-requests": "write"}}


@every_job
def test_a_job_that_hangs_is_ended(job: Job) -> None:
    assert 1 <= job.body["timeout-minutes"] <= 60


@every_file
def test_runs_of_the_same_thing_do_not_pile_up(file: str) -> None:
    group = workflow(file)["concurrency"]["group"]
    assert group.startswith("${{ github.workflow }}-")
    assert "github.ref" in group or "head_branch" in group


@pytest.mark.parametrize(("job", "step"), [one for one in STEPS if "uses" in one[1]], ids=str)
def test_an_action_is_pinned_by_the_commit_of_a_release(job: Job, step: Yaml) -> None:
    """A tag can be moved to other code."""
    uses = step["uses"]
    if uses not in BY_MAJOR_VERSION:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", uses)
        text = (ROOT / ".github" / "workflows" / job.file).read_text(encoding="utf-8")
        assert re.search(rf"{re.escape(uses)} # v\d+\.\d+\.\d+$", text, re.MULTILINE), f"{uses}: name its release"


def test_a_checkout_leaves_no_token_behind() -> None:
    """Code of a pull request could read it from .git/config."""
    checkouts = list(actions("actions/checkout@"))
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for _, step in checkouts)


def test_no_workflow_runs_code_of_a_fork_with_the_rights_of_the_default_branch() -> None:
    assert not [path.name for path in FILES if "pull_request_target" in triggers(path.name)]
    privileged = [path.name for path in FILES if "workflow_run" in triggers(path.name)]
    assert privileged == ["preview-comment.yml"]
    uses = [step.get("uses", "").partition("@")[0] for job in JOBS if job.file in privileged for step in job.steps]
    assert uses == ["actions/download-artifact", "actions/github-script"]


def test_the_comment_follows_the_run_that_previewed() -> None:
    """`workflow_run` finds the other workflow by its name alone, and says nothing if there is none."""
    assert triggers("preview-comment.yml")["workflow_run"]["workflows"] == [workflow("preview.yml")["name"]]


def test_the_pull_request_of_a_comment_is_looked_up_and_not_read_from_an_artifact() -> None:
    script = script_of_the_comment()
    assert "pull.head.sha === run.head_sha" in script
    assert "issue_number: pull.number" in script


@every_job
def test_a_job_with_secrets_runs_for_no_fork(job: Job) -> None:
    if "secrets." in str(job.body):
        assert "pull_request" in triggers(job.file)
        condition = " ".join(job.body["if"].split())
        assert SAME_REPOSITORY in condition
        assert "||" not in condition, "another way in must not go past the check for forks"


def test_the_recorded_preview_runs_for_forks_without_a_secret_and_hands_its_text_over() -> None:
    (job,) = (job for job in JOBS if str(job) == "preview.yml: recorded")
    assert "if" not in job.body
    assert "secrets." not in str(job.body)
    assert "environment" not in job.body
    upload = job.steps[-1]
    assert upload["uses"].startswith("actions/upload-artifact@")
    # When a policy is violated, `make` fails, and the comment is needed most.
    assert upload["if"] == "${{ !cancelled() }}"
    assert upload["with"]["name"] == "preview-${{ matrix.environment }}"


def test_every_environment_is_previewed_and_commented_on() -> None:
    """A new environment without a preview would be deployed unseen."""
    (recorded,) = (job for job in JOBS if job.name == "recorded")
    listed = recorded.body["strategy"]["matrix"]["environment"]
    assert sorted(listed) == environments()
    assert f"const environments = {listed!r};" in script_of_the_comment()


def test_every_stack_of_the_examples_is_previewed_without_a_secret() -> None:
    """What is there to be copied would go wrong with a pull request that nobody sees it in."""
    (job,) = (job for job in JOBS if str(job) == "preview.yml: examples")
    assert sorted(job.body["strategy"]["matrix"]["stack"]) == sorted(
        one for stacks in STACKS.values() for one in stacks
    )
    assert list(commands(job)) == ["make preview-example ENV=${{ matrix.stack }} FILE=$GITHUB_STEP_SUMMARY"]
    assert "secrets." not in str(job.body) and "environment" not in job.body


def test_the_preview_of_an_example_is_its_own_and_leaves_no_environment_behind(tmp_path: Path) -> None:
    """Left behind, the file would be an environment that each later command finds."""
    rule = re.search(r"^preview-example:.*\n((\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert rule
    text = "EXAMPLE = Pulumi.$(firstword $(subst ., ,$(ENV))).yaml\nOPS = sh asked\npreview-example:\n" + rule[1]
    (tmp_path / "Makefile").write_text(text, encoding="utf-8")
    (tmp_path / "asked").write_text("echo $*; cat Pulumi.fleet.yaml\n", encoding="utf-8")
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "Pulumi.fleet.yaml").write_text("its file\n", encoding="utf-8")
    make = ["make", "--no-print-directory", "preview-example", "ENV=fleet.eu", "FILE=said"]
    subprocess.run(make, cwd=tmp_path, check=True)
    said = (tmp_path / "said").read_text(encoding="utf-8")
    assert said == "preview --stack fleet.eu --output markdown\nits file\n"
    assert not (tmp_path / "Pulumi.fleet.yaml").exists()
    (tmp_path / "Pulumi.fleet.yaml").write_text("a person's own\n", encoding="utf-8")
    done = subprocess.run(make, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode != 0 and "make preview ENV=fleet.eu" in done.stderr
    assert (tmp_path / "Pulumi.fleet.yaml").read_text(encoding="utf-8") == "a person's own\n"


def test_the_comment_is_found_again_by_the_line_that_the_preview_begins_with() -> None:
    stack = Resource(urn="urn", type="pulumi:pulumi:Stack", name="saas-platform-dev", parent=None, custom=False)
    first, _, _ = markdown(Graph("dev", (stack,)), ()).partition("\n")
    assert f"`{first.replace('dev', '${environment}')}`" in script_of_the_comment()


def script_of_the_comment() -> str:
    ((_, step),) = actions("actions/github-script@")
    return str(step["with"]["script"])


def test_the_control_plane_is_built_with_the_go_that_its_modules_ask_for() -> None:
    ((_, step),) = actions("actions/setup-go@")
    asked = {
        module.parent.name: found[1]
        for module in sorted(MODULES.glob("*/go.mod"))
        if (found := re.search(r"^go (\S+)$", module.read_text(encoding="utf-8"), re.MULTILINE))
    }
    named = (ROOT / step["with"]["go-version-file"]).parent.name
    assert max(asked.values(), key=_version) == asked[named]
    assert _version(asked[named]) == GO_MINIMUM


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def test_the_built_control_plane_is_cached_under_all_that_decides_it() -> None:
    """A cache is never written twice under one key: a pin that is missing in it would mean a build in every run."""
    ((_, step),) = actions("actions/cache@")
    assert step["with"]["path"] == "~/.cache/saas-platform/sandbox", "where sandbox/paths.py keeps it"
    key = step["with"]["key"]
    assert "steps.go.outputs.go-version" in key
    for pattern in ("sandbox/modules/**/go.sum", "sandbox/modules/**/go.mod", "sandbox/build.py", "sandbox/tools.py"):
        assert f"'{pattern}'" in key
        assert list(ROOT.glob(pattern))


def test_the_pulumi_cli_is_the_one_that_the_sdk_is_pinned_to() -> None:
    pinned = re.search(r"^pulumi==(\S+)$", (ROOT / "requirements.in").read_text(encoding="utf-8"), re.MULTILINE)
    assert pinned
    installed = [step["with"]["pulumi-version"] for _, step in actions("pulumi/actions@")]
    assert installed
    assert set(installed) == {pinned[1]}


def test_the_oldest_python_that_is_supported_is_tested() -> None:
    versions = workflow("checks.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]
    oldest = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert oldest and oldest[1] in versions
