"""The rule `secrets-stay-secret`, on recorded graphs: only those know what is secret."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from graph.model import Graph, Resource, Secret
from policy.engine.evaluation import evaluate
from policy.engine.settings import Exemption
from policy.rules.secrets import secrets_stay_secret
from tests.policy.engine import served, stack_request
from tests.policy.objects import TODAY, Props, having, workload
from tests.policy.stack_objects import made
from tests.policy.test_evaluation import graph_of

_PASSWORD = "hunter2-hunter2"
_ENCODED = base64.b64encode(_PASSWORD.encode()).decode()
_SECRET = made("Secret", "credentials", data={"username": Secret("somebody"), "password": Secret(_ENCODED)})
_OPEN = "holds a secret in the open; put it into a Secret and refer to that"
_ENV = "spec.template.spec.containers.0.env.0.value"


def _graph(*objects: Props, **outputs: Any) -> Graph:
    graph = graph_of(_SECRET, *objects)
    stack = Resource(urn="urn:stack", type="pulumi:pulumi:Stack", name="s", parent=None, custom=False)
    return Graph("s", (stack, *graph.resources), {"tier": "prod", **outputs})


def _found(graph: Graph, **more: Any) -> list[str]:
    return [one.message for one in evaluate(graph, rules=[secrets_stay_secret], **more)]


def _config_map(value: Any) -> Props:
    return made("ConfigMap", "settings", data={"A": "plain", "B": value})


def test_a_secret_in_a_secret_and_in_an_encrypted_output_has_no_violation() -> None:
    graph = _graph(workload(), _config_map("plain"), password=Secret(_PASSWORD), secret_name="credentials")
    assert _found(graph) == []


def test_a_secret_that_a_preview_does_not_know_is_not_found_in_all_else_that_it_does_not_know() -> None:
    """The engine has one text for all of that: every ARN of a new account would hold the first generated password."""
    unknown = made("Secret", "generated", data={"password": Secret(UNKNOWN_STRING_VALUE)})
    assert _found(_graph(unknown, _config_map(UNKNOWN_STRING_VALUE))) == []


@pytest.mark.parametrize(
    "value",
    [
        Secret("anything that is marked"),
        _PASSWORD,
        _ENCODED,
        f"postgres://somebody:{_PASSWORD}@db:5432/shop",
    ],
    ids=["marked", "in clear", "encoded", "within a URL"],
)
def test_a_secret_in_a_config_map_is_named_and_not_quoted(value: Any) -> None:
    assert _found(_graph(_config_map(value))) == [f"ConfigMap shop/settings: data.B {_OPEN}"]


def test_a_secret_in_the_environment_of_a_pod_is_named() -> None:
    changed = having(workload(), _ENV, Secret("something else"))
    assert _found(_graph(changed)) == [f"Deployment shop/api: {_ENV} {_OPEN}"]


def test_what_is_no_credential_may_stand_anywhere() -> None:
    # The whole Secret is often marked; its user name is in a ConfigMap too, and that is right.
    assert _found(_graph(_config_map("somebody"))) == []


@pytest.mark.parametrize(
    "outputs", [{"anything": _PASSWORD}, {"nested": {"a": [_PASSWORD]}}, {"admin_password": "not known elsewhere"}]
)
def test_an_output_that_is_not_encrypted_is_named(outputs: Props) -> None:
    (name,) = outputs
    fix = "export it as pulumi.Output.secret, or not at all"
    assert _found(_graph(**outputs)) == [f"Stack s: output {name} holds a secret and is not encrypted; {fix}"]


@pytest.mark.parametrize("name", ["secret_name", "token_url", "kms_key_id", "password_secret_ref"])
def test_an_output_that_says_where_a_secret_is_found_is_no_secret(name: str) -> None:
    assert _found(_graph(**{name: "credentials"})) == []


def test_an_exempt_object_is_let_off() -> None:
    row = Exemption(
        rule="secrets-stay-secret", object="ConfigMap shop/settings", reason="r", expires=TODAY + timedelta(days=1)
    )
    (finding,) = evaluate(_graph(_config_map(_PASSWORD)), rules=[secrets_stay_secret], exemptions=[row], today=TODAY)
    assert not finding.blocks


def test_what_is_not_known_yet_is_no_violation() -> None:
    assert _found(_graph(_config_map(UNKNOWN_STRING_VALUE), password=UNKNOWN_STRING_VALUE)) == []


def test_the_engine_is_told_the_same() -> None:
    with served("prod") as analyzer:
        told = analyzer.AnalyzeStack(stack_request(_graph(_config_map(f"x:{_PASSWORD}")))).diagnostics
    (message,) = [one.message for one in told if one.policyName == "secrets-stay-secret"]
    assert message.endswith(f"ConfigMap shop/settings: data.B {_OPEN}")
    assert not [one for one in told if _PASSWORD in one.message or _ENCODED in one.message]
