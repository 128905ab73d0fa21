"""The API server asked directly, many questions at a time, through one kubectl that knows the way and the user.

A kubectl for each question would cost a tenth of a second each, and with a credential plug-in a second.
"""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ops.kubectl import ClusterError, Kubectl

# In seconds: as long as kubectl's own requests may take.
_TIMEOUT = 30.0
_AT_A_TIME = 8
_ATTEMPTS = 3
# Ends kubectl when standard input closes: also if the command that started it was killed.
_UNTIL_STDIN_CLOSES = 'exec 3<&0; { read -r _ <&3; kill $$; } & exec "$@" </dev/null 3<&-'


class Request(NamedTuple):
    """What is asked: a path of the API, and the object to POST there; without one it is a GET."""

    path: str
    body: Any = None
    accept: str = "application/json"


@dataclass(frozen=True)
class Answer:
    """The HTTP status (0: no answer), and the JSON document that came with it, or None."""

    status: int
    body: Any = None

    @property
    def ok(self) -> bool:
        """Whether it was answered with what was asked for."""
        return self.status in (http.HTTPStatus.OK, http.HTTPStatus.CREATED)

    @property
    def missing(self) -> bool:
        """Whether the cluster does not have it; False where nobody can tell, as of what the user may not read."""
        return self.status == http.HTTPStatus.NOT_FOUND


class Api:
    """The API behind the socket of a `kubectl proxy`. Not to be used after `close`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._own = threading.local()
        self._connections: list[_Connection] = []
        self._pool = ThreadPoolExecutor(max_workers=_AT_A_TIME)

    def ask(self, requests: Sequence[Request]) -> list[Answer]:
        """The answers in the order of the requests; several are on their way at a time. Never raises.

        A request may be sent twice: what is posted must not change anything.
        """
        return list(self._pool.map(self._ask, requests))

    def close(self) -> None:
        """Wait for what is on its way, and end the connections."""
        self._pool.shutdown()
        for connection in self._connections:
            connection.close()

    def _ask(self, request: Request) -> Answer:
        if not hasattr(self._own, "connection"):
            self._own.connection = _Connection(self._path)
            self._connections.append(self._own.connection)
        connection: _Connection = self._own.connection
        body = None if request.body is None else json.dumps(request.body)
        headers = {"Accept": request.accept, "Content-Type": "application/json"}
        # Once more on a new connection: the old one may have been closed from the other side.
        for _ in range(2):
            try:
                connection.request("GET" if body is None else "POST", request.path, body, headers)
                response = connection.getresponse()
                return Answer(response.status, _document(response.read()))
            except (OSError, http.client.HTTPException):
                connection.close()
        return Answer(0)


class _Connection(http.client.HTTPConnection):
    """HTTP over a socket that only this user can open: a port would be open to everybody on the machine."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_TIMEOUT)
        self.sock.connect(str(self._path))


@contextmanager
def api(kubectl: Kubectl) -> Iterator[Api]:
    """The API of the cluster, as the user that kubectl speaks for. Raises ClusterError if it cannot be reached."""
    with tempfile.TemporaryDirectory(prefix="api-") as folder:
        path = Path(folder) / "socket"
        command = [*kubectl.command, "proxy", f"--unix-socket={path}"]
        process = subprocess.Popen(
            ["sh", "-c", _UNTIL_STDIN_CLOSES, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait(process, path, kubectl)
            with closing(Api(path)) as made:
                _greet(made, kubectl)
                yield made
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait()


def _wait(process: subprocess.Popen[bytes], path: Path, kubectl: Kubectl) -> None:
    """Wait until kubectl listens: the socket's file is there a moment before."""
    deadline = time.monotonic() + _TIMEOUT
    while True:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            if probe.connect_ex(str(path)) == 0:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            kubectl.check()
            raise ClusterError(f"{kubectl.cluster} is not reached by `kubectl proxy`; try again")
        time.sleep(0.005)


def _greet(server: Api, kubectl: Kubectl) -> None:
    """Raise ClusterError, in the words of a kubectl that fails likewise, if the API server does not answer."""
    for _ in range(_ATTEMPTS):
        status = server.ask([Request("/version")])[0].status
        # Without the API server kubectl answers itself, by an error of a server.
        if status not in (0, http.HTTPStatus.UNAUTHORIZED) and status < http.HTTPStatus.INTERNAL_SERVER_ERROR:
            return
        kubectl.check()
    raise ClusterError(f"{kubectl.cluster} answers kubectl, and not through `kubectl proxy`; try again")


def _document(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None
