"""PgBouncer between the applications and the instances, run by CloudNativePG as a `Pooler`."""

from __future__ import annotations

from typing import Any

from components.database.args import DatabaseArgs
from components.database.cluster import inherited_labels
from components.pods import container_security_manifest, pod_security_manifest, spread_manifest
from components.priority import Priority
from versions import PGBOUNCER_IMAGE

# The user of CloudNativePG's PgBouncer image.
_USER_ID = 998


def pooler_spec(args: DatabaseArgs, kind: str) -> dict[str, Any]:
    """The `spec` of the pooler `kind`: rw before the primary, ro before the replicas.

    Transactions share connections, so that hundreds of pods fit `max_connections`; what needs a session of its own
    (advisory locks, LISTEN, migrations) connects to the primary itself.
    """
    return {
        "cluster": {"name": args.cluster_name},
        "type": kind,
        "instances": args.pooler.instances,
        "pgbouncer": {"poolMode": "transaction", "parameters": _parameters(args)},
        "monitoring": {"enablePodMonitor": False},
        "deploymentStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": {"metadata": {"labels": _labels(args, kind)}, "spec": _pod(args, kind)},
    }


def _parameters(args: DatabaseArgs) -> dict[str, str]:
    return {
        "max_client_conn": str(args.pooler.max_client_connections),
        "default_pool_size": str(args.pooler.pool_size(args.parameters.max_connections)),
        # Named prepared statements of drivers, which transaction pooling would otherwise break.
        "max_prepared_statements": "100",
        "server_idle_timeout": "600",
        "client_tls_sslmode": "require",
        "server_tls_sslmode": "verify-ca",
    }


def _labels(args: DatabaseArgs, kind: str) -> dict[str, str]:
    return inherited_labels(args) | {"app.kubernetes.io/name": args.pooler_name(kind)}


def _pod(args: DatabaseArgs, kind: str) -> dict[str, Any]:
    return {
        "priorityClassName": Priority.CRITICAL.class_name(args.scope.environment),
        "securityContext": pod_security_manifest(_USER_ID),
        "topologySpreadConstraints": spread_manifest(args.pooler_pods(kind), strict=args.zones_required),
        "terminationGracePeriodSeconds": 60,
        "containers": [
            {
                "name": "pgbouncer",
                "image": PGBOUNCER_IMAGE,
                "resources": args.pooler.resources.as_requirements(),
                "securityContext": container_security_manifest(),
            }
        ],
    }
