"""The JSON Schema of an environment's file: it is what the models say, takes what they take, and refuses what each key
alone makes wrong."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ops.reference.keys import ANY, FILE, Keys, of_the_repository
from ops.schema import as_text
from paths import PROJECT, ROOT
from stacks.schema.environment_file import EnvironmentFile
from stacks.schema.json_schema import document
from stacks.schema.source import environments
from tests.unit.docs.reading import blocks
from tests.unit.properties import examples

MODELINE = "# yaml-language-server: $schema=environment.schema.json\n"
SCHEMA: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
# All that a file may have, so that mistakes are made in every part of it.
FULL = f"""\
config:
  {PROJECT}:tier: prod
  {PROJECT}:domain: example.com
  {PROJECT}:cluster:
    kind: eks
    account: "123456789012"
    region: eu-central-1
    version: "1.35"
    administrators: [arn:aws:iam::123456789012:role/platform]
    node_groups:
      general: {{instance_types: [m6i.xlarge], minimum: 3, desired: 3, maximum: 9, labels: {{pool: general}}}}
  {PROJECT}:overrides: {{nodes: 6, database: {{storage: 50Gi, parameters: {{work_mem: 2Mi}}}}}}
  {PROJECT}:secret_store: {{name: platform, path: prod, provider: {{kind: aws-secrets-manager, region: eu-central-1}}}}
  {PROJECT}:operators: {{keda: install, argo-cd: "off"}}
  {PROJECT}:logs: {{kind: loki, storage: {{kind: s3, bucket: acme-logs, region: eu-central-1}}}}
  {PROJECT}:monitoring:
    retention: 15d
    remote_write: [{{url: https://metrics.example.com/write, drop: go_.*}}]
    receivers: [{{name: payments, slack: {{channel: "#payments"}}}}]
    routes: [{{receiver: payments, match: {{system: orders}}, muted: [nights]}}]
    maintenance: [{{name: nights, weekdays: [sunday], start: "01:00", end: "03:00"}}]
  {PROJECT}:systems:
    astrbot:
      tenants: [{{name: acme, cpu: 500m, memory: 1Gi}}]
      services:
        - name: billing-service
          replicas: 2
          cpu: 1
          memory: 1Gi
          uses: [database]
          probes: {{readiness: {{path: /ready, period: 10s}}}}
          autoscaling: {{cpu_percent: 60, pods: [{{name: jobs_waiting, average_value: 500m}}]}}
          rollout: {{max_surge: 25%, drain: 0}}
      sizes: {{api-gateway: {{replicas: 4, release: {{strategy: blue-green, interval: 1m}}}}}}
      object_storage:
        kind: s3
        region: eu-central-1
        files: {{bucket: acme-files}}
        backups: {{bucket: acme-backups}}
    cloudlens: {{storage: postgresql}}
"""


def refused_by_schema(file: Any) -> bool:
    return not VALIDATOR.is_valid(file)


def refused_by_models(file: Any) -> bool:
    values = {key.removeprefix(f"{PROJECT}:"): value for key, value in file["config"].items()}
    try:
        EnvironmentFile.model_validate(values)
    except ValidationError:
        return True
    return False


def problems(text: str) -> list[str]:
    return [f"{one.json_path}: {one.message[:200]}" for one in VALIDATOR.iter_errors(yaml.safe_load(text))]


def test_the_schema_in_the_repository_is_what_the_models_say() -> None:
    """An editor that goes by an old one marks what is right."""
    assert FILE.read_text(encoding="utf-8") == as_text(document()), "run: make schema"


def test_it_is_a_schema_of_its_draft() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_every_key_says_what_it_means() -> None:
    """A key without a description is one that its reader has to look up in the program."""
    found = of_the_repository().all
    assert len(found) > 350
    assert [key.path for key in found if key.name != ANY and not key.schema.get("description")] == []


@pytest.mark.parametrize("name", environments())
def test_the_environments_of_the_repository_are_valid_and_name_their_schema_first(name: str) -> None:
    text = (ROOT / f"Pulumi.{name}.yaml").read_text(encoding="utf-8")
    assert text.startswith(MODELINE)
    assert problems(text) == []


def test_every_environment_file_in_the_documentation_is_valid_and_names_its_schema() -> None:
    """But for the one in the README that shows mistakes, and the one with a system of the reader's own."""
    shown = [
        (page.name, block.text)
        for page in PAGES
        for block in blocks(page)
        if block.language == "yaml" and f"{PROJECT}:tier:" in block.text
    ]
    assert len(shown) > 10
    assert [name for name, text in shown if MODELINE not in text] == []
    assert [name for name, text in shown if problems(text)] == ["README.md", "add-a-system.md"]


def test_a_file_with_all_kinds_of_keys_is_taken_by_both() -> None:
    """Else the mistakes below would prove nothing."""
    assert problems(FULL) == []
    assert not refused_by_models(yaml.safe_load(FULL))


def test_keys_of_pulumi_and_of_other_projects_are_let_pass() -> None:
    file = yaml.safe_load(FULL)
    file["encryptionsalt"] = "v1:abc"
    file["config"]["aws:region"] = "eu-central-1"
    assert not refused_by_schema(file)
    file["config"]["tier"] = "dev"
    assert refused_by_schema(file), "without a project Pulumi reads it for nobody"


def test_a_key_without_a_value_is_refused_at_the_top_where_pulumi_makes_a_text_of_it() -> None:
    file = yaml.safe_load(FULL)
    file["config"][f"{PROJECT}:secret_store"] = None
    assert refused_by_schema(file)


Path = tuple[str | int, ...]


def _places(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield from _places(below, (*path, key))


def _changed(path: Path, value: Any) -> Any:
    file = copy.deepcopy(yaml.safe_load(FULL))
    here = file
    for part in path[:-1]:
        here = here[part]
    here[path[-1]] = value
    return file


PLACES = [(path, value) for path, value in _places(yaml.safe_load(FULL)) if len(path) > 1]
KEYS = Keys(SCHEMA)
# Mappings whose keys the file chooses take any name.
CHOSEN = ("labels", "match")
MAPPINGS = [path for path, value in PLACES if isinstance(value, dict) and path[-1] not in CHOSEN]
SCALARS = [path for path, value in PLACES if not isinstance(value, (dict, list)) and path[-2] not in CHOSEN]


def _key(path: Path) -> Any:
    return KEYS.find(".".join(str(part) for part in path[1:] if isinstance(part, str)))


def _schemas(path: Path) -> list[Any]:
    found = KEYS.alternatives(_key(path).schema)
    if isinstance(path[-1], int):
        found = [one for each in found for one in KEYS.alternatives(KEYS.resolved(each["items"]))]
    return found


CHOICES = [path for path in SCALARS if any("enum" in one or "const" in one for one in _schemas(path))]
PATTERNS = [path for path in SCALARS if any("pattern" in one and one["title"] != "text" for one in _schemas(path))]
_both = examples(60)


def _is_refused_by_both(path: Path, value: Any) -> None:
    file = _changed(path, value)
    assert refused_by_models(file), f"the models take {value!r} at {path}"
    assert refused_by_schema(file), f"the schema takes {value!r} at {path}"


def test_there_are_places_for_every_kind_of_mistake() -> None:
    assert min(len(MAPPINGS), len(CHOICES), len(PATTERNS)) >= 10


@_both
@given(st.sampled_from(MAPPINGS), st.from_regex(r"zz_[a-z]{1,5}", fullmatch=True))
def test_an_unknown_key_is_refused_by_both(path: Path, name: str) -> None:
    """`zz_…` is no name either, of those mappings that take any."""
    _is_refused_by_both((*path, name), "zz")


@_both
@given(st.sampled_from([path for path, _ in PLACES]), st.sampled_from([[[]], {"zz": []}, True, -7.5]))
def test_a_value_of_a_wrong_type_is_refused_by_both(path: Path, value: Any) -> None:
    _is_refused_by_both(path, value)


@_both
@given(st.sampled_from(CHOICES), st.from_regex(r"zz[a-z]{1,5}", fullmatch=True))
def test_a_word_that_is_none_of_those_to_choose_from_is_refused_by_both(path: Path, word: str) -> None:
    _is_refused_by_both(path, word)


@_both
@given(st.sampled_from(PATTERNS), st.sampled_from(["A B", "ä ö", " ", "!", "1 Gi", "-", "%"]))
def test_a_text_of_no_form_is_refused_by_both(path: Path, text: str) -> None:
    _is_refused_by_both(path, text)
