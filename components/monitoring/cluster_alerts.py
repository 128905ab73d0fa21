"""Alerts on what the cluster runs, whoever made it: workloads without pods, failed Jobs, volumes and quotas that fill.

The thresholds are the program's own. They look at all namespaces, the operators' too. What is scaled to zero, suspended
or finished is none of their business.
"""

from __future__ import annotations

from components.monitoring.alerts import Alert
from components.monitoring.rules import RuleSet

# Of a CronJob; a Job that somebody made has another owner, or none.
_OF_CRON = 'on (namespace, job_name) kube_job_owner{owner_kind="CronJob"}'
_FREE = "kubelet_volume_stats_available_bytes / (kubelet_volume_stats_capacity_bytes > 0)"
_INODES = "kubelet_volume_stats_inodes_free / (kubelet_volume_stats_inodes > 0)"
# When a CronJob last ended well; one that never has counts from when it was made.
_LAST_SUCCESS = "(kube_cronjob_status_last_successful_time or kube_cronjob_created)"

WORKLOADS = RuleSet(
    name="workloads",
    alerts=(
        Alert(
            name="WorkloadDown",
            expr=(
                "(kube_deployment_status_replicas_available == 0 and kube_deployment_spec_replicas > 0) or "
                "(kube_statefulset_status_replicas_ready == 0 and kube_statefulset_replicas > 0)"
            ),
            for_="5m",
            severity="critical",
            summary="{{ $labels.namespace }}/{{ or $labels.deployment $labels.statefulset }} has no pod that is ready",
            description="It is meant to run, and nothing of it has been ready for more than 5 minutes.",
        ),
        Alert(
            name="ReplicasMissing",
            expr=(
                "kube_statefulset_status_replicas_ready < kube_statefulset_replicas or "
                "kube_daemonset_status_number_available < kube_daemonset_status_desired_number_scheduled"
            ),
            for_="15m",
            severity="warning",
            summary="{{ $labels.namespace }}/{{ or $labels.statefulset $labels.daemonset }} lacks pods",
            description="{{ $value }} of its pods are ready, and it has wanted more for more than 15 minutes.",
        ),
        Alert(
            name="PodsRefused",
            expr='kube_deployment_status_condition{condition="ReplicaFailure",status="true"} == 1',
            for_="5m",
            severity="warning",
            summary="The cluster refuses pods of {{ $labels.namespace }}/{{ $labels.deployment }}",
            description="By the namespace's quota, its limit range, or an admission policy: no new pod is made.",
        ),
        Alert(
            name="QuotaNearlyUsed",
            # A quota is the most that is planned and a pod more for each roll-out. Of volumes all are planned.
            expr=(
                'kube_resourcequota{type="used",resource!~"persistentvolumeclaims|requests.storage"} / '
                'ignoring (type) (kube_resourcequota{type="hard"} > 0) > 0.99'
            ),
            for_="30m",
            severity="warning",
            summary="{{ $labels.namespace }} has nearly used its quota of {{ $labels.resource }}",
            description="{{ $value | humanizePercentage }} of it are used: the next pod may be refused.",
        ),
    ),
)
JOBS = RuleSet(
    name="jobs",
    alerts=(
        Alert(
            name="JobFailed",
            expr='kube_job_failed{condition="true"} == 1',
            # A later run of a CronJob may have ended well, and the failed Job is still there.
            silent=_OF_CRON,
            severity="warning",
            summary="Job {{ $labels.namespace }}/{{ $labels.job_name }} has failed",
            description="It tries no more. What waits for it, such as a release for its migration, waits on.",
        ),
        Alert(
            name="CronJobFailing",
            expr=f"kube_cronjob_status_last_schedule_time > {_LAST_SUCCESS} and kube_cronjob_status_active == 0",
            for_="15m",
            severity="warning",
            summary="The last run of {{ $labels.namespace }}/{{ $labels.cronjob }} did not end well",
            description="Its last run has ended, and no run has ended well since it began.",
        ),
        Alert(
            name="CronJobLate",
            # Of a suspended one kube-state-metrics does not tell when it is next.
            expr="time() - kube_cronjob_next_schedule_time > 3600",
            for_="15m",
            severity="warning",
            summary="{{ $labels.namespace }}/{{ $labels.cronjob }} has not run when it should have",
            description="Its run is {{ $value | humanizeDuration }} late: the last one may still be at work.",
        ),
    ),
)
VOLUMES = RuleSet(
    name="volumes",
    alerts=(
        Alert(
            name="VolumeFull",
            expr=f"min by (namespace, persistentvolumeclaim) ({_FREE}) < 0.03",
            for_="1m",
            severity="critical",
            summary="Volume {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} is full",
            description="{{ $value | humanizePercentage }} of it are free: under 3 %, and what writes there will stop.",
        ),
        Alert(
            name="VolumeFillingUp",
            expr=(
                f"min by (namespace, persistentvolumeclaim) ({_FREE}) < 0.1 or "
                f"min by (namespace, persistentvolumeclaim) ({_INODES}) < 0.1 or "
                f"(min by (namespace, persistentvolumeclaim) ({_FREE}) < 0.3 and "
                "min by (namespace, persistentvolumeclaim) "
                "(predict_linear(kubelet_volume_stats_available_bytes[6h], 2 * 86400)) < 0)"
            ),
            for_="1h",
            severity="warning",
            summary="Volume {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} fills up",
            description="{{ $value | humanizePercentage }} of its space or files are free: under 10 %, or under 30 % "
            "and gone within two days as it has been filling.",
        ),
    ),
)
