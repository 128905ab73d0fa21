"""What the servers of the telemetry have in common: arguments, network flows, rights, and where stores keep data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pulumi
from pulumi_kubernetes.rbac.v1 import ClusterRole, ClusterRoleBinding, Role, RoleBinding

from components.kubernetes.identity import role_annotations
from components.kubernetes.naming import Scope
from components.kubernetes.needs import NEEDS
from components.kubernetes.network import Flow, Peer
from components.kubernetes.scheduling import Priority
from components.workload import SecretKey
from components.workload.server_pods import ServerArgs

CONFIGURATION = "/etc/telemetry"
DATA = "/var/lib/telemetry"


@dataclass(frozen=True, kw_only=True)
class TelemetryServerArgs(ServerArgs):
    """A server that is run by its configuration file. Before it ends it hands on what it has in memory."""

    files_path: str = CONFIGURATION
    scratch: Mapping[str, str] = field(default_factory=lambda: {"tmp": "/tmp"})
    headless: bool = True
    priority: Priority = Priority.DEFAULT
    stop_seconds: int = 60


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """`senders` and `readers` are the peers that a server listens to; `monitoring` scrapes it."""

    scope: Scope
    monitoring: Peer
    senders: Sequence[Peer] = ()
    readers: Sequence[Peer] = ()

    def flow(self, server: str, *ports: int) -> Flow:
        """To or from the pods of a server of the same namespace."""
        return Flow(peer=Peer(pods=self.scope.selector(server)), ports=ports)

    def ingress(self, port: int, *, receive: Sequence[int] = (), metrics: Sequence[int] = ()) -> list[Flow]:
        """What reaches it: readers on `port`; senders on `receive` and scrapes on `metrics`, by default there too."""
        senders = [Flow(peer=peer, ports=tuple(receive) or (port,)) for peer in self.senders]
        readers = [Flow(peer=peer, ports=(port,)) for peer in self.readers]
        return [*senders, *readers, Flow(peer=self.monitoring, ports=tuple(metrics) or (port,))]


_READ = ["get", "list", "watch"]
_RBAC = "rbac.authorization.k8s.io"


def read_lines(
    name: str, *, scope: Scope, reader: str, reader_namespace: str, opts: pulumi.ResourceOptions
) -> RoleBinding:
    """Let the service account `reader` find the pods of a namespace and read their lines: lines may tell secrets, so
    that nobody reads those of all namespaces."""
    component = f"{reader}-reads-logs"
    metadata = scope.metadata(component)
    rules = [
        {"api_groups": [""], "resources": ["pods"], "verbs": _READ},
        {"api_groups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    ]
    role = Role(name, metadata=metadata, rules=rules, opts=opts)
    subjects = [_account(reader, reader_namespace)]
    needs = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[role]))
    return RoleBinding(name, metadata=metadata, role_ref=_role("Role", component), subjects=subjects, opts=needs)


def read_pods(name: str, *, scope: Scope, account: str, opts: pulumi.ResourceOptions) -> None:
    """Let `account` see the pods and namespaces of the cluster: by its address a sender is known."""
    full_name = f"{scope.namespace}-{account}"
    metadata = {"name": full_name, "labels": scope.labels(account)}
    rules = [{"api_groups": [""], "resources": ["pods", "namespaces"], "verbs": _READ}]
    ClusterRole(name, metadata=metadata, rules=rules, opts=opts)
    subjects = [_account(account, scope.namespace)]
    ClusterRoleBinding(name, metadata=metadata, role_ref=_role("ClusterRole", full_name), subjects=subjects, opts=opts)


def _role(kind: str, name: str) -> Any:
    return {"api_group": _RBAC, "kind": kind, "name": name}


def _account(name: str, namespace: str) -> Any:
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}


# The names by which every AWS SDK looks for an access key: none stands in a configuration file.
ACCESS_KEY, SECRET_KEY = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A bucket that exists. Without a `role_arn` the key pair is in the Secret `secret`, under the SDK's own names.

    `endpoint` is the URL of an S3 service other than AWS.
    """

    name: str
    region: str
    endpoint: str | None = None
    role_arn: str | None = None
    secret: str | None = None

    @property
    def host(self) -> str:
        """Its service's host, with the port if it is not 443."""
        url = self.endpoint or f"https://s3.{self.region}.amazonaws.com"
        return urlsplit(url).netloc

    @property
    def flow(self) -> Flow:
        """How it is reached."""
        return NEEDS["telemetry storage"].to(self.endpoint or self.host)

    @property
    def secrets(self) -> dict[str, SecretKey]:
        """The environment that has the key pair."""
        names = (ACCESS_KEY, SECRET_KEY) if self.secret else ()
        return {name: SecretKey(secret=self.secret or "", key=name) for name in names}

    @property
    def annotations(self) -> dict[str, str]:
        """The service account's tie to the role."""
        return role_annotations(self.role_arn)
