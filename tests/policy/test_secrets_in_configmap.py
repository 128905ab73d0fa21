"""The rule `secrets-in-configmap`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.secrets import secrets_in_configmap
from tests.policy.objects import Props, judge
from tests.policy.rule_tests import RuleTests, Table, kubernetes_object
from tests.policy.test_secrets_in_environment import SHAPES

_FIX = "put it into a Secret and refer to that"


def _config_map(key: str, value: object, field: str = "data") -> Props:
    return kubernetes_object("v1", "ConfigMap", **{field: {"LOG_LEVEL": "INFO", key: value}})


class TestSecretsInConfigMap(RuleTests):
    table = Table(
        rule=secrets_in_configmap,
        compliant={"settings": _config_map("DB_HOST", "db.shop.svc.cluster.local"), "none": _config_map("A", None)},
        violations={
            "by its name": (
                _config_map("DB_PASSWORD", "hunter2"),
                f"ConfigMap shop/api: data.DB_PASSWORD is a credential by its name; {_FIX}",
            ),
            "binary": (
                _config_map("private_key", "aHVudGVyMg==", "binaryData"),
                f"ConfigMap shop/api: binaryData.private_key is a credential by its name; {_FIX}",
            ),
            **{
                shape: (
                    _config_map("app.conf", f"level: info\nvalue: {value}\n"),
                    f"ConfigMap shop/api: data.app.conf looks like {shape}; {_FIX}",
                )
                for shape, value in SHAPES.items()
            },
        },
        unknown={"the value": _config_map("PASSWORD", UNKNOWN_STRING_VALUE)},
    )


def test_a_key_that_only_sounds_confidential_can_be_named() -> None:
    assert judge(secrets_in_configmap, _config_map("TOKENIZER", "bpe"), config={"plain": ["TOKENIZER"]}) == []
