"""The state of objects that are in the cluster and not in the state: lost with it, or made by a run that was killed.

Each is put into the state as the program declares it, with the live object as its outputs, and refreshed: the engine
then sees what differs, and an ordinary run goes on from there. Generated passwords are read from the live Secrets that
hold them: a new one would lock everybody out.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graph.model import SECRET_SIGNATURE, SIGNATURE_KEY, Graph, Resource, Secret, has_secret, revealed
from graph.record import record
from ops.engine.state import resources_of
from ops.errors import OperationError
from ops.live.lookup import Body, Key, Live, key_of, title_of

_PASSWORD = "random:index/randomPassword:RandomPassword"
_STACK = "pulumi:pulumi:Stack"
_PROVIDER = "pulumi:providers:"
# What the real provider fills in of a password's inputs (pulumi-random's schema).
_PASSWORD_DEFAULTS = {
    **dict.fromkeys(("lower", "upper", "number", "numeric", "special"), True),
    **dict.fromkeys(("minLower", "minUpper", "minNumeric", "minSpecial"), 0),
}
Entry = dict[str, Any]


@dataclass(frozen=True)
class Adoption:
    """A state with more in it than before, and what was added: titles of objects, and names of passwords."""

    deployment: dict[str, Any]
    objects: tuple[str, ...]
    passwords: tuple[str, ...]


def adopt(graph: Graph, deployment: Mapping[str, Any], live: Live) -> Adoption:
    """`deployment` with what `graph` declares, it lacks and `live` has. Raises OperationError if a password is lost."""
    resources = resources_of(deployment)
    known = {str(one["urn"]) for one in resources}
    recovered = live_passwords(graph.stack, live)
    declared = record(graph.stack, lambda name, inputs: recovered.get(name, "unknown" * int(inputs["length"])))
    objects = [one for one in declared if one.is_kubernetes_object and one.urn not in known and one.object_name in live]
    passwords = [one for one in declared if one.type == _PASSWORD and one.urn not in known and one.name in recovered]
    writer = _Writer(declared, resources)
    for one in passwords:
        writer.add(one, _password_outputs(one, recovered[one.name]), "none")
    for one in objects:
        writer.add(one, _live_outputs(one, live[one.object_name]), _id(one))
    made = {"version": 3, **deployment}
    made["deployment"] = {**(deployment.get("deployment") or {}), "resources": writer.resources}
    titles = tuple(title_of(one.object_name) for one in objects)
    return Adoption(made, titles, tuple(one.name for one in passwords))


def live_passwords(stack: str, live: Live) -> dict[str, str]:
    """By the names of their resources, the generated passwords that live Secrets hold.

    Raises OperationError if a Secret that should hold one holds none, or if two hold different ones.
    """
    markers: dict[str, str] = {}

    def mark(name: str, inputs: Mapping[str, Any]) -> str:
        return markers.setdefault(name, f"m{len(markers):05d}".ljust(int(inputs["length"]), "x"))

    marked = record(stack, mark)
    found: dict[str, str] = {}
    for one in marked:
        if one.is_kubernetes_object and one.object_name in live and one.object_name[0] == "Secret":
            there = _texts(live[one.object_name])
            for key, text in _texts(revealed(one.inputs)).items():
                for name, value in _values_of(markers, text, there.get(key), one.object_name, key):
                    if found.setdefault(name, value) != value:
                        raise OperationError(
                            f"{title_of(one.object_name)}: key {key} holds another password {name} than other Secrets "
                            "do: which of them is in use, only its server knows. Make them the same, and try again"
                        )
    return found


def _values_of(
    markers: Mapping[str, str], text: str, there: str | None, secret: Key, key: str
) -> Iterable[tuple[str, str]]:
    """The passwords that stand in `text` by their markers, as `there` has them."""
    inside = [(name, marker) for name, marker in markers.items() if marker in text]
    for name, marker in inside:
        before, _, after = text.partition(marker)
        if len(inside) > 1 or there is None or not (there.startswith(before) and there.endswith(after)):
            raise OperationError(
                f"{title_of(secret)}: password {name} is expected in its key {key}, and is not there as it should be. "
                "A new one would lock its users out: put the Secret back, or delete it if nobody uses it, and try again"
            )
        yield name, there[len(before) : len(there) - len(after)]


def _texts(body: Body) -> dict[str, str]:
    """The keys and texts of a Secret, whether they are encoded (`data`) or not (`stringData`)."""
    data = {key: _decoded(str(value)) for key, value in (body.get("data") or {}).items()}
    return data | {key: str(value) for key, value in (body.get("stringData") or {}).items()}


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode("utf-8", errors="replace")


class _Writer:
    """Adds resources to a state, each after those that it needs."""

    def __init__(self, graph: Graph, resources: list[Entry]) -> None:
        self.resources = resources
        self._graph = graph
        self._ids = {str(one["urn"]): str(one.get("id", "")) for one in resources}

    def add(self, resource: Resource, outputs: Any, identity: str) -> None:
        """Add one, with the components and the provider that it belongs to."""
        if resource.urn in self._ids:
            return
        self._add_owner(resource.parent)
        provider = self._provider(resource)
        entry = self._entry(resource, identity)
        entry |= {"inputs": _encoded(resource.inputs), "outputs": outputs, "provider": provider}
        self._append(entry, identity)

    def _add_owner(self, urn: str | None) -> None:
        if not urn or urn in self._ids:
            return
        owner = self._graph.by_urn[urn]
        self._add_owner(owner.parent)
        self._append(self._entry(owner, ""), "")

    def _provider(self, resource: Resource) -> str:
        """The reference to a resource's provider, `URN::id`; adds the provider where it is missing."""
        urn = str(resource.options.get("provider") or "")
        if not urn:
            package = resource.type.partition(":")[0]
            urn = self._default_provider(package)
        elif urn not in self._ids:
            declared = self._graph.by_urn[urn]
            self._add_owner(declared.parent)
            identity = str(uuid.uuid4())
            inputs = _encoded({**declared.inputs, "version": _version(declared.type.rpartition(":")[2])})
            self._append(self._entry(declared, identity) | {"inputs": inputs, "outputs": inputs}, identity)
        return f"{urn}::{self._ids[urn]}"

    def _default_provider(self, package: str) -> str:
        version = _version(package)
        stack = next(one.urn for one in self._graph if one.type == _STACK)
        start = stack.rpartition(f"::{_STACK}::")[0]
        urn = f"{start}::{_PROVIDER}{package}::default_{version.replace('.', '_')}"
        if urn not in self._ids:
            inputs = {"version": version}
            identity = str(uuid.uuid4())
            entry = {"urn": urn, "custom": True, "type": f"{_PROVIDER}{package}", "id": identity}
            self._append(entry | {"inputs": inputs, "outputs": inputs}, identity)
        return urn

    def _entry(self, resource: Resource, identity: str) -> Entry:
        entry: Entry = {"urn": resource.urn, "custom": resource.custom, "type": resource.type}
        if identity:
            entry["id"] = identity
        if resource.parent:
            entry["parent"] = resource.parent
        if resource.options.get("protect"):
            entry["protect"] = True
        if resource.options.get("retain_on_delete"):
            entry["retainOnDelete"] = True
        # Its dependencies are added with the next run: here they would have to stand before it.
        return entry

    def _append(self, entry: Entry, identity: str) -> None:
        self.resources.append(entry)
        self._ids[str(entry["urn"])] = identity


def _id(resource: Resource) -> str:
    """The id of a Kubernetes object, which follows from its name."""
    _, namespace, name = resource.object_name
    return f"{namespace}/{name}" if namespace else name


def _live_outputs(resource: Resource, body: Body) -> Any:
    """What the provider goes by when it reads the object: its own notes, and the object."""
    declared = _encoded(resource.inputs)
    notes = {
        "__initialApiVersion": resource.inputs["apiVersion"],
        "__fieldManager": f"pulumi-kubernetes-{_manager(body)}",
    }
    return {**declared, **notes, "__inputs": declared} if has_secret(resource.inputs) else {**body, **notes}


def _manager(body: Body) -> str:
    """The rest of the engine's name as the manager of the object's fields, or one that follows from the object."""
    for entry in body["metadata"].get("managedFields") or []:
        manager = str(entry.get("manager", ""))
        if manager.startswith("pulumi-kubernetes-") and entry.get("operation") == "Apply":
            return manager.removeprefix("pulumi-kubernetes-")
    return uuid.uuid5(uuid.NAMESPACE_URL, "/".join(key_of(body))).hex[:8]


def _password_outputs(resource: Resource, value: str) -> Any:
    return {**_PASSWORD_DEFAULTS, **_encoded(resource.inputs), "id": "none", "result": _secret(value)}


def _encoded(value: Any) -> Any:
    """A value as a state has it: secrets marked."""
    if isinstance(value, Secret):
        return _secret(revealed(value))
    if isinstance(value, Mapping):
        return {key: _encoded(one) for key, one in value.items()}
    return [_encoded(one) for one in value] if isinstance(value, (list, tuple)) else value


def _secret(value: Any) -> dict[str, str]:
    # The engine encrypts it when it is imported.
    return {SIGNATURE_KEY: SECRET_SIGNATURE, "plaintext": json.dumps(value)}


def _version(package: str) -> str:
    """The version of the provider's plugin that the Python package of the same version asks for."""
    from importlib.metadata import version

    return version(f"pulumi-{package}")
