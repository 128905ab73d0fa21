"""The documentation is true: its links lead somewhere, its commands exist, its examples do what it says they do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
import yaml
from pydantic import ValidationError

import ops.commands
import sandbox.cli
from ops.reports.counts import headline
from paths import PROJECT, ROOT
from stacks.schema.environment_file import EnvironmentFile
from stacks.schema.errors import ConfigurationError
from stacks.schema.source import environments
from tests.unit.docs import nats
from tests.unit.docs.reading import FENCE, blocks, text_of

if TYPE_CHECKING:
    from graph.model import Graph
    from tests.unit.scratch import Scratch

DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = [
    README,
    *(ROOT / name for name in ("CONTRIBUTING.md", "CHANGELOG.md", "examples/README.md")),
    *sorted(DOCS.rglob("*.md")),
]
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
every_decision = pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)

_SPAN = re.compile(r"`{1,2}(?P<text>[^\n]+?)`{1,2}")
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
# A command at the beginning of a line, with or without a prompt, or after another command.
_MAKE = re.compile(r"(?:^(?:\$ )? *|&& )make(?P<words>(?: +[\w./-]+(?:=[^\s`]*)?)+)", re.MULTILINE)
_MODULE = re.compile(r"python3? -m (?P<module>ops|sandbox) (?P<words>[^`\n#|]+)")
_SHORT = re.compile(r"`ops (?P<words>[a-z][^`\n]*)`")
_HEADLINE = re.compile(r"\d+ components, \d+ Kubernetes objects, \d+ other resources")


def code(page: Path) -> Iterator[str]:
    """Everything that is set as code."""
    text = text_of(page)
    yield from (match["text"] for match in FENCE.finditer(text))
    yield from (match["text"] for match in _SPAN.finditer(FENCE.sub("", text)))


def anchors(page: Path) -> set[str]:
    """The fragments by which GitHub links to a page's headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_there_are_pages_to_check() -> None:
    assert len(PAGES) > 10
    assert len(DECISIONS) >= 9


@every_page
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    links = [match["target"] for match in _LINK.finditer(FENCE.sub("", text_of(page)))]
    for link in links:
        if not re.match(r"[a-z]+:", link):
            file, _, fragment = link.partition("#")
            target = (page.parent / file).resolve() if file else page
            assert target.is_relative_to(ROOT) and target.exists(), f"{link}: there is no {target}"
            assert not fragment or fragment in anchors(target), f"{link}: no such heading"


@every_page
def test_every_make_target_that_is_mentioned_exists(page: Path) -> None:
    """A target is the first word after `make` that is no assignment."""
    targets = set(re.findall(r"^([a-z0-9-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    for text in code(page):
        for match in _MAKE.finditer(text):
            named = [word for word in match["words"].split() if "=" not in word]
            assert not named or named[0] in targets, f"make{match['words']}: the targets are {sorted(targets)}"


@every_page
def test_every_variable_that_is_given_to_make_is_one_that_the_makefile_reads(page: Path) -> None:
    known = set(re.findall(r"^([A-Z]+) *\?=", text_of(ROOT / "Makefile"), re.MULTILINE))
    known |= set(re.findall(r"\$\(([A-Z]+)\)", text_of(ROOT / "Makefile")))
    for text in code(page):
        for match in _MAKE.finditer(text):
            given = {word.partition("=")[0] for word in match["words"].split() if "=" in word}
            assert given <= known, f"make{match['words']}"


@cache
def options_by_command(app: typer.Typer) -> dict[str, set[str]]:
    """Each command (`preview`, `db restore`) with its options, in all their spellings."""
    found: dict[str, set[str]] = {}

    def add(prefix: str, group: Any) -> None:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                add(f"{prefix}{name} ", command)
            else:
                found[prefix + name] = {option for parameter in command.params for option in parameter.opts}

    add("", typer.main.get_command(app))
    return found


@every_page
def test_every_command_and_option_that_is_mentioned_exists(page: Path) -> None:
    apps = {"ops": options_by_command(ops.commands.app), "sandbox": options_by_command(sandbox.cli.app)}
    for text in code(page):
        for match in _MODULE.finditer(text):
            name, *rest = match["words"].split()
            known = apps[match["module"]]
            if name.isupper():
                continue  # a placeholder: `python -m ops COMMAND`
            if rest and f"{name} {rest[0]}" in known:
                name, rest = f"{name} {rest[0]}", rest[1:]
            assert name in known, f"python -m {match['module']} has {sorted(known)}, and no {name}"
            assert {word for word in rest if word.startswith("-")} <= known[name], match[0]


@every_page
def test_every_command_that_is_mentioned_by_its_short_name_exists(page: Path) -> None:
    """`ops db restore` in a sentence stands for `python -m ops db restore`; `ops state backup|restore` for both."""
    known = options_by_command(ops.commands.app)
    groups = {name.partition(" ")[0] for name in known if " " in name}
    for words in (match["words"].split() for match in _SHORT.finditer(FENCE.sub("", text_of(page)))):
        group = [words.pop(0)] if words[0] in groups else []
        names = words.pop(0).split("|") if words and not words[0].startswith("-") else []
        assert group or names, page
        for name in names:
            command = " ".join([*group, name])
            assert command in known, f"ops {command}: ops has {sorted(known)}"
            assert {word for word in words if word.startswith("-")} <= known[command], f"ops {command} {words}"


def test_everything_in_the_table_of_where_things_live_is_there() -> None:
    _, _, rest = text_of(README).partition("## Where things live\n")
    rows = [row for row in rest.partition("\n## ")[0].splitlines() if row.startswith("| `")]
    paths = [path for row in rows for path in re.findall(r"`([\w./-]+)`", row.split("|")[1])]
    assert len(paths) >= 10
    for path in paths:
        assert (ROOT / path).exists(), path
        assert (ROOT / path).is_dir() == path.endswith("/"), f"{path}: folders are written with a slash"


def test_every_package_is_in_the_table_of_where_things_live() -> None:
    table = text_of(README).partition("## Where things live\n")[2].partition("\n## ")[0]
    for package in sorted(path.parent.name for path in ROOT.glob("*/__init__.py")):
        assert f"`{package}/" in table, package


@every_page
def test_every_file_that_is_named_as_code_is_there(page: Path) -> None:
    """`stacks/schema/tiers.py` in a sentence is a promise, like a link."""
    first = "|".join(sorted(path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0] not in "._"))
    made_by_the_reader = {
        "policy/rules/body_limits.py",
        "tests/policy/test_ingress_body_limit.py",
        "stacks/systems/invoices.py",
        *nats.files(),
    }
    for text in (match["text"] for match in _SPAN.finditer(FENCE.sub("", text_of(page)))):
        if re.fullmatch(rf"(?:{first}|\.github)/[\w./-]*", text) and text not in made_by_the_reader:
            assert (ROOT / text).exists(), text


@every_page
def test_a_file_of_python_is_named_with_its_folder(page: Path) -> None:
    """A bare name cannot be looked up. Systems' modules have names of their own, documents too."""
    usual = {path.name for path in (ROOT / "stacks" / "systems").glob("*/*.py")} | {
        one.name for one in ROOT.glob("*.py")
    }
    named = set(re.findall(r"`([\w-]+\.py)`", FENCE.sub("", text_of(page))))
    assert page.is_relative_to(DOCS / "systems") or named <= usual, named - usual


@every_page
def test_every_decision_that_is_referred_to_is_linked_by_its_own_number(page: Path) -> None:
    """A number by itself goes wrong when nobody looks: three of one page did."""
    text = re.sub(r"`[^`\n]*`", "", FENCE.sub("", text_of(page)))
    for match in re.finditer(
        r"(?P<open>\[?)\bdecision\s+(?P<number>\d+)(?P<link>\]\((?P<target>[^)]+)\))?", text, re.I
    ):
        assert match["open"] and match["link"], f"{match[0]}: link it"
        assert Path(match["target"]).name.startswith(f"{int(match['number']):04}-"), match[0]
        assert (page.parent / match["target"].partition("#")[0]).resolve() in DECISIONS, match[0]


@every_page
def test_no_page_says_not_yet(page: Path) -> None:
    """Nobody comes back to such a line when the thing is there. What is missing is said with its reason."""
    if page.name not in ("policies.md", "CHANGELOG.md"):
        text = re.sub(r"`[^`\n]*`", "", FENCE.sub("", text_of(page)))
        assert re.findall(r".*\bnot\s+(?:\w+\s+)?yet\b.*", text, re.IGNORECASE) == []


@every_page
def test_no_page_names_a_path_of_one_machine(page: Path) -> None:
    found = re.findall(r"/(?:home|root|work|Users|tmp/[\w.-]+)/[^\s`)]*", text_of(page))
    assert not found, found


def test_the_decisions_are_numbered_and_all_in_the_index() -> None:
    assert [page.stem[:4] for page in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]
    index = text_of(DOCS / "README.md")
    for page in DECISIONS:
        title = re.match(r"# \d+\. (.+)\n", text_of(page))
        assert title, f"{page.name}: begins with its number and what was decided"
        assert f"[{title[1]}](decisions/{page.name})" in index


@every_decision
def test_a_decision_says_what_was_rejected_and_what_follows(page: Path) -> None:
    assert re.findall(r"^## (.+)$", text_of(page), re.MULTILINE) == ["Context", "Decision", "Rejected", "Consequences"]
    rejected = text_of(page).partition("## Rejected\n")[2].partition("\n## ")[0]
    assert len(re.findall(r"^- \*\*", rejected, re.MULTILINE)) >= 2, "options with their reasons"


def test_every_page_can_be_found_from_the_index() -> None:
    index = text_of(DOCS / "README.md")
    for page in sorted(DOCS.rglob("*.md")):
        assert page == DOCS / "README.md" or f"]({page.relative_to(DOCS)})" in index, page


def environment_files(page: Path) -> list[tuple[str, str]]:
    """The environment files that a page shows, by the stack that their first line names."""
    shown = [block.text for block in blocks(page) if block.language == "yaml"]
    return [(name[1], text) for text in shown if (name := re.match(r"# Pulumi\.(\w+)\.yaml\n", text))]


def accepted(text: str) -> bool:
    """Whether the values of an environment's file are valid."""
    values = yaml.safe_load(text)["config"]
    try:
        EnvironmentFile.model_validate({key.removeprefix(f"{PROJECT}:"): value for key, value in values.items()})
    except ValidationError:
        return False
    return True


def test_every_environment_file_that_is_shown_is_accepted_but_the_one_that_is_to_be_refused() -> None:
    """An example that does not load costs its reader more than none."""
    shown = [(page, text) for page in PAGES for _, text in environment_files(page)]
    assert len(shown) >= 4
    assert [page for page, text in shown if not accepted(text)] == [README]


def test_the_readme_shows_a_refused_file_with_the_very_errors_that_are_printed(scratch: Scratch) -> None:
    (text,) = (text for stack, text in environment_files(README) if stack == "qa")
    with pytest.raises(ConfigurationError) as caught:
        scratch.record(text)
    printed = f"error: {caught.value}".replace("Pulumi.scratch.yaml", "Pulumi.qa.yaml")
    shown = [block.text.rstrip("\n") for block in blocks(README) if block.text.startswith("error: invalid")]
    assert shown == [printed]


def test_the_readme_shows_dev_as_large_as_it_is(dev: Graph, scratch: Scratch) -> None:
    """Fails when dev gains an object: then run the README's commands again and show what they print."""
    (with_service,) = (text for stack, text in environment_files(README) if stack == "dev")
    larger = scratch.record(with_service)
    assert set(_HEADLINE.findall(text_of(README))) == {headline(dev), headline(larger)}
    # The engine makes the provider of pulumi-random by itself.
    assert f"dev on the sandbox: {len(dev) + 1} created, 0 resources unchanged" in text_of(README)
    assert f"dev on the sandbox: no changes, {len(dev)} resources unchanged" in text_of(README)


def test_the_systems_page_shows_every_environment_as_large_as_it_is(graph: Graph) -> None:
    assert f"| {graph.stack} | {headline(graph)} |" in text_of(DOCS / "systems" / "README.md")


def test_the_readme_names_the_environments_in_the_message_about_one_that_is_missing() -> None:
    assert f"environments with one: {', '.join(environments())}" in text_of(README)


def test_the_picture_is_a_drawing_with_a_description_and_asks_for_nothing_from_elsewhere() -> None:
    svg = text_of(DOCS / "architecture.svg")
    assert "docs/architecture.svg" in text_of(README)
    assert "<title" in svg and "<desc" in svg
    assert set(re.findall(r"https?://[^\s\"']+", svg)) == {"http://www.w3.org/2000/svg"}
    assert "<script" not in svg
