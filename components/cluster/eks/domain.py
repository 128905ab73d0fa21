"""The DNS zone of an environment, a certificate for load balancers, and the firewall in front of them."""

from __future__ import annotations

import pulumi
from pulumi_aws.acm import Certificate, CertificateValidation
from pulumi_aws.route53 import Record, Zone
from pulumi_aws.wafv2 import WebAcl

from components.cluster.aws.scope import AwsScope
from components.cluster.eks.args import DomainArgs

# Rule groups that AWS keeps up to date, in the order in which a request meets them.
_MANAGED_RULES = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesSQLiRuleSet",
)
# Requests of one address in five minutes: 7 a second is more than a person does, and less than a flood.
_RATE_LIMIT = 2000
# Seconds for which resolvers may keep a validation record, which ACM reads again every year.
_RECORD_SECONDS = 300


class Domain(pulumi.ComponentResource):
    """A zone and what stands before its load balancers.

    Outputs, None where not asked for: `zone_id`; `certificate_arn`, once ACM has issued it; `firewall_arn`.
    """

    zone_id: pulumi.Output[str]
    certificate_arn: pulumi.Output[str] | None = None
    firewall_arn: pulumi.Output[str] | None = None

    def __init__(
        self, name: str, scope: AwsScope, args: DomainArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("platform:aws:Domain", name, {}, opts)
        self._scope, self._args, self._child = scope, args, pulumi.ResourceOptions(parent=self)
        self.zone_id = pulumi.Output.from_input(args.zone_id) if args.zone_id else self._zone()
        if args.certificate:
            self.certificate_arn = self._certificate()
        if args.firewall:
            self.firewall_arn = self._firewall()
        self.register_outputs({"zone_id": self.zone_id})

    def _zone(self) -> pulumi.Output[str]:
        # Protected: a zone that is made anew has other name servers, which the parent zone does not know.
        kept = pulumi.ResourceOptions(parent=self, protect=True)
        tags = self._scope.tags(self._args.domain)
        zone: pulumi.Output[str] = Zone(
            self._args.domain, name=self._args.domain, comment="Managed by Pulumi", tags=tags, opts=kept
        ).zone_id
        return zone

    def _certificate(self) -> pulumi.Output[str]:
        domain = self._args.domain
        certificate = Certificate(
            domain,
            domain_name=domain,
            subject_alternative_names=[f"*.{domain}"],
            validation_method="DNS",
            tags=self._scope.tags(domain),
            opts=self._child,
        )
        # The wildcard is validated by the same record as the domain itself.
        wanted = certificate.domain_validation_options.apply(lambda found: found[0])
        record = Record(
            f"{domain}-validation",
            zone_id=self.zone_id,
            name=wanted.apply(lambda one: one.resource_record_name),
            type=wanted.apply(lambda one: one.resource_record_type),
            records=[wanted.apply(lambda one: one.resource_record_value)],
            ttl=_RECORD_SECONDS,
            allow_overwrite=True,
            opts=self._child,
        )
        issued: pulumi.Output[str] = CertificateValidation(
            domain, certificate_arn=certificate.arn, validation_record_fqdns=[record.fqdn], opts=self._child
        ).certificate_arn
        return issued

    def _firewall(self) -> pulumi.Output[str]:
        name = f"{self._scope.name}-firewall"
        managed = [_managed(priority, rules) for priority, rules in enumerate(_MANAGED_RULES, start=1)]
        arn: pulumi.Output[str] = WebAcl(
            name,
            name=name,
            scope="REGIONAL",
            default_action={"allow": {}},
            rules=[_rate_limit(priority=0), *managed],
            visibility_config=_visible(name),
            tags=self._scope.tags(name),
            opts=self._child,
        ).arn
        return arn


def _managed(priority: int, name: str) -> dict[str, object]:
    group = {"managed_rule_group_statement": {"name": name, "vendor_name": "AWS"}}
    return {
        "name": name,
        "priority": priority,
        # As the group's own rules say.
        "override_action": {"none": {}},
        "statement": group,
        "visibility_config": _visible(name),
    }


def _rate_limit(priority: int) -> dict[str, object]:
    statement = {"rate_based_statement": {"limit": _RATE_LIMIT, "aggregate_key_type": "IP"}}
    return {
        "name": "rate-limit",
        "priority": priority,
        "action": {"block": {}},
        "statement": statement,
        "visibility_config": _visible("rate-limit"),
    }


def _visible(name: str) -> dict[str, object]:
    return {"metric_name": name, "cloudwatch_metrics_enabled": True, "sampled_requests_enabled": True}
