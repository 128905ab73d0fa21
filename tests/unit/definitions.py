"""The custom resource definitions that their projects publish, from beside the checkout, as strict schemas."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from paths import ROOT

FOLDER = ROOT.parent / "shared" / "crds"
ABSENT = f"{FOLDER.parent.name}/{FOLDER.name} is not beside the checkout: no schemas to validate against"
Schema = dict[str, Any]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML with `=` as ordinary text: a definition of the Prometheus operator has it among its enums."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: loader.construct_scalar(node))


def documents(path: Path) -> list[dict[str, Any]]:
    """All documents of a file."""
    return _parsed(path.read_text(encoding="utf-8"))


def _parsed(text: str) -> list[dict[str, Any]]:
    return [one for one in yaml.load_all(text, Loader=_Loader) if one]


@cache
def _texts() -> Sequence[str]:
    """Every document of every file."""
    files = (path.read_text(encoding="utf-8") for path in sorted(FOLDER.rglob("*.yaml")))
    return [text for file in files for text in re.split(r"^---\s*$", file, flags=re.MULTILINE)]


@cache
def definition(group: str, kind: str) -> dict[str, Any]:
    """The CustomResourceDefinition of a kind. Only the documents that name it are parsed: all take seconds."""
    naming_it = re.compile(rf"^\s+kind: {kind}$", re.MULTILINE)
    for text in _texts():
        if f"group: {group}\n" in text and naming_it.search(text):
            for one in _parsed(text):
                if one["spec"]["group"] == group and one["spec"]["names"]["kind"] == kind:
                    return one
    raise LookupError(f"no definition of {kind}.{group} in {FOLDER}")


def schema(group: str, version: str, kind: str) -> Schema:
    """The schema of a served version, in which a field that is not declared is an error."""
    for one in definition(group, kind)["spec"]["versions"]:
        if one["name"] == version and one["served"]:
            declared = one["schema"]["openAPIV3Schema"]
            # Every object has these, and some projects do not list them.
            return strict(
                {**declared, "properties": {"apiVersion": {}, "kind": {}, "metadata": {}, **declared["properties"]}}
            )
    raise LookupError(f"{kind}.{group} is not served in version {version}")


def strict(openapi: Mapping[str, Any]) -> Schema:
    """A structural OpenAPI v3 schema as JSON Schema, closed wherever it lists properties.

    Its `anyOf`, `oneOf`, `allOf` and `not` only restrict what is declared beside them: they stay as they are.
    """
    made = {key: value for key, value in openapi.items() if key not in ("nullable", "format", "default", "example")}
    if "(?i)" in made.get("pattern", ""):
        # Go takes a flag anywhere in an expression, Python only at its start.
        made["pattern"] = "(?i)" + made["pattern"].replace("(?i)", "")
    if "properties" in made:
        made["properties"] = {name: strict(one) for name, one in made["properties"].items()}
        if not made.get("x-kubernetes-preserve-unknown-fields"):
            made.setdefault("additionalProperties", False)
    if isinstance(made.get("items"), Mapping):
        made["items"] = strict(made["items"])
    if isinstance(made.get("additionalProperties"), Mapping):
        made["additionalProperties"] = strict(made["additionalProperties"])
    for bound, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        # A flag in OpenAPI 3.0, a number in JSON Schema.
        if made.pop(bound, False) is True:
            made[bound] = made.pop(limit)
    if openapi.get("nullable"):
        made = {"anyOf": [made, {"type": "null"}]}
    return made
