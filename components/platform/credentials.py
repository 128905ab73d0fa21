"""Credentials, and the Secrets that carry them, from whichever source an environment uses.

Two sources, one interface. `generated`: the program makes a random value, the Pulumi state keeps it encrypted, and a
Secret carries it. `external`: a secret store outside the cluster holds the value, an `ExternalSecret` names it, and
the program never sees it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_kubernetes.core.v1 import Secret
from pulumi_random import RandomPassword

from components.kubernetes.naming import Scope
from components.kubernetes.objects import custom_resource, kept
from components.platform.secret_store import Provider, namespace_store
from versions import EXTERNAL_SECRET, SECRET_STORE


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


# 32 letters and digits: 190 bits, and no character that a URL or a shell would need escaped.
_LENGTH = 32


@dataclass(frozen=True, kw_only=True)
class ExternalStore:
    """A store of External Secrets Operator: its name, its kind, and the path below which the credentials lie.

    `one_secret` says that they lie together, as the fields of one secret at the path itself; else each is a secret of
    its own below it. With a `provider` the program declares the store too.
    """

    name: str
    kind: str
    path: str
    refresh_interval: str = "1h"
    one_secret: bool = False
    provider: Provider | None = None

    def reference(self, credential: str) -> dict[str, str]:
        """The `remoteRef` of a credential in an ExternalSecret."""
        if self.one_secret:
            return {"key": self.path, "property": credential}
        return {"key": f"{self.path}/{credential}"}


@dataclass(frozen=True, kw_only=True)
class Credential:
    """One secret value: where an external store has it (`name`), and the value itself if the program made it."""

    name: str
    value: pulumi.Output[str] | None = None


def store_in_namespace(
    store: ExternalStore | None, scope: Scope, opts: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    """The store of a namespace of its own, where it is to be declared there; what reads from it waits for it."""
    if store is None or store.provider is None or store.kind != SECRET_STORE.kind:
        return []
    return [namespace_store(store.name, store.provider, scope=scope, opts=opts)]


class Credentials(pulumi.ComponentResource):
    """The credentials of one system. `store` None means that they are generated.

    In an external store, which several systems share, `prefix` comes before each name.
    Outputs: none. Values leave it only through `SecretBundle`.
    """

    def __init__(
        self,
        name: str,
        store: ExternalStore | None,
        opts: pulumi.ResourceOptions | None = None,
        *,
        prefix: str = "",
    ) -> None:
        super().__init__("platform:credentials:Credentials", name, {}, opts)
        self._name, self._store, self._prefix = name, store, prefix
        self.register_outputs({})

    @property
    def store(self) -> ExternalStore | None:
        """The external store, if the values are kept in one."""
        return self._store

    def credential(self, name: str) -> Credential:
        """The credential `name`; it is made the first time the environment is deployed, and kept from then on."""
        if self._store is not None:
            return self.named(name)
        password = RandomPassword(
            f"{self._name}-{name}", length=_LENGTH, special=False, opts=pulumi.ResourceOptions(parent=self)
        )
        return Credential(name=name, value=password.result)

    def named(self, name: str) -> Credential:
        """Where an external store has the credential `name`, of which the program makes no value."""
        return Credential(name=f"{self._prefix}{name}")


class _Known:
    """A value that the program has, for `str.format`."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __format__(self, form: str) -> str:
        # The same as the templates of External Secrets below: what a store holds may end in a line break.
        value = self._value.strip()
        return hashlib.sha256(value.encode()).hexdigest() if form == "sha256" else value


class _Templated:
    """A value that only External Secrets will have: its place in a template of it."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __format__(self, form: str) -> str:
        return _template(self._key, "trim", *(["sha256sum"] if form == "sha256" else []))


def _template(key: str, *functions: str) -> str:
    """A value in a template of External Secrets, put through `functions`."""
    # Go's templates read a '-' after a dot as an error.
    value = f".{key}" if key.isidentifier() else f'index . "{key}"'
    return "{{ " + " | ".join((value, *functions)) + " }}"


@dataclass(frozen=True, kw_only=True)
class Composed:
    """A text with credentials in it, in the notation of `str.format`.

    `{name}` is a credential of `secret` or a text of `plain`; `{name:sha256}` is a credential's digest in hexadecimal.
    """

    text: str
    secret: Mapping[str, Credential]
    plain: Mapping[str, str] = field(default_factory=dict)

    def known(self) -> pulumi.Output[str]:
        """The text with the values that the program has made."""
        values = {name: one.value for name, one in self.secret.items() if one.value is not None}
        return pulumi.Output.all(**values).apply(self._filled)

    def _filled(self, values: Mapping[str, str]) -> str:
        return self.text.format(**self.plain, **{name: _Known(value) for name, value in values.items()})

    def templated(self) -> str:
        """The text as a template of External Secrets."""
        return self.text.format(**self.plain, **{name: _Templated(name) for name in self.secret})


@dataclass(frozen=True, kw_only=True)
class SecretBundleArgs:
    """A Secret's name and type, its keys with their credentials (`secret`), and keys that are no secret (`plain`).

    `composed` are keys whose text has credentials in it, `labels` what it bears beside the program's own: those by
    which an operator watches it. With `protect` it is kept from deletion as the data is that cannot come back without
    it.
    """

    scope: Scope
    secret_name: str
    component: str
    secret: Mapping[str, Credential]
    plain: Mapping[str, str]
    store: ExternalStore | None
    composed: Mapping[str, Composed] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    type: str = "Opaque"
    protect: bool = False

    @property
    def credentials(self) -> Mapping[str, Credential]:
        """All that it takes from the store, those of the composed texts too, by the names in their templates."""
        inner = {name: one for text in self.composed.values() for name, one in text.secret.items()}
        return {**inner, **self.secret}


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

    def _labels(self) -> dict[str, str]:
        return {**self._metadata()["labels"], **self._args.labels}

    def _options(self) -> pulumi.ResourceOptions:
        return kept(self._args.protect, pulumi.ResourceOptions(parent=self))

    def _secret(self) -> None:
        args = self._args
        values: dict[str, pulumi.Input[str]] = {**args.plain}
        values |= {key: one.value for key, one in args.secret.items() if one.value is not None}
        values |= {key: one.known() for key, one in args.composed.items()}
        # Key by key, so that the keys are known at plan time; `data` and not `stringData`, which no API returns.
        data = {key: pulumi.Output.secret(value).apply(_base64) for key, value in values.items()}
        Secret(
            self._name,
            metadata={**self._metadata(), "labels": self._labels()},
            type=args.type,
            data=data,
            opts=self._options(),
        )

    def _external_secret(self, store: ExternalStore) -> None:
        args = self._args
        data = [
            {"secretKey": key, "remoteRef": store.reference(credential.name)}
            for key, credential in args.credentials.items()
        ]
        # A template keeps the keys that are no secret (such as a user name) beside those that are.
        templated = {key: _template(key) for key in args.secret}
        templated |= {key: one.templated() for key, one in args.composed.items()}
        custom_resource(
            self._name,
            EXTERNAL_SECRET,
            metadata=self._metadata(),
            spec={
                "refreshInterval": store.refresh_interval,
                "secretStoreRef": {"name": store.name, "kind": store.kind},
                "target": {
                    "name": args.secret_name,
                    "creationPolicy": "Owner",
                    "template": {
                        "type": args.type,
                        # A Secret from a template has the template's labels alone, and not the ExternalSecret's.
                        "metadata": {"labels": self._labels()},
                        "data": {**args.plain, **templated},
                    },
                },
                "data": data,
            },
            opts=self._options(),
        )
