"""What `ops db` has done so far, as the environment's file has it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.errors import OperationError
from paths import PROJECT, ROOT
from stacks.blueprint.args import system_key
from stacks.databases import DatabaseState

_KEY = f"{PROJECT}:systems"


@dataclass(frozen=True)
class StateFile:
    """The key `database` of one system in `Pulumi.<stack>.yaml`."""

    stack: str
    system: str

    @property
    def path(self) -> Path:
        """The environment's file."""
        return ROOT / f"Pulumi.{self.stack}.yaml"

    def read(self) -> DatabaseState:
        """The state; the default one if the file says nothing. The file has been validated as a whole before."""
        return DatabaseState.model_validate(self._system(self._load()).get("database") or {})

    def write(self, state: DatabaseState) -> None:
        """Put the state into the file; comments and everything else stay as they are."""
        document = self._load()
        system = self._system(document)
        values = state.model_dump(exclude_defaults=True)
        if values:
            system["database"] = values
        else:
            system.pop("database", None)
        text = io.StringIO()
        self._yaml().dump(document, text)
        temporary = self.path.with_suffix(".new")
        temporary.write_text(text.getvalue(), encoding="utf-8")
        # Complete, or not at all: a half-written file would keep everybody from deploying.
        temporary.replace(self.path)

    def _load(self) -> Any:
        return self._yaml().load(self.path.read_text(encoding="utf-8"))

    def _system(self, document: Any) -> Any:
        systems, key = document["config"].get(_KEY) or {}, system_key(self.system)
        if key not in systems:
            raise OperationError(f"{self.path.name}: no system {key!r}; there are: {', '.join(systems) or 'none'}")
        if systems[key] is None:
            systems[key] = {}
        return systems[key]

    @staticmethod
    def _yaml() -> Any:
        from ruamel.yaml import YAML

        yaml = YAML()
        yaml.preserve_quotes = True
        yaml.width = 120
        yaml.indent(mapping=2, sequence=4, offset=2)
        return yaml
