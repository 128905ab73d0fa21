"""What the `monitoring` of an environment's file and its tier do not agree on, found before anything is registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from components.kubernetes.quantity import Bytes
from stacks.monitoring.notifications import hook_receiver
from stacks.schema.receivers import BUILT_IN, credentials
from stacks.schema.types import Problem, system_name

_NO_STORE = "needs a credential, and this environment has no secret store"


def monitoring_problems(data: Any, level: Any, systems: Any, *, external_secrets: bool) -> Iterator[Problem]:
    """`data` is the raw key `monitoring`, `level` the name of its tier's, `systems` the raw key of that name."""
    if not isinstance(data, Mapping):
        return
    level = level if isinstance(level, str) else ""
    yield from _retention_problems(data, level)
    if not external_secrets:
        if data.get("wecom") is not None:
            yield Problem(("wecom",), _NO_STORE)
        for path, channel in credentials(data.get("receivers")):
            yield Problem(path, f"{channel} {_NO_STORE}: only a webhook with a url can be told")
        yield from _people_problems(data)
        for index, store in enumerate(_list(data.get("remote_write"))):
            if isinstance(store, Mapping) and store.get("credential") is not None:
                yield Problem(("remote_write", index, "credential"), _NO_STORE)
    yield from _hook_problems(data, systems)
    yield from _probe_problems(data, level, systems)


def _people_problems(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Routes to receivers and windows that only an environment with a secret store has."""
    own = [one.get("name") for one in _list(data.get("receivers")) if isinstance(one, Mapping)]
    for index, route in enumerate(_list(data.get("routes"))):
        name = route.get("receiver") if isinstance(route, Mapping) else None
        if name in BUILT_IN and name not in own:
            yield Problem(("routes", index, "receiver"), f"{name} {_NO_STORE}: declare a receiver with a webhook")


def _hook_problems(data: Mapping[str, Any], systems: Any) -> Iterator[Problem]:
    """Receivers called like the one that a system of the environment brings."""
    taken = [hook_receiver(system_name(key)) for key in map(str, systems)] if isinstance(systems, Mapping) else []
    for index, one in enumerate(_list(data.get("receivers"))):
        if isinstance(one, Mapping) and one.get("name") in taken:
            message = f"{one['name']!r} is kept for the services of that system: take another name"
            yield Problem(("receivers", index, "name"), message)


def _retention_problems(data: Mapping[str, Any], level: Any) -> Iterator[Problem]:
    from components.monitoring.prometheus.args import USABLE
    from stacks.monitoring.levels import LEVELS

    if level not in LEVELS:
        return
    figures = {"retention_size": LEVELS[level].retention_size, "storage": LEVELS[level].storage}
    try:
        figures |= {key: Bytes.parse(data[key]) for key in figures if data.get(key) is not None}
    except (ValueError, TypeError, AttributeError):
        # The field itself says what is wrong with it.
        return
    usable = (figures["storage"] * USABLE).rounded()
    if figures["retention_size"].amount > usable.amount:
        where = "retention_size" if data.get("retention_size") is not None else "storage"
        message = (
            f"a retention_size of {figures['retention_size']} does not fit a volume of {figures['storage']}: at most "
            f"{USABLE:.0%} of it, {usable}; lower retention_size or raise storage"
        )
        yield Problem((where,), message)


def _probe_problems(data: Mapping[str, Any], level: Any, systems: Any) -> Iterator[Problem]:
    from stacks.monitoring.levels import LEVELS

    probes = _list(data.get("probes"))
    if probes and level in LEVELS and not LEVELS[level].exporters:
        message = f"the monitoring of level {level!r} has no blackbox exporter: use tier test, staging or prod"
        yield Problem(("probes",), message)
    for index, probe in enumerate(probes):
        name = probe.get("name") if isinstance(probe, Mapping) else None
        if isinstance(systems, Mapping) and isinstance(name, str) and name in systems:
            message = f"{name!r} is a system of this environment, which is probed anyway: take another name"
            yield Problem(("probes", index, "name"), message)


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []
