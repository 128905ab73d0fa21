"""The rules' conditions as the API server checks them (https://kubernetes.io/docs/reference/using-api/cel/).

Each is named in the declaration of its rule. That both say the same of the same objects is tested on an API server.
"""

from __future__ import annotations

from policy.engine.model import Admission

_POD_CONTEXT = "variables.spec.?securityContext"

PRIVILEGED = Admission(
    message="a container is privileged; set securityContext.privileged to false",
    container="!c.?securityContext.?privileged.orValue(false)",
)

PRIVILEGE_ESCALATION = Admission(
    message="a container allows privilege escalation; set securityContext.allowPrivilegeEscalation to false",
    container="variables.windows || !c.?securityContext.?allowPrivilegeEscalation.orValue(true)",
)

CAPABILITIES = Admission(
    message="a container keeps capabilities; set securityContext.capabilities.drop to [ALL] and add none",
    container=(
        "variables.windows || ("
        "'ALL' in c.?securityContext.?capabilities.?drop.orValue([]) && "
        "c.?securityContext.?capabilities.?add.orValue([]).all(one, one == 'NET_BIND_SERVICE'))"
    ),
)

RUN_AS_NON_ROOT = Admission(
    message="a container may run as root; set runAsNonRoot to true, and runAsUser to another id than 0",
    pod=f"{_POD_CONTEXT}.?runAsUser.orValue(1) != 0",
    container=(
        f"c.?securityContext.?runAsNonRoot.orValue({_POD_CONTEXT}.?runAsNonRoot.orValue(false)) && "
        "c.?securityContext.?runAsUser.orValue(1) != 0"
    ),
)

HOST_NAMESPACES = Admission(
    message="the pod shares a namespace with its node; remove hostNetwork, hostPID and hostIPC",
    pod=" && ".join(f"!variables.spec.?{one}.orValue(false)" for one in ("hostNetwork", "hostPID", "hostIPC")),
)

HOST_PATH = Admission(
    message="a volume is a directory of the node; use an emptyDir or a claim",
    pod="variables.spec.?volumes.orValue([]).all(volume, !has(volume.hostPath))",
)

IMAGE_TAG = Admission(
    message="an image has no fixed version; name the tag of a release or a digest",
    # A port of the registry is no tag: that has no slash after it.
    container=(
        "c.?image.orValue('').contains('@') || ("
        "c.?image.orValue('').matches(':[^/:]+$') && "
        "!c.?image.orValue('').matches(':(latest|main|master|dev|develop|edge|nightly|stable)$'))"
    ),
    controlled=False,
)

RESOURCE_LIMITS = Admission(
    message="a container lacks requests or limits; state cpu, memory and ephemeral-storage in both",
    container=" && ".join(
        "['cpu', 'memory', 'ephemeral-storage'].all(one, "
        f"one in c.?resources.?{bound}.orValue({{}}) && "
        f"quantity(string(c.resources.{bound}[one])).isGreaterThan(quantity('0')))"
        for bound in ("requests", "limits")
    ),
    ephemeral=False,
    controlled=False,
)

TOKEN_AUTOMOUNT = Admission(
    message="the pod does not say whether it wants a token; set automountServiceAccountToken",
    pod="has(variables.spec.automountServiceAccountToken)",
    controlled=False,
)

DEFAULT_SERVICE_ACCOUNT = Admission(
    message="the pod uses the default service account; name one of its own in serviceAccountName",
    pod="!(variables.spec.?serviceAccountName.orValue('') in ['', 'default'])",
    controlled=False,
)

SERVICE_EXPOSURE = Admission(
    message="the Service bypasses the ingress; use ClusterIP, or say why in the annotation platform.io/exposure-reason",
    objects={
        "core/v1/services": (
            "object.spec.?type.orValue('ClusterIP') != 'NodePort' && object.spec.?externalIPs.orValue([]).size() == 0 "
            "&& (object.spec.?type.orValue('ClusterIP') != 'LoadBalancer' "
            "|| object.metadata.?annotations[?'platform.io/exposure-reason'].orValue('') != '')"
        )
    },
    controlled=False,
)

RBAC_WILDCARDS = Admission(
    message="the Role allows *; name verbs, resources and API groups",
    # Roles only: a ClusterRole belongs to the whole cluster, and operators bring theirs with them.
    objects={
        "rbac.authorization.k8s.io/v1/roles": " && ".join(
            f"object.?rules.orValue([]).all(rule, !('*' in rule.{field}))"
            for field in ("verbs", "?resources.orValue([])", "?apiGroups.orValue([])", "?nonResourceURLs.orValue([])")
        )
    },
)
