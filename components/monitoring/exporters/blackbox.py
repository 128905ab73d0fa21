"""The blackbox exporter: whether what customers call answers, seen from outside of its pods (`probe_*`)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pulumi

from components.kubernetes.footprint import ContainerResources
from components.kubernetes.naming import Scope
from components.kubernetes.needs import DNS, NEEDS
from components.kubernetes.network import Flow, Peer
from components.monitoring.monitors import Endpoint, probe
from components.workload.server import Server
from components.workload.server_pods import Check, ServerArgs
from versions import BLACKBOX_EXPORTER_IMAGE

NAME = "blackbox-exporter"
PORT = 9115
_RESOURCES = ContainerResources.of("20m", "100m", "32Mi", "128Mi")
_SINGLE_REPLICA = "It keeps no state, and a target that two pods probe is probed twice."
_PATH = "/etc/blackbox_exporter"
_HTTP = {
    "preferred_ip_protocol": "ip4",
    "follow_redirects": True,
    "fail_if_not_ssl": True,
    # A gateway that asks for a login is up.
    "valid_status_codes": [*range(200, 207), 301, 302, 303, 307, 308, 401, 403, 404],
}
MODULES = {
    # Something answers by HTTPS, with a certificate that is valid.
    "https": {"prober": "http", "timeout": "8s", "http": _HTTP},
    # The page itself is there.
    "https_2xx": {"prober": "http", "timeout": "8s", "http": {**_HTTP, "valid_status_codes": []}},
    "tcp": {"prober": "tcp", "timeout": "5s"},
}


def blackbox_exporter(scope: Scope, prometheus: Peer, gateways: Sequence[Flow] = ()) -> ServerArgs:
    """Its server. `gateways` are the cluster's own ways in: where an address is the cluster's own load balancer, the
    nodes lead there at once, and the network policy sees no internet.
    """
    return ServerArgs(
        scope=scope,
        name=NAME,
        image=BLACKBOX_EXPORTER_IMAGE,
        # JSON is a part of the YAML that it reads.
        files={"blackbox.yml": json.dumps({"modules": MODULES}, indent=2, sort_keys=True)},
        files_path=_PATH,
        arguments=[f"--config.file={_PATH}/blackbox.yml", f"--web.listen-address=:{PORT}"],
        ports={"http": PORT},
        liveness=Check(port="http", path="/-/healthy", period=20),
        readiness=Check(port="http", path="/config"),
        metrics=[Endpoint(port="http")],
        resources=_RESOURCES,
        single_replica_reason=_SINGLE_REPLICA,
        ingress=[Flow(peer=prometheus, ports=(PORT,))],
        egress=[DNS, NEEDS["probes"].flow, *gateways],
    )


class BlackboxExporter(pulumi.ComponentResource):
    """The exporter, and a Probe for each of `targets`: name, module and addresses. Outputs: none."""

    def __init__(
        self,
        name: str,
        args: ServerArgs,
        targets: Mapping[str, tuple[str, Sequence[str]]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("platform:observability:BlackboxExporter", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        Server(name, args, child)
        for target, (module, addresses) in targets.items():
            probe(
                f"{name}-{target}",
                scope=args.scope,
                component=f"probe-{target}",
                prober=f"{args.host}:{PORT}",
                targets=addresses,
                module=module,
                opts=child,
            )
        self.register_outputs({})
