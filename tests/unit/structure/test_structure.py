"""How the program's folders hang together: what each may import, and that nothing runs in a circle."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.stores.store_list import KINDS, STORES
from paths import ROOT
from tests.unit.structure.imports import FOLDERS, circles, imports
from versions import CUSTOM_RESOURCES

# From configuration to what is seen of it, one way. `ops` is the command line: it may use all.
MAY_IMPORT = {
    "components": set[str](),
    "stacks": {"components"},
    "graph": {"components", "stacks"},
    "policy": {"components", "graph"},
    "sandbox": {"components"},
    "ops": {"components", "stacks", "graph", "policy", "sandbox"},
}
# Below components/, from what everything is made with to what is made of it.
FLOORS = (
    {"kubernetes"},
    {"values"},
    {"monitoring", "traffic", "platform", "workload", "performance"},
    {"stores", "cluster"},
    {"telemetry"},
)
LONGEST = 310
# Who looks at the variables of the process, and for what of them that a person or the engine sets.
READS_VARIABLES = {
    "components/cluster/provider.py": "KUBECONFIG",
    "components/performance.py": "those that ask for debug messages",
    "graph/record.py": "PULUMI_CONFIG, the engine's way to hand over a configuration",
    "stacks/schema/environment.py": "the context that a person has chosen",
}


def folders(name: str) -> str:
    return name.partition(".")[0]


def test_no_import_runs_in_a_circle() -> None:
    """Two modules that need each other are one concept cut in two; an import within a function only hides that."""
    assert circles(imports()) == []


def test_a_circle_would_be_found() -> None:
    graph = {"a": frozenset({"b"}), "b": frozenset({"c"}), "c": frozenset({"a"}), "d": frozenset({"a"})}
    assert circles(graph) == [["a", "b", "c"]]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_imports_only_what_lies_before_it(folder: str) -> None:
    """A component that knew an environment could not be used in another one."""
    own = {name: imported for name, imported in imports().items() if folders(name) == folder}
    found = {(name, one) for name, imported in own.items() for one in imported if folders(one) != folder}
    assert {pair for pair in found if folders(pair[1]) not in MAY_IMPORT[folder]} == set()


def test_components_lie_on_floors() -> None:
    """What is below knows nothing of what is above: a store brings its alerts, and monitoring knows no store."""
    floor = {name: number for number, names in enumerate(FLOORS) for name in names}
    for name, imported in imports().items():
        parts = name.split(".")
        if parts[0] != "components" or len(parts) < 2:
            continue
        for one in (one.split(".")[1] for one in imported if one.startswith("components.")):
            assert floor[one] <= floor[parts[1]], f"{name} imports components.{one}"


def test_a_file_is_a_concept_and_no_book() -> None:
    lines = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
    }
    assert {path: count for path, count in lines.items() if count > LONGEST} == {}


def test_no_argument_of_the_program_is_hidden_in_a_variable_of_the_process() -> None:
    """Nobody who reads the calls sees it, and what is recorded by one caller would be another's, once kept."""
    found = {
        str(path.relative_to(ROOT))
        for folder in ("components", "stacks", "graph")
        for path in (ROOT / folder).rglob("*.py")
        # Programs of pods: variables are how those are configured.
        if "scripts" not in path.parts and re.search(r"\b(environ|getenv)\b\S", path.read_text(encoding="utf-8"))
    }
    assert found == READS_VARIABLES.keys()


def test_no_concept_has_two_types() -> None:
    """A field that is written in both and forgotten in the copy says nothing. Stores read the file by protocols."""
    read_by_stores = {"BackupsBucket", "DatabaseState", "Restored", "Rotation", "S3", "S3Bucket"}
    # Alertmanager's tree of receivers, and what splits traffic: no copy is made of one for the other.
    different = {"Routing"}
    schema, components = ({name for name, _ in _classes(folder)} for folder in ("stacks/schema", "components"))
    assert schema & components == read_by_stores | different


def _classes(folder: str) -> Iterator[tuple[str, Path]]:
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                yield node.name, path


def test_a_name_says_what_it_names() -> None:
    """Extra, context, callers, scraped, known: the trade's words, in place of those that only this house had."""
    private = {"further", "around", "whoever", "told"}
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    names = {(str(path.relative_to(ROOT)), path.stem) for path in paths}
    for path in paths:
        names |= {(str(path.relative_to(ROOT)), name) for name in _names(path)}
    assert not {"every", "parts", "misc", "utils"} & {path.stem for path in paths}
    assert {pair for pair in names if not private.isdisjoint(pair[1].split("_"))} == set()


def _names(path: Path) -> Iterator[str]:
    """The names of the functions, classes, parameters and variables that a module makes."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def test_no_folder_is_without_a_word_of_what_lives_there() -> None:
    """A newcomer reads the first line of each package."""
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("__init__.py"):
            assert path.read_text(encoding="utf-8").startswith('"""'), path


def test_nothing_is_left_of_a_deployer_of_our_own() -> None:
    """Pulumi is the only one: what applied and pruned beside it would take its objects away."""
    found = [
        str(path.relative_to(ROOT))
        for folder in (*FOLDERS, "tests", "benchmarks", "docs")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".md", ".yaml") and "apply" + "set" in path.read_text(encoding="utf-8").lower()
    ]
    assert found == []


def kinds_said(text: str) -> set[str]:
    """The groups of stores' kinds that a module's strings name, but for what it says of itself."""
    groups = {kind.object_type.partition("/")[0] for kind in KINDS}
    tree = ast.parse(text)
    said = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return {group for group in groups for one in said if one.startswith((f"{group}/", f"{group}.")) or one == group}


def test_whoever_collects_from_the_stores_names_none_of_their_kinds() -> None:
    """A fourth store would be judged, simulated and looked for only by those who were told of it."""
    found = {
        str(path.relative_to(ROOT)): kinds_said(path.read_text(encoding="utf-8"))
        for folder in ("policy", "sandbox", "ops/preflight", "ops/engine")
        for path in (ROOT / folder).rglob("*.py")
    }
    assert {path: kinds for path, kinds in found.items() if kinds} == {}
    stages = [path.read_text(encoding="utf-8") for path in (ROOT / "sandbox" / "stages").glob("*.yaml")]
    groups = {kind.object_type.partition("/")[0] for kind in KINDS}
    assert [group for group in groups for text in stages if group in text] == []


def test_a_store_says_of_every_kind_of_its_operators_what_is_made_of_it() -> None:
    """A kind that its folder leaves out would be judged by nobody."""
    known = {kind.object_type for kind in KINDS}
    groups = {one.partition("/")[0] for one in known}
    assert {one.object_type for one in CUSTOM_RESOURCES if one.group in groups} - known == set()


def test_only_the_rules_about_one_store_know_that_store() -> None:
    """All else asks the list, `components.stores.store_list`."""
    own = tuple(store.package for store in STORES)
    found = {
        name
        for name, imported in imports().items()
        if folders(name) in ("policy", "sandbox") or name.startswith(("ops.preflight", "ops.engine"))
        if any(one.startswith(own) for one in imported)
    }
    assert found == {"policy.rules.backups", "policy.rules.databases", "policy.rules.redis"}


def test_a_kind_that_is_named_is_found() -> None:
    assert kinds_said('KIND = "postgresql.cnpg.io/Cluster"') == {"postgresql.cnpg.io"}
    assert kinds_said('"""Not a word of what is named in passing: postgresql.cnpg.io/Cluster."""') == set()
