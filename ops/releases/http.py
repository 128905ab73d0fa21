"""URLs of the cluster asked from outside: those of a Service go through the API server, with the user's own rights."""

from __future__ import annotations

import re
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass

from ops.kubectl import ClusterError, Kubectl

_SERVICE = re.compile(r"(?P<name>[a-z0-9-]+)\.(?P<namespace>[a-z0-9-]+)(\.svc(\.cluster\.local)?)?")
_PORTS = {"http": 80, "https": 443}


class UnansweredError(Exception):
    """No answer, or one that says no."""


@dataclass(frozen=True)
class Http:
    """Gets and posts, each within a number of seconds."""

    kubectl: Kubectl

    def get(self, url: str, timeout: float = 5) -> str:
        """The body of a 2xx answer; raises UnansweredError."""
        if path := proxied(url):
            return self._kubectl("get", "--raw", path)
        return _ask(url, None, timeout)

    def post(self, url: str, body: str, timeout: float) -> str:
        """The body of a 2xx answer; raises UnansweredError."""
        if path := proxied(url):
            with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
                file.write(body)
                file.flush()
                return self._kubectl("create", "--raw", path, "-f", file.name)
        return _ask(url, body.encode(), timeout)

    def _kubectl(self, *arguments: str) -> str:
        try:
            return self.kubectl.run(*arguments)
        except ClusterError as error:
            raise UnansweredError(str(error)) from error


def proxied(url: str) -> str | None:
    """The path of the API server's proxy for a URL whose host is a Service (NAME.NAMESPACE), else None."""
    parts = urllib.parse.urlsplit(url)
    match = _SERVICE.fullmatch(parts.hostname or "")
    if match is None:
        return None
    port = parts.port or _PORTS[parts.scheme]
    service = f"{parts.scheme}:{match['name']}:{port}"
    query = f"?{parts.query}" if parts.query else ""
    return f"/api/v1/namespaces/{match['namespace']}/services/{service}/proxy{parts.path}{query}"


def _ask(url: str, body: bytes | None, timeout: float) -> str:
    # The configuration lets no scheme but http and https through.
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
            return str(answer.read().decode())
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise UnansweredError(str(error)) from error
