"""The monitoring's credentials, which only a secret store has, Grafana's password, and Prometheus' certificate."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pulumi

from components.kubernetes.certificates import Authority, AuthorityArgs
from components.platform.credentials import Credential, Credentials, SecretBundle, SecretBundleArgs
from stacks.monitoring import notifications
from stacks.monitoring.plan import GRAFANA_SECRET, REMOTE_WRITE_SECRET, TLS_SECRET, MonitoringPlan
from stacks.monitoring.receivers import configured_credentials
from stacks.schema.monitoring import MonitoringConfig
from stacks.system.environment_context import EnvironmentContext


def secrets(
    name: str, args: EnvironmentContext, plan: MonitoringPlan, config: MonitoringConfig, opts: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    """Register them; what uses them depends on all of them."""
    made: list[pulumi.Resource] = []
    if args.store and plan.alertmanager:
        keys = {**notifications.CREDENTIALS, **configured_credentials(config)}
        made.append(_bundle(name, args, plan, notifications.SECRET, keys, opts=opts))
    if plan.grafana:
        made += _grafana_password(name, args, plan, opts)
    if thanos := plan.extras.thanos:
        # The operator wants the ruler's way to the querier from a Secret, though there is nothing secret in it.
        asked = {"query": json.dumps(thanos.query_configuration())}
        secret = thanos.object_storage_secret
        made.append(_bundle(name, args, plan, secret, {"configuration": secret}, plain=asked, opts=opts))
    if tokens := {one.credential: one.credential for one in config.remote_write if one.credential}:
        made.append(_bundle(name, args, plan, REMOTE_WRITE_SECRET, tokens, opts=opts))
    if plan.prometheus.tls_secret:
        hosts = [plan.scope.host("prometheus-operated")]
        arguments = AuthorityArgs(scope=plan.scope, component="prometheus", secret_name=TLS_SECRET, hosts=hosts)
        made.append(Authority(f"{name}-tls", arguments, opts))
    return made


def _grafana_password(
    name: str, args: EnvironmentContext, plan: MonitoringPlan, opts: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    credentials = Credentials(f"{name}-credentials", args.store, opts)
    arguments = SecretBundleArgs(
        scope=plan.scope,
        secret_name=GRAFANA_SECRET,
        component=GRAFANA_SECRET,
        secret={"password": credentials.credential("grafana-admin-password")},
        plain={},
        store=args.store,
    )
    return [credentials, SecretBundle(f"{name}-{GRAFANA_SECRET}", arguments, opts)]


def _bundle(
    name: str,
    args: EnvironmentContext,
    plan: MonitoringPlan,
    secret: str,
    credentials: Mapping[str, str],
    *,
    plain: Mapping[str, str] | None = None,
    opts: pulumi.ResourceOptions,
) -> SecretBundle:
    arguments = SecretBundleArgs(
        scope=plan.scope,
        secret_name=secret,
        component=secret,
        secret={key: Credential(name=credential) for key, credential in credentials.items()},
        plain=plain or {},
        store=args.store,
    )
    return SecretBundle(f"{name}-{secret}", arguments, opts)
