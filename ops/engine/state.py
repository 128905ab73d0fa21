"""The state of a stack as something precious: backups before each run that changes it, and whether it is sound."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ops.engine.backend import LocalBackend
from ops.errors import OperationError
from ops.files import write_private
from paths import PROJECT, state_directory

# As many are kept of each stack: of ten deployments a day, those of three days.
KEPT = 30
_STACK_TYPE = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Backups:
    """The backups of one stack's state, in `.state/backups/STACK/TIME.json`, mode 600; secrets stay encrypted."""

    stack: str

    @property
    def folder(self) -> Path:
        """Where they are."""
        return state_directory() / "backups" / self.stack

    def all(self) -> list[Path]:
        """The newest first."""
        return sorted(self.folder.glob("*.json"), reverse=True)

    def make(self, deployment: Mapping[str, Any]) -> Path | None:
        """Keep a state; None if there is nothing in it, or if it is that of the newest backup."""
        if not resources_of(deployment):
            return None
        text, newest = json.dumps(deployment, indent=1), next(iter(self.all()), None)
        if newest is not None and newest.read_text(encoding="utf-8") == text:
            return None
        # With microseconds: two runs may come within one second, and names go by time.
        path = self.folder / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S.%fZ}.json"
        write_private(path, text)
        for old in self.all()[KEPT:]:
            old.unlink(missing_ok=True)
        return path

    def find(self, name: str | None) -> Path:
        """The backup of that name or path, without one the newest. Raises OperationError with those that there are."""
        known = self.all()
        if name is None and known:
            return known[0]
        for path in (Path(name or ""), self.folder / (name or ""), self.folder / f"{name}.json"):
            if name and path.is_file():
                return path
        listed = ", ".join(path.stem for path in known[:5]) or "none"
        raise OperationError(f"{self.folder}: no backup {name or 'of ' + self.stack!r}; the newest are: {listed}")


def resources_of(deployment: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The resources of an exported state, the stack's own among them; none of an empty one."""
    return list((deployment.get("deployment") or {}).get("resources") or ())


def read_backup(path: Path) -> dict[str, Any]:
    """The state in a backup. Raises OperationError where it is none."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OperationError(f"{path}: is no backup of a state: {error}") from None
    if not isinstance(document, dict) or "deployment" not in document:
        raise OperationError(f"{path}: is no backup of a state: it has no 'deployment'")
    return document


def refuse_torn_file(backend: LocalBackend) -> None:
    """Raise OperationError if the file of the state is empty, cut off, or something else altogether."""
    path = backend.state_file
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        raise OperationError(_torn(path, str(error), backend.stack)) from None
    try:
        document = json.loads(text)
    except ValueError as error:
        raise OperationError(_torn(path, str(error) if text.strip() else "it is empty", backend.stack)) from None
    if not isinstance(document, dict) or not isinstance(document.get("checkpoint"), dict):
        raise OperationError(_torn(path, "it is JSON, and no state of Pulumi", backend.stack))


def _torn(path: Path, why: str, stack: str) -> str:
    return (
        f"{path}: the state of {stack} cannot be read: {why}. Nothing was changed. `python -m ops state restore -s "
        f"{stack}` puts the newest backup in its place; without one, move the file away and run `make up ENV={stack} "
        "ADOPT=1`, which takes the environment over as the cluster has it"
    )


def problems(deployment: Mapping[str, Any], stack: str) -> Iterator[str]:
    """What is wrong with an exported state."""
    resources = resources_of(deployment)
    urns = [str(one.get("urn")) for one in resources]
    yield from (f"{urn}: stands {count} times" for urn, count in _twice(resources))
    foreign = [urn for urn in urns if not urn.startswith(f"urn:pulumi:{stack}::{PROJECT}::")]
    yield from (f"{urn}: is of another stack or project than {stack} of {PROJECT}" for urn in foreign[:5])
    before: set[str] = set()
    for one in resources:
        needed = [("parent", one.get("parent")), *(("dependency", urn) for urn in one.get("dependencies") or ())]
        for what, urn in needed:
            if urn and urn not in before:
                yield f"{one['urn']}: its {what} {urn} is not in the state before it"
        before.add(str(one.get("urn")))
    if resources and not any(one.get("type") == _STACK_TYPE for one in resources):
        yield "there is no resource for the stack itself"


def _twice(resources: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
    """URNs that stand twice, but for those of what is still to be deleted of a replacement."""
    counts = Counter(str(one.get("urn")) for one in resources if not one.get("delete"))
    return [(urn, count) for urn, count in counts.items() if count > 1]
