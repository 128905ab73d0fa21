"""The locked Python packages: they agree with the direct pins, and pip takes no file of which the hash is not known."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

import pytest

from paths import ROOT

# Each file of direct pins with the lock that is made of it.
LOCKS = {"requirements.in": "requirements.txt", "requirements-dev.in": "requirements-dev.txt"}
every_lock = pytest.mark.parametrize("lock", LOCKS.values())

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;]+)")


class Locked(NamedTuple):
    """A package of a lock: its version, its marker, and the SHA-256 hashes of its files."""

    version: str
    marker: str
    hashes: tuple[str, ...]


def name_of(package: str) -> str:
    """The name as an index spells it: `ruamel.yaml` and `ruamel-yaml` are one package."""
    return re.sub(r"[-_.]+", "-", package).lower()


def pins(file: str) -> dict[str, str]:
    """The packages that a file names itself, each with its version."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return {name_of(match["name"]): match["version"] for line in lines if (match := _PIN.match(line))}


@cache
def locked(file: str) -> dict[str, list[Locked]]:
    """What a lock holds; a package stands in it several times where platforms need several versions."""
    found: dict[str, list[Locked]] = {}
    # A backslash at its end continues a line, as in a shell.
    for line in (ROOT / file).read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        if line.strip().startswith("#") or not line.strip():
            continue
        match = _PIN.match(line)
        assert match, f"{file}: neither a comment nor a package with its version: {line!r}"
        marker = line.partition(" ; ")[2].partition(" --hash")[0].strip()
        hashes = tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})\b", line))
        found.setdefault(name_of(match["name"]), []).append(Locked(match["version"], marker, hashes))
    return found


@pytest.mark.parametrize("file", LOCKS)
def test_every_direct_pin_is_exact(file: str) -> None:
    """A range in the file of direct pins would let two locks of one day differ."""
    lines = [line.strip() for line in (ROOT / file).read_text(encoding="utf-8").splitlines()]
    for line in lines:
        assert not line or line.startswith(("#", "-r ", "-c ")) or _PIN.fullmatch(line), f"{file}: {line!r}"


@pytest.mark.parametrize("file", LOCKS)
def test_the_lock_has_every_direct_pin_at_its_version(file: str) -> None:
    lock = locked(LOCKS[file])
    for name, version in pins(file).items():
        assert {entry.version for entry in lock.get(name, [])} == {version}, (
            f"{file} asks for {name} {version}, and {LOCKS[file]} has {lock.get(name)}: run `make lock`"
        )


@every_lock
def test_every_package_of_a_lock_has_hashes(lock: str) -> None:
    """One without would end the checking of hashes for all of the file, or the installation."""
    entries = locked(lock)
    assert len(entries) > len(pins(lock.replace(".txt", ".in")))
    assert not [name for name, versions in entries.items() if not all(entry.hashes for entry in versions)]


@every_lock
def test_a_lock_names_no_index(lock: str) -> None:
    """Where packages come from is the business of who installs them; a mirror's address must not get into the file."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|^\s*--(?:extra-)?index-url|^\s*--find-links|^\s*-f |^\s*-i ", text, re.MULTILINE)


def test_the_program_runs_in_tests_with_what_it_is_deployed_with() -> None:
    """The lock for development holds the other one, package for package and hash for hash."""
    program, development = locked("requirements.txt"), locked("requirements-dev.txt")
    for name, entries in program.items():
        found = development.get(name, [])
        assert [(entry.version, entry.hashes) for entry in found] == [
            (entry.version, entry.hashes) for entry in entries
        ], f"{name}: run `make lock`"


@every_lock
def test_a_lock_is_made_for_the_oldest_python_by_the_command_of_the_makefile(lock: str) -> None:
    """Renovate repeats the command of the header, so it must be the one of `make lock`."""
    header = (ROOT / lock).read_text(encoding="utf-8").splitlines()[1]
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    oldest = re.search(r'^requires-python = ">=([\d.]+)"$', project, re.MULTILINE)
    assert oldest
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    options = re.search(r"^LOCK\s*:= \$\(RUN\) -m (uv pip compile --quiet (.*))$", makefile, re.MULTILINE)
    assert options
    assert f"--python-version={oldest[1]}" in options[2].split()
    assert header == f"#    uv pip compile {options[2]} --output-file={lock} {lock.replace('.txt', '.in')}"
