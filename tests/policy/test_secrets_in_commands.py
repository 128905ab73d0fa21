"""The rule `secrets-in-commands`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.facts.values import Masked
from policy.rules.secrets import secrets_in_commands
from tests.policy.objects import Props, judge
from tests.policy.rule_tests import RuleTests, Table, in_container, in_every_role
from tests.policy.test_secrets_in_environment import HARMLESS, SHAPES

_FIX = "read it from a file or a variable that a Secret gives"
_BY_NAME = f"holds a credential by its name; {_FIX}"
_WEB = "Deployment shop/api, container web"


def _args(*words: object) -> Props:
    return in_container("container", "args", list(words))


class TestSecretsInCommands(RuleTests):
    table = Table(
        rule=secrets_in_commands,
        compliant={
            "a variable that Kubernetes fills in": _args("--password=$(DB_PASSWORD)", "--token", "$(TOKEN)"),
            "a variable that a shell fills in": _args("sh", "-c", 'export PGPASSWORD="$DB_PASSWORD"; psql'),
            "a file": _args("--password-file=/run/secrets/db", "--token=/run/token", "--secret-name=db"),
            "a switch": _args("--token-review=true", "--max-tokens=4096", "--api-key", "--verbose"),
            "what another rule tells": _args("--password", Masked("[secret]")),
            **{text: _args(text) for text in HARMLESS},
        },
        violations={
            "after an equals sign": (_args("--db-password=hunter2"), f"{_WEB}: args[0] {_BY_NAME}"),
            "as the next word": (_args("--verbose", "--token", "hunter2"), f"{_WEB}: args[2] {_BY_NAME}"),
            "in a shell's line": (_args("-c", "PGPASSWORD=hunter2 psql"), f"{_WEB}: args[1] {_BY_NAME}"),
            "exported": (_args("-c", "cd /; export API_KEY='x1' && run"), f"{_WEB}: args[1] {_BY_NAME}"),
            **{
                f"it looks like {name}": (_args(text), f"{_WEB}: args[0] looks like {name}; {_FIX}")
                for name, text in SHAPES.items()
            },
            **in_every_role("command", ["run", "--password=hunter2"], f"command[1] {_BY_NAME}"),
            "a probe": (
                in_container("container", "livenessProbe", {"exec": {"command": ["ping", "--password=x"]}}),
                f"{_WEB}: livenessProbe.exec.command[1] {_BY_NAME}",
            ),
            "a hook": (
                in_container("container", "lifecycle.preStop", {"exec": {"command": ["stop", "--token=x"]}}),
                f"{_WEB}: lifecycle.preStop.exec.command[1] {_BY_NAME}",
            ),
        },
        unknown={"an argument": _args(UNKNOWN_STRING_VALUE)},
    )


def test_an_option_that_holds_no_credential_can_be_named() -> None:
    assert judge(secrets_in_commands, _args("--token=word"), config={"plain": ["token"]}) == []
