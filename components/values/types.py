"""The types of values that people write, each with the message that tells what is allowed."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from components.kubernetes import naming
from components.values.forms import form, matching

_PORT_NAME = r"[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?"
_IMAGE_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_SECONDS = re.compile(r"(?P<number>[1-9][0-9]{0,6})(?P<unit>[smh])")


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
AWS_REGION = r"[a-z]{2}(-[a-z]+)+-[0-9]"
Region = Annotated[
    str,
    matching(
        "AWS region",
        AWS_REGION,
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


def _https_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or parts.path.strip("/") or parts.query or parts.username:
        raise ValueError(f"{value!r} is not an endpoint: write https://HOST or https://HOST:PORT, and nothing after it")
    return value.rstrip("/")


HttpsUrl = Annotated[
    str, AfterValidator(_https_url), form("HTTPS endpoint", r"https://[^/?#@\s]+/*", "https://s3.example.com:9000")
]
