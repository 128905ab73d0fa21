"""What stands in a file is what the program gets: whatever a reader of YAML would make something else of is refused."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from stacks.schema.errors import from_source
from stacks.schema.source import Source, _parse
from tests.unit.properties import examples
from tests.unit.scratch import Scratch

HEAD = """\
config:
  saas-platform:tier: dev
  saas-platform:domain: example.com
  saas-platform:cluster: {kind: sandbox}
"""
SYSTEMS = "  saas-platform:systems: {}\n"
ASTRBOT = f"""{HEAD}\
  saas-platform:systems:
    astrbot:
"""
# Not what stands there: in YAML 1.1, in 1.2, or in one reader of them.
OTHER_BOOLEANS = ("yes", "Yes", "NO", "no", "on", "Off")
OTHER_NUMBERS = (
    *("010", "-010", "08", "0o10", "0x1F", "0b11", "1_000", "1__0", "+5", "1e3", "1E+3", "1.5e+3"),
    *("1.0", "1.10", ".5", "5.", "+.5", "-.5", "0.0", "00", ".inf", "-.Inf", ".nan", "1:30", "190:20:30", "1:30.5"),
    *("1234567890123456789", "0.30000000000000004", "0.00001"),
)
DATES = ("2026-01-02", "2026-1-2", "2026-13-02", "2026-01-02T10:00:00Z", "2026-01-02 10:00:00")
TAGGED = ("!!str 010", "!!int '3'", "!!int three", "!!float 1", "!!bool maybe", "!!binary aGVsbG8=", "!mine x", "! 010")
REFUSED = (*OTHER_BOOLEANS, *OTHER_NUMBERS, *DATES, *TAGGED, "=")
# Text to all, however much of it looks like a number.
TEXT = ("y", "N", "1.2.3", "v1", "10m", "1Gi", "30s", "1-2", "a:b", "1,5", "+", "0x", "1e", "nan", "8080:80", "_1")


def read(text: str) -> Source:
    return _parse(Path("Pulumi.scratch.yaml"), text)


@pytest.mark.parametrize("value", REFUSED)
def test_a_value_that_readers_differ_on_is_refused_once_with_its_line_its_path_and_what_to_write(
    scratch: Scratch, value: str
) -> None:
    """`replicas: 010` was 8 replicas and `replicas: yes` one, without a word."""
    services = f"      services: [{{name: x, cpu: 1, memory: 1Gi, replicas: {value}}}]\n"
    (problem,) = scratch.problems(ASTRBOT + services)
    assert (problem.line, problem.path) == (7, "systems.astrbot.services[0].replicas")
    assert any(advice in problem.message for advice in (": write ", ": correct it", ": leave that out")), problem
    assert "quotes" in problem.message
    assert scratch.registered == []


PLACES = {
    "a key of Pulumi's": (f"{HEAD}{SYSTEMS}  saas-platform:registry: @\n", 6, "registry"),
    "text": (f"{ASTRBOT}      version: @\n", 7, "systems.astrbot.version"),
    "an entry of a list": (f"{ASTRBOT}      tenants:\n        - name: @\n", 8, "systems.astrbot.tenants[0].name"),
    "an item": (f"{ASTRBOT}      services: [{{uses: [@]}}]\n", 7, "systems.astrbot.services[0].uses[0]"),
    "an override": (f"{HEAD}{SYSTEMS}  saas-platform:overrides: {{nodes: @}}\n", 6, "overrides.nodes"),
}


@pytest.mark.parametrize("value", REFUSED)
@pytest.mark.parametrize(("text", "line", "path"), PLACES.values(), ids=PLACES.keys())
def test_it_is_refused_wherever_it_stands(value: str, text: str, line: int, path: str) -> None:
    """A registry of 1.10 would be 1.1, and one of `yes` another for Pulumi than for the preview."""
    found = from_source(read(text.replace("@", value)))
    assert [(problem.line, problem.path) for problem in found] == [(line, path)], found


@pytest.mark.parametrize("key", [*OTHER_BOOLEANS, "010", "8080", "1.5", "true", "null", "~", "2026-01-02"])
def test_a_key_that_is_no_text_to_yaml_is_refused(scratch: Scratch, key: str) -> None:
    """`on:` was the key `true`; for a number as a key the engine gives up without a line."""
    environment = f"      services: [{{name: x, cpu: 1, memory: 1Gi, replicas: 1, environment: {{{key}: a}}}}]\n"
    (problem,) = scratch.problems(ASTRBOT + environment)
    assert (problem.line, problem.path) == (7, f"systems.astrbot.services[0].environment.{key}")
    assert "quotes" in problem.message


@pytest.mark.parametrize("value", [*REFUSED[: -len(TAGGED) - 1], "=", "8080", "true", "null", "<<"])
def test_in_quotes_it_is_text(value: str) -> None:
    """What the messages say to do must help."""
    source = read(f'config:\n  saas-platform:a: {{"{value}": "{value}", b: \'{value}\'}}\n')
    assert source.problems == ()
    assert source.config["saas-platform:a"] == {value: value, "b": value}


@pytest.mark.parametrize("value", TEXT)
def test_what_is_text_to_all_readers_stays_usable_without_quotes(value: str) -> None:
    """Versions, quantities and times would have to be quoted otherwise."""
    source = read(f"config:\n  saas-platform:a:\n    b: {value}\n")
    assert (source.problems, source.config["saas-platform:a"]["b"]) == ((), value)


@given(st.one_of(st.text("0123456789_+-.eExob:", max_size=8), st.text(string.printable, max_size=6)))
@examples(400)
def test_whatever_stands_there_is_refused_or_is_the_value(value: str) -> None:
    """No spelling that nobody thought of may become another value."""
    try:
        source = read(f"config:\n  saas-platform:a:\n    b: {value}\n")
    except yaml.YAMLError:
        return
    found: Any = (source.config.get("saas-platform:a") or {}).get("b") if not source.problems else value
    written = value.split(" #", maxsplit=1)[0].strip()
    if isinstance(found, (bool, int, float)):
        assert json.dumps(found) == written.lower()
    elif isinstance(found, str) and written[:1] not in tuple("'\"|>&*!#"):
        assert found.split() == written.split()


@pytest.mark.parametrize("nothing", ["", "~", "null"])
def test_a_key_of_pulumi_without_a_value_is_refused(scratch: Scratch, nothing: str) -> None:
    """The preview had a registry `null`, and Pulumi an empty one."""
    (problem,) = scratch.problems(f"{HEAD}{SYSTEMS}  saas-platform:registry: {nothing}\n")
    assert (problem.line, problem.path) == (6, "registry")
    assert "has no value" in problem.message


@pytest.mark.parametrize(
    ("figure", "fragment"),
    [
        ("replicas: true", "whole number; got True"),
        ("replicas: 2.5", "whole number; got 2.5"),
        ('replicas: "2"', "whole number; got '2'"),
        ("autoscaled: 1", "true or false; got 1"),
        ('autoscaled: "yes"', "true or false; got 'yes'"),
        ("version: 1.33", "text, in quotes if it looks like something else; got 1.33"),
        ("environment: {A: true}", "text, in quotes"),
        ("environment: {A: 8080}", "text, in quotes"),
    ],
)
def test_a_value_of_another_type_is_refused_and_not_turned_into_one_that_fits(
    scratch: Scratch, figure: str, fragment: str
) -> None:
    """`replicas: true` was one replica."""
    figures = {"name": "x", "cpu": "1", "memory": "1Gi", "replicas": "1"}
    key, _, value = figure.partition(": ")
    entry = ", ".join(f"{name}: {one}" for name, one in {**figures, key: value}.items())
    problems = scratch.problems(f"{ASTRBOT}      services: [{{{entry}}}]\n")
    assert [problem.line for problem in problems] == [7], problems
    assert problems[0].path.startswith(f"systems.astrbot.services[0].{key}")
    assert fragment in problems[0].message


@pytest.mark.parametrize("version", ["", ", version: 1.0.0"])
@pytest.mark.parametrize(
    "image", ["billing:1.0", "ghcr.io/team/billing:1.0", "localhost:5000/billing:1.0", f"billing@sha256:{'0' * 64}"]
)
def test_an_image_with_a_tag_of_its_own_is_refused_beside_a_version_and_without(
    scratch: Scratch, image: str, version: str
) -> None:
    """The pods had `billing:1.0:1.0.0`, which no node can pull."""
    service = f"      services: [{{name: x, cpu: 1, memory: 1Gi, replicas: 1, image: {image}{version}}}]\n"
    (problem,) = scratch.problems(ASTRBOT + service)
    assert (problem.line, problem.path) == (7, "systems.astrbot.services[0].image")
    assert "put its tag into the key 'version'" in problem.message


@pytest.mark.parametrize("image", ["billing", "ghcr.io/team/billing", "localhost:5000/team/billing_2"])
def test_an_image_of_another_registry_is_taken_as_it_is(scratch: Scratch, image: str) -> None:
    """A port is no tag."""
    service = f"      services: [{{name: x, cpu: 1, memory: 1Gi, replicas: 1, image: '{image}', version: '2'}}]\n"
    images = json.dumps([dict(body) for body in scratch.record(ASTRBOT + service).objects], default=str)
    assert f'"{image}:2"' in images


def test_a_refused_value_hides_nothing_else_that_is_wrong(scratch: Scratch) -> None:
    """All errors come at once, of both kinds."""
    problems = scratch.problems(
        f"{ASTRBOT}      tenants:\n        - {{name: a, cpu: 010}}\n        - {{name: a, memory: 10Gb}}\n"
    )
    assert [(problem.line, problem.path.rpartition(".")[2]) for problem in problems] == [
        (8, "cpu"),
        (9, "memory"),
        (9, "name"),
    ]


def test_a_value_that_an_alias_repeats_is_refused_in_each_place(scratch: Scratch) -> None:
    """Mended in one place only, it would come back."""
    problems = scratch.problems(
        f"{ASTRBOT}      tenants:\n        - {{name: a, cpu: &cpu 010}}\n        - {{name: b, cpu: *cpu}}\n"
    )
    assert [(problem.line, problem.path) for problem in problems] == [
        (8, "systems.astrbot.tenants[0].cpu"),
        (9, "systems.astrbot.tenants[1].cpu"),
    ]


WHOLE_FILES = {
    "a section twice": (f"{HEAD}{SYSTEMS}encryptionsalt: a\nencryptionsalt: b\n", 7, "stands twice"),
    "a number as a section": (f"{HEAD}{SYSTEMS}2026-13-02: b\n", 6, "is a date"),
    "a date that is none, beside config": (f"{HEAD}{SYSTEMS}secretsprovider: 2026-13-02\n", 6, "is a date"),
    "an old spelling": (f"{HEAD}{SYSTEMS}  saas-platform:config:registry: a\n", 6, "write 'saas-platform:registry'"),
    "two merges": (
        f"{ASTRBOT}      tenants: [{{<<: {{cpu: 1}}, <<: {{memory: 1Gi}}, name: b}}]\n",
        7,
        "'<<' stands twice",
    ),
    "itself by an alias": (f"{HEAD}{SYSTEMS}  saas-platform:overrides: &a {{b: [*a]}}\n", 6, "contains itself"),
}


@pytest.mark.parametrize(("text", "line", "fragment"), WHOLE_FILES.values(), ids=WHOLE_FILES.keys())
def test_what_the_engine_reads_otherwise_or_not_at_all_is_said_with_its_line(
    scratch: Scratch, text: str, line: int, fragment: str
) -> None:
    """The preview was clean, and the deployment stopped at an error of Go's."""
    problems = scratch.problems(text)
    assert [problem.line for problem in problems if fragment in problem.message] == [line], problems
    assert len(problems) == 1


def test_aliases_of_aliases_end_in_a_report_and_not_in_all_of_the_memory(scratch: Scratch) -> None:
    """Ten lines can stand for millions of values."""
    levels = "".join(f"    l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 10))
    problems = scratch.problems(f"{HEAD}{SYSTEMS}  saas-platform:overrides:\n    l0: &l0 [x]\n{levels}")
    assert len(problems) == 1
    assert "aliases make too many values" in problems[0].message


@pytest.mark.parametrize("depth", [400, 900, 20_000])
def test_a_value_within_a_thousand_others_ends_in_a_report(scratch: Scratch, depth: int) -> None:
    """Not in a RecursionError."""
    problems = scratch.problems(f"{HEAD}{SYSTEMS}  saas-platform:overrides: {'[' * depth}{']' * depth}\n")
    assert len(problems) == 1


def test_anchors_and_merge_keys_stay_usable(scratch: Scratch) -> None:
    """Both readers know them, and take them alike: a mapping's own keys win, then the first that is merged."""
    source = read(
        "config:\n"
        "  saas-platform:a: &a {x: 1, y: 1}\n"
        "  saas-platform:b: &b {y: 2, z: 2}\n"
        "  saas-platform:c: {<<: [*a, *b], x: 3}\n"
    )
    assert source.problems == ()
    assert source.config["saas-platform:c"] == {"x": 3, "y": 1, "z": 2}
