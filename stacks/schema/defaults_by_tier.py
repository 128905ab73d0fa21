"""Keys of an environment's file whose default is the tier's, each with what that is in every tier."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import BaseModel, TypeAdapter

from components.kubernetes.quantity import Bytes
from components.workload.files import Storage
from stacks.monitoring.levels import LEVELS
from stacks.schema import telemetry
from stacks.schema.eks import EksClusterConfig
from stacks.schema.eks_tiers import EKS_TIERS
from stacks.schema.environment_file import EnvironmentFile
from stacks.schema.monitoring import MonitoringConfig
from stacks.schema.operators import sizing
from stacks.schema.releases import Routing
from stacks.schema.service.scaling import Autoscaling
from stacks.schema.tiers import TIERS, Tier

_GIGABYTE = 10**9


def defaults_by_tier() -> Iterator[tuple[type[BaseModel], str, dict[str, Any]]]:
    """The model, its key, and the defaults by tier as they would be written."""
    for key in ("node_groups", "nat", "autoscaler", "log_days", "backup_days"):
        yield EksClusterConfig, key, {name: plain(getattr(EKS_TIERS[name], key)) for name in TIERS}
    for key in ("retention", "retention_size", "storage"):
        yield MonitoringConfig, key, {name: plain(getattr(LEVELS[one.monitoring], key)) for name, one in TIERS.items()}
    yield EnvironmentFile, "logs", _of(lambda tier: {"kind": telemetry.default(tier.monitoring)[0].kind})
    yield EnvironmentFile, "traces", _of(lambda tier: {"kind": telemetry.default(tier.monitoring)[1].kind})
    yield telemetry.LogsConfig, "retention_days", _of(_days)
    yield telemetry.TracesConfig, "retention_days", _of(lambda tier: max(1, _days(tier) // 10))
    yield telemetry.TracesConfig, "sampling_rate", _of(lambda tier: tier.trace_sampling_rate)
    yield Storage, "storage_class", _of(lambda tier: tier.storage_class)
    yield Autoscaling, "maximum", _of(lambda tier: tier.autoscaling_maximum)


def plain(value: Any) -> Any:
    """A value as YAML and JSON have it."""
    if isinstance(value, Bytes) and not value.amount % _GIGABYTE:
        return f"{value.amount // _GIGABYTE}G"
    return _whole(TypeAdapter(type(value)).dump_python(value, mode="json"))


def _whole(value: Any) -> Any:
    """With 1 in place of 1.0, which the file does not take."""
    if isinstance(value, dict):
        return {key: _whole(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _of(value: Callable[[Tier], Any]) -> dict[str, Any]:
    return {name: plain(value(tier)) for name, tier in TIERS.items()}


def _days(tier: Tier) -> int:
    return sizing(tier, "nginx", Routing()).retention_days
