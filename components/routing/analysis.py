"""What the releases of a namespace share under Flagger: the metric templates, and the address of the alert channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.credentials import Credential, ExternalStore, SecretBundle, SecretBundleArgs
from components.naming import Scope
from components.routing.flagger import ALERT_SECRET, metric_template
from components.routing.metrics import DURATION, TEMPLATES
from components.routing.release import Release

# The name of the credential in the environment's secret store; Alertmanager's receivers use the same.
_ADDRESS = "alerting-slack-webhook-url"


@dataclass(frozen=True, kw_only=True)
class ReleaseAnalysisArgs:
    """`releases` are those of the namespace, `prometheus` the URL that is asked for their metrics."""

    scope: Scope
    releases: Sequence[Release]
    prometheus: str
    store: ExternalStore | None


class ReleaseAnalysis(pulumi.ComponentResource):
    """A MetricTemplate for each metric of a release under Flagger, and the Secret of the channel that is told."""

    def __init__(self, name: str, args: ReleaseAnalysisArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:routing:ReleaseAnalysis", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        used = {(metric.template, release.mesh) for release in args.releases for metric in release.metrics}
        templates = [(TEMPLATES[template], mesh) for template, mesh in sorted(used)]
        for template, mesh in (*templates, (DURATION, args.releases[0].mesh)):
            metric_template(
                f"{name}-{template.name}",
                template,
                scope=args.scope,
                mesh=mesh,
                prometheus=args.prometheus,
                opts=child,
            )
        if any(release.alert for release in args.releases):
            SecretBundle(f"{name}-alerts", self._address(args), child)
        self.register_outputs({})

    @staticmethod
    def _address(args: ReleaseAnalysisArgs) -> SecretBundleArgs:
        return SecretBundleArgs(
            scope=args.scope,
            secret_name=ALERT_SECRET,
            component=ALERT_SECRET,
            secret={"address": Credential(name=_ADDRESS)},
            plain={},
            store=args.store,
        )
