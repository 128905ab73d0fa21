"""What `ops db` has done so far, as the environment's file has it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.environment_file import read, write
from ops.errors import OperationError
from paths import PROJECT, ROOT, environment_of
from stacks.schema.database import DatabaseState
from stacks.schema.types import system_key

_KEY = f"{PROJECT}:systems"


@dataclass(frozen=True)
class StateFile:
    """The key `database` of one system in `Pulumi.<stack>.yaml`."""

    stack: str
    system: str

    @property
    def path(self) -> Path:
        """The environment's file."""
        return ROOT / f"Pulumi.{environment_of(self.stack)}.yaml"

    def read(self) -> DatabaseState:
        """The state; the default one if the file says nothing. The file has been validated as a whole before."""
        return DatabaseState.model_validate(self._system(read(self.path)).get("database") or {})

    def write(self, state: DatabaseState) -> None:
        """Put the state into the file; comments and everything else stay as they are."""
        document = read(self.path)
        system = self._system(document)
        values = state.model_dump(exclude_defaults=True)
        if values:
            system["database"] = values
        else:
            system.pop("database", None)
        write(self.path, document)

    def _system(self, document: Any) -> Any:
        systems, key = document["config"].get(_KEY) or {}, system_key(self.system)
        if key not in systems:
            raise OperationError(f"{self.path.name}: no system {key!r}; there are: {', '.join(systems) or 'none'}")
        if systems[key] is None:
            systems[key] = {}
        return systems[key]
