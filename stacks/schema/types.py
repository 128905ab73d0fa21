"""The types of configuration values, each with the message that tells a person what is allowed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from components.cluster.aws.scope import BUCKET, bucket_name
from components.kubernetes import naming
from components.kubernetes.quantity import Bytes, Cpu
from stacks.schema.forms import form, matching, one_of

_PORT_NAME = r"[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?"
_IMAGE_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_SECONDS = re.compile(r"(?P<number>[1-9][0-9]{0,6})(?P<unit>[smh])")


__all__ = [
    "Bytes",
    "Cpu",
    "HostName",
    "ImageName",
    "ImageRegistry",
    "ImageTag",
    "Model",
    "Name",
    "Port",
    "PortName",
    "Problem",
    "ReplicaCount",
    "Seconds",
    "ServiceName",
    "Text",
    "TierName",
    "Url",
    "duplicates",
    "form",
    "matching",
    "one_of",
    "seconds",
]


class Problem(NamedTuple):
    """Something wrong with a configuration value that no single field can see; `path` is relative to the model."""

    path: tuple[str | int, ...]
    message: str
    value: Any = None


class Model(BaseModel):
    """The base of all configuration: frozen, and a key that is not declared is an error.

    A model that has rules over several of its values yields what breaks them from `problems`. It is given the raw
    input, so that its findings are reported together with those of the single fields, and not only after them.
    """

    # Strict: the number 1 is no `true`, `true` is no number 1, and text is neither, whoever would make one of it.
    # Built with the model that is validated, and not each by itself as well.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """What is wrong with `data` beyond its single fields; must cope with anything that YAML can hold."""
        return ()

    @model_validator(mode="wrap")
    @classmethod
    def _collect(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        found: list[InitErrorDetails] = []
        if isinstance(data, Mapping):
            found = [_details(problem) for problem in (*_unknown_keys(cls, data), *cls.problems(data))]
        try:
            model = handler(data)
        except ValidationError as error:
            # An unknown key is reported by `_unknown_keys`, which knows what is allowed in its place.
            fields = [_as_details(line) for line in error.errors() if line["type"] != "extra_forbidden"]
            raise ValidationError.from_exception_data(cls.__name__, fields + found) from None
        if found:
            raise ValidationError.from_exception_data(cls.__name__, found)
        return model


def _unknown_keys(model: type[Model], data: Mapping[str, Any]) -> Iterable[Problem]:
    for key in data:
        if key not in model.model_fields:
            close = difflib.get_close_matches(str(key), model.model_fields, 1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            allowed = ", ".join(sorted(model.model_fields))
            yield Problem((key,), f"unknown key; {hint}allowed are: {allowed}")


def _details(problem: Problem) -> InitErrorDetails:
    # The message goes in as a value, since pydantic would read braces in a template as its own.
    error = PydanticCustomError("configuration", "{message}", {"message": problem.message})
    return InitErrorDetails(type=error, loc=problem.path, input=problem.value)


# What pydantic says in the terms of Python, in those of a YAML file.
_MESSAGES = {
    "missing": "missing; this key must be set",
    "literal_error": "must be {expected}",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text, in quotes if it looks like something else",
    "is_instance_of": "must be a list",
    "sequence_str": "must be a list",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "union_tag_invalid": "there is no kind {tag!r}; allowed are: {expected_tags}",
    "union_tag_not_found": "the key 'kind' is missing, which says what it is",
} | dict.fromkeys(
    ("model_type", "model_attributes_type", "dict_type", "mapping_type"), "must be a mapping of keys to values"
)


def _as_details(line: Any) -> InitErrorDetails:
    template = _MESSAGES.get(line["type"])
    message = template.format(**line.get("ctx", {})) if template else line["msg"].removeprefix("Value error, ")
    return _details(Problem(tuple(line["loc"]), message, line["input"]))


def duplicates(items: Any, key: str, what: str) -> Iterable[Problem]:
    """Problems for each entry of a raw list whose `key` an earlier entry has already; `what` names the entries."""
    first: dict[Any, int] = {}
    for index, item in enumerate(items if isinstance(items, (list, tuple)) else ()):
        value = item.get(key) if isinstance(item, Mapping) else None
        if isinstance(value, str) and first.setdefault(value, index) != index:
            yield Problem((index, key), f"{what} {value!r} is listed twice, first as entry {first[value] + 1}", value)


def _image_tag(value: str) -> str:
    if not re.fullmatch(_IMAGE_TAG, value) or value == "latest":
        raise ValueError(f"{value!r} is not an image tag: name one version, such as 1.0.0, and not 'latest'")
    return value


def _service_name(value: str) -> str:
    if naming.dns_label(value)[0].isdigit():
        raise ValueError(f"{value!r} starts with a digit: a service's name starts with a letter (RFC 1035)")
    return value


def _port_name(value: str) -> str:
    if not re.fullmatch(_PORT_NAME, value) or "--" in value or not any(letter.isalpha() for letter in value):
        raise ValueError(f"{value!r} is no port name: use at most 15 lower-case letters, digits and '-', with a letter")
    return value


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


_UNITS = {"s": 1, "m": 60, "h": 3600}


def seconds(value: Any) -> int:
    """A time such as 30s, 5m or 1h, or a number of seconds; raises ValueError with what is allowed."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    match = _SECONDS.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{value!r} is no time: write a whole number with its unit, such as 30s, 5m or 1h")
    return int(match["number"]) * _UNITS[match["unit"]]


TIME_TITLE = "time such as 30s, 5m or 1h"
TIME = r"[1-9][0-9]{0,6}[smh]"
Seconds = Annotated[
    int, BeforeValidator(seconds), form(TIME_TITLE, TIME, "30s", "5m", "1h", type=["string", "integer"], minimum=1)
]
Url = Annotated[
    str,
    matching(
        "URL",
        r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/\S*)?",
        "is no URL: write http:// or https://, a host, and a path if there is one",
        "https://example.com/hook",
    ),
]
Name = Annotated[str, AfterValidator(naming.dns_label), form("name", r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", "example")]
HostName = Annotated[
    str,
    matching(
        "host name",
        r"(?=.{1,253}$)([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
        "is not a host name: use lower-case DNS labels joined by dots, such as dev.example.com",
        "dev.example.com",
    ),
]
ImageRegistry = Annotated[
    str,
    matching(
        "image registry",
        r"[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*",
        "is not an image registry: use host[:port][/path], such as ghcr.io/example",
        "ghcr.io/example",
    ),
]
# The tag of an image has a key of its own, `version`: two would be one too many, and `name:a:b` is what no node pulls.
ImageName = Annotated[
    str,
    matching(
        "image name",
        r"[a-z0-9.-]+(:[0-9]+(?=/))?(/[a-z0-9._-]+)*",
        "is not the name of an image: use [host[:port]/]path, such as ghcr.io/example/app, without a digest, and put "
        "its tag into the key 'version'",
        "ghcr.io/example/app",
    ),
]
Text = Annotated[str, AfterValidator(_text), form("text", r"[\s\S]*\S[\s\S]*")]
ImageTag = Annotated[str, AfterValidator(_image_tag), form("image tag", rf"(?!latest$){_IMAGE_TAG}", "1.0.0")]
ServiceName = Annotated[
    str, AfterValidator(_service_name), form("service name", r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", "billing-service")
]
PortName = Annotated[
    str, AfterValidator(_port_name), form("port name", rf"(?!.*--)(?=.*[a-z]){_PORT_NAME}", "http", "admin")
]
Port = Annotated[int, Field(ge=1, le=65535)]
ReplicaCount = Annotated[int, Field(ge=1, le=1000)]
TierName = Literal["dev", "test", "staging", "prod"]


def system_name(key: str) -> str:
    """The name of the system, which is its namespace, that an environment's file has below `key`."""
    return key.replace("_", "-")


def system_key(name: str) -> str:
    """The key of a system in an environment's file."""
    return name.replace("-", "_")


BucketName = Annotated[str, AfterValidator(bucket_name), form("bucket name", BUCKET, "acme-files")]
Region = Annotated[
    str,
    matching(
        "AWS region",
        r"[a-z]{2}(-[a-z]+)+-[0-9]",
        "is not an AWS region: write one such as eu-central-1",
        "eu-central-1",
    ),
]
RoleArn = Annotated[
    str,
    matching(
        "ARN of an IAM role",
        r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+",
        "is not an IAM role: write its ARN, such as arn:aws:iam::123456789012:role/files",
        "arn:aws:iam::123456789012:role/files",
    ),
]
