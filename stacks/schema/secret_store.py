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
    """A service account by which the store is read."""

    name: Name = Field(description="The name of the service account.")
    namespace: Name | None = Field(
        None,
        description="Its namespace: of a ClusterSecretStore it must be named; of a SecretStore it must not, since "
        "that looks in its own.",
    )

    def account(self) -> secret_store.Account:
        """As the component has it."""
        return secret_store.Account(name=self.name, namespace=self.namespace)


class AwsSecretsManager(Model):
    """AWS Secrets Manager: each credential is a secret `PATH/NAME`."""

    kind: Literal["aws-secrets-manager"] = Field(
        description="AWS Secrets Manager: each credential is a secret `PATH/NAME`."
    )
    region: Region = Field(description="The AWS region of the secrets, such as eu-central-1.")
    role_arn: RoleArn | None = Field(None, description="The IAM role by which they are read, as an ARN.")
    service_account: ServiceAccountName | None = Field(
        None, description="The service account whose identity reads them; without it the operator's own does."
    )

    def provider(self) -> secret_store.Provider:
        """As the component has it."""
        account = self.service_account.account() if self.service_account else None
        return secret_store.AwsSecretsManager(region=self.region, role_arn=self.role_arn, account=account)


class Vault(Model):
    """HashiCorp Vault: all credentials are fields of one secret at PATH, in a key-value engine (version 2)."""

    kind: Literal["vault"] = Field(description="HashiCorp Vault: all credentials are fields of one secret at PATH.")
    server: HttpsUrl = Field(description="The address of Vault, such as https://vault.example.com:8200.")
    path: Text = Field(description="Where the key-value engine (version 2) is mounted, such as secret.")
    role: Text = Field(description="The role of Vault's Kubernetes authentication.")
    service_account: ServiceAccountName = Field(description="The service account that logs in.")
    mount: Text = Field("kubernetes", description="Where Vault's Kubernetes authentication is mounted.")
    authority: ServiceAccountName | None = Field(
        None,
        description="The ConfigMap whose key `ca.crt` has the authority that Vault's certificate is checked with; by "
        "default one that everybody trusts.",
    )

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
    """A namespace of Secrets: all credentials are keys of one Secret PATH in it."""

    kind: Literal["kubernetes"] = Field(
        description="A namespace of the cluster: all credentials are keys of one Secret PATH in it."
    )
    namespace: Name = Field(description="The namespace of the Secret.")
    service_account: ServiceAccountName = Field(description="The service account that may read it.")

    def provider(self) -> secret_store.Provider:
        """As the component has it."""
        return secret_store.KubernetesSecrets(namespace=self.namespace, account=self.service_account.account())


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
        provider = self.provider.provider() if self.provider else None
        together = isinstance(self.provider, (Vault, KubernetesSecrets))
        return ExternalStore(name=self.name, kind=self.kind, path=self.path, one_secret=together, provider=provider)


def _namespace_problems(kind: str, key: str, named: Mapping[str, Any]) -> Iterable[Problem]:
    path, namespace = ("provider", key, "namespace"), named.get("namespace")
    if kind == "ClusterSecretStore" and namespace is None:
        yield Problem(path, "missing; a ClusterSecretStore is in no namespace: say in which this is")
    if kind == "SecretStore" and namespace is not None:
        yield Problem(path, "must be left out: a SecretStore looks in its own namespace only", namespace)
