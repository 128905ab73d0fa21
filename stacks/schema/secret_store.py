"""The secret store of an environment: one that is there, by its name, or one that the program declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from components.platform.credentials import ExternalStore
from components.platform.secret_store import AwsSecretsManager, KubernetesSecrets, Vault
from stacks.schema.types import Model, Name, Problem, Text

Provider = Annotated[AwsSecretsManager | Vault | KubernetesSecrets, Field(discriminator="kind")]


class SecretStore(Model):
    """The store of External Secrets Operator that holds the credentials, and the path of this environment's in it."""

    name: Name = Field(description="The name of the store.")
    kind: Literal["ClusterSecretStore", "SecretStore"] = Field(
        "ClusterSecretStore", description="The kind of the store: one for the whole cluster, or one in each namespace."
    )
    path: Text = Field(
        description="Where this environment's credentials are in the store, such as saas-platform/prod; with "
        "provider kubernetes the name of a Secret."
    )
    provider: Provider | None = Field(
        None, description="With a provider the program declares the store; without, it is there already."
    )

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """Namespaces where there must be one and where there must be none, and a path that is no name."""
        provider = data.get("provider")
        if not isinstance(provider, Mapping):
            return
        for key in ("service_account", "authority"):
            named = provider.get(key)
            if isinstance(named, Mapping):
                yield from _namespace_problems(str(data.get("kind", "ClusterSecretStore")), key, named)
        if provider.get("kind") == "kubernetes" and "/" in str(data.get("path")):
            message = f"{data['path']!r} is the name of a Secret here, and cannot have a '/'"
            yield Problem(("path",), message, data["path"])

    def external(self) -> ExternalStore:
        """As the components have it."""
        together = isinstance(self.provider, (Vault, KubernetesSecrets))
        return ExternalStore(
            name=self.name, kind=self.kind, path=self.path, one_secret=together, provider=self.provider
        )


def _namespace_problems(kind: str, key: str, named: Mapping[str, Any]) -> Iterable[Problem]:
    path, namespace = ("provider", key, "namespace"), named.get("namespace")
    if kind == "ClusterSecretStore" and namespace is None:
        yield Problem(path, "missing; a ClusterSecretStore is in no namespace: say in which this is")
    if kind == "SecretStore" and namespace is not None:
        yield Problem(path, "must be left out: a SecretStore looks in its own namespace only", namespace)
