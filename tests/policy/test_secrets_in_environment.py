"""The rule `secrets-in-environment`."""

from __future__ import annotations

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.facts.credentials import credential_shape
from policy.facts.values import Masked
from policy.rules.secrets import secrets_in_environment
from tests.policy.objects import Props, judge, workload
from tests.policy.rule_tests import RuleTests, Table, in_container, in_every_role

_FIX = "put it into a Secret and refer to that"
_BY_NAME = f"is a credential by its name; {_FIX}"
_NAMES = ("DB_PASSWORD", "JWT_SECRET", "api_key", "GITHUB_TOKEN", "awsSecretAccessKey", "CREDENTIALS")
# Made up; put together here, so that no scanner takes this file for a leak.
SHAPES = {
    "a private key": "-----BEGIN " + "RSA PRIVATE KEY-----\nMII",
    "an AWS access key": "AKIA" + "ABCDEFGHIJKLMNOP",
    "a GitHub token": "ghp_" + "a1B2" * 9,
    "a GitLab token": "glpat-" + "a1B2" * 5,
    "a Slack token": "xoxb-" + "1234567890-abc",
    "a Stripe key": "sk_live_" + "a1B2" * 6,
    "a Google API key": "AIza" + "a1B2c" * 7,
    "an OpenAI or Anthropic key": "sk-" + "a1B2" * 8,
    "a JSON Web Token": "eyJ" + "hbGciOiJIUzI1NiJ9.eyJ" + "zdWIiOiIxMjM0In0.abc",
    "a URL with a password": "postgresql://app:" + "hunter2" + "@db:5432/app",
    "a random key": "q7Xb2LpZ0" + "vNc8RtYw4KdJ6sHf1",
}
HARMLESS = (
    "postgresql-cluster-rw.astrbot.svc.cluster.local",
    "postgresql://app@db:5432/app",
    "https://$(USER):$(PASSWORD)@db/",
    "ghcr.io/saas-platform/web:1.0.0@sha256:" + "0a1b" * 16,
    "550e8400-e29b-41d4-a716-446655440000",
    "/var/run/secrets/kubernetes.io/serviceaccount/token",
    "a sentence about nothing in particular, but a long one",
    "MAXIMUM_CONNECTIONS_OF_THE_POOL_1",
    "feature-flags-for-2026-and-the-year-after-it",
)


def _variable(name: str, value: object, role: str = "container") -> Props:
    return in_container(role, "env", [{"name": name, "value": value}])


class TestSecretsInEnvironment(RuleTests):
    table = Table(
        rule=secrets_in_environment,
        compliant={
            "harmless": workload(),
            "a reference to a Secret": in_container("container", "env", [{"name": "PASSWORD", "valueFrom": {}}]),
            "the name of a Secret": _variable("PASSWORD_SECRET_NAME", "db"),
            "a file": _variable("PASSWORD_FILE", "/run/secrets/db"),
            "a number": _variable("MAX_TOKENS", "4096"),
            "a switch": _variable("TOKEN_REFRESH", "true"),
            "a variable that Kubernetes fills in": _variable("PASSWORD", "$(DB_PASSWORD)"),
            "what another rule tells": _variable("PASSWORD", Masked("[secret]")),
            **{text: _variable("ADDRESS", text) for text in HARMLESS},
        },
        violations={
            **in_every_role("env", [{"name": "DB_PASSWORD", "value": "hunter2"}], f"env DB_PASSWORD {_BY_NAME}"),
            **{
                name: (_variable(name, "hunter2"), f"Deployment shop/api, container web: env {name} {_BY_NAME}")
                for name in _NAMES
            },
            **{
                shape: (
                    _variable("SETTING", value),
                    f"Deployment shop/api, container web: env SETTING looks like {shape}; {_FIX}",
                )
                for shape, value in SHAPES.items()
            },
        },
        unknown={"the value": _variable("PASSWORD", UNKNOWN_STRING_VALUE)},
    )


def test_a_variable_that_only_sounds_confidential_can_be_named() -> None:
    assert judge(secrets_in_environment, _variable("TOKENIZER", "bpe"), config={"plain": ["TOKENIZER"]}) == []


@pytest.mark.parametrize("value", HARMLESS)
def test_addresses_digests_and_sentences_are_no_credentials(value: str) -> None:
    assert credential_shape(value) == ""


# Every other beginning that an issuer gives its tokens.
_BEGINNINGS = {
    **dict.fromkeys(("gho_", "ghu_", "ghs_", "ghr_", "github_pat_"), "a GitHub token"),
    **dict.fromkeys(("xoxa-", "xoxp-", "xoxo-", "xoxs-", "xoxr-"), "a Slack token"),
    "ASIA": "an AWS access key",
    "rk_live_": "a Stripe key",
}


@pytest.mark.parametrize(("beginning", "shape"), _BEGINNINGS.items())
def test_a_token_is_told_by_any_of_its_issuers_beginnings(beginning: str, shape: str) -> None:
    token = beginning + ("ABCDEFGHIJKLMNOP" if beginning == "ASIA" else "a1B2" * 9)
    assert credential_shape(f"--token={token}") == shape
