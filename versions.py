"""Every pinned version in one place: container images, Helm charts, custom resources and their API versions.

Python packages are pinned in `requirements.in`; the control plane of the sandbox is pinned in the `go.mod`
files below `sandbox/modules/`. Nothing else in the program names a version.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal, NamedTuple

# The application images of the platform's own services; the registry in front comes from the configuration.
APPLICATION_VERSION = "1.0.0"

# PostgreSQL 17: the newest major version that CloudNativePG's "standard" images carry with a year of fixes.
POSTGRESQL_MAJOR = 17
# On Debian 13: 12 has been past its end since June 2026. Another C library changes no order in the database, which the
# operator makes with the collation C.
POSTGRESQL_IMAGE = "ghcr.io/cloudnative-pg/postgresql:17.11-standard-trixie"
# The same with Python, boto3 and psycopg2 beside the client programs: what the scripts of stores/postgres need.
# CloudNativePG calls this flavour deprecated, and builds it until its operator drops its own Barman Cloud
# (docs/decisions/0054 says what comes then).
POSTGRESQL_TOOLS_IMAGE = "ghcr.io/cloudnative-pg/postgresql:17.11-system-trixie"
PGBOUNCER_IMAGE = "ghcr.io/cloudnative-pg/pgbouncer:1.25.2"
# The name under which the Barman Cloud plugin registers with the operator.
BARMAN_CLOUD_PLUGIN = "barman-cloud.cloudnative-pg.io"
# Redis' own image, not the operator's: whose configuration the operator writes needs no entrypoint that fits it.
REDIS_IMAGE = "docker.io/library/redis:8.2.9"
REDIS_EXPORTER_IMAGE = "quay.io/oliver006/redis_exporter:v1.88.0"
MINIO_IMAGE = "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z"
MINIO_CLIENT_IMAGE = "quay.io/minio/mc:RELEASE.2025-08-13T08-35-41Z"

# 3.13 is Prometheus' long-term release.
PROMETHEUS_VERSION = "v3.13.5"
PROMETHEUS_IMAGE = f"quay.io/prometheus/prometheus:{PROMETHEUS_VERSION}"
ALERTMANAGER_VERSION = "v0.35.0"
ALERTMANAGER_IMAGE = f"quay.io/prometheus/alertmanager:{ALERTMANAGER_VERSION}"
GRAFANA_IMAGE = "docker.io/grafana/grafana:12.4.12"
# The exporters' newest releases by August 2026.
KUBE_STATE_METRICS_IMAGE = "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.20.0"
NODE_EXPORTER_IMAGE = "quay.io/prometheus/node-exporter:v1.12.1"
BLACKBOX_EXPORTER_IMAGE = "quay.io/prometheus/blackbox-exporter:v0.28.0"
PUSHGATEWAY_IMAGE = "quay.io/prometheus/pushgateway:v1.11.3"
THANOS_VERSION = "v0.42.5"
THANOS_IMAGE = f"quay.io/thanos/thanos:{THANOS_VERSION}"
# Logs and traces: the newest of each that its project had released by August 2026, but for Tempo, whose 3.0 has
# another configuration.
ALLOY_IMAGE = "docker.io/grafana/alloy:v1.17.0"
FLUENT_BIT_IMAGE = "docker.io/fluent/fluent-bit:5.1.3"
LOKI_IMAGE = "docker.io/grafana/loki:3.7.8"
OPENTELEMETRY_COLLECTOR_IMAGE = "docker.io/otel/opentelemetry-collector-contrib:0.155.0"
TEMPO_IMAGE = "docker.io/grafana/tempo:2.10.8"
JAEGER_IMAGE = "docker.io/jaegertracing/jaeger:2.17.0"


class CustomResource(NamedTuple):
    """A kind that some operator adds to the cluster; `scope` says whether its objects live in a namespace."""

    group: str
    version: str
    kind: str
    plural: str
    scope: Literal["Namespaced", "Cluster"] = "Namespaced"

    @property
    def api_version(self) -> str:
        """The `apiVersion` of its objects: `group/version`."""
        return f"{self.group}/{self.version}"

    @property
    def object_type(self) -> str:
        """How rules and messages name it: `group/Kind`."""
        return f"{self.group}/{self.kind}"


POSTGRESQL_CLUSTER = CustomResource("postgresql.cnpg.io", "v1", "Cluster", "clusters")
POSTGRESQL_IMAGE_CATALOG = CustomResource("postgresql.cnpg.io", "v1", "ImageCatalog", "imagecatalogs")
POSTGRESQL_DATABASE = CustomResource("postgresql.cnpg.io", "v1", "Database", "databases")
POSTGRESQL_POOLER = CustomResource("postgresql.cnpg.io", "v1", "Pooler", "poolers")
POSTGRESQL_SCHEDULED_BACKUP = CustomResource("postgresql.cnpg.io", "v1", "ScheduledBackup", "scheduledbackups")
BACKUP_OBJECT_STORE = CustomResource("barmancloud.cnpg.io", "v1", "ObjectStore", "objectstores")
# v1beta1, which the platform's documents use, is no longer served by the operator.
REDIS_CLUSTER = CustomResource("redis.redis.opstreelabs.in", "v1beta2", "RedisCluster", "redisclusters")
REDIS = CustomResource("redis.redis.opstreelabs.in", "v1beta2", "Redis", "redis")
CERTIFICATE_ISSUER = CustomResource("cert-manager.io", "v1", "Issuer", "issuers")
CERTIFICATE = CustomResource("cert-manager.io", "v1", "Certificate", "certificates")
SECRET_STORE = CustomResource("external-secrets.io", "v1", "SecretStore", "secretstores")
CLUSTER_SECRET_STORE = CustomResource(
    "external-secrets.io", "v1", "ClusterSecretStore", "clustersecretstores", "Cluster"
)
EXTERNAL_SECRET = CustomResource("external-secrets.io", "v1", "ExternalSecret", "externalsecrets")
MONITORING_GROUP = "monitoring.coreos.com"
PROMETHEUS = CustomResource(MONITORING_GROUP, "v1", "Prometheus", "prometheuses")
ALERTMANAGER = CustomResource(MONITORING_GROUP, "v1", "Alertmanager", "alertmanagers")
THANOS_RULER = CustomResource(MONITORING_GROUP, "v1", "ThanosRuler", "thanosrulers")
SERVICE_MONITOR = CustomResource(MONITORING_GROUP, "v1", "ServiceMonitor", "servicemonitors")
POD_MONITOR = CustomResource(MONITORING_GROUP, "v1", "PodMonitor", "podmonitors")
PROBE = CustomResource(MONITORING_GROUP, "v1", "Probe", "probes")
PROMETHEUS_RULE = CustomResource(MONITORING_GROUP, "v1", "PrometheusRule", "prometheusrules")
ALERTMANAGER_CONFIG = CustomResource(MONITORING_GROUP, "v1alpha1", "AlertmanagerConfig", "alertmanagerconfigs")
SCRAPE_CONFIG = CustomResource(MONITORING_GROUP, "v1alpha1", "ScrapeConfig", "scrapeconfigs")
PROMETHEUS_AGENT = CustomResource(MONITORING_GROUP, "v1alpha1", "PrometheusAgent", "prometheusagents")
FLAGGER_GROUP = "flagger.app"
CANARY = CustomResource(FLAGGER_GROUP, "v1beta1", "Canary", "canaries")
METRIC_TEMPLATE = CustomResource(FLAGGER_GROUP, "v1beta1", "MetricTemplate", "metrictemplates")
ALERT_PROVIDER = CustomResource(FLAGGER_GROUP, "v1beta1", "AlertProvider", "alertproviders")
ISTIO_NETWORKING_GROUP, ISTIO_SECURITY_GROUP = "networking.istio.io", "security.istio.io"
VIRTUAL_SERVICE = CustomResource(ISTIO_NETWORKING_GROUP, "v1", "VirtualService", "virtualservices")
DESTINATION_RULE = CustomResource(ISTIO_NETWORKING_GROUP, "v1", "DestinationRule", "destinationrules")
ENVOY_FILTER = CustomResource(ISTIO_NETWORKING_GROUP, "v1alpha3", "EnvoyFilter", "envoyfilters")
ISTIO_GATEWAY = CustomResource(ISTIO_NETWORKING_GROUP, "v1", "Gateway", "gateways")
PEER_AUTHENTICATION = CustomResource(ISTIO_SECURITY_GROUP, "v1", "PeerAuthentication", "peerauthentications")
AUTHORIZATION_POLICY = CustomResource(ISTIO_SECURITY_GROUP, "v1", "AuthorizationPolicy", "authorizationpolicies")
GATEWAY_GROUP = "gateway.networking.k8s.io"
HTTP_ROUTE = CustomResource(GATEWAY_GROUP, "v1", "HTTPRoute", "httproutes")
GATEWAY = CustomResource(GATEWAY_GROUP, "v1", "Gateway", "gateways")
GATEWAY_CLASS = CustomResource(GATEWAY_GROUP, "v1", "GatewayClass", "gatewayclasses", "Cluster")
ARGO_APPLICATION = CustomResource("argoproj.io", "v1alpha1", "Application", "applications")
ARGO_APPLICATION_SET = CustomResource("argoproj.io", "v1alpha1", "ApplicationSet", "applicationsets")
ARGO_PROJECT = CustomResource("argoproj.io", "v1alpha1", "AppProject", "appprojects")
SCALED_OBJECT = CustomResource("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects")
VERTICAL_POD_AUTOSCALER = CustomResource("autoscaling.k8s.io", "v1", "VerticalPodAutoscaler", "verticalpodautoscalers")

# Whatever the program declares of these kinds needs its definition in the cluster first. The sandbox makes
# permissive stand-ins from this table; a real cluster has them from the operators.
CUSTOM_RESOURCES: tuple[CustomResource, ...] = (
    POSTGRESQL_CLUSTER,
    POSTGRESQL_IMAGE_CATALOG,
    POSTGRESQL_DATABASE,
    POSTGRESQL_POOLER,
    POSTGRESQL_SCHEDULED_BACKUP,
    BACKUP_OBJECT_STORE,
    REDIS_CLUSTER,
    REDIS,
    CERTIFICATE,
    CERTIFICATE_ISSUER,
    EXTERNAL_SECRET,
    PROMETHEUS,
    ALERTMANAGER,
    THANOS_RULER,
    SERVICE_MONITOR,
    POD_MONITOR,
    PROBE,
    PROMETHEUS_RULE,
    ALERTMANAGER_CONFIG,
    SCRAPE_CONFIG,
    PROMETHEUS_AGENT,
    CANARY,
    METRIC_TEMPLATE,
    ALERT_PROVIDER,
    VIRTUAL_SERVICE,
    DESTINATION_RULE,
    ENVOY_FILTER,
    ISTIO_GATEWAY,
    PEER_AUTHENTICATION,
    AUTHORIZATION_POLICY,
    HTTP_ROUTE,
    GATEWAY,
    GATEWAY_CLASS,
    ARGO_APPLICATION,
    ARGO_APPLICATION_SET,
    ARGO_PROJECT,
    SCALED_OBJECT,
    VERTICAL_POD_AUTOSCALER,
    CustomResource("cert-manager.io", "v1", "ClusterIssuer", "clusterissuers", "Cluster"),
    SECRET_STORE,
    CLUSTER_SECRET_STORE,
)


class EksVersion(NamedTuple):
    """A minor version of Kubernetes on EKS, and the version of each add-on that AWS recommends for it."""

    minor: str
    addons: Mapping[str, str]


_EVERY_MINOR = {"eks-pod-identity-agent": "v1.3.10-eksbuild.3", "metrics-server": "v0.8.1-eksbuild.6"}

# The minor versions in AWS's standard support, oldest first, with what `aws eks describe-addon-versions
# --kubernetes-version` gives as their defaults. kube-proxy is always of the cluster's own minor version.
EKS_VERSIONS: dict[str, EksVersion] = {
    version.minor: version
    for version in (
        EksVersion(
            "1.35",
            {
                **_EVERY_MINOR,
                "vpc-cni": "v1.22.4-eksbuild.3",
                "coredns": "v1.13.2-eksbuild.31",
                "kube-proxy": "v1.35.3-eksbuild.29",
                "aws-ebs-csi-driver": "v1.66.0-eksbuild.1",
            },
        ),
        EksVersion(
            "1.36",
            {
                **_EVERY_MINOR,
                "vpc-cni": "v1.22.4-eksbuild.3",
                "coredns": "v1.14.3-eksbuild.16",
                "kube-proxy": "v1.36.0-eksbuild.21",
                "aws-ebs-csi-driver": "v1.66.0-eksbuild.1",
            },
        ),
    )
}
EKS_DEFAULT = "1.36"


class HelmChart(NamedTuple):
    """A chart at one version, and the repository that has it (the URL of its `index.yaml`)."""

    name: str
    version: str
    repository: str


# Where Istio publishes its charts since 1.31; the bucket at Google, where they were, is emptied in December 2026.
_ISTIO_CHARTS = "https://blob.istio.io/istio-release/charts"
_ISTIO_VERSION = "1.31.1"
_PROMETHEUS_CHARTS = "https://prometheus-community.github.io/helm-charts"
_GRAFANA_CHARTS = "https://grafana-community.github.io/helm-charts"
_OPENTELEMETRY_CHARTS = "https://open-telemetry.github.io/opentelemetry-helm-charts"
_CLOUDNATIVE_PG_CHARTS = "https://cloudnative-pg.github.io/charts"

# The charts of the operators, by the name of the release; each the newest that its project had tagged by August 2026.
HELM_CHARTS: dict[str, HelmChart] = {
    "argo-cd": HelmChart("argo-cd", "10.1.1", "https://argoproj.github.io/argo-helm"),
    "cert-manager": HelmChart("cert-manager", "v1.21.1", "https://charts.jetstack.io"),
    "cloudnative-pg": HelmChart("cloudnative-pg", "0.29.0", _CLOUDNATIVE_PG_CHARTS),
    "external-secrets": HelmChart("external-secrets", "2.9.0", "https://charts.external-secrets.io"),
    "flagger": HelmChart("flagger", "1.44.0", "https://flagger.app"),
    "gateway-api-crds": HelmChart("gateway-api-crds", "1.6.0", "https://wiremind.github.io/wiremind-helm-charts"),
    "ingress-nginx": HelmChart("ingress-nginx", "4.15.1", "https://kubernetes.github.io/ingress-nginx"),
    "istio-base": HelmChart("base", _ISTIO_VERSION, _ISTIO_CHARTS),
    "istio-gateway": HelmChart("gateway", _ISTIO_VERSION, _ISTIO_CHARTS),
    "istiod": HelmChart("istiod", _ISTIO_VERSION, _ISTIO_CHARTS),
    "keda": HelmChart("keda", "2.21.0", "https://kedacore.github.io/charts"),
    "loki": HelmChart("loki", "18.11.0", _GRAFANA_CHARTS),
    "metrics-server": HelmChart("metrics-server", "3.13.1", "https://kubernetes-sigs.github.io/metrics-server"),
    "opentelemetry-collector": HelmChart("opentelemetry-collector", "0.170.0", _OPENTELEMETRY_CHARTS),
    "opentelemetry-operator": HelmChart("opentelemetry-operator", "0.122.0", _OPENTELEMETRY_CHARTS),
    "plugin-barman-cloud": HelmChart("plugin-barman-cloud", "0.7.0", _CLOUDNATIVE_PG_CHARTS),
    "prometheus-operator": HelmChart("kube-prometheus-stack", "88.5.3", _PROMETHEUS_CHARTS),
    "prometheus-operator-crds": HelmChart("prometheus-operator-crds", "31.0.1", _PROMETHEUS_CHARTS),
    "redis-operator": HelmChart("redis-operator", "0.26.1", "https://ot-container-kit.github.io/helm-charts"),
    "reloader": HelmChart("reloader", "2.2.16", "https://stakater.github.io/stakater-charts"),
    "tempo": HelmChart("tempo", "2.2.4", _GRAFANA_CHARTS),
    "vertical-pod-autoscaler": HelmChart(
        "vertical-pod-autoscaler", "0.11.0", "https://kubernetes.github.io/autoscaler"
    ),
}


class ChartProgram(NamedTuple):
    """The program that a version of a chart deploys: the `appVersion` of its Chart.yaml."""

    chart: str
    version: str


# Of the charts whose program the sandbox runs too, by the name of the release. tests/unit/sandbox compares.
CHART_PROGRAMS: dict[str, ChartProgram] = {
    "cert-manager": ChartProgram("v1.21.1", "v1.21.1"),
    "cloudnative-pg": ChartProgram("0.29.0", "v1.30.0"),
    "flagger": ChartProgram("1.44.0", "v1.44.0"),
    "prometheus-operator": ChartProgram("88.5.3", "v0.93.1"),
    "plugin-barman-cloud": ChartProgram("0.7.0", "v0.13.0"),
}


class SupportEnd(NamedTuple):
    """The last day on which a line of releases is mended, or `None` where its project names no day.

    `line` is the beginning of the pinned version for which the day holds; `source` is the page that names the day, or,
    where there is none, why.
    """

    line: str
    day: date | None
    source: str


_LATEST_ONLY = "only its newest release is mended, and no day is named for any"
_UNPUBLISHED = "the project says nothing of how long it mends a release"
_END_OF_LIFE = "https://endoflife.date"
_EKS_CALENDAR = "https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html"
_ISTIO = SupportEnd("1.31", None, "mended until six weeks after 1.33, for which no day is named")
# What carries PostgreSQL ends before it: https://www.postgresql.org/support/versioning/ says 2029-11-08 of 17.
_TRIXIE = SupportEnd("17", date(2028, 8, 9), "https://www.debian.org/releases/trixie/")
# Archived by its company in the spring of 2026; of the days that are told it is the latest.
_MINIO = SupportEnd("RELEASE.2025", date(2026, 4, 25), "https://github.com/minio/minio")

# Every image, chart and version of Kubernetes above, by its name here or in its table. A new line needs a new row:
# tests/unit/supply/test_support_ends.py holds that, and fails 60 days before an end.
SUPPORT_ENDS: dict[str, SupportEnd] = {
    "POSTGRESQL_IMAGE": _TRIXIE,
    "POSTGRESQL_TOOLS_IMAGE": _TRIXIE,
    "PGBOUNCER_IMAGE": SupportEnd("1.25", None, _LATEST_ONLY),
    "REDIS_IMAGE": SupportEnd("8.2", date(2030, 9, 1), f"{_END_OF_LIFE}/redis"),
    "REDIS_EXPORTER_IMAGE": SupportEnd("1.88", None, _LATEST_ONLY),
    "MINIO_IMAGE": _MINIO,
    "MINIO_CLIENT_IMAGE": _MINIO,
    "PROMETHEUS_IMAGE": SupportEnd("3.13", date(2027, 7, 31), "https://prometheus.io/docs/introduction/release-cycle/"),
    "ALERTMANAGER_IMAGE": SupportEnd("0.35", None, _LATEST_ONLY),
    "GRAFANA_IMAGE": SupportEnd(
        "12.4", date(2027, 5, 24), "https://grafana.com/docs/grafana/latest/upgrade-guide/when-to-upgrade/"
    ),
    "KUBE_STATE_METRICS_IMAGE": SupportEnd("2.20", None, _LATEST_ONLY),
    "NODE_EXPORTER_IMAGE": SupportEnd("1.12", None, _LATEST_ONLY),
    "BLACKBOX_EXPORTER_IMAGE": SupportEnd("0.28", None, _LATEST_ONLY),
    "PUSHGATEWAY_IMAGE": SupportEnd("1.11", None, _LATEST_ONLY),
    "THANOS_IMAGE": SupportEnd("0.42", None, _LATEST_ONLY),
    "ALLOY_IMAGE": SupportEnd("1.17", None, _UNPUBLISHED),
    "FLUENT_BIT_IMAGE": SupportEnd("5.1", None, "mended until three months after 5.2, for which no day is named"),
    "LOKI_IMAGE": SupportEnd("3.7", None, "mended until the second minor release after it, for which no day is named"),
    "OPENTELEMETRY_COLLECTOR_IMAGE": SupportEnd("0.155", None, _LATEST_ONLY),
    "TEMPO_IMAGE": SupportEnd("2.10", None, _UNPUBLISHED),
    "JAEGER_IMAGE": SupportEnd("2", None, "the newest major version is mended, and 2 is the newest"),
    # Of operators it is the operator's own support that counts, where its chart is numbered otherwise.
    "argo-cd": SupportEnd("10.1", None, "Argo CD's three newest minor versions are mended, without named days"),
    "cert-manager": SupportEnd("1.21", None, "mended until 1.23, for which no day is named"),
    "cloudnative-pg": SupportEnd("0.29", None, "mended until three months after its next minor version, without a day"),
    "external-secrets": SupportEnd("2.9", None, _LATEST_ONLY),
    "flagger": SupportEnd("1.44", None, _UNPUBLISHED),
    "gateway-api-crds": SupportEnd("1.6", None, _UNPUBLISHED),
    "ingress-nginx": SupportEnd(
        "4.15", date(2026, 3, 31), "https://kubernetes.io/blog/2025/11/11/ingress-nginx-retirement/"
    ),
    "istio-base": _ISTIO,
    "istio-gateway": _ISTIO,
    "istiod": _ISTIO,
    "keda": SupportEnd("2.21", None, "mended until 2.23, for which no day is named"),
    "loki": SupportEnd("18.11", None, _UNPUBLISHED),
    "metrics-server": SupportEnd("3.13", None, _LATEST_ONLY),
    "opentelemetry-collector": SupportEnd("0.170", None, _LATEST_ONLY),
    "opentelemetry-operator": SupportEnd("0.122", None, _LATEST_ONLY),
    "plugin-barman-cloud": SupportEnd("0.7", None, _LATEST_ONLY),
    "prometheus-operator": SupportEnd("88.5", None, _LATEST_ONLY),
    "prometheus-operator-crds": SupportEnd("31.0", None, _LATEST_ONLY),
    "redis-operator": SupportEnd("0.26", None, _UNPUBLISHED),
    "reloader": SupportEnd("2.2", None, _UNPUBLISHED),
    "tempo": SupportEnd("2.2", None, _UNPUBLISHED),
    "vertical-pod-autoscaler": SupportEnd("0.11", None, _UNPUBLISHED),
    # The end of standard support, after which AWS charges more for a control plane. The add-ons are those of their
    # minor version.
    "eks-1.35": SupportEnd("1.35", date(2027, 3, 27), _EKS_CALENDAR),
    "eks-1.36": SupportEnd("1.36", date(2027, 8, 2), _EKS_CALENDAR),
}
