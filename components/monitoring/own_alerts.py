"""Alerts on the sources of metrics themselves, on what customers reach, and on what carries metrics away.

The thresholds are the program's own: the documents have these parts without alerts. Five minutes are twenty scrapes: an
exporter that is being replaced is silent for less.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from components.monitoring.absence import fewer
from components.monitoring.alerts import Alert
from components.monitoring.rules import RuleSet

# What runs on every node, by its job: there is a target for each.
_ON_EVERY_NODE = ("kubelet", "node-exporter")


def exporter_rules(jobs: Sequence[str]) -> RuleSet:
    """For the exporters of an environment, by their job: one that is down, one that nobody finds any more, and a node
    that none of those tells of that every node has.
    """
    found = " or ".join(f'absent(up{{job="{job}"}})' for job in jobs)
    everywhere = "|".join(job for job in _ON_EVERY_NODE if job in jobs)
    return RuleSet(
        name="exporters",
        alerts=(
            Alert(
                name="ExporterDown",
                expr=f'up{{job=~"{"|".join(jobs)}"}} == 0',
                for_="5m",
                severity="warning",
                summary="{{ $labels.job }} on {{ $labels.instance }} does not answer",
                description="Alerts and dashboards that read its metrics see nothing of {{ $labels.instance }}.",
            ),
            Alert(
                name="ExporterMissing",
                expr=found,
                for_="10m",
                severity="warning",
                summary="Prometheus finds no {{ $labels.job }}",
                description="Every alert that reads its metrics is silent, whatever happens.",
            ),
            Alert(
                name="NodeUnwatched",
                # By instance: a kubelet is scraped at two paths.
                expr=(
                    f'count by (job) (count by (job, instance) (up{{job=~"{everywhere}"}})) < '
                    "scalar(count(kube_node_info))"
                ),
                for_="15m",
                severity="warning",
                summary="Some nodes have no {{ $labels.job }}",
                description="Prometheus finds {{ $value }} of them, which is fewer than there are nodes.",
            ),
        ),
    )


def presence_rules(expected: Mapping[str, int]) -> RuleSet:
    """For the monitoring's own servers: `expected` says how many pods each job has."""
    return RuleSet(
        name="monitoring-presence",
        alerts=(
            Alert(
                name="MonitoringDown",
                expr=" or ".join(fewer(job, many, scope="") for job, many in expected.items()),
                for_="5m",
                severity="warning",
                summary="Pods of {{ $labels.job }} are missing",
                description="Fewer of them answer than there should be: what it keeps or tells may be lost.",
            ),
        ),
    )


MONITORING = RuleSet(
    name="monitoring",
    alerts=(
        Alert(
            name="Watchdog",
            expr="vector(1)",
            severity="info",
            summary="Alerts are evaluated and delivered",
            description="It always fires: whoever receives it must be alarmed when it no longer arrives.",
        ),
        Alert(
            name="PrometheusRuleFailures",
            expr="increase(prometheus_rule_evaluation_failures_total{$scope}[5m]) > 0",
            for_="15m",
            severity="critical",
            summary="Prometheus cannot evaluate rules",
            description="Rules of {{ $labels.rule_group }} fail: their alerts would not fire.",
        ),
        Alert(
            name="AlertmanagerNotificationsFailing",
            expr=(
                "sum by (namespace, integration) (rate(alertmanager_notifications_failed_total{$scope}[5m])) / "
                "sum by (namespace, integration) (rate(alertmanager_notifications_total{$scope}[5m])) > 0.01"
            ),
            for_="5m",
            severity="critical",
            summary="Alertmanager cannot tell anybody by {{ $labels.integration }}",
            description="{{ $value | humanizePercentage }} of the notifications fail.",
        ),
    ),
)

_PROBES = (
    Alert(
        name="ProbeFailed",
        expr="probe_success == 0",
        for_="2m",
        severity="critical",
        summary="{{ $labels.instance }} does not answer as it should",
        description="Seen from outside of its pods, {{ $labels.instance }} has failed for more than 2 minutes.",
    ),
    Alert(
        name="CertificateExpiresSoon",
        expr="probe_ssl_earliest_cert_expiry - time() < 14 * 86400",
        for_="1h",
        severity="warning",
        summary="The certificate of {{ $labels.instance }} expires soon",
        description="In {{ $value | humanizeDuration }}: under 14 days, and it should have been renewed long ago.",
    ),
)


def probe_rules(jobs: Sequence[str]) -> RuleSet:
    """For the probes of an environment, by their job: what fails, and what is not tried at all."""
    if not jobs:
        return RuleSet(name="probes", alerts=_PROBES)
    missing = Alert(
        name="ProbeMissing",
        expr=" or ".join(f'absent(probe_success{{job="{job}"}})' for job in jobs),
        for_="10m",
        severity="warning",
        summary="Nobody tries what {{ $labels.job }} is to try",
        description="Whether it answers is not known: the alerts on it are silent, whatever happens.",
    )
    return RuleSet(name="probes", alerts=(*_PROBES, missing))


REMOTE_WRITE = RuleSet(
    name="remote-write",
    alerts=(
        Alert(
            name="RemoteWriteFailing",
            expr="rate(prometheus_remote_storage_samples_failed_total{$scope}[5m]) > 0",
            for_="15m",
            severity="warning",
            summary="Prometheus loses samples on their way to {{ $labels.url }}",
            description="{{ $value | humanize }} samples a second are refused and will not be sent again.",
        ),
        Alert(
            name="RemoteWriteBehind",
            # What is tried again and again fails nowhere. Both are maxima: a shard that restarts begins at 0.
            expr=(
                "max_over_time(prometheus_remote_storage_highest_timestamp_in_seconds{$scope}[5m]) - "
                "ignoring (remote_name, url) group_right "
                "max_over_time(prometheus_remote_storage_queue_highest_sent_timestamp_seconds{$scope}[5m]) > 120"
            ),
            for_="15m",
            severity="warning",
            summary="Prometheus lags behind in sending samples to {{ $labels.url }}",
            description="It is {{ $value | humanizeDuration }} behind: what it cannot send in two hours is lost.",
        ),
    ),
)
_BUCKET = "sum by (namespace, job) (rate(thanos_objstore_bucket_{}_total{{$scope}}[5m]))"
THANOS = RuleSet(
    name="thanos",
    alerts=(
        Alert(
            name="ThanosCompactorHalted",
            expr="thanos_compact_halted{$scope} == 1",
            for_="5m",
            severity="warning",
            summary="Thanos' compactor has stopped by itself",
            description="Nothing is downsampled or removed any more: the bucket grows, and long queries become slow.",
        ),
        Alert(
            name="ThanosBucketFailing",
            expr=f"{_BUCKET.format('operation_failures')} / {_BUCKET.format('operations')} > 0.05",
            for_="15m",
            severity="warning",
            summary="{{ $labels.job }} cannot use the bucket of metrics",
            description="{{ $value | humanizePercentage }} of its operations fail: over 5 %.",
        ),
    ),
)


def long_term_rules(target: float = 0.999) -> RuleSet:
    """What only the ruler can evaluate, since it looks back for longer than Prometheus keeps: the budget of 30 days.

    `target` is the share of requests that must succeed (default 99.9 %, that of every system's objective).
    """
    failed, every = (
        f"sum by (namespace) (increase(http_requests_total{{{which}}}[30d]))" for which in ('status=~"5.."', "")
    )
    return RuleSet(
        name="long-term",
        alerts=(
            Alert(
                name="ErrorBudgetSpent",
                expr=f"{failed} / {every} > {round(1 - target, 6)}",
                for_="1h",
                severity="warning",
                interval="5m",
                summary="{{ $labels.namespace }} has spent its error budget of 30 days",
                description=f"{{{{ $value | humanizePercentage }}}} of its requests failed: {target:.3%} must succeed.",
            ),
        ),
    )
