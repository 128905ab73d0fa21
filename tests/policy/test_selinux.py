"""The rule `selinux`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.kernel import selinux
from tests.policy.objects import workload
from tests.policy.rule_tests import RuleTests, Table, in_container, in_every_role

_FIELD = "securityContext.seLinuxOptions"
_TYPES = "container_t, container_init_t, container_kvm_t, container_engine_t"


class TestSelinux(RuleTests):
    table = Table(
        rule=selinux,
        compliant={
            "none": workload(),
            "a type for containers": in_container("container", _FIELD, {"type": "container_t", "level": "s0:c1"}),
        },
        violations={
            **in_every_role(
                _FIELD, {"type": "spc_t"}, f"{_FIELD}.type is no container type; remove it or set it to one of {_TYPES}"
            ),
            **in_every_role(_FIELD, {"user": "system_u"}, f"{_FIELD}.user is set; remove it"),
            **in_every_role(_FIELD, {"role": "system_r"}, f"{_FIELD}.role is set; remove it"),
        },
        unknown={"the type": in_container("container", _FIELD, {"type": UNKNOWN_STRING_VALUE})},
    )
