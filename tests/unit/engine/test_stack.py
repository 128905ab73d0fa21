"""What the engine's errors mean for the run, and how long it may wait for an object."""

from __future__ import annotations

import pulumi
import pytest

from ops.engine import stack
from ops.engine.plan import Plan
from ops.engine.stack import EngineError

UNREADY = "Deployment api: 'api' timed out waiting to be Ready: Readiness probe failed: connection refused"


def test_pods_that_refuse_their_probes_are_no_api_server_out_of_reach() -> None:
    """The run began again three times, and waited as long each time."""
    assert stack._passes("ConfigMap a: dial tcp 127.0.0.1:6443: connect: connection refused")
    assert not stack._passes(UNREADY)
    assert EngineError(UNREADY, Plan()).unready


@pytest.mark.parametrize(
    "words",
    [
        # resource/deploy/step_generator.go and step.go of pulumi/pkg v3.274.1
        'unable to replace resource "urn:pulumi:prod::p::t::n"\nas it is currently marked for protection.',
        'resource "urn:pulumi:prod::p::t::n" cannot be deleted\nbecause it is protected.',
    ],
)
def test_the_refusal_to_remove_what_is_protected_is_known(words: str) -> None:
    assert EngineError(f"pulumi preview failed:\n  {words}", Plan()).protected


def test_the_engine_waits_as_long_as_the_command_was_told() -> None:
    """It waited ten minutes for a Deployment, whatever `--timeout` said; an option of a component's own stays."""
    transformation = stack._lasting(20)

    def timeouts(type_: str, options: pulumi.ResourceOptions) -> str | None:
        component = pulumi.ResourceTransformationArgs.__new__(pulumi.ResourceTransformationArgs)
        component.type_, component.props, component.opts = type_, {}, options
        changed = transformation(component)
        given = (changed.opts if changed else options).custom_timeouts
        return given.create if given else None

    own = pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="1h"))
    assert timeouts("kubernetes:apps/v1:Deployment", pulumi.ResourceOptions(protect=True)) == "20s"
    assert timeouts("kubernetes:apps/v1:Deployment", own) == "1h"
    assert timeouts("aws:eks/cluster:Cluster", pulumi.ResourceOptions()) is None
