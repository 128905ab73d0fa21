"""All rules, one row each. A rule is a function beside its neighbours of the same theme, and a row here."""

from __future__ import annotations

from policy.engine.model import Rule
from policy.rules.alerts import alert_runbooks
from policy.rules.availability import (
    autoscaler,
    controlled_pods,
    own_namespace,
    own_pods,
    replicas,
    statefulset_service,
    topology_spread,
)
from policy.rules.aws_access import aws_tags, iam_wildcards, open_ports
from policy.rules.aws_cluster import eks_encryption, eks_endpoint, eks_logging, instance_metadata, private_nodes
from policy.rules.aws_services import ecr_repositories, listener_tls, public_principals, rds_protection, vpc_flow_logs
from policy.rules.aws_storage import encrypted_volumes, kms_keys, s3_encryption, s3_public_access, s3_tls, s3_versioning
from policy.rules.backups import backups_elsewhere
from policy.rules.data import protected_owners, scratch_limits, volume_backup, volume_size
from policy.rules.databases import (
    database_backup,
    postgres_instances,
    postgres_secrets,
    postgres_superuser,
    postgres_tls,
)
from policy.rules.exposure import gateway_tls, ingress_tls, service_exposure, unique_routes, wildcard_hosts
from policy.rules.host_access import (
    host_namespaces,
    host_path,
    host_ports,
    probe_hosts,
    volume_types,
    windows_host_process,
)
from policy.rules.hygiene import ingress_snippets, root_group, unique_variables, user_ids
from policy.rules.identity import default_service_account, service_account_token, token_automount
from policy.rules.images import image_registry, image_tag, pull_policy
from policy.rules.jobs import cron_job, job_limits
from policy.rules.kernel import apparmor, proc_mount, seccomp, selinux, sysctls
from policy.rules.lifecycle import graceful_termination, probes, revision_history, rollout_strategy
from policy.rules.metadata import namespace_baseline, required_labels, single_owner
from policy.rules.network import closed_ingress, network_policy
from policy.rules.network_plugins import plugin_semantics
from policy.rules.operations import canary_analysis, certificate_lifetime, external_secret_refresh, prometheus_retention
from policy.rules.operator_pods import operator_pods
from policy.rules.ports import service_ports, unprivileged_ports
from policy.rules.privilege import capabilities, privilege_escalation, privileged, read_only_root, run_as_non_root
from policy.rules.rbac import (
    bindings_resolve,
    rbac_cluster_admin,
    rbac_creation,
    rbac_escalation,
    rbac_exec,
    rbac_secrets,
    rbac_wildcards,
)
from policy.rules.redis import redis_password, redis_persistence, redis_version
from policy.rules.references import references_exist, selectors_match, targets_exist
from policy.rules.resources import priority_class, resource_limits, resource_ratio
from policy.rules.scaling import disruption_budget, one_autoscaler, unhealthy_eviction
from policy.rules.secrets import secrets_in_commands, secrets_in_configmap, secrets_in_environment, secrets_stay_secret
from policy.rules.versions import api_versions, helm_releases

RULES: tuple[Rule, ...] = (
    alert_runbooks,
    api_versions,
    apparmor,
    autoscaler,
    aws_tags,
    backups_elsewhere,
    bindings_resolve,
    canary_analysis,
    capabilities,
    certificate_lifetime,
    closed_ingress,
    controlled_pods,
    cron_job,
    database_backup,
    default_service_account,
    disruption_budget,
    ecr_repositories,
    eks_encryption,
    eks_endpoint,
    eks_logging,
    encrypted_volumes,
    external_secret_refresh,
    gateway_tls,
    graceful_termination,
    helm_releases,
    host_namespaces,
    host_path,
    host_ports,
    iam_wildcards,
    image_registry,
    image_tag,
    ingress_snippets,
    ingress_tls,
    instance_metadata,
    job_limits,
    kms_keys,
    listener_tls,
    namespace_baseline,
    network_policy,
    one_autoscaler,
    open_ports,
    operator_pods,
    own_namespace,
    own_pods,
    plugin_semantics,
    postgres_instances,
    postgres_secrets,
    postgres_superuser,
    postgres_tls,
    priority_class,
    private_nodes,
    privilege_escalation,
    privileged,
    probe_hosts,
    probes,
    proc_mount,
    prometheus_retention,
    protected_owners,
    public_principals,
    pull_policy,
    rbac_cluster_admin,
    rbac_creation,
    rbac_escalation,
    rbac_exec,
    rbac_secrets,
    rbac_wildcards,
    rds_protection,
    read_only_root,
    redis_password,
    redis_persistence,
    redis_version,
    references_exist,
    replicas,
    required_labels,
    resource_limits,
    resource_ratio,
    revision_history,
    rollout_strategy,
    root_group,
    run_as_non_root,
    s3_encryption,
    s3_public_access,
    s3_tls,
    s3_versioning,
    scratch_limits,
    seccomp,
    secrets_in_commands,
    secrets_in_configmap,
    secrets_in_environment,
    secrets_stay_secret,
    selectors_match,
    selinux,
    service_account_token,
    service_exposure,
    service_ports,
    single_owner,
    statefulset_service,
    sysctls,
    targets_exist,
    token_automount,
    topology_spread,
    unhealthy_eviction,
    unique_routes,
    unique_variables,
    unprivileged_ports,
    user_ids,
    volume_backup,
    volume_size,
    volume_types,
    vpc_flow_logs,
    wildcard_hosts,
    windows_host_process,
)
