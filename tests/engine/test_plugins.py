"""The real engine with what stands beside it: the stand-in for pulumi-random, installed plugins, the policy pack."""

from __future__ import annotations

import multiprocessing
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import bcrypt
import pulumi
import pytest
from pulumi import automation
from pulumi_kubernetes import Provider
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_random import RandomPassword, RandomPet

from paths import PROJECT, ROOT
from sandbox import tools
from sandbox.plugins import random_stand_in
from sandbox.plugins.install import install

pytestmark = pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed, so no engine can be built")

PLUGIN = "pulumi-resource-kubernetes"


@dataclass
class Environment:
    """A stack of a program that runs in this process, with state in files of its own.

    `said` keeps what the engine says, and `variables` is what its next process is started with.
    """

    folder: Path
    attached: str
    program: Callable[[], None]
    name: str = "dev"
    plugins: Mapping[str, Path] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)

    @cached_property
    def stack(self) -> automation.Stack:
        """The stack, made on first use."""
        [engine] = tools.ensure(["pulumi"]).values()
        state, work = self.folder / "state", self.folder / "work"
        for path in (state, work):
            path.mkdir(parents=True, exist_ok=True)
        self.variables |= {
            "PULUMI_BACKEND_URL": state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_DEBUG_PROVIDERS": self.attached,
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        options = automation.LocalWorkspaceOptions(
            work_dir=str(work),
            pulumi_home=str(install(self.folder / "home", self.plugins)),
            pulumi_command=automation.PulumiCommand(root=str(engine.parent.parent), skip_version_check=True),
            env_vars=self.variables,
        )
        return automation.create_or_select_stack(self.name, project_name=PROJECT, program=self.program, opts=options)

    def up(self) -> tuple[dict[str, int], dict[str, Any]]:
        """What changed, by how many, and the outputs."""
        done = self.stack.up(on_output=self.said.append)
        changes = {str(kind): count for kind, count in (done.summary.resource_changes or {}).items()}
        return changes, {name: output.value for name, output in done.outputs.items()}

    def previewed(self, tier: str) -> bool:
        """Whether a preview with the policy pack, as a stack of this tier, lets the program through."""
        self.stack.set_config(f"{PROJECT}:tier", automation.ConfigValue(tier))
        try:
            self.stack.preview(policy_packs=[str(ROOT / "policy" / "analyzer")], on_output=self.said.append)
        except automation.CommandError:
            return False
        return True


@pytest.fixture(scope="module")
def attached() -> Iterator[str]:
    with random_stand_in.start() as value:
        yield value


def _program(inputs: dict[str, Any], options: dict[str, Any]) -> Callable[[], None]:
    def program() -> None:
        made = RandomPassword("password", **inputs, opts=pulumi.ResourceOptions(**options))
        pulumi.export("result", made.result)
        pulumi.export("hash", made.bcrypt_hash)

    return program


def test_a_password_stays_until_its_inputs_change(attached: str, tmp_path: Path) -> None:
    inputs: dict[str, Any] = {"length": 32, "special": False, "keepers": {"turn": "1"}}
    options: dict[str, Any] = {}
    environment = Environment(tmp_path, attached, _program(inputs, options))
    changes, first = environment.up()
    assert (changes["create"], len(first["result"])) == (2, 32)
    assert bcrypt.checkpw(first["result"].encode(), first["hash"].encode())
    # Again, by another process that serves it: nothing is kept outside of the state.
    with random_stand_in.start() as other:
        environment.variables["PULUMI_DEBUG_PROVIDERS"] = other
        assert environment.up() == ({"same": 2}, first)
    # What is to be ignored is; a refresh finds the same.
    options["ignore_changes"] = ["keepers"]
    inputs["keepers"] = {"turn": "2"}
    environment.variables["PULUMI_DEBUG_PROVIDERS"] = attached
    environment.stack.refresh(on_output=environment.said.append)
    assert environment.up() == ({"same": 2}, first)
    del options["ignore_changes"]
    changes, second = environment.up()
    assert changes == {"replace": 1, "same": 1}
    assert second["result"] != first["result"]
    environment.stack.destroy(on_output=environment.said.append)
    _in_no_file(tmp_path, environment, first, second)


def _in_no_file(folder: Path, environment: Environment, *outputs: Mapping[str, Any]) -> None:
    """Neither the state, its backups and history, nor the engine's logs, nor what it says have a value in clear."""
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert any(b"RandomPassword" in content for content in files.values()), "no state was looked at"
    for value in (one for each in outputs for one in each.values()):
        assert not [path for path, content in files.items() if value.encode() in content]
        assert value not in "\n".join(environment.said)


def test_each_environment_has_passwords_of_its_own(attached: str, tmp_path: Path) -> None:
    program = _program({"length": 32}, {})
    [first, second] = (Environment(tmp_path, attached, program, name).up()[1] for name in ("dev", "prod"))
    assert first["result"] != second["result"]


def _too_short() -> None:
    RandomPassword("short", length=3, min_upper=4)


def _pet() -> None:
    RandomPet("dog")


def _refused(folder: Path, program: Callable[[], None]) -> str:
    """What is said of a program that the engine breaks off."""
    with random_stand_in.start() as attached:
        environment = Environment(folder, attached, program)
        with pytest.raises(automation.CommandError):
            environment.up()
    return "\n".join(environment.said)


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (_too_short, r"'short'.*length must be at least .* \(4\), got: 3"),
        (_pet, r"RandomPet: the stand-in .* `pulumi plugin install resource random v4\.21\.4`"),
    ],
)
def test_what_the_program_cannot_have_is_said_by_name(
    tmp_path: Path, program: Callable[[], None], expected: str
) -> None:
    # In a process of its own: of a program that was broken off the SDK leaves threads and coroutines.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as apart:
        said = apart.submit(_refused, tmp_path, program).result()
    assert re.search(expected, said), said
    assert "Traceback" not in said


def _deployment(folder: Path) -> Callable[[], None]:
    def program() -> None:
        # A provider that writes files asks no cluster.
        provider = Provider("files", render_yaml_to_directory=str(folder))
        labels = {"app": "web"}
        container = {"name": "web", "image": "registry.example.com/web:1.0.0"}
        Deployment(
            "web",
            metadata={"name": "web", "namespace": "shop"},
            spec={
                "selector": {"match_labels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
            opts=pulumi.ResourceOptions(provider=provider),
        )

    return program


def test_a_mandatory_violation_stops_a_preview_and_the_stacks_tier_decides_which_is(
    attached: str, tmp_path: Path
) -> None:
    environment = Environment(tmp_path, attached, _deployment(tmp_path), plugins=tools.ensure([PLUGIN]))
    levels: dict[str, set[str]] = {}
    for tier in ("prod", "dev"):
        environment.said.clear()
        assert not environment.previewed(tier)
        said = "\n".join(environment.said)
        levels[tier] = set(re.findall(r"\[(\w+)\] \[severity: \w+\]  probes\b", said))
        assert "saas-platform@v0.1.0" in said, f"the pack's version is not that of PulumiPolicy.yaml:\n{said}"
        assert not re.search(r"warning: (?!.*polic)", said, re.IGNORECASE), f"of a plugin or a version:\n{said}"
    assert levels == {"prod": {"mandatory"}, "dev": {"advisory"}}


def test_a_program_without_findings_passes_the_policy_pack(attached: str, tmp_path: Path) -> None:
    environment = Environment(tmp_path, attached, _program({"length": 32}, {}))
    assert environment.previewed("prod"), "\n".join(environment.said)


def test_an_installed_plugin_is_used_without_a_warning_and_one_that_is_not_is_missed(
    attached: str, tmp_path: Path
) -> None:
    environment = Environment(tmp_path, attached, _deployment(tmp_path / "objects"), plugins=tools.ensure([PLUGIN]))
    environment.stack.up(on_output=environment.said.append)
    assert list((tmp_path / "objects").rglob("*.yaml")), "the plugin wrote nothing"
    assert "warning" not in "\n".join(environment.said)
    without = Environment(tmp_path / "without", attached, environment.program)
    with pytest.raises(automation.CommandError, match=r"no resource plugin 'pulumi-resource-kubernetes'"):
        without.up()
