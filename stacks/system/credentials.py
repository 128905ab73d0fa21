"""The credentials of a system: which of them it needs, and where each is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.platform.credentials import Credential, Credentials
from components.stores.base import StoreSettings
from stacks.system.declaration import Declaration


@dataclass(frozen=True, kw_only=True)
class SystemCredentials:
    """The credentials of each store, by its capability and its own name for them, the keys of the system's Secret in
    their order, and the halves of its signing keys (`private`, `public`), of which the program never has the values."""

    stores: Mapping[str, Mapping[str, Credential]]
    bundle: Mapping[str, Credential]
    signing: Mapping[str, Credential]


def system_credentials(
    declaration: Declaration, settings: Mapping[str, StoreSettings], made: Credentials
) -> SystemCredentials:
    """What the system needs: made in `made`, or named where a store has them; `settings` are its stores', by
    capability."""
    wanted = {one.capability: one.credentials(settings[one.capability]) for one in declaration.every_store}
    names = [*(name for own in wanted.values() for name in own.values()), *declaration.secrets.values()]
    found = {name: made.credential(name) for name in dict.fromkeys(names)}
    keys = _secret_keys(declaration, {capability: one.value for capability, one in settings.items()})
    return SystemCredentials(
        stores={name: {own: found[kept] for own, kept in names.items()} for name, names in wanted.items()},
        bundle={key: found[wanted[store][name] if store else name] for key, (store, name) in keys.items()},
        signing=_signing(declaration, made),
    )


def _signing(declaration: Declaration, made: Credentials) -> Mapping[str, Credential]:
    keys = declaration.signing_keys
    if keys is None:
        return {}
    return {"private": made.named(keys.private), "public": made.named(keys.public)}


def secret_keys(declaration: Declaration, values: Mapping[str, Any]) -> list[str]:
    """The keys of the system's Secret, where the environment says `values` of its stores, by capability."""
    return list(_secret_keys(declaration, values))


def _secret_keys(declaration: Declaration, values: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Each key with the capability of its store ("" for the system's own), and the name of its credential there."""
    keys: dict[str, tuple[str, str]] = {}
    for one in declaration.every_store:
        keys |= {key: (one.capability, name) for key, name in one.keys().items()}
    keys |= {key: ("", name) for key, name in declaration.secrets.items()}
    for one in declaration.every_store:
        last = one.keys_unless_role(values.get(one.capability))
        keys |= {key: (one.capability, name) for key, name in last.items()}
    return keys
