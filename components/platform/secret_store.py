"""A store of External Secrets Operator, declared: where it is, and as whom the operator reads it.

The operator reads from its own namespace. No network policy of an environment concerns it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import ServiceAccount

from components.kubernetes.naming import Scope
from components.kubernetes.objects import custom_resource
from versions import CLUSTER_SECRET_STORE, SECRET_STORE

# In every namespace of Kubernetes: the authority by which pods know the API server.
_CLUSTER_AUTHORITY = "kube-root-ca.crt"


@dataclass(frozen=True, kw_only=True)
class Account:
    """A service account; without a `namespace` it is one of the store's own."""

    name: str
    namespace: str | None = None

    def reference(self) -> dict[str, str]:
        """The `serviceAccountRef` of a store."""
        return {"name": self.name} | ({"namespace": self.namespace} if self.namespace else {})


@dataclass(frozen=True, kw_only=True)
class AwsSecretsManager:
    """AWS Secrets Manager in a `region`.

    The operator's own identity reads it (Pod Identity, or its service account's role), or the one of `account`;
    whichever it is assumes `role_arn` if there is one.
    """

    region: str
    role_arn: str | None = None
    account: Account | None = None

    def spec(self) -> dict[str, Any]:
        """The `provider` of the store."""
        auth = {"auth": {"jwt": {"serviceAccountRef": self.account.reference()}}} if self.account else {}
        role = {"role": self.role_arn} if self.role_arn else {}
        return {"aws": {"service": "SecretsManager", "region": self.region, **role, **auth}}


@dataclass(frozen=True, kw_only=True)
class Vault:
    """The key-value engine (version 2) at `path` of the Vault `server` (URL).

    Vault's Kubernetes authentication at `mount` gives `account` the `role`. `authority` is the ConfigMap whose key
    `ca.crt` has the certificate authority of the server (None: one that everybody trusts).
    """

    server: str
    path: str
    role: str
    account: Account
    mount: str = "kubernetes"
    authority: Account | None = None

    def spec(self) -> dict[str, Any]:
        """The `provider` of the store."""
        login = {"mountPath": self.mount, "role": self.role, "serviceAccountRef": self.account.reference()}
        trust = {"caProvider": _config_map(self.authority)} if self.authority else {}
        return {
            "vault": {
                "server": self.server,
                "path": self.path,
                "version": "v2",
                "auth": {"kubernetes": login},
                **trust,
            }
        }


@dataclass(frozen=True, kw_only=True)
class KubernetesSecrets:
    """Secrets in another `namespace` of the same cluster, which `account` may read there."""

    namespace: str
    account: Account

    def spec(self) -> dict[str, Any]:
        """The `provider` of the store."""
        authority = Account(name=_CLUSTER_AUTHORITY, namespace=self.account.namespace)
        return {
            "kubernetes": {
                "remoteNamespace": self.namespace,
                "server": {"caProvider": _config_map(authority)},
                "auth": {"serviceAccount": self.account.reference()},
            }
        }


Provider = AwsSecretsManager | Vault | KubernetesSecrets


def _config_map(where: Account) -> dict[str, str]:
    return {"type": "ConfigMap", "key": "ca.crt", **where.reference()}


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
    account = getattr(provider, "account", None)
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


def _account(account: Account, scope: Scope, component: str, opts: pulumi.ResourceOptions) -> ServiceAccount:
    metadata = {"name": account.name, "namespace": scope.namespace, "labels": scope.labels(component)}
    return ServiceAccount(
        f"{scope.namespace}-secret-store", metadata=metadata, automount_service_account_token=False, opts=opts
    )
