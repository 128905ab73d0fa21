"""kubectl's failures, explained where a person needs it and word for word everywhere else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ops.kubectl import ClusterError, Kubectl

REFUSED = "The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?"
NO_HOST = "Unable to connect to the server: dial tcp: lookup cluster.example on 10.0.0.2:53: no such host"
TIMEOUT = "Unable to connect to the server: dial tcp 192.0.2.1:443: i/o timeout"
RETRIES = """E1121 09:00:00.1 memcache.go:265] "Unhandled Error" err="couldn't get current server API group list"
E1121 09:00:00.2 memcache.go:265] "Unhandled Error" err="couldn't get current server API group list"
The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?"""
WEBHOOK = (
    'Error from server (InternalError): error when creating "STDIN": Internal error occurred: '
    'failed calling webhook "rules.monitoring.example": Post "https://10.0.0.9:443": dial tcp: connection refused'
)
FORBIDDEN = (
    'Error from server (Forbidden): namespaces "shop" is forbidden: User "dev" cannot get resource "namespaces" in API '
    'group "" in the namespace "shop"'
)
INVALID = (
    'The Deployment "api" is invalid: spec.template.spec.containers[0].image: Required value\n'
    'Error from server (NotFound): namespaces "shop" not found'
)


def kubectl(folder: Path, *, out: str = "", err: str = "", status: int = 0, context: str | None = None) -> Kubectl:
    """A program that prints these texts, and notes its arguments, its environment and its input."""
    (folder / "out").write_text(out)
    (folder / "err").write_text(err)
    program = folder / "kubectl"
    program.write_text(
        f'#!/bin/sh\ncd "{folder}"\nprintf "%s\\n" "$@" > arguments\ncat > input\ncat out\ncat err >&2\nexit {status}\n'
    )
    program.chmod(0o755)
    return Kubectl(program, folder / "kubeconfig", context)


@pytest.mark.parametrize("message", [REFUSED, NO_HOST, TIMEOUT, RETRIES])
def test_an_unreachable_cluster_is_named_with_what_to_check(tmp_path: Path, message: str) -> None:
    """Kubectl repeats itself and names only an address: which cluster that is, and what to do, is missing."""
    with pytest.raises(ClusterError) as caught:
        kubectl(tmp_path, err=message, status=1, context="staging").check()
    text = str(caught.value)
    assert text.startswith("context staging cannot be reached: ")
    assert message.splitlines()[-1] in text
    assert "Check that it runs and that your kubeconfig names it" in text
    assert "memcache.go" not in text


def test_an_unreachable_cluster_without_a_context_is_named_by_its_kubeconfig(tmp_path: Path) -> None:
    """The sandbox has no context of its own."""
    with pytest.raises(ClusterError, match=r"cluster of .*/kubeconfig cannot be reached"):
        kubectl(tmp_path, err=REFUSED, status=1).check()


@pytest.mark.parametrize("message", [FORBIDDEN, INVALID])
def test_what_the_api_refuses_reaches_the_user_word_for_word(tmp_path: Path, message: str) -> None:
    """Its own message names the object and the field; a summary would not."""
    with pytest.raises(ClusterError) as caught:
        kubectl(tmp_path, err=message + "\n", status=1).run("apply", "-f", "-", stdin="{}")
    assert str(caught.value) == message


def test_a_webhook_that_does_not_answer_is_not_taken_for_a_cluster_that_does_not(tmp_path: Path) -> None:
    """The API server did answer: it names the object and the webhook, and both must be seen."""
    other = 'The Deployment "api" is invalid: spec.replicas: Invalid value'
    with pytest.raises(ClusterError) as caught:
        kubectl(tmp_path, err=f"{WEBHOOK}\n{other}\n", status=1, context="staging").run("apply", "-f", "-")
    assert "cannot be reached" not in str(caught.value)
    assert 'failed calling webhook "rules.monitoring.example"' in str(caught.value)
    assert other in str(caught.value)


@pytest.mark.parametrize(
    "message",
    [
        'error: context "stagin" does not exist',
        "Error in configuration: context was not found for specified context: stagin",
    ],
)
def test_a_context_that_does_not_exist_says_where_they_are_listed(tmp_path: Path, message: str) -> None:
    """Most often a misspelt CONTEXT=; kubectl says it otherwise where it is asked for objects, as `status` does."""
    with pytest.raises(ClusterError, match='context "stagin" does not exist; `kubectl config get-contexts` lists'):
        kubectl(tmp_path, err=message, status=1, context="stagin").check()


def test_every_call_names_its_kubeconfig_and_its_context_and_gives_up_in_time(tmp_path: Path) -> None:
    """Without them a command would reach the user's current context; without a time limit it would hang for ever."""
    kubectl(tmp_path, context="staging").run("get", "pods", "--all-namespaces")
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert f"--kubeconfig={tmp_path / 'kubeconfig'}" in arguments
    assert "--context=staging" in arguments
    assert any(one.startswith("--request-timeout=") for one in arguments)
    assert arguments[-3:] == ["get", "pods", "--all-namespaces"]


def test_input_goes_to_standard_input_and_not_into_the_arguments(tmp_path: Path) -> None:
    """Arguments are visible to every user of the machine, and Secrets are applied this way."""
    kubectl(tmp_path).run("apply", "-f", "-", stdin="password: hunter2")
    assert (tmp_path / "input").read_text() == "password: hunter2"
    assert "hunter2" not in (tmp_path / "arguments").read_text()


@pytest.mark.parametrize(("out", "found"), [('{"items": [1]}', {"items": [1]}), ("", {"items": []})])
def test_json_is_asked_for_and_read_and_nothing_is_an_empty_list(tmp_path: Path, out: str, found: object) -> None:
    """`--ignore-not-found` prints nothing at all."""
    assert kubectl(tmp_path, out=out).json("get", "pods") == found
    assert (tmp_path / "arguments").read_text().splitlines()[-2:] == ["-o", "json"]


def test_warnings_of_a_call_that_succeeds_do_not_get_into_its_output(tmp_path: Path) -> None:
    """Kubectl prints deprecations to standard error: mixed into the output, they would not be JSON."""
    one = kubectl(tmp_path, out=json.dumps({"items": []}), err="Warning: v1beta1 is deprecated")
    assert one.json("get", "pods") == {"items": []}
