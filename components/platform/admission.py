"""Rules that the API server enforces by itself, whoever writes to the cluster: ValidatingAdmissionPolicy objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.admissionregistration.v1 import ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding

from components.kubernetes.naming import Scope, dns_label

_ENVIRONMENT_LABEL = "platform.io/environment"
Spec = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class AdmissionArgs:
    """`specs` are those of ValidatingAdmissionPolicy objects, by a short name.

    They hold in the namespaces that carry the environment's label, and thus neither in `kube-system` nor where
    operators run. `deny` refuses what violates them; else the API server warns and writes it to its audit log.
    """

    environment: str
    specs: Mapping[str, Spec]
    deny: bool = True


class AdmissionPolicies(pulumi.ComponentResource):
    """A policy and its binding for each spec. Needs Kubernetes 1.30."""

    def __init__(self, name: str, args: AdmissionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:admission:AdmissionPolicies", name, {}, opts)
        self._name, self._args = name, args
        self._scope = Scope(namespace="", system="platform", environment=args.environment)
        for about, spec in args.specs.items():
            self._bind(about, self._policy(about, spec))
        self.register_outputs({})

    def _metadata(self, about: str) -> dict[str, Any]:
        # These objects belong to the whole cluster, which several environments may share.
        name = dns_label(f"platform-{self._args.environment}-{about}")
        return {"name": name, "labels": self._scope.labels("admission")}

    def _policy(self, about: str, spec: Spec) -> ValidatingAdmissionPolicy:
        return ValidatingAdmissionPolicy(
            f"{self._name}-{about}",
            metadata=self._metadata(about),
            spec=dict(spec),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _bind(self, about: str, policy: ValidatingAdmissionPolicy) -> None:
        metadata = self._metadata(about)
        ValidatingAdmissionPolicyBinding(
            f"{self._name}-{about}",
            metadata=metadata,
            spec={
                "policy_name": metadata["name"],
                "validation_actions": ["Deny"] if self._args.deny else ["Warn", "Audit"],
                "match_resources": {
                    "namespace_selector": {"match_labels": {_ENVIRONMENT_LABEL: self._args.environment}}
                },
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
