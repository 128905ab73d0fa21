"""The components of the platform as data: section 1.1 (replicas, CPU, memory) and 1.2 (who calls whom).

The document's list has six rows. The seventh component, `astrbot-manager`, receives the alerts of section 4.2, which
gives no figures: it has those of the tenant service, with one replica, since two would restart the same instance.
"""

from __future__ import annotations

from stacks.schema.service.service import Service
from stacks.schema.types import Bytes, Cpu

GATEWAY = "api-gateway"
INSTANCE = "astrbot-instance"
MANAGER = "astrbot-manager"

_LARGE = {"cpu": "2", "memory": "4Gi"}
_SMALL = {"cpu": "1", "memory": "2Gi"}

# What healing and scaling an instance takes, and nothing else of the namespace.
_MANAGE_INSTANCES = (
    {"api_groups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list", "watch", "patch"]},
    {"api_groups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
)

SERVICES: tuple[Service, ...] = tuple(
    Service.model_validate(service)
    for service in (
        {
            "name": GATEWAY,
            "replicas": 3,
            **_LARGE,
            "calls": ["tenant-service", "session-service", "message-service", "auth-service"],
            "secrets": ["JWT_SECRET"],
        },
        {
            "name": "tenant-service",
            "replicas": 2,
            **_SMALL,
            "calls": [INSTANCE, MANAGER],
            # The tenants table of section 7.2 is this service's.
            "uses": ["database"],
        },
        {"name": "session-service", "replicas": 3, **_LARGE, "uses": ["database"]},
        {"name": "message-service", "replicas": 3, **_LARGE, "uses": ["cache"]},
        {"name": "auth-service", "replicas": 2, **_SMALL, "secrets": ["JWT_SECRET"]},
        {
            "name": MANAGER,
            "replicas": 1,
            **_SMALL,
            "uses": ["kubernetes_api"],
            "rules": _MANAGE_INSTANCES,
            "autoscaled": False,
            "single_replica_reason": "Two would restart the same instance.",
        },
    )
)

# A tenant's chat-bot instance: files in object storage, and answers from a language model on the internet.
INSTANCE_SERVICE = Service(
    name=INSTANCE,
    replicas=1,
    cpu=Cpu.parse(_SMALL["cpu"]),
    memory=Bytes.parse(_SMALL["memory"]),
    uses=("object_storage", "internet"),
    secrets=("LLM_API_KEY",),
    autoscaled=False,
    priority="default",
    single_replica_reason="One pod a tenant: section 1.1 of the document.",
)
