"""Which version of a system each cluster has, as the environment's file keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.environment_file import read, write
from paths import PROJECT
from stacks.schema.fleet import Fleet, SystemVersion
from stacks.schema.source import file_of
from stacks.schema.system import SystemConfig
from stacks.systems import Systems


@dataclass(frozen=True)
class VersionsFile:
    """`fleet.clusters[].versions` of one system in `Pulumi.<environment>.yaml`, which has been validated before."""

    environment: str
    system: str

    @property
    def path(self) -> Path:
        """The environment's file."""
        return file_of(self.environment)

    def read(self) -> dict[str, SystemVersion]:
        """By cluster, in their order."""
        return self._versions(read(self.path))

    def write(self, cluster: str, version: SystemVersion) -> None:
        """Put the version of a cluster into the file; one that says nothing beyond the default goes out of it."""
        document = read(self.path)
        if version == self._versions(document)[cluster]:
            return
        (entry,) = (one for one in document["config"][f"{PROJECT}:fleet"]["clusters"] if one["name"] == cluster)
        versions: dict[str, Any] = entry.setdefault("versions", {})
        if version == self._default(document):
            versions.pop(self.system, None)
        else:
            versions[self.system] = version.model_dump(exclude_defaults=True)
        if not versions:
            del entry["versions"]
        write(self.path, document)

    def _versions(self, document: Any) -> dict[str, SystemVersion]:
        fleet, default = Fleet.model_validate(document["config"][f"{PROJECT}:fleet"]), self._default(document)
        return {one.name: one.versions.get(self.system, default) for one in fleet.clusters}

    def _default(self, document: Any) -> SystemVersion:
        """What a cluster has for which the file says nothing."""
        systems = Systems.model_validate(document["config"][f"{PROJECT}:systems"])
        config: SystemConfig = getattr(systems, self.system)
        return SystemVersion(version=config.version or config.declaration.version)
