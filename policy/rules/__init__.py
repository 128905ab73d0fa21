"""All rules, one row each. A rule is a function beside its neighbours of the same theme, and a row here."""

from __future__ import annotations

from policy.model import Rule
from policy.rules.access import rbac_cluster_admin, rbac_escalation, rbac_exec, rbac_secrets, rbac_wildcards
from policy.rules.alerts import alert_runbooks
from policy.rules.backups import database_backup, volume_backup
from policy.rules.bindings import bindings_resolve
from policy.rules.health import probes
from policy.rules.host_access import (
    host_namespaces,
    host_path,
    host_ports,
    probe_hosts,
    volume_types,
    windows_host_process,
)
from policy.rules.identity import default_service_account, service_account_token, token_automount
from policy.rules.images import image_registry, image_tag, pull_policy
from policy.rules.isolation import closed_ingress
from policy.rules.kernel import apparmor, proc_mount, seccomp, selinux, sysctls
from policy.rules.namespaces import namespace_baseline
from policy.rules.network import network_policy
from policy.rules.ownership import single_owner
from policy.rules.plain_secrets import secrets_in_configmap, secrets_in_environment
from policy.rules.privilege import capabilities, privilege_escalation, privileged, read_only_root, run_as_non_root
from policy.rules.references import references_exist
from policy.rules.resources import resource_limits
from policy.rules.routes import unique_routes
from policy.rules.scaling import disruption_budget, one_autoscaler
from policy.rules.secrecy import secrets_stay_secret
from policy.rules.selection import selectors_match
from policy.rules.targets import targets_exist

RULES: tuple[Rule, ...] = (
    alert_runbooks,
    apparmor,
    bindings_resolve,
    capabilities,
    closed_ingress,
    database_backup,
    default_service_account,
    disruption_budget,
    host_namespaces,
    host_path,
    host_ports,
    image_registry,
    image_tag,
    namespace_baseline,
    network_policy,
    one_autoscaler,
    privilege_escalation,
    privileged,
    probe_hosts,
    probes,
    proc_mount,
    pull_policy,
    rbac_cluster_admin,
    rbac_escalation,
    rbac_exec,
    rbac_secrets,
    rbac_wildcards,
    read_only_root,
    references_exist,
    resource_limits,
    run_as_non_root,
    seccomp,
    secrets_in_configmap,
    secrets_in_environment,
    secrets_stay_secret,
    selectors_match,
    selinux,
    service_account_token,
    single_owner,
    sysctls,
    targets_exist,
    token_automount,
    unique_routes,
    volume_backup,
    volume_types,
    windows_host_process,
)
