"""What stands in for pulumi-random's plugin behaves as the real one, spoken to as the engine does."""

from __future__ import annotations

import contextlib
import re
import string
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import bcrypt
import grpc  # type: ignore[import-untyped]
import pytest
from google.protobuf import empty_pb2, json_format, struct_pb2
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from paths import ROOT
from sandbox.plugins import random_password, random_stand_in

URN = f"urn:pulumi:dev::saas-platform::platform:a:A$platform:b:B${random_stand_in.TYPE}::name"
UNKNOWN = random_password.UNKNOWN
_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
_CLASSES = {
    "Lower": string.ascii_lowercase,
    "Upper": string.ascii_uppercase,
    "Numeric": string.digits,
    "Special": _SPECIAL,
}
# The outputs of the real plugin for `{"length": 16, "special": false}`, without what differs each time.
_REAL = {
    "__meta": '{"schema_version":"3"}',
    "id": "none",
    "length": 16,
    "lower": True,
    "minLower": 0,
    "minNumeric": 0,
    "minSpecial": 0,
    "minUpper": 0,
    "number": True,
    "numeric": True,
    "special": False,
    "upper": True,
}


@pytest.fixture(scope="module")
def provider() -> Iterator[Any]:
    with random_stand_in.start() as attached, _client(attached) as stub:
        yield stub


@contextlib.contextmanager
def _client(attached: str) -> Iterator[Any]:
    """A client of what `start` gave."""
    name, _, port = attached.partition(":")
    assert name == "random", "the engine attaches by the name of the package"
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)


def _struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(values)
    return struct


def _create(provider: Any, **inputs: Any) -> dict[str, Any]:
    response = provider.Create(provider_pb2.CreateRequest(urn=URN, properties=_struct(inputs)))
    assert response.id == "none"
    outputs: dict[str, Any] = json_format.MessageToDict(response.properties)
    return outputs


def _revealed(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs as the engine sends them back: without the marks of secrets."""
    return {name: one["value"] if isinstance(one, dict) and "value" in one else one for name, one in outputs.items()}


def _failures(provider: Any, **inputs: Any) -> list[tuple[str, str]]:
    response = provider.Check(provider_pb2.CheckRequest(urn=URN, news=_struct(inputs)))
    assert json_format.MessageToDict(response.inputs) == inputs, "the engine would see other inputs than it gave"
    return [(one.property, one.reason) for one in response.failures]


def _diff(provider: Any, state: Mapping[str, Any], ignored: tuple[str, ...] = (), **news: Any) -> Any:
    inputs = {name: state[name] for name in ("length", "special", "keepers") if name in state}
    request = provider_pb2.DiffRequest(
        urn=URN, olds=_struct(_revealed(state)), news=_struct(news), old_inputs=_struct(inputs), ignoreChanges=ignored
    )
    return provider.Diff(request)


def test_the_release_is_the_one_that_the_program_asks_the_engine_for(provider: Any) -> None:
    assert f"pulumi-random=={random_stand_in.VERSION}\n" in (ROOT / "requirements.in").read_text()
    assert provider.GetPluginInfo(empty_pb2.Empty()).version == "4.21.4"


def test_the_outputs_are_those_of_the_real_plugin(provider: Any) -> None:
    outputs = _create(provider, length=16, special=False)
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
    for name in ("result", "bcryptHash"):
        assert outputs.pop(name).items() >= secret.items(), f"{name} would lie in the state in clear"
    assert outputs == _REAL


def test_the_hash_is_bcrypts_and_belongs_to_the_password(provider: Any) -> None:
    for length in (1, 32, 200):
        outputs = _revealed(_create(provider, length=length))
        # bcrypt itself reads no more than 72 bytes.
        assert bcrypt.checkpw(outputs["result"].encode()[:72], outputs["bcryptHash"].encode())
        assert re.match(r"\$2a\$10\$", outputs["bcryptHash"]), "not the variant and the cost of the real one"


def test_no_two_passwords_are_the_same(provider: Any) -> None:
    assert len({_revealed(_create(provider, length=8))["result"] for _ in range(20)}) == 20


def test_nobody_can_tell_where_the_characters_of_a_class_stand() -> None:
    plan = random_password.planned({"length": 8, "minLower": 4, "minUpper": 4})
    assert not all(random_password.generated(plan)[:4].islower() for _ in range(20))


_COUNTS = st.integers(0, 5)


@settings(deadline=None)
@given(
    included=st.fixed_dictionaries({}, optional={name.lower(): st.booleans() for name in _CLASSES}),
    minima=st.fixed_dictionaries({}, optional={f"min{name}": _COUNTS for name in _CLASSES}),
    more=st.integers(0, 40),
    special=st.none() | st.text("äß#~ab", max_size=6),
)
def test_a_password_satisfies_its_inputs(
    included: dict[str, bool], minima: dict[str, int], more: int, special: str | None
) -> None:
    inputs: dict[str, Any] = {**included, **minima, "length": sum(minima.values()) + more}
    if special is not None:
        inputs["overrideSpecial"] = special
    if list(random_password.faults(inputs)):
        none = not any(included.get(name.lower(), True) for name in _CLASSES)
        assert none or inputs["length"] == 0, f"refused without a reason: {inputs}"
        return
    password = random_password.generated(random_password.planned(inputs))
    assert len(password) == inputs["length"]
    allowed = ""
    for name, characters in {**_CLASSES, "Special": special or _SPECIAL}.items():
        least = minima.get(f"min{name}", 0)
        assert sum(one in characters for one in password) >= least, f"too few of {name.lower()}"
        allowed += characters if least or included.get(name.lower(), True) else ""
    assert set(password) <= set(allowed)


def test_numeric_and_its_old_name_are_one(provider: Any) -> None:
    for name in ("number", "numeric"):
        outputs = _revealed(_create(provider, length=50, **{name: False}))
        assert (outputs["number"], outputs["numeric"]) == (False, False)
        assert not set(outputs["result"]) & set(string.digits)


@pytest.mark.parametrize(
    ("inputs", "wrong", "reason"),
    [
        ({}, "length", "required"),
        ({"length": 0}, "length", "at least 1, got: 0"),
        ({"length": 3, "minUpper": 2, "minSpecial": 2}, "length", r"minSpecial \(4\), got: 3"),
        ({"length": 9, "upper": False, "lower": False, "numeric": False, "special": False}, "numeric", "no character"),
        ({"length": 9, "upper": False, "lower": False, "number": False, "special": False}, "numeric", "no character"),
        ({"length": 9, "number": True, "numeric": False}, "number", "differ"),
        ({"length": 9, "minLower": -1}, "minLower", "at least 0"),
        ({"length": "nine"}, "length", "a whole number, got: 'nine'"),
        ({"length": 9.5}, "length", "a whole number, got: 9.5"),
        ({"length": True}, "length", "a whole number"),
        ({"length": 9, "special": "no"}, "special", "true or false"),
        ({"length": 9, "keepers": "new"}, "keepers", "a map"),
    ],
)
def test_what_cannot_be_made_is_refused_by_property_before_anything_is_made(
    provider: Any, inputs: dict[str, Any], wrong: str, reason: str
) -> None:
    [(name, said)] = _failures(provider, **inputs)
    assert name == wrong
    assert re.search(reason, said), said


def test_what_a_preview_does_not_know_yet_is_not_refused(provider: Any) -> None:
    assert _failures(provider, length=UNKNOWN, minUpper=3) == []
    assert _failures(provider, length=3, minUpper=UNKNOWN, keepers=UNKNOWN, special=UNKNOWN) == []


def test_a_preview_tells_no_value(provider: Any) -> None:
    request = provider_pb2.CreateRequest(urn=URN, properties=_struct({"length": 9}), preview=True)
    response = provider.Create(request)
    outputs = _revealed(json_format.MessageToDict(response.properties))
    assert response.id == ""
    assert {outputs["result"], outputs["bcryptHash"], outputs["id"]} == {UNKNOWN}
    assert outputs["length"] == 9


def test_the_same_inputs_change_nothing(provider: Any) -> None:
    state = _create(provider, length=16, keepers={"turn": "1"})
    for same in ({}, {"special": True}, {"minLower": 0}, {"number": True}, {"overrideSpecial": None}):
        diff = _diff(provider, state, length=16, keepers={"turn": "1"}, **same)
        assert diff.changes == provider_pb2.DiffResponse.DIFF_NONE, f"{same} is the default: {diff}"


@pytest.mark.parametrize(
    "changed",
    [
        {"length": 17},
        {"special": False},
        {"numeric": False},
        {"number": False},
        {"minUpper": 1},
        {"overrideSpecial": "#"},
        {"overrideSpecial": ""},
        {"keepers": {"turn": "2"}},
        {"keepers": {}},
        {"keepers": None},
        {"keepers": {"turn": "1", "more": "x"}},
        {"keepers": {"turn": UNKNOWN}},
        {"length": UNKNOWN},
    ],
)
def test_any_change_takes_a_new_password(provider: Any, changed: dict[str, Any]) -> None:
    state = _create(provider, length=16, keepers={"turn": "1"})
    diff = _diff(provider, state, **{"length": 16, "keepers": {"turn": "1"}, **changed})
    [name] = changed
    assert name in diff.replaces
    assert diff.detailedDiff[name].kind in (
        provider_pb2.PropertyDiff.Kind.ADD_REPLACE,
        provider_pb2.PropertyDiff.Kind.UPDATE_REPLACE,
        provider_pb2.PropertyDiff.Kind.DELETE_REPLACE,
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [({"keepers": {}}, {}), ({}, {"keepers": {}}), ({}, {"keepers": {"turn": None}}), ({"overrideSpecial": ""}, {})],
)
def test_other_words_for_the_same_keep_the_password(
    provider: Any, before: dict[str, Any], after: dict[str, Any]
) -> None:
    state = _create(provider, length=16, **before)
    diff = _diff(provider, state, length=16, **after)
    assert (diff.changes, list(diff.replaces)) == (provider_pb2.DiffResponse.DIFF_SOME, [])
    request = provider_pb2.UpdateRequest(urn=URN, olds=_struct(_revealed(state)), news=_struct({"length": 16, **after}))
    updated = json_format.MessageToDict(provider.Update(request).properties)
    assert updated["result"] == state["result"]
    assert _diff(provider, updated, length=16, **after).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_changes_that_are_to_be_ignored_are(provider: Any) -> None:
    state = _create(provider, length=16)
    diff = _diff(provider, state, ("length", "special"), length=32, special=False)
    assert diff.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_password_is_imported_by_its_value(provider: Any) -> None:
    response = provider.Read(provider_pb2.ReadRequest(urn=URN, id="supersecret"))
    outputs = json_format.MessageToDict(response.properties)
    assert response.id == "none", "the password would stand in the state in clear, as the resource's name"
    assert outputs.pop("result")["value"] == "supersecret"
    assert bcrypt.checkpw(b"supersecret", outputs.pop("bcryptHash")["value"].encode())
    assert outputs == {**_REAL, "length": 11, "special": True}
    assert json_format.MessageToDict(response.inputs) == {
        "length": 11,
        **dict.fromkeys(("lower", "number", "numeric", "special", "upper"), True),
    }


def test_a_refresh_finds_what_the_state_has(provider: Any) -> None:
    state = _create(provider, length=16)
    inputs = _struct({"length": 16})
    read = provider.Read(
        provider_pb2.ReadRequest(urn=URN, id="none", properties=_struct(_revealed(state)), inputs=inputs)
    )
    assert (read.id, json_format.MessageToDict(read.properties), read.inputs) == ("none", state, inputs)


@pytest.mark.parametrize("type_", ["random:index/randomPet:RandomPet", "random:index/randomId:RandomId"])
def test_another_type_is_refused_with_the_plugin_that_has_it(provider: Any, type_: str) -> None:
    request = provider_pb2.CheckRequest(urn=f"urn:pulumi:dev::saas-platform::{type_}::name", news=_struct({}))
    with pytest.raises(grpc.RpcError) as refused:
        provider.Check(request)
    assert type_ in refused.value.details()
    assert "pulumi plugin install resource random v4.21.4" in refused.value.details()


def test_several_run_side_by_side_and_a_stopped_one_answers_no_more() -> None:
    with random_stand_in.start() as first, random_stand_in.start() as second:
        assert first != second
        for attached in (first, second):
            with _client(attached) as stub:
                assert _create(stub, length=9)
    with _client(first) as stub, pytest.raises(grpc.RpcError):
        _create(stub, length=9)


def test_a_process_that_serves_it_ends_when_its_work_is_done() -> None:
    # Left by an error, after a call: neither its threads nor the server's may hold the process.
    script = (
        "from sandbox.plugins.random_stand_in import start\n"
        "from tests.unit.sandbox.test_random_stand_in import _client, _create\n"
        "with start() as attached, _client(attached) as stub:\n"
        "    print(len(_create(stub, length=9)['result']['value']))\n"
        "    raise SystemExit(3)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "9\n", "")


def test_as_a_plugin_it_says_its_port_and_ends_with_the_engine() -> None:
    command = [sys.executable, "-m", "sandbox.plugins.random_stand_in", "127.0.0.1:1"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        with _client(f"random:{int(process.stdout.readline())}") as stub:
            assert _create(stub, length=9)
        # An engine that is killed closes its end and can say nothing more.
        process.stdin.close()
        try:
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()
