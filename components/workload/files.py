"""What a service reads and writes as files, besides /tmp: plain values, and the volumes of its pods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from components.kubernetes.objects import checksum
from components.kubernetes.pods import scratch_volumes
from components.kubernetes.quantity import Bytes
from components.values.model import Model
from components.values.types import Name, Text
from components.workload.types import AbsolutePath, FileName

# Owner and group may read, and nobody else: the group is that of the pod's own user.
_READ_ONLY = 0o440
DATA = "data"
_TMP_VOLUMES, _TMP_MOUNTS = scratch_volumes({"tmp": "/tmp"})


# What /tmp has.
_SCRATCH = Bytes.parse("512Mi")


class Storage(Model):
    """A volume that outlives its pod; of a stateful service one for each, and one for all where it is shared."""

    path: AbsolutePath = Field(description="Where it is mounted.")
    size: Bytes = Field(description="How large it is.")
    storage_class: Name | None = Field(None, description="The StorageClass of the volume.")
    backup: Text | None = Field(
        None, description="What backs it up, or why nothing does: the policies want either in production."
    )
    shared: bool = Field(
        False,
        description="Whether all pods of a stateless service mount it, on whichever nodes they are. Its class has to "
        "be able to do that (ReadWriteMany: file systems such as EFS; no disks).",
    )


class Directory(Model):
    """Scratch space below the read-only root."""

    path: AbsolutePath = Field(description="Where it is mounted; empty when the pod starts.")
    size: Bytes = Field(_SCRATCH, description="How much it holds at the most.")


class SecretFiles(Model):
    """Keys of the system's Secret as read-only files."""

    path: AbsolutePath = Field(description="The folder that they are in.")
    files: Annotated[Mapping[FileName, Text], Field(min_length=1)] = Field(
        description="The key of the system's Secret, by the name of the file."
    )


class ConfigFiles(Model):
    """Texts as read-only files."""

    path: AbsolutePath = Field(description="The folder that they are in.")
    files: Annotated[Mapping[FileName, str], Field(min_length=1)] = Field(
        description="The text, by the name of the file. Whoever may read ConfigMaps may read it: no secrets."
    )


@dataclass(frozen=True, kw_only=True)
class SecretVolume:
    """Keys of any Secret of the same namespace as read-only files below `path`: the key behind each file's name."""

    path: str
    secret: str
    files: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class PodFiles:
    """All that a service has as files. `directories` are scratch space, and `secret_files` keys of the Secret `secret`.

    `secret_volumes` are of other Secrets. With `protect` neither an update nor the removal of the environment deletes
    the `storage`.
    """

    storage: Storage | None = None
    protect: bool = False
    directories: Sequence[Directory] = ()
    secret: str = ""
    secret_files: Sequence[SecretFiles] = ()
    secret_volumes: Sequence[SecretVolume] = ()
    config_files: Sequence[ConfigFiles] = ()

    @property
    def protected(self) -> bool:
        """Whether there is a storage that stays."""
        return self.protect and self.storage is not None

    @property
    def single(self) -> bool:
        """Whether it has a volume that one pod mounts at a time."""
        return self.storage is not None and not self.storage.shared

    def texts(self) -> dict[str, str]:
        """The data of the ConfigMap behind `config_files`. The same file name may be below several paths."""
        return {
            f"{number}.{name}": text for number, one in enumerate(self.config_files) for name, text in one.files.items()
        }

    def annotations(self) -> dict[str, str]:
        """What changes with the texts, so that pods with old ones are exchanged."""
        return {f"{key}-files": value for key, value in checksum(self.texts()).items()} if self.config_files else {}

    def volumes(self, name: str, *, claim: bool) -> list[Any]:
        """The volumes of a pod of the service `name`; with `claim` its storage too, which a StatefulSet adds itself."""
        made = list(_TMP_VOLUMES)
        if self.storage and claim:
            made.append({"name": DATA, "persistent_volume_claim": {"claim_name": claim_name(name)}})
        for number, directory in enumerate(self.directories):
            made.append({"name": f"scratch-{number}", "empty_dir": {"size_limit": str(directory.size)}})
        for number, one in enumerate(self._secrets):
            items = [{"key": key, "path": file} for file, key in one.files.items()]
            source = {"secret_name": one.secret, "default_mode": _READ_ONLY, "items": items}
            made.append({"name": f"secret-{number}", "secret": source})
        for number, texts in enumerate(self.config_files):
            items = [{"key": f"{number}.{file}", "path": file} for file in texts.files]
            made.append({"name": f"config-{number}", "config_map": {"name": files_name(name), "items": items}})
        return made

    @property
    def _secrets(self) -> list[SecretVolume]:
        own = [SecretVolume(path=one.path, secret=self.secret, files=one.files) for one in self.secret_files]
        return [*own, *self.secret_volumes]

    def mounts(self) -> list[Any]:
        """The volume mounts of the container."""
        made = list(_TMP_MOUNTS)
        if self.storage:
            made.append({"name": DATA, "mount_path": self.storage.path})
        scratch = [one.path for one in self.directories]
        made += [{"name": f"scratch-{number}", "mount_path": path} for number, path in enumerate(scratch)]
        paths = {"secret": [one.path for one in self._secrets], "config": [one.path for one in self.config_files]}
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
