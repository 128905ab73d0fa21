"""The telemetry composed: its namespace, its credentials, its servers, and their rights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from components.kubernetes.footprint import ContainerResources
from components.kubernetes.namespace import NamespaceArgs, NamespaceBaseline
from components.platform.credentials import Credential, SecretBundle, SecretBundleArgs, store_in_namespace
from components.telemetry import alloy, collector
from components.telemetry.base import read_lines, read_pods
from components.workload.server import Server
from stacks.schema.telemetry import LogsConfig, TracesConfig
from stacks.system.environment_context import EnvironmentContext
from stacks.telemetry.access import NAME
from stacks.telemetry.plan import plan

_CONTAINER_DEFAULT = ContainerResources.of("10m", "100m", "32Mi", "64Mi")


class Telemetry(pulumi.ComponentResource):
    """Logs and traces for the whole environment. Outputs: none.

    Whoever reads the lines of a namespace needs `allow_reading` there, once the namespace is made.
    """

    def __init__(
        self,
        args: EnvironmentContext,
        logs: LogsConfig,
        traces: TracesConfig,
        systems: Sequence[str],
        opts: pulumi.ResourceOptions | None = None,
        *,
        operators: Sequence[str] = (),
    ) -> None:
        super().__init__("platform:systems:Telemetry", NAME, {}, opts)
        self._args = args
        self._plan = plan(args, args.scope(NAME), logs, traces, systems, operators=operators)
        namespace = self._namespace()
        own = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        store = store_in_namespace(args.store, self._plan.scope, own)
        child = pulumi.ResourceOptions(parent=self, depends_on=[namespace, *args.needs, *store])
        secrets = [self._bundle(name, keys, child) for name, keys in self._plan.secrets.items()]
        ready = pulumi.ResourceOptions(parent=self, depends_on=[namespace, *secrets])
        for server in self._plan.servers:
            Server(f"{NAME}-{server.name}", server, ready)
        if any(server.name == collector.NAME for server in self._plan.servers):
            read_pods(f"{NAME}-{collector.NAME}", scope=self._plan.scope, account=collector.NAME, opts=own)
        self.register_outputs({})

    def allow_reading(self, owners: Mapping[str, pulumi.Resource], opts: pulumi.ResourceOptions) -> None:
        """Let Alloy read the pods' lines in each namespace; `owners` make the namespaces, but for the operators'."""
        for namespace in self._plan.read:
            owner = [owners[namespace]] if namespace in owners else []
            needs = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=owner))
            read_lines(
                f"{namespace}-{alloy.NAME}",
                scope=self._args.scope(namespace),
                reader=alloy.NAME,
                reader_namespace=NAME,
                opts=needs,
            )

    def _namespace(self) -> NamespaceBaseline:
        arguments = NamespaceArgs(
            scope=self._plan.scope,
            quota=self._plan.footprint(),
            container_default=_CONTAINER_DEFAULT,
            container_max=self._plan.largest(),
        )
        return NamespaceBaseline(NAME, arguments, pulumi.ResourceOptions(parent=self))

    def _bundle(self, secret: str, keys: Mapping[str, str], opts: pulumi.ResourceOptions) -> SecretBundle:
        arguments = SecretBundleArgs(
            scope=self._plan.scope,
            secret_name=secret,
            component=secret,
            secret={key: Credential(name=name) for key, name in keys.items()},
            plain={},
            store=self._args.store,
        )
        return SecretBundle(f"{NAME}-{secret}", arguments, opts)
