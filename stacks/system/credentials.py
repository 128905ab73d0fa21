"""The credentials of a system: which of them it needs, and where each is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from components.platform.credentials import Credential, Credentials
from stacks.schema.database import DatabaseState
from stacks.schema.object_storage import S3, Minio
from stacks.system.declaration import CACHE_CREDENTIAL, DATABASE_CREDENTIALS, FILES_CREDENTIALS, Declaration

# Those that no service sees: Redis' and MinIO's own masters, and those of the backups.
CACHE_ADMINISTRATOR = "redis-admin-password"
MINIO_ROOT = "minio-root-password"
BACKUP_ACCESS_KEY = "postgresql-backup-access-key"
BACKUP_SECRET_KEY = "postgresql-backup-secret-key"
FILES_ACCESS_KEY, FILES_SECRET_KEY = FILES_CREDENTIALS.values()


@dataclass(frozen=True, kw_only=True)
class SystemCredentials:
    """All credentials of a system by name, those that are keys of its Secret, and the database's two passwords."""

    named: Mapping[str, Credential]
    bundle: Mapping[str, Credential]
    logins: tuple[Credential, Credential] | None

    def __getitem__(self, name: str) -> Credential:
        return self.named[name]


def system_credentials(
    declaration: Declaration,
    state: DatabaseState,
    storage: Minio | S3,
    made: Credentials,
    *,
    backups_by_role: bool,
) -> SystemCredentials:
    """What the system needs: made in `made`, or named where a store has them."""
    first, second = state.credentials(*DATABASE_CREDENTIALS)
    logins = (made.credential(first), made.credential(second)) if declaration.database else None
    active = {DATABASE_CREDENTIALS[0]: logins[state.rotation.active]} if logins else {}
    unused = _unused(declaration, storage, backups_by_role=backups_by_role)
    keys = {key: name for key, name in declaration.secret_keys().items() if name not in unused}
    wanted = [name for name in (*keys.values(), *_of_stores(declaration)) if name not in {*unused, *active}]
    named = active | {name: made.credential(name) for name in dict.fromkeys(wanted)}
    return SystemCredentials(named=named, bundle={key: named[name] for key, name in keys.items()}, logins=logins)


def unused_keys(declaration: Declaration, storage: Minio | S3) -> set[str]:
    """The keys of the system's Secret that it has not with this object storage: an IAM role stands in for them."""
    unused = _unused(declaration, storage, backups_by_role=False)
    return {key for key, name in declaration.secret_keys().items() if name in unused}


def _of_stores(declaration: Declaration) -> list[str]:
    cache = [CACHE_ADMINISTRATOR, CACHE_CREDENTIAL] if declaration.cache else []
    objects = [MINIO_ROOT] if declaration.keeps_objects else []
    return [*cache, *objects, *([BACKUP_ACCESS_KEY, BACKUP_SECRET_KEY] if declaration.database else [])]


def _unused(declaration: Declaration, storage: Minio | S3, *, backups_by_role: bool) -> set[str]:
    if isinstance(storage, Minio):
        # The name of the backups' user is no secret; and a bucket that was made with the cluster is entered by role.
        own_backups = declaration.database is not None and not backups_by_role
        minio = () if own_backups or declaration.files else (MINIO_ROOT,)
        return {BACKUP_ACCESS_KEY, *minio, *((BACKUP_SECRET_KEY,) if backups_by_role else ())}
    by_role = storage.files is None or storage.files.role_arn
    files = FILES_CREDENTIALS.values() if by_role else ()
    backups = (BACKUP_ACCESS_KEY, BACKUP_SECRET_KEY) if storage.backups.role_arn else ()
    return {MINIO_ROOT, *files, *backups}
