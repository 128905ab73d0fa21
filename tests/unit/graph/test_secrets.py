"""Messages: no secret survives in any form that a tool quotes it in, and no name is taken out."""

from __future__ import annotations

import base64
import json
import re
import string
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from graph.model import MASK, Graph, Resource, Secret
from graph.secrets import Redaction, redact
from tests.unit.properties import examples
from tests.unit.recordings import ENVIRONMENTS, planted_passwords, recorded_with_planted_passwords


def graph_of(**inputs: Any) -> Graph:
    return Graph("dev", (Resource(urn="urn", type="t", name="n", parent=None, custom=True, inputs=inputs),))


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


# How tools put a text into what they say, alone and as part of something longer.
FORMS: Mapping[str, Callable[[str], str]] = {
    "as it is": str,
    "within a word": lambda text: f"user{text}host",
    "base64": base64_of,
    "base64 without padding": lambda text: base64_of(text).rstrip("="),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 twice": lambda text: base64_of(base64_of(text)),
    "basic authentication": lambda text: base64_of(f"admin:{text}"),
    "base64 of a line": lambda text: base64_of(f"requirepass {text}\n"),
    "base64 of an object": lambda text: base64_of(json.dumps({"auths": {"host": {"password": text}}})),
    "base64 of an object of base64": lambda text: base64_of(json.dumps({"x": base64_of(text)})),
    "JSON": json.dumps,
    "JSON in JSON": lambda text: json.dumps(json.dumps({"password": text})),
    "JSON of Go": lambda text: json.dumps(text).replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"),
    "JSON in all letters": lambda text: json.dumps(text, ensure_ascii=False),
    "YAML": lambda text: yaml.safe_dump({"password": text}, width=10_000, allow_unicode=True),
    "Python": repr,
    "a URL": lambda text: f"postgresql://user:{quote(text, safe='')}@host/database",
    "a URL in small letters": lambda text: re.sub("%..", lambda code: code[0].lower(), quote(text, safe="")),
    "a form": quote_plus,
}
# What a person may have made up, and what is generated.
secrets_ = st.one_of(
    st.text(string.ascii_letters + string.digits, min_size=32, max_size=32),
    st.text(string.ascii_letters + string.digits + "!#$%&'()*+,-./:;<=>?@[]^_{|}~\"\\ é", min_size=9, max_size=40),
).filter(lambda text: text == text.strip() and len(set(text)) > 5)


def survives(secret: str, said: str, part: int = 8) -> bool:
    """Whether somebody who reads it finds the secret, or so many characters of it in a row."""
    texts = [said]
    for run in said.replace('"', " ").replace("'", " ").split():
        for one in (run, run + "=", run + "=="):
            try:
                texts.append(base64.b64decode(one, altchars=b"-_" if set("-_") & set(one) else None).decode("latin-1"))
            except ValueError:
                continue
    return any(
        secret[start : start + part] in text for text in texts for start in range(0, max(1, len(secret) - part + 1), 4)
    )


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
@given(secret=secrets_)
@examples(60)
def test_no_secret_survives_in_any_form_that_a_tool_quotes_it_in(form: Callable[[str], str], secret: str) -> None:
    """kubectl, the API server, Go, Python and URLs each write the same password otherwise."""
    quoted = form(secret)
    said = redact(
        f"Error from server: invalid {quoted}: nothing", graph_of(data=Secret({"password": base64_of(secret)}))
    )
    assert quoted not in said, said
    assert MASK in said
    assert not survives(secret, said), said
    assert said.startswith("Error from server: invalid ")


@cache
def redaction(stack: str) -> Redaction:
    """Of an environment of which the passwords are known."""
    return Redaction(recorded_with_planted_passwords(stack))


@pytest.mark.parametrize("stack", ENVIRONMENTS)
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_no_generated_password_of_an_environment_survives(stack: str, form: Callable[[str], str]) -> None:
    """On the objects as the SDK registers them."""
    for password in planted_passwords(recorded_with_planted_passwords(stack)):
        said = redaction(stack)(f"cannot store {form(password)}.")
        assert password not in said
        assert MASK in said
        # Of the words that these passwords are made of, some are those of the message.
        assert not survives(password, said, part=20), said


def test_a_password_survives_neither_as_digest_nor_within_the_text_that_it_is_part_of() -> None:
    """Redis' file of users has digests of passwords, of which a short one can be found again."""
    graph, mask = recorded_with_planted_passwords("dev"), redaction("dev")
    files = [
        base64.b64decode(body["data"].reveal()["user.acl"]).decode()
        for body in graph.objects
        if body["kind"] == "Secret" and "user.acl" in body["data"].reveal()
    ]
    assert files, "the test does not know the file of users"
    for text in files:
        digest = text.partition("#")[2].split()[0]
        assert len(digest) == 64
        for quoted in (text, base64_of(text), json.dumps(text), text.splitlines()[0], digest):
            assert digest not in mask(quoted)
            assert MASK in mask(quoted)


@cache
def names(stack: str) -> frozenset[str]:
    """Systems, namespaces, objects of all kinds, users, databases and hosts of an environment."""
    graph = recorded_with_planted_passwords(stack)
    found = {graph.stack, graph.environment, *("platform-root", "barman")}
    for body in graph.objects:
        metadata = body["metadata"]
        found.update((metadata["name"], metadata.get("namespace", ""), body["kind"], *metadata["labels"].values()))
        if body["kind"] == "Service" and "namespace" in metadata:
            found.add(f"{metadata['name']}.{metadata['namespace']}.svc.cluster.local")
        if body["kind"] == "ConfigMap":
            found.update(value for key, value in body["data"].items() if key.endswith(("_USER", "_NAME", "_HOST")))
        if body["kind"] == "Cluster":
            found.update((body["spec"]["bootstrap"].get("initdb") or {}).get(key, "") for key in ("database", "owner"))
            found.update(role["name"] for role in body["spec"].get("managed", {}).get("roles", []))
    return frozenset(found) - {""}


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_no_name_of_a_system_namespace_service_or_user_is_masked(stack: str) -> None:
    """`namespaces "[secret]" already exists` helps nobody; the name of a database stands in a Secret and in clear."""
    assert {"astrbot", "monitoring", *(("saas_platform_b", "multicluster") if stack == "dev" else ())} <= names(stack)
    for name in sorted(names(stack)):
        for message in (f'namespaces "{name}" already exists', f"{name}: {name}/{name}.", json.dumps({"name": name})):
            assert redaction(stack)(message) == message


def test_a_message_without_a_secret_stays_as_it_is() -> None:
    """The API's own words are what a person needs."""
    message = (
        'The Deployment "api-gateway" is invalid: spec.template.spec.containers[0].image: Required value\n'
        "Cluster multicluster/postgresql-cluster: database multicluster, owner multicluster_b at "
        "postgresql-cluster-rw.multicluster.svc.cluster.local:5432"
    )
    assert redaction("dev")(message) == message


@pytest.mark.parametrize("wrap", [lambda text: {"password": Secret(text)}, lambda text: Secret({"password": text})])
def test_a_secret_is_found_whether_it_is_marked_or_the_mapping_that_it_is_in(wrap: Callable[[str], Any]) -> None:
    """The SDK marks a Secret's `data` as one value."""
    encoded = base64_of("hunter2hunter2")
    said = redact(f"invalid value {encoded}, decoded hunter2hunter2", graph_of(data=wrap(encoded)))
    assert said == f"invalid value {MASK}, decoded {MASK}"


def test_a_secret_that_contains_another_is_masked_whole() -> None:
    """Masked in the wrong order, the rest of the longer one stays readable."""
    for short, long in [("abcd", "abcdefgh"), ("secret-password-1", "secret-password-12345"), ("wxyz", "uvwxyz")]:
        graph = graph_of(one={"a": Secret(short)}, other={"b": Secret(long)})
        assert redact(f"value {long}.", graph) == f"value {MASK}.", f"{short} in {long}"


def test_the_password_of_a_connection_string_is_masked_without_its_host() -> None:
    """Tools take the string apart: the host is what a person needs to know, and the password what nobody may."""
    graph = graph_of(data=Secret({"DATABASE_URL": base64_of("postgresql://me:s3cret!pass@db.example.com:5432/orders")}))
    said = redact("dial db.example.com:5432 as me with s3cret!pass for orders", graph)
    assert said == f"dial db.example.com:5432 as me with {MASK} for orders"
    assert redact("at postgresql://me:s3cret!pass@db.example.com:5432/orders!", graph) == f"at {MASK}!"


def test_a_secret_that_is_part_of_a_name_takes_nothing_out_of_it() -> None:
    """A password `order` would make `[secret]s` of the system."""
    graph = graph_of(metadata={"name": "orders-cluster"}, data=Secret({"password": base64_of("cluster")}))
    assert redact("orders-clusters: bad password cluster", graph) == f"orders-clusters: bad password {MASK}"


def test_what_a_naming_key_holds_is_masked_if_it_is_no_name() -> None:
    """The key of an access to a bucket is a user's name, or generated like a password."""
    graph = graph_of(one=Secret({"accessKey": base64_of("barman")}), other=Secret({"accessKey": base64_of("Zx81" * 8)}))
    assert redact(f"barman {'Zx81' * 8}", graph) == f"barman {MASK}"


def test_what_is_known_besides_the_graph_is_masked_too_and_names_of_it_are_not() -> None:
    """A graph recorded for a preview has placeholders; the state has the passwords, and the names beside them."""
    graph = recorded_with_planted_passwords("dev")
    real = "q8Zr" * 8
    said = redact(f"multicluster barman: {real} {base64_of(real)}", graph, known=(real, "multicluster", "barman", ""))
    assert said == f"multicluster barman: {MASK} {MASK}"
