"""RandomPassword of pulumi-random, without the protocol around it: checks, defaults, differences, values.

The names of inputs and outputs, the defaults, what is refused, what takes a new password and what an import gives are
those of pulumi-random 4 (terraform-provider-random 3.6.1 and newer), so that the real plugin goes on with the state
that its stand-in wrote, and finds nothing to change in it.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

# How the protocol says that a preview cannot know a value.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
# With any other version in the state the real plugin would upgrade it, and make the hash anew.
META = '{"schema_version":"3"}'
# A resource has no name outside of the state; the real provider calls each of them so.
ID = "none"
SECRET_OUTPUTS = ("bcryptHash", "result")

Properties = Mapping[str, Any]


class _Class(NamedTuple):
    """A class of characters: the input that includes it, the one that asks for a least number, and its characters."""

    included: str
    minimum: str
    characters: str


_CLASSES = (
    _Class("lower", "minLower", string.ascii_lowercase),
    _Class("upper", "minUpper", string.ascii_uppercase),
    _Class("numeric", "minNumeric", string.digits),
    _Class("special", "minSpecial", "!@#$%&*()-_=+[]{}<>:?"),
)
_MINIMA = tuple(one.minimum for one in _CLASSES)
# `number` is the old name of `numeric`: both have the value of whichever is given.
_INCLUDED = (*(one.included for one in _CLASSES), "number")
_DEFAULTS: Properties = {**dict.fromkeys(_INCLUDED, True), **dict.fromkeys(_MINIMA, 0)}
# bcrypt reads no more; the real provider cuts what it hashes there too.
_HASHED_BYTES = 72
_HASH_ROUNDS = 10


def planned(inputs: Properties) -> dict[str, Any]:
    """The inputs as they stand among the outputs: without nulls, and with the default of each that is not given."""
    given = {name: inputs[name] for name in ("keepers", "length", "overrideSpecial", *_DEFAULTS) if name in inputs}
    given = {name: value for name, value in given.items() if value is not None}
    numeric = given.get("numeric", given.get("number", True))
    return {**_DEFAULTS, **given, "numeric": numeric, "number": numeric}


def faults(inputs: Properties) -> Iterator[tuple[str, str]]:
    """What the real provider refuses: the property, and the reason as a person reads it.

    What a preview does not know yet is let through: it is checked again when it is known.
    """
    wrong = list(_wrong_types(inputs))
    yield from wrong
    if wrong:
        return
    known = {name: value for name, value in inputs.items() if value is not None and value != UNKNOWN}
    number, numeric = known.get("number"), known.get("numeric")
    if number is not None and numeric is not None and number != numeric:
        yield "number", "number and numeric differ; number is deprecated, leave it out"
    plan = planned(inputs)
    if not any(plan[one.included] for one in _CLASSES):
        yield "numeric", "at least one of lower, upper, numeric and special must be true: no character is left"
    length = plan.get("length")
    if length is None:
        yield "length", "length is required"
    if not isinstance(length, int):
        return
    if length < 1:
        yield "length", f"length must be at least 1, got: {length}"
    least = sum(plan[name] for name in _MINIMA if plan[name] != UNKNOWN)
    if length < least:
        yield "length", f"length must be at least {' + '.join(_MINIMA)} ({least}), got: {length}"


def _wrong_types(inputs: Properties) -> Iterator[tuple[str, str]]:
    expected: dict[str, tuple[type, str]] = {
        **dict.fromkeys(("length", *_MINIMA), (int, "a whole number")),
        **dict.fromkeys(_INCLUDED, (bool, "true or false")),
        "overrideSpecial": (str, "text"),
        "keepers": (dict, "a map of texts"),
    }
    for name, (type_, words) in expected.items():
        value = inputs.get(name)
        if value is None or value == UNKNOWN:
            continue
        # A bool is an int to Python.
        if not isinstance(value, type_) or (type_ is int and isinstance(value, bool)):
            yield name, f"{name} must be {words}, got: {value!r}"
        elif name in _MINIMA and inputs[name] < 0:
            yield name, f"{name} must be at least 0, got: {value}"


def changes(outputs: Properties, inputs: Properties, ignored: Collection[str] = ()) -> dict[str, bool]:
    """The properties in which new inputs differ from a state, and for each whether it takes a new password.

    Nearly each does. Those that do not are other words for the same: keepers that are empty or null or not there, and
    an overrideSpecial that was empty and is not there any more.
    """
    old, new = planned(outputs), planned(inputs)
    replacing = {name: True for name in ("length", *_DEFAULTS) if old.get(name) != new.get(name)}
    special, wanted = old.get("overrideSpecial"), new.get("overrideSpecial")
    if special != wanted:
        replacing["overrideSpecial"] = wanted != UNKNOWN and not (wanted is None and special == "")
    if old.get("keepers") != new.get("keepers"):
        replacing["keepers"] = _keepers(old) != _keepers(new)
    return {name: replaces for name, replaces in replacing.items() if name not in ignored}


def _keepers(properties: Properties) -> Any:
    keepers = properties.get("keepers") or {}
    if not isinstance(keepers, Mapping):
        return keepers
    return {name: value for name, value in keepers.items() if value is not None}


def generated(plan: Properties) -> str:
    """A new password for `planned` inputs without faults, from the system's source of randomness.

    A class of which a least number is asked gives it even where it is not included otherwise.
    """
    special = plan.get("overrideSpecial")
    classes = [one._replace(characters=special) if special and one.included == "special" else one for one in _CLASSES]
    characters = [secrets.choice(one.characters) for one in classes for _ in range(plan[one.minimum])]
    everything = "".join(one.characters for one in classes if plan[one.included])
    characters += [secrets.choice(everything) for _ in range(plan["length"] - len(characters))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)


def created(inputs: Properties) -> dict[str, Any]:
    """The outputs of a resource with a new password."""
    return holding(generated(planned(inputs)), inputs)


def holding(password: str, inputs: Properties) -> dict[str, Any]:
    """The outputs of a resource that has this password already; `SECRET_OUTPUTS` are in clear among them."""
    return {**planned(inputs), "__meta": META, "id": ID, "result": password, "bcryptHash": _bcrypt_hash(password)}


def previewed(inputs: Properties) -> dict[str, Any]:
    """The outputs as a preview knows them."""
    return {**planned(inputs), "id": UNKNOWN, **dict.fromkeys(SECRET_OUTPUTS, UNKNOWN)}


def updated(outputs: Properties, inputs: Properties) -> dict[str, Any]:
    """The outputs after changes that take no new password."""
    return {**planned(inputs), "__meta": META, "id": ID, **{name: outputs.get(name) for name in SECRET_OUTPUTS}}


def imported(password: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The inputs and outputs of an import by value. As with the real one, all classes of characters are included.

    A program that says otherwise (`special=False`) imports with `ignore_changes` for what it says, and keeps that. The
    engine keeps the value in clear in its state, as what was imported, until the next `up`, and in the backups of it.
    """
    inputs = {"length": len(password.encode()), **dict.fromkeys(_INCLUDED, True)}
    return inputs, holding(password, inputs)


def _bcrypt_hash(password: str) -> str:
    # Imported where it is used: a preview hashes nothing.
    import bcrypt

    salt = bcrypt.gensalt(_HASH_ROUNDS, prefix=b"2a")
    return bcrypt.hashpw(password.encode()[:_HASHED_BYTES], salt).decode()
