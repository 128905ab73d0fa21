"""`ops explain`, and the page of all keys that is written from the same schema."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import jsonschema
import pytest
import yaml

from ops.commands import app
from ops.reference.keys import ANY, FILE, UnknownKeyError, of_the_repository
from ops.reference.page import page
from ops.reference.words import Words
from ops.schema import PAGE
from paths import PROJECT, ROOT
from tests.unit.commands import ops as run

KEYS = of_the_repository()


def said(path: str) -> str:
    outcome = run("explain", path)
    assert (outcome.status, outcome.err) == (0, "")
    return outcome.out


def test_without_a_key_all_at_the_top_are_listed() -> None:
    outcome = run("explain")
    assert outcome.status == 0
    for key in KEYS.top:
        assert f"  {key.name} " in outcome.out
    assert "required" in outcome.out


def test_a_key_is_explained_with_type_default_meaning_keys_below_and_an_example() -> None:
    text = said("systems.astrbot.sizes")
    assert text.startswith("systems.astrbot.sizes\n")
    assert "What differs for single services" in text
    assert "type:     mapping of name to mapping" in text
    assert "default:  {}" in text
    assert "Keys below it" in text
    assert "NAME.cpu_request " in text
    example = yaml.safe_load(text.partition("Example\n")[2])
    assert list(example["config"][f"{PROJECT}:systems"]["astrbot"]) == ["sizes"]


def test_what_may_stand_there_is_named() -> None:
    assert "one of dev, test, staging, prod" in said("tier")
    assert "whole number, 1 to 3650" in said("logs.retention_days")
    # The words of a long table stand in a line of their own.
    assert "allowed:  argo-cd, " in said("operators")
    assert "m6i.xlarge" in said("cluster.node_groups.general.instance_types")


def test_a_default_of_the_tier_is_named_for_each() -> None:
    assert "default:  dev 1, test 2, staging and prod 3" in said("overrides.database.instances")


@pytest.mark.parametrize(
    "path",
    [
        "systems.astrbot.services[].cpu",
        "systems.astrbot.services[0].cpu",
        "systems.astrbot.services.cpu",
        f"{PROJECT}:systems.astrbot.services.cpu",
    ],
)
def test_a_key_is_found_however_its_lists_are_written(path: str) -> None:
    assert KEYS.find(path).path == "systems.astrbot.services[].cpu"


def test_a_name_that_the_file_chooses_is_found_by_any() -> None:
    assert KEYS.find("systems.orders.sizes.rust-app.cpu").schema == KEYS.find("systems.orders.sizes.NAME.cpu").schema


def test_keys_of_one_kind_name_it() -> None:
    """`context` is no key of a cluster on EKS."""
    assert KEYS.find("cluster.context").kind == "existing"
    assert "context (existing)" in said("cluster")


def test_an_unknown_key_is_refused_with_those_that_are_near() -> None:
    outcome = run("explain", "systems.astrbot.size")
    assert outcome.status == 2
    assert outcome.out == ""
    assert outcome.err.startswith("error: there is no key 'systems.astrbot.size'; near it are: systems.astrbot.sizes")


def test_a_key_in_a_wrong_place_is_found_where_it_is() -> None:
    with pytest.raises(UnknownKeyError) as caught:
        KEYS.find("retention")
    assert "monitoring.retention" in caught.value.nearest


def test_what_is_near_nothing_is_told_what_there_is() -> None:
    assert "tier, overrides, domain" in run("explain", "zzzzzzzz").err


def test_every_key_is_found_and_has_an_example_that_the_schema_takes() -> None:
    """A kind of schema that nobody thought of would end in a traceback, or in an example that is refused."""
    words, definitions = Words(KEYS), json.loads(FILE.read_text(encoding="utf-8"))["$defs"]
    for key in KEYS.all:
        assert KEYS.find(key.path).path == key.path
        assert words.type(key.schema) and words.default(key)
        validator = jsonschema.Draft202012Validator({**key.schema, "$defs": definitions})
        assert validator.is_valid(words.example(key)), f"{key.path}: {words.example(key)}"


def test_an_explanation_loads_neither_the_models_nor_pulumi() -> None:
    """It is asked while a file is written: it answers at once."""
    loaded = "[name for name in ('pulumi', 'pydantic', 'stacks', 'policy') if name in sys.modules]"
    script = f"import sys, ops.explain; ops.explain.run('systems.astrbot.sizes'); sys.exit(' '.join({loaded}))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stderr.strip() == ""


def test_the_page_in_the_repository_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(KEYS), "run: make schema"


def test_the_page_has_every_key() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for key in KEYS.all:
        if key.name == ANY and "description" not in key.schema:
            continue  # What any name has, its mapping says.
        shared = re.sub(r"^systems\.\w+\.", "systems.SYSTEM.", key.path)
        assert f"| `{key.path}`" in text or f"| `{shared}`" in text, key.path


def test_both_commands_are_there() -> None:
    names = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    assert {"explain", "schema"} <= names
