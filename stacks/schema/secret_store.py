"""The secret store of an environment: one that is there, by its name, or one that the program declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from components.platform import secret_store
from components.platform.credentials import ExternalStore
from stacks.schema.object_storage import HttpsUrl
from stacks.schema.types import Model, Name, Problem, Region, RoleArn, Text


class ServiceAccountName(Model):
    """A service account: of a ClusterSecretStore with its `namespace`; of a SecretStore without, in the store's own."""

    name: Name
    namespace: Name | None = None

    def account(self) -> secret_store.Account:
        """As the component has it."""
        return secret_store.Account(name=self.name, namespace=self.namespace)


class AwsSecretsManager(Model):
    """Each credential is a secret `PATH/NAME`. Without `service_account` the operator's own identity reads them."""

    kind: Literal["aws-secrets-manager"]
    region: Region
    role_arn: RoleArn | None = None
    service_account: ServiceAccountName | None = None

    def provider(self) -> secret_store.Provider:
        """As the component has it."""
        account = self.service_account.account() if self.service_account else None
        return secret_store.AwsSecretsManager(region=self.region, role_arn=self.role_arn, account=account)


class Vault(Model):
    """All credentials are fields of one secret at PATH, in the key-value engine (version 2) mounted at `path`."""

    kind: Literal["vault"]
    server: HttpsUrl
    path: Text
    role: Text
    service_account: ServiceAccountName
    mount: Text = "kubernetes"
    authority: ServiceAccountName | None = None

    def provider(self) -> secret_store.Provider:
        """As the component has it."""
        return secret_store.Vault(
            server=self.server,
            path=self.path,
            role=self.role,
            account=self.service_account.account(),
            mount=self.mount,
            authority=self.authority.account() if self.authority else None,
        )


class KubernetesSecrets(Model):
    """All credentials are keys of one Secret PATH in `namespace`, which `service_account` may read."""

    kind: Literal["kubernetes"]
    namespace: Name
    service_account: ServiceAccountName

    def provider(self) -> secret_store.Provider:
        """As the component has it."""
        return secret_store.KubernetesSecrets(namespace=self.namespace, account=self.service_account.account())


Provider = Annotated[AwsSecretsManager | Vault | KubernetesSecrets, Field(discriminator="kind")]


class SecretStore(Model):
    """The store of External Secrets Operator that holds the credentials, and the path of this environment's in it.

    With a `provider` the program declares the store; without, it is there already.
    """

    name: Name
    kind: Literal["ClusterSecretStore", "SecretStore"] = "ClusterSecretStore"
    path: Text
    provider: Provider | None = None

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
        provider = self.provider.provider() if self.provider else None
        together = isinstance(self.provider, (Vault, KubernetesSecrets))
        return ExternalStore(name=self.name, kind=self.kind, path=self.path, one_secret=together, provider=provider)


def _namespace_problems(kind: str, key: str, named: Mapping[str, Any]) -> Iterable[Problem]:
    path, namespace = ("provider", key, "namespace"), named.get("namespace")
    if kind == "ClusterSecretStore" and namespace is None:
        yield Problem(path, "missing; a ClusterSecretStore is in no namespace: say in which this is")
    if kind == "SecretStore" and namespace is not None:
        yield Problem(path, "must be left out: a SecretStore looks in its own namespace only", namespace)
