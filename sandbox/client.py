"""The two ways in which the sandbox speaks to what it started: it asks by HTTPS, and changes things by kubectl."""

from __future__ import annotations

import http.client
import json
import os
import ssl
import subprocess
import urllib.parse
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .errors import SandboxError

Manifest = Mapping[str, Any]

# The name under which the sandbox owns fields of objects; a field that it stops sending disappears.
FIELD_MANAGER = "sandbox"

_APPLY = ("apply", "--server-side", "--force-conflicts", f"--field-manager={FIELD_MANAGER}")


def get(url: str, pki: Path, authority: str = "ca", identity: str = "admin", timeout: float = 5.0) -> str | None:
    """The body at an https loopback URL, or None when the answer is not 200 or does not come in `timeout` seconds."""
    parts = urllib.parse.urlsplit(url)
    context = ssl.create_default_context(cafile=str(pki / f"{authority}.crt"))
    context.load_cert_chain(str(pki / f"{identity}.crt"), str(pki / f"{identity}.key"))
    connection = http.client.HTTPSConnection(parts.netloc, timeout=timeout, context=context)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        response = connection.getresponse()
        body = response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return body if response.status == http.HTTPStatus.OK else None


class Reader:
    """Reads objects from an API server: a fraction of the time that a kubectl takes to start."""

    def __init__(self, server: str, pki: Path) -> None:
        self._server = server
        self._pki = pki

    def text(self, path: str, timeout: float = 5.0) -> str | None:
        """The body at a path such as /api/v1/nodes, or None when there is none or no answer in `timeout` seconds."""
        return get(self._server + path, self._pki, timeout=timeout)

    def items(self, path: str) -> list[dict[str, Any]]:
        """The objects of the list at a path. Raises SandboxError when the server does not answer within 30 s.

        An empty list for "no answer" would be read as "nothing is there", and real definitions be replaced.
        """
        body = self.text(path, timeout=30.0)
        if body is None:
            raise SandboxError(
                f"The API server at {self._server} does not answer {path}.\nSee `python -m sandbox status`."
            )
        found: list[dict[str, Any]] = json.loads(body)["items"]
        return found


class Kubectl:
    """Runs a kubectl against one kubeconfig, and nothing of the user's own configuration."""

    def __init__(self, program: Path, kubeconfig: Path) -> None:
        self._program = program
        self._kubeconfig = kubeconfig

    def __call__(self, *arguments: str, stdin: str | None = None) -> str:
        """The standard output of `kubectl ARGUMENTS`. Raises SandboxError with what kubectl said."""
        result = subprocess.run(
            [str(self._program), *arguments],
            check=False,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            env=self._environment(),
        )
        if result.returncode != 0:
            raise SandboxError(f"kubectl {' '.join(arguments)} failed:\n{result.stderr.strip()}")
        return result.stdout

    def apply(self, manifests: Iterable[Manifest], *options: str) -> None:
        """Server-side apply of the sandbox's own manifests in one call; does nothing when there are none."""
        items = list(manifests)
        if items:
            content = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
            # Without validation kubectl does not fetch all of the API's schemas first, which takes it a second.
            self(*_APPLY, "--validate=false", *options, "-f", "-", stdin=content)

    def apply_folder(self, folder: Path) -> list[str]:
        """Server-side apply of every manifest in a folder and the folders in it; returns KIND/NAME of each."""
        return self(*_APPLY, "--recursive", "-o", "name", "-f", str(folder)).split()

    def _environment(self) -> dict[str, str]:
        # KUBERC and KUBECACHEDIR: without them kubectl reads and writes below ~/.kube.
        own = {
            "KUBECONFIG": str(self._kubeconfig),
            "KUBERC": "off",
            "KUBECACHEDIR": str(self._kubeconfig.parent / "kubectl-cache"),
        }
        return {**os.environ, **own}
