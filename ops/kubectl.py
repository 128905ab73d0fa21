"""kubectl against one cluster; what the API server says of a failure reaches the user word for word."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.errors import OperationError

# A request that hangs for this long is not answered any more.
_REQUEST_TIMEOUT = "30s"
_UNKNOWN_KIND = re.compile(r"(?:doesn't have a resource type|no matches for kind) \"([^\"]+)\"")
# kubectl's words for a context that there is not: of a request for a path, and of one for objects.
_NO_CONTEXT = re.compile(r'context "[^"]*" does not exist$|Error in configuration: context was not found')
# The last words of a kubectl that got no answer; a webhook that did not answer is named by the API server, which did.
_UNREACHABLE = re.compile(
    r"^(Unable to connect to the server|The connection to the server)|^(?!.*webhook).*(dial tcp|Client\.Timeout)", re.M
)


class ClusterError(OperationError):
    """The cluster could not be reached, or refused something. The message holds its own words."""

    @property
    def forbidden(self) -> bool:
        """Whether the user may not do that."""
        return "(Forbidden)" in str(self)


@dataclass(frozen=True)
class Kubectl:
    """kubectl with a kubeconfig (None: `$KUBECONFIG`, else ~/.kube/config) and a context (None: the current one)."""

    program: Path
    kubeconfig: Path | None = None
    context: str | None = None

    @property
    def cluster(self) -> str:
        """How messages call the cluster."""
        return f"context {self.context}" if self.context else f"cluster of {self.kubeconfig or 'the kubeconfig'}"

    @property
    def command(self) -> list[str]:
        """The beginning of every command line: the program, and which cluster it speaks to."""
        command = [str(self.program), f"--request-timeout={_REQUEST_TIMEOUT}"]
        if self.kubeconfig is not None:
            command.append(f"--kubeconfig={self.kubeconfig}")
        if self.context is not None:
            command.append(f"--context={self.context}")
        return command

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Standard output of a kubectl command. Raises ClusterError with what kubectl says."""
        done = self._run(arguments, stdin)
        if done.returncode != 0:
            raise ClusterError(self._explain(done.stderr.strip().removeprefix("error: ")))
        return done.stdout

    def json(self, *arguments: str, stdin: str | None = None) -> Any:
        """The same, for a command that prints one JSON document; no output reads as an empty list."""
        return json.loads(self.run(*arguments, "-o", "json", stdin=stdin) or '{"items": []}')

    def check(self) -> None:
        """Raise ClusterError unless the API server answers."""
        self.run("get", "--raw", "/readyz")

    def _run(self, arguments: Sequence[str], stdin: str | None) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*self.command, *arguments], input=stdin, capture_output=True, text=True, check=False)

    def _explain(self, message: str) -> str:
        if unknown := _UNKNOWN_KIND.search(message):
            hint = f"The operator that defines {unknown[1]} is not installed; docs/how-to/own-cluster.md lists them."
            return f"{message}\n{hint}"
        if self.context and _NO_CONTEXT.match(message):
            return (
                f'context "{self.context}" does not exist; `kubectl config get-contexts` lists those of your kubeconfig'
            )
        if _UNREACHABLE.search(message):
            last = message.splitlines()[-1]
            return f"{self.cluster} cannot be reached: {last}\nCheck that it runs and that your kubeconfig names it."
        return message
