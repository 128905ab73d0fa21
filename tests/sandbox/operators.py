"""Operators as processes beside a sandbox, in the versions that are deployed: what each needs there, and its start.

Each reads the sandbox's kubeconfig as its administrator, and its webhooks are the ones that its own source declares,
at an address of this machine.
"""

from __future__ import annotations

import base64
import contextlib
import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from sandbox import Sandbox, tools
from tests.sandbox import applied
from tests.sandbox.processes import answers, free_port, running, until
from versions import BARMAN_CLOUD_PLUGIN, CHART_PROGRAMS

CNPG_NAMESPACE = "cnpg-system"
# Where each has the definitions of its kinds, below its source.
DEFINITIONS = {
    "cloudnative-pg": (tools.CLOUDNATIVE_PG, "config/crd/bases"),
    "plugin-barman-cloud": (tools.BARMAN_CLOUD, "config/crd/bases"),
    "cert-manager": (tools.CERT_MANAGER, "deploy/crds"),
}
# As the chart names it, and fills with what the operator's source has.
_QUERIES = "cnpg-default-monitoring"
_GO_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def architecture() -> str:
    """This machine's, as Go calls it."""
    machine = platform.machine().lower()
    return _GO_ARCHITECTURES.get(machine, machine)


def definitions(folder: Path, *names: str) -> Path:
    """The folder, filled with the definitions of these operators in the deployed versions."""
    folder.mkdir()
    for name in names:
        module, path = DEFINITIONS[name]
        shutil.copytree(tools.source(name, module) / path, folder / name)
    return folder


def webhooks(sandbox: Sandbox, file: Path, port: int) -> list[dict[str, Any]]:
    """The webhook configurations in a file of an operator's source, led to a port of this machine."""
    authority = base64.b64encode((sandbox.folder / "pki" / "ca.crt").read_bytes()).decode()
    found = [one for one in yaml.safe_load_all(file.read_text(encoding="utf-8")) if one]
    for one in found:
        # Two kinds, of which a generator calls both the same.
        one["metadata"] = {"name": f"{file.parents[2].name.partition('@')[0]}-{one['metadata']['name']}"}
        for webhook in one["webhooks"]:
            path = webhook["clientConfig"]["service"]["path"]
            webhook["clientConfig"] = {"url": f"https://127.0.0.1:{port}{path}", "caBundle": authority}
    return found


def certificate(sandbox: Sandbox, folder: Path, name: str) -> Path:
    """A folder with the sandbox's own certificate for this machine, as NAME.crt and NAME.key."""
    folder.mkdir(parents=True)
    for ending in ("crt", "key"):
        shutil.copy(sandbox.folder / "pki" / f"server.{ending}", folder / f"{name}.{ending}")
    return folder


def cert_manager_webhooks(sandbox: Sandbox, port: int) -> list[dict[str, Any]]:
    """As deploy/charts/cert-manager/templates/webhook-*-webhook.yaml (cert-manager v1.21.1) have them."""
    authority = base64.b64encode((sandbox.folder / "pki" / "ca.crt").read_bytes()).decode()
    both = {"apiVersions": ["v1"]}
    rules = {
        "Validating": {
            **both,
            "apiGroups": ["cert-manager.io", "acme.cert-manager.io"],
            "operations": ["CREATE", "UPDATE"],
            "resources": ["*/*"],
        },
        "Mutating": {
            **both,
            "apiGroups": ["cert-manager.io"],
            "operations": ["CREATE"],
            "resources": ["certificaterequests"],
        },
    }
    return [
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": f"{kind}WebhookConfiguration",
            "metadata": {"name": "cert-manager-webhook"},
            "webhooks": [
                {
                    "name": "webhook.cert-manager.io",
                    "rules": [rule],
                    "admissionReviewVersions": ["v1"],
                    "sideEffects": "None",
                    "clientConfig": {
                        "url": f"https://127.0.0.1:{port}/{'validate' if kind == 'Validating' else 'mutate'}",
                        "caBundle": authority,
                    },
                }
            ],
        }
        for kind, rule in rules.items()
    ]


@contextlib.contextmanager
def cert_manager(sandbox: Sandbox, folder: Path, proxy: str, log: Path) -> Iterator[None]:
    """cert-manager's controllers and webhook, once it answers; what it asks the outside by HTTP goes to the proxy."""
    port, health = free_port(), free_port()
    certificates = certificate(sandbox, folder, "tls")
    command = [
        str(tools.ensure(["cert-manager"])["cert-manager"]),
        f"--kubeconfig={sandbox.kubeconfig}",
        f"--secure-port={port}",
        f"--healthz-port={health}",
        f"--tls-cert-file={certificates / 'tls.crt'}",
        f"--tls-private-key-file={certificates / 'tls.key'}",
        f"--acme-http01-solver-image=quay.io/jetstack/cert-manager-acmesolver:{CHART_PROGRAMS['cert-manager'].version}",
    ]
    with running(command, log, {**os.environ, "HTTP_PROXY": proxy}):
        until("the webhook is there", lambda: answers(f"http://127.0.0.1:{health}/healthz"), log)
        applied.apply(sandbox, cert_manager_webhooks(sandbox, port))
        yield


@contextlib.contextmanager
def barman_cloud(sandbox: Sandbox, sockets: Path, log: Path) -> Iterator[None]:
    """The Barman Cloud plugin on a socket in a folder, where CloudNativePG looks for plugins at its start."""
    program = tools.ensure(["plugin-barman-cloud"])["plugin-barman-cloud"]
    command = [str(program), "operator", f"--plugin-path={sockets}", "--health-probe-bind-address=0"]
    # The image of the sidecar is the chart's to say; nothing pulls it here.
    environment = {**os.environ, "KUBECONFIG": str(sandbox.kubeconfig), "SIDECAR_IMAGE": "example.test/sidecar:1"}
    with running(command, log, environment):
        until("the plugin listens", (sockets / BARMAN_CLOUD_PLUGIN).exists, log)
        yield


@contextlib.contextmanager
def cloudnative_pg(sandbox: Sandbox, folder: Path, sockets: Path, log: Path) -> Iterator[None]:
    """CloudNativePG with its webhooks, once these answer. Plugins are those with a socket in the folder."""
    program, source = (
        tools.ensure(["cloudnative-pg"])["cloudnative-pg"],
        tools.source("cloudnative-pg", tools.CLOUDNATIVE_PG),
    )
    port = free_port()
    queries = yaml.safe_load((source / "config/manager/default-monitoring.yaml").read_text(encoding="utf-8"))
    metadata = {**queries["metadata"], "name": _QUERIES, "namespace": CNPG_NAMESPACE}
    applied.apply(sandbox, [{**queries, "metadata": metadata}])
    # The programs that it would give to pods, by which it knows whether one of them is older than itself.
    (folder / "operator").mkdir(parents=True)
    (folder / "operator" / f"manager_{architecture()}").symlink_to(program)
    command = [
        str(program),
        "controller",
        f"--webhook-port={port}",
        f"--metrics-bind-address=127.0.0.1:{free_port()}",
        f"--config-map-name={CNPG_NAMESPACE}",
    ]
    environment = {
        **os.environ,
        "KUBECONFIG": str(sandbox.kubeconfig),
        "OPERATOR_NAMESPACE": CNPG_NAMESPACE,
        "WEBHOOK_CERT_DIR": str(certificate(sandbox, folder / "certificates", "apiserver")),
        "MONITORING_QUERIES_CONFIGMAP": _QUERIES,
        "PLUGIN_SOCKET_DIR": str(sockets),
    }
    with running(command, log, environment, folder):
        until("the webhooks are served", lambda: "Serving webhook server" in log.read_text(), log)
        applied.apply(sandbox, webhooks(sandbox, source / "config/webhook/manifests.yaml", port))
        yield
