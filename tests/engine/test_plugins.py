"""The real engine with what stands beside it: the stand-in for pulumi-random, installed plugins, the policy pack."""

from __future__ import annotations

import gc
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
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

pytestmark = [
    pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed, so no engine can be built"),
    # The SDK leaves sockets and coroutines of a program that the engine broke off.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

PLUGIN = "pulumi-resource-kubernetes"


@dataclass
class Environment:
    """A stack of a program that runs in this process, with state in files of its own."""

    folder: Path
    attached: str
    program: Callable[[], None]
    name: str = "dev"
    plugins: Mapping[str, Path] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def stack(self) -> automation.Stack:
        """The stack; what the engine says from here on is kept in `said`."""
        [engine] = tools.ensure(["pulumi"]).values()
        state, work = self.folder / "state", self.folder / "work"
        for path in (state, work):
            path.mkdir(exist_ok=True)
        options = automation.LocalWorkspaceOptions(
            work_dir=str(work),
            pulumi_home=str(install(self.folder / "home", self.plugins)),
            pulumi_command=automation.PulumiCommand(root=str(engine.parent.parent)),
            env_vars={
                "PULUMI_BACKEND_URL": state.as_uri(),
                "PULUMI_CONFIG_PASSPHRASE": "test",
                "PULUMI_DEBUG_PROVIDERS": self.attached,
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
                "PULUMI_SKIP_UPDATE_CHECK": "true",
            },
        )
        return automation.create_or_select_stack(self.name, project_name=PROJECT, program=self.program, opts=options)

    def up(self) -> tuple[dict[str, int], dict[str, Any]]:
        """What changed, by how many, and the outputs."""
        done = self.stack().up(on_output=self.said.append)
        changes = {str(kind): count for kind, count in (done.summary.resource_changes or {}).items()}
        return changes, {name: output.value for name, output in done.outputs.items()}

    def previewed(self, tier: str) -> bool:
        """Whether a preview with the policy pack, as a stack of this tier, lets the program through."""
        stack = self.stack()
        stack.set_config(f"{PROJECT}:tier", automation.ConfigValue(tier))
        try:
            stack.preview(policy_packs=[str(ROOT / "policy" / "analyzer")], on_output=self.said.append)
        except automation.CommandError:
            return False
        return True


@pytest.fixture(autouse=True)
def _swept() -> Iterator[None]:
    """What the SDK leaves is found here, and not at the end of all tests."""
    yield
    gc.collect()


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
        environment.attached = other
        assert environment.up() == ({"same": 2}, first)
    # What is to be ignored is; a refresh finds the same.
    options["ignore_changes"] = ["keepers"]
    inputs["keepers"] = {"turn": "2"}
    environment.attached = attached
    environment.stack().refresh(on_output=environment.said.append)
    assert environment.up() == ({"same": 2}, first)
    del options["ignore_changes"]
    changes, second = environment.up()
    assert changes == {"replace": 1, "same": 1}
    assert second["result"] != first["result"]
    environment.stack().destroy(on_output=environment.said.append)
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


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: RandomPassword("short", length=3, min_upper=4), r"'short'.*length must be at least .* \(4\), got: 3"),
        (lambda: RandomPet("dog"), r"RandomPet: the stand-in .* `pulumi plugin install resource random v4\.21\.4`"),
    ],
)
def test_what_the_program_cannot_have_is_said_by_name(
    attached: str, tmp_path: Path, made: Callable[[], None], said: str
) -> None:
    environment = Environment(tmp_path, attached, made)
    with pytest.raises(automation.CommandError):
        environment.up()
    all_of_it = "\n".join(environment.said)
    assert re.search(said, all_of_it), all_of_it
    assert "Traceback" not in all_of_it


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
    plugins = tools.ensure([PLUGIN])
    levels: dict[str, set[str]] = {}
    for tier in ("prod", "dev"):
        environment = Environment(tmp_path, attached, _deployment(tmp_path), plugins=plugins)
        assert not environment.previewed(tier)
        said = "\n".join(environment.said)
        levels[tier] = set(re.findall(r"\[(\w+)\]\s+probes\b", said))
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
    environment.stack().up(on_output=environment.said.append)
    assert list((tmp_path / "objects").rglob("*.yaml")), "the plugin wrote nothing"
    assert "warning" not in "\n".join(environment.said)
    without = Environment(tmp_path / "without", attached, environment.program)
    without.folder.mkdir()
    with pytest.raises(automation.CommandError, match=r"no resource plugin 'pulumi-resource-kubernetes'"):
        without.up()
