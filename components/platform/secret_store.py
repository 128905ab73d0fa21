"""A store of External Secrets Operator, declared: where it is, and as whom the operator reads it.

The operator reads from its own namespace. No network policy of an environment concerns it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import ServiceAccount
from pydantic import Field

from components.kubernetes.naming import Scope
from components.kubernetes.objects import custom_resource
from components.values.model import Model
from components.values.types import HttpsUrl, Name, Region, RoleArn, Text
from versions import CLUSTER_SECRET_STORE, SECRET_STORE

# In every namespace of Kubernetes: the authority by which pods know the API server.
_CLUSTER_AUTHORITY = "kube-root-ca.crt"


class ServiceAccountName(Model):
    """A service account by which the store is read."""

    name: Name = Field(description="The name of the service account.")
    namespace: Name | None = Field(
        None,
        description="Its namespace: of a ClusterSecretStore it must be named; of a SecretStore it must not, since "
        "that looks in its own.",
    )

    def reference(self) -> dict[str, str]:
        """The `serviceAccountRef` of a store."""
        return {"name": self.name} | ({"namespace": self.namespace} if self.namespace else {})


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

    def spec(self) -> dict[str, Any]:
        """The `provider` of the store."""
        account = self.service_account
        auth = {"auth": {"jwt": {"serviceAccountRef": account.reference()}}} if account else {}
        role = {"role": self.role_arn} if self.role_arn else {}
        return {"aws": {"service": "SecretsManager", "region": self.region, **role, **auth}}


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

    def spec(self) -> dict[str, Any]:
        """The `provider` of the store."""
        login = {"mountPath": self.mount, "role": self.role, "serviceAccountRef": self.service_account.reference()}
        trust = {"caProvider": _config_map(self.authority.reference())} if self.authority else {}
        return {
            "vault": {
                "server": self.server,
                "path": self.path,
                "version": "v2",
                "auth": {"kubernetes": login},
                **trust,
            }
        }


class KubernetesSecrets(Model):
    """A namespace of Secrets: all credentials are keys of one Secret PATH in it."""

    kind: Literal["kubernetes"] = Field(
        description="A namespace of the cluster: all credentials are keys of one Secret PATH in it."
    )
    namespace: Name = Field(description="The namespace of the Secret.")
    service_account: ServiceAccountName = Field(description="The service account that may read it.")

    def spec(self) -> dict[str, Any]:
        """The `provider` of the store."""
        authority = {**self.service_account.reference(), "name": _CLUSTER_AUTHORITY}
        return {
            "kubernetes": {
                "remoteNamespace": self.namespace,
                "server": {"caProvider": _config_map(authority)},
                "auth": {"serviceAccount": self.service_account.reference()},
            }
        }


Provider = AwsSecretsManager | Vault | KubernetesSecrets


def _config_map(reference: Mapping[str, str]) -> dict[str, str]:
    return {"type": "ConfigMap", "key": "ca.crt", **reference}


def cluster_store(
    name: str,
    provider: Provider,
    *,
    labels: Mapping[str, str],
    namespaces: Sequence[str],
    opts: pulumi.ResourceOptions,
) -> CustomResource:
    """A ClusterSecretStore from which `namespaces` may read, and no other."""
    spec = {"provider": provider.spec(), "conditions": [{"namespaces": sorted(namespaces)}]}
    return custom_resource(
        f"secret-store-{name}",
        CLUSTER_SECRET_STORE,
        metadata={"name": name, "labels": dict(labels), "annotations": _READY},
        spec=spec,
        opts=opts,
    )


def namespace_store(name: str, provider: Provider, *, scope: Scope, opts: pulumi.ResourceOptions) -> CustomResource:
    """A SecretStore of one namespace, with the service account by which it is read."""
    metadata = {"name": name, "namespace": scope.namespace, "labels": scope.labels(name)}
    account = getattr(provider, "service_account", None)
    needs = [_account(account, scope, name, opts)] if account else []
    after = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=needs))
    return custom_resource(
        f"{scope.namespace}-secret-store",
        SECRET_STORE,
        metadata={**metadata, "annotations": _READY},
        spec={"provider": provider.spec()},
        opts=after,
    )


# A store that cannot be reached stops the deployment there, and not at the first pod without its Secret.
_READY = {"pulumi.com/waitFor": "condition=Ready"}


def _account(account: ServiceAccountName, scope: Scope, component: str, opts: pulumi.ResourceOptions) -> ServiceAccount:
    metadata = {"name": account.name, "namespace": scope.namespace, "labels": scope.labels(component)}
    return ServiceAccount(
        f"{scope.namespace}-secret-store", metadata=metadata, automount_service_account_token=False, opts=opts
    )
