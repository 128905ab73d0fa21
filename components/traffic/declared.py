"""The objects of a release without a controller: a Service for each version, and the route that `ops canary` moves."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import Service

from components.kubernetes.naming import Scope
from components.kubernetes.objects import custom_resource
from components.performance import SKIP_AWAIT
from components.traffic.flagger import Target
from components.traffic.release import (
    APPLICATION,
    APPLICATION_LABEL,
    SPECIFICATION,
    TRACK_LABEL,
    Release,
    canary_name,
    primary_name,
)
from components.traffic.routes import NOTHING, OWNED_FIELD, http_route_rules, traffic_policy, virtual_service_rules
from components.values.model import Model
from versions import DESTINATION_RULE, HTTP_ROUTE, VIRTUAL_SERVICE


def release_annotations(name: str, port: int, release: Release) -> dict[str, str]:
    """What `ops canary` needs to know, on the object that it moves: it works on what is deployed."""
    # What a file says outright (its cookie, its webhooks) is a model among the dataclasses.
    specification = json.dumps({"port": port, **dataclasses.asdict(release)}, sort_keys=True, default=Model.model_dump)
    return {APPLICATION: name, SPECIFICATION: specification}


def versions_services(
    name: str, *, scope: Scope, target: Target, ports: list[dict[str, Any]], opts: pulumi.ResourceOptions
) -> list[Service]:
    """A Service in front of each version's pods."""
    tracks = {primary_name(target.name): {}, canary_name(target.name): {APPLICATION_LABEL: target.name}}
    pods = {primary_name(target.name): primary_name(target.name), canary_name(target.name): target.name}
    return [
        Service(
            f"{name}{service.removeprefix(target.name)}",
            metadata={
                "name": service,
                "namespace": scope.namespace,
                "labels": scope.labels(service) | labels,
                "annotations": SKIP_AWAIT,
            },
            spec={"type": "ClusterIP", "selector": {TRACK_LABEL: pods[service]}, "ports": ports},
            opts=opts,
        )
        for service, labels in tracks.items()
    ]


def declared_route(
    name: str, *, scope: Scope, target: Target, release: Release, opts: pulumi.ResourceOptions
) -> list[CustomResource]:
    """The route, all on stable, and in Istio's mesh what holds for connections to each version."""
    metadata = {
        "name": target.name,
        "namespace": scope.namespace,
        "labels": scope.labels(target.name),
        "annotations": release_annotations(target.name, target.port, release),
    }
    kind = VIRTUAL_SERVICE if release.mesh == "istio" else HTTP_ROUTE
    owned = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(ignore_changes=[OWNED_FIELD[kind.kind]]))
    specification = _virtual_service if release.mesh == "istio" else _http_route
    made = custom_resource(
        name,
        kind,
        metadata=metadata,
        spec=specification(target, release),
        opts=owned,
    )
    return [made, *(_destination_rules(name, scope, target, opts) if release.mesh == "istio" else [])]


def _virtual_service(target: Target, release: Release) -> dict[str, Any]:
    hosts, gateways = [target.name], ["mesh"]
    if release.entry:
        hosts, gateways = [*hosts, release.entry.host], [*gateways, release.entry.gateway]
    rules = virtual_service_rules(target.name, target.port, release, NOTHING, "")
    return {"hosts": hosts, "gateways": gateways, "http": rules}


def _http_route(target: Target, release: Release) -> dict[str, Any]:
    rules = http_route_rules(target.name, target.port, release, NOTHING, "")
    if release.entry is None:
        # Inside the cluster a mesh that implements GAMMA takes the Service itself for the parent.
        return {"parentRefs": [{"group": "", "kind": "Service", "name": target.name}], "rules": rules}
    namespace, _, gateway = release.entry.gateway.partition("/")
    parent = {"name": gateway, "namespace": namespace}
    return {"parentRefs": [parent], "hostnames": [release.entry.host], "rules": rules}


def _destination_rules(name: str, scope: Scope, target: Target, opts: pulumi.ResourceOptions) -> list[CustomResource]:
    return [
        custom_resource(
            f"{name}{host.removeprefix(target.name)}",
            DESTINATION_RULE,
            metadata={"name": host, "namespace": scope.namespace, "labels": scope.labels(host)},
            spec={"host": host, "trafficPolicy": traffic_policy(locality=target.locality)},
            opts=opts,
        )
        for host in (primary_name(target.name), canary_name(target.name))
    ]
