"""Credentials, and the Secrets that carry them, from whichever source an environment uses.

Two sources, one interface. `generated`: the program makes a random value, the Pulumi state keeps it encrypted, and a
Secret carries it. `external`: a secret store outside the cluster holds the value, an `ExternalSecret` names it, and
the program never sees it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import Secret
from pulumi_random import RandomPassword

from components.naming import Scope
from versions import EXTERNAL_SECRET


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


# 32 letters and digits: 190 bits, and no character that a URL or a shell would need escaped.
_LENGTH = 32


@dataclass(frozen=True, kw_only=True)
class ExternalStore:
    """A store of External Secrets Operator: its name, its kind, and the path below which the credentials lie."""

    name: str
    kind: str
    path: str
    refresh_interval: str = "1h"


@dataclass(frozen=True, kw_only=True)
class Credential:
    """One secret value: where an external store has it (`name`), and the value itself if the program made it."""

    name: str
    value: pulumi.Output[str] | None = None


class Credentials(pulumi.ComponentResource):
    """The credentials of one system. `store` None means that they are generated.

    Outputs: none. Values leave it only through `SecretBundle`.
    """

    def __init__(self, name: str, store: ExternalStore | None, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:credentials:Credentials", name, {}, opts)
        self._name, self._store = name, store
        self.register_outputs({})

    @property
    def store(self) -> ExternalStore | None:
        """The external store, if the values are kept in one."""
        return self._store

    def credential(self, name: str) -> Credential:
        """The credential `name`; it is made the first time the environment is deployed, and kept from then on."""
        if self._store is not None:
            return Credential(name=name)
        password = RandomPassword(
            f"{self._name}-{name}", length=_LENGTH, special=False, opts=pulumi.ResourceOptions(parent=self)
        )
        return Credential(name=name, value=password.result)


@dataclass(frozen=True, kw_only=True)
class SecretBundleArgs:
    """A Secret's name and type, its keys with their credentials (`secret`), and keys that are no secret (`plain`)."""

    scope: Scope
    secret_name: str
    component: str
    secret: Mapping[str, Credential]
    plain: Mapping[str, str]
    store: ExternalStore | None
    type: str = "Opaque"


class SecretBundle(pulumi.ComponentResource):
    """A Secret of the cluster, declared as itself or as an ExternalSecret that makes it. Outputs: `secret_name`."""

    secret_name: str

    def __init__(self, name: str, args: SecretBundleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:credentials:SecretBundle", name, {}, opts)
        self._name, self._args = name, args
        if args.store is None:
            self._secret()
        else:
            self._external_secret(args.store)
        self.secret_name = args.secret_name
        self.register_outputs({"secret_name": self.secret_name})

    def _metadata(self) -> dict[str, Any]:
        return self._args.scope.metadata(self._args.component, self._args.secret_name)

    def _secret(self) -> None:
        args = self._args
        values: dict[str, pulumi.Input[str]] = {**args.plain}
        values |= {key: one.value for key, one in args.secret.items() if one.value is not None}
        # Key by key, so that the keys are known at plan time; `data` and not `stringData`, which no API returns.
        data = {key: pulumi.Output.secret(value).apply(_base64) for key, value in values.items()}
        Secret(
            self._name,
            metadata=self._metadata(),
            type=args.type,
            data=data,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _external_secret(self, store: ExternalStore) -> None:
        args = self._args
        data = [
            {"secretKey": key, "remoteRef": {"key": f"{store.path}/{credential.name}"}}
            for key, credential in args.secret.items()
        ]
        # A template keeps the keys that are no secret (such as a user name) beside those that are.
        templated = {key: "{{ ." + key + " }}" for key in args.secret}
        CustomResource(
            self._name,
            api_version=EXTERNAL_SECRET.api_version,
            kind=EXTERNAL_SECRET.kind,
            metadata=self._metadata(),
            spec={
                "refreshInterval": store.refresh_interval,
                "secretStoreRef": {"name": store.name, "kind": store.kind},
                "target": {
                    "name": args.secret_name,
                    "creationPolicy": "Owner",
                    "template": {"type": args.type, "data": {**args.plain, **templated}},
                },
                "data": data,
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
