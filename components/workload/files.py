"""What a service reads and writes as files, besides /tmp: plain values, and the volumes of its pods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from components.kubernetes.objects import checksum
from components.kubernetes.pods import scratch_volumes
from components.kubernetes.quantity import Bytes

# Owner and group may read, and nobody else: the group is that of the pod's own user.
_READ_ONLY = 0o440
DATA = "data"
_TMP_VOLUMES, _TMP_MOUNTS = scratch_volumes({"tmp": "/tmp"})


@dataclass(frozen=True, kw_only=True)
class Storage:
    """A volume at `path` that outlives its pod. `backup` names what backs it up, or says why nothing does.

    With `protect` neither an update nor the removal of the environment deletes it. All pods mount one that is `shared`,
    on whichever nodes they are; else a Deployment that has one has one pod.
    """

    path: str
    size: Bytes
    storage_class: str | None = None
    backup: str | None = None
    protect: bool = False
    shared: bool = False


@dataclass(frozen=True, kw_only=True)
class SecretFiles:
    """Keys of a Secret of the same namespace as read-only files below `path`: the key behind each file's name."""

    path: str
    secret: str
    files: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ConfigFiles:
    """Texts as read-only files below `path`, by file name."""

    path: str
    files: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Files:
    """All that a service has as files. `directories` are scratch space by path: they start empty with each pod."""

    storage: Storage | None = None
    directories: Mapping[str, Bytes] = field(default_factory=dict)
    secrets: Sequence[SecretFiles] = ()
    configuration: Sequence[ConfigFiles] = ()

    @property
    def single(self) -> bool:
        """Whether it has a volume that one pod mounts at a time."""
        return self.storage is not None and not self.storage.shared

    def texts(self) -> dict[str, str]:
        """The data of the ConfigMap behind `configuration`. The same file name may be below several paths."""
        return {
            f"{number}.{name}": text
            for number, one in enumerate(self.configuration)
            for name, text in one.files.items()
        }

    def annotations(self) -> dict[str, str]:
        """What changes with the texts, so that pods with old ones are exchanged."""
        return {f"{key}-files": value for key, value in checksum(self.texts()).items()} if self.configuration else {}

    def volumes(self, name: str, *, claim: bool) -> list[Any]:
        """The volumes of a pod of the service `name`; with `claim` its storage too, which a StatefulSet adds itself."""
        made = list(_TMP_VOLUMES)
        if self.storage and claim:
            made.append({"name": DATA, "persistent_volume_claim": {"claim_name": claim_name(name)}})
        for number, size in enumerate(self.directories.values()):
            made.append({"name": f"scratch-{number}", "empty_dir": {"size_limit": str(size)}})
        for number, secret in enumerate(self.secrets):
            items = [{"key": key, "path": file} for file, key in secret.files.items()]
            source = {"secret_name": secret.secret, "default_mode": _READ_ONLY, "items": items}
            made.append({"name": f"secret-{number}", "secret": source})
        for number, one in enumerate(self.configuration):
            items = [{"key": f"{number}.{file}", "path": file} for file in one.files]
            made.append({"name": f"config-{number}", "config_map": {"name": files_name(name), "items": items}})
        return made

    def mounts(self) -> list[Any]:
        """The volume mounts of the container."""
        made = list(_TMP_MOUNTS)
        if self.storage:
            made.append({"name": DATA, "mount_path": self.storage.path})
        made += [{"name": f"scratch-{number}", "mount_path": path} for number, path in enumerate(self.directories)]
        paths = {"secret": [one.path for one in self.secrets], "config": [one.path for one in self.configuration]}
        for kind, all_of in paths.items():
            for number, path in enumerate(all_of):
                made.append({"name": f"{kind}-{number}", "mount_path": path, "read_only": True})
        return made


def claim_name(name: str) -> str:
    """The name of a service's PersistentVolumeClaim."""
    return f"{name}-{DATA}"


def files_name(name: str) -> str:
    """The name of the ConfigMap of a service's files."""
    return f"{name}-files"
