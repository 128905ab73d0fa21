"""What the Pulumi engine reads in an environment's file is what the program's own reader does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from graph.record import _encoded
from paths import PROJECT
from sandbox.tools import ensure
from stacks.schema.environment import _decoded
from stacks.schema.source import Source

# Each in a key of its own, and in an object, where the engine keeps types.
ACCEPTED = (
    *("true", "False", "null", "~", "0", "-7", "42", "123456789012345", "0.5", "-2.25", "0.0001", "'010'", '"yes"'),
    *("y", "N", "1.2.3", "v1", "10m", "1Gi", "30s", "1-2", "a:b", "1,5", "0x", "1e", "nan", "8080:80", "_1", "-_"),
    *("[1, a, {b: 0.25}]", "{a: {b: [true, null]}}", "|\n      two\n      lines", '"\\u00e9\\n"', "'{\"a\": 1}'"),
)


@pytest.fixture(scope="module")
def pulumi() -> Path:
    """The CLI on PATH, or the one that the sandbox builds."""
    found = shutil.which("pulumi")
    return Path(found) if found else ensure(("pulumi",))["pulumi"]


def engine_values(pulumi: Path, folder: Path, text: str) -> dict[str, Any]:
    """A file's values as the engine hands them to the program."""
    (folder / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\n", encoding="utf-8")
    file = folder / "Pulumi.scratch.yaml"
    file.write_text(text, encoding="utf-8")
    state = folder / "state"
    state.mkdir()
    environment = {
        **os.environ,
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "scratch",
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }

    def run(*arguments: str) -> str:
        command = [str(pulumi), *arguments, "--non-interactive"]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("stack", "init", "scratch")
    values = json.loads(run("config", "--stack", "scratch", "--show-secrets", "--json"))
    return {key: one["value"] for key, one in values.items()}


def test_every_value_that_the_program_takes_is_the_same_for_the_engine(pulumi: Path, tmp_path: Path) -> None:
    """A preview would show one figure, and `up` deploy another."""
    keys = [value for value in ACCEPTED if value not in ("null", "~")]
    lines = [f"  {PROJECT}:top{number}: {value}" for number, value in enumerate(keys)]
    lines += [f"  {PROJECT}:in{number}:\n    value: {value}" for number, value in enumerate(ACCEPTED)]
    text = "\n".join(["config:", *lines, ""])
    # Read before `stack init`, which writes the file anew, in its own words.
    (tmp_path / "Pulumi.scratch.yaml").write_text(text, encoding="utf-8")
    source = Source.read(tmp_path / "Pulumi.scratch.yaml")
    assert source.problems == ()
    engine = {key: _decoded(value) for key, value in engine_values(pulumi, tmp_path, text).items()}
    assert engine == {key: _decoded(_encoded(value)) for key, value in source.config.items()}
