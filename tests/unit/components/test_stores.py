"""The stores of a system as one list: which are there, in which order they are planned, and what they are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from components.kubernetes.naming import Scope
from components.stores.base import Store, StoreContext, StorePlan, StoreSettings, planned, with_brought
from components.stores.buckets import inputs as buckets_inputs
from components.stores.buckets.store import Files, FilesPlan
from components.stores.facts import StoreFacts
from components.stores.postgres import inputs as postgres_inputs
from components.stores.postgres.store import Postgres
from components.stores.redis.store import CacheFigures, Redis
from components.stores.store_list import STORES
from stacks.schema.database import DatabaseState
from stacks.schema.object_storage import S3, BackupsBucket, S3Bucket
from stacks.schema.tiers import TIERS
from stacks.system.declaration import Declaration

DATABASE = Postgres(name="shop", user="shop")
_ROLE = "arn:aws:iam::123456789012:role/files"


def test_every_store_of_the_list_has_a_capability_and_metrics_of_its_own() -> None:
    assert len({one.capability for one in STORES}) == len(STORES)
    told = [name for one in STORES for name in one.metrics]
    assert len(set(told)) == len(told)


def test_a_database_brings_object_storage_unless_it_is_declared() -> None:
    files = Files(bucket="files")
    assert with_brought([DATABASE]) == (DATABASE, Files())
    assert with_brought([DATABASE, files]) == (DATABASE, files)


def test_two_stores_of_one_capability_are_refused() -> None:
    with pytest.raises(ValueError, match=r"one store of each capability; got .*cache"):
        with_brought([Redis(user="one"), Redis(user="two")])


def test_a_store_is_planned_after_those_that_it_brings() -> None:
    seen: list[tuple[str, int]] = []

    def work_out(store: Store, plans: Sequence[StorePlan]) -> StorePlan:
        seen.append((store.capability, len(plans)))
        return FilesPlan()

    found = planned(with_brought([Redis(user="shop"), DATABASE]), work_out)
    assert seen == [("cache", 0), ("object_storage", 0), ("database", 1)]
    assert [one.store.capability for one in found] == ["cache", "object_storage", "database"]


@dataclass(frozen=True, kw_only=True)
class Unlisted(Store):
    """A store that nobody wrote into the list."""

    facts: ClassVar[StoreFacts] = StoreFacts(
        capability="messages", package="nowhere", metrics=frozenset({"x"}), ports=(1,), registries=("quay.io",)
    )

    def names(self, system: str) -> Sequence[str]:
        return ()

    def plan(self, context: StoreContext) -> StorePlan:
        return FilesPlan()


def test_a_store_that_is_not_in_the_list_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"shop: the store 'messages' has no line in components/stores/store_list\.py"):
        Declaration(name="shop", title="Shop", version="1", services=(), stores=(Unlisted(),))


def test_what_tiers_and_files_say_is_what_stores_read() -> None:
    """For mypy: nothing else looks at both sides."""
    tier = TIERS["prod"]
    database: postgres_inputs.DatabaseFigures = tier.database
    cache: CacheFigures = tier.cache
    storage: buckets_inputs.ObjectStorageFigures = tier.object_storage
    state: postgres_inputs.DatabaseState = DatabaseState()
    config: buckets_inputs.S3 = s3()
    assert database.instances and cache.shards and storage.servers
    assert state.active in state.clusters
    assert config.backups.bucket


def s3(files_role: str | None = None, backups_role: str | None = None) -> S3:
    return S3(
        kind="s3",
        region="eu-central-1",
        files=S3Bucket(bucket="acme-files", role_arn=files_role),
        backups=BackupsBucket(bucket="acme-backups", role_arn=backups_role),
    )


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, {"minio-root-password", "minio-access-key", "minio-secret-key", "b-secret-key"}),
        (s3(), {"minio-access-key", "minio-secret-key", "b-access-key", "b-secret-key"}),
        (s3(files_role=_ROLE), {"b-access-key", "b-secret-key"}),
        (s3(_ROLE, _ROLE), set()),
    ],
)
def test_object_storage_needs_the_credentials_that_no_role_stands_in_for(value: Any, wanted: set[str]) -> None:
    (bucket,) = DATABASE.backups(_scope(), DatabaseState())
    named = {"postgresql-backup" + name[1:] if name.startswith("b-") else name for name in wanted}
    settings = StoreSettings(value=value, backups=[bucket])
    assert set(Files(bucket="files").credentials(settings)) == named


def test_a_rotated_password_keeps_its_name_within_the_store() -> None:
    state = DatabaseState.model_validate({"rotation": {"number": 1, "phase": "switch"}})
    found = DATABASE.credentials(StoreSettings(value=state))
    assert found["postgresql-password"] == found["second"] == "postgresql-password-b-r1"


def _scope() -> Scope:
    return Scope(namespace="shop", system="shop", environment="prod")
