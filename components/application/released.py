"""Everything that an application with a release has and one with a rolling update has not."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment

from components.application.args import ApplicationArgs
from components.application.deployment import deployment_spec
from components.application.service import application_service
from components.routing.declared import declared_route, release_annotations, versions_services
from components.routing.flagger import Target, alert_provider, canary
from components.routing.release import TRACK_LABEL, Release, primary_name


def released(
    name: str,
    args: ApplicationArgs,
    release: Release,
    *,
    candidate: Deployment,
    needs: list[pulumi.Resource],
    parent: pulumi.Resource,
) -> None:
    """The Services, the stable version, and what moves the traffic; `needs` are what its pods need."""
    if release.controller == "flagger":
        _by_flagger(name, args, release, candidate, parent)
    else:
        _declared(name, args, release, needs, parent)


def _target(args: ApplicationArgs) -> Target:
    return Target(
        name=args.name,
        port=args.port,
        further_ports=len(args.all_ports.exposed) > 1,
        autoscaled=args.replicas.autoscaled,
        queries={metric.name: metric.query for metric in args.replicas.metrics},
        locality=args.zone_spread == "DoNotSchedule",
    )


def _by_flagger(
    name: str, args: ApplicationArgs, release: Release, candidate: Deployment, parent: pulumi.Resource
) -> None:
    target = _target(args)
    owned = ["spec.selector", "spec.ports"]
    service = application_service(name, args, pulumi.ResourceOptions(parent=parent, ignore_changes=owned))
    after = pulumi.ResourceOptions(parent=parent, depends_on=[candidate, service])
    canary(name, scope=args.scope, target=target, release=release, opts=after)
    if release.alert:
        child = pulumi.ResourceOptions(parent=parent)
        alert_provider(name, scope=args.scope, target=target, channel=release.alert, opts=child)


def _declared(
    name: str, args: ApplicationArgs, release: Release, needs: list[pulumi.Resource], parent: pulumi.Resource
) -> None:
    target, selector = _target(args), {TRACK_LABEL: primary_name(args.name)}
    owned = ["spec.template", *args.replicas.owned]
    stable = _stable(name, args, pulumi.ResourceOptions(parent=parent, depends_on=needs, ignore_changes=owned))
    # Traffic is turned to the stable version's pods only when they are there.
    after = pulumi.ResourceOptions(parent=parent, depends_on=[stable])
    ports, child = args.all_ports.service_ports(), pulumi.ResourceOptions(parent=parent)
    services = versions_services(name, scope=args.scope, target=target, ports=ports, opts=child)
    if release.by_selector:
        noted = release_annotations(args.name, target.port, release)
        after = pulumi.ResourceOptions(parent=parent, depends_on=[stable], ignore_changes=["spec.selector"])
        application_service(name, args, after, selector=selector, annotations=noted)
        return
    application_service(name, args, after, selector=selector)
    route = pulumi.ResourceOptions(parent=parent, depends_on=[stable, *services])
    declared_route(name, scope=args.scope, target=target, release=release, opts=route)


def _stable(name: str, args: ApplicationArgs, opts: pulumi.ResourceOptions) -> Deployment:
    """The version that serves. It begins as what is declared; from then on only a promotion changes its pods."""
    stable = primary_name(args.name)
    return Deployment(
        f"{name}-primary",
        metadata={"name": stable, "namespace": args.scope.namespace, "labels": args.scope.labels(stable)},
        spec=deployment_spec(args, stable=True),
        opts=opts,
    )
