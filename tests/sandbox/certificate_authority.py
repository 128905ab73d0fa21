"""A certificate authority that speaks ACME (RFC 8555) as far as the challenges that it poses: it issues nothing.

Signatures are not checked, and every order waits for its HTTP-01 challenge: what cert-manager makes to answer one is
what the tests look at. Asked as a proxy, as cert-manager's own look at the answer is, it says that there is none.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def _payload(body: bytes) -> dict[str, Any]:
    """What a request says, signed as it is (RFC 7515, flattened)."""
    text = json.loads(body).get("payload", "")
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) or b"{}")
    return found


@contextlib.contextmanager
def certificate_authority() -> Iterator[str]:
    """The address of one until the block ends; its directory is at /directory."""
    numbers, hosts = itertools.count(1), dict[str, str]()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self, status: int, content: dict[str, Any], location: str = "") -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Replay-Nonce", f"nonce{next(numbers)}")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if location:
                self.send_header("Location", location)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def do_HEAD(self) -> None:
            self._answer(200, {})

        def do_GET(self) -> None:
            names = {
                "newNonce": "nonce",
                "newAccount": "account",
                "newOrder": "order",
                "revokeCert": "no",
                "keyChange": "no",
            }
            if self.path == "/directory":
                return self._answer(200, {key: f"{url}/{path}" for key, path in names.items()})
            return self._answer(404, {})

        def do_POST(self) -> None:
            asked = _payload(self.rfile.read(int(self.headers["Content-Length"])))
            kind, _, name = self.path.strip("/").partition("/")
            if kind == "account":
                return self._answer(201, {"status": "valid"}, f"{url}/account/1")
            if kind == "order":
                return self._order(asked, name)
            challenge = {
                "type": "http-01",
                "status": "pending",
                "url": f"{url}/challenge/{name}",
                "token": f"token-{name}",
            }
            content = {
                "status": "pending",
                "identifier": {"type": "dns", "value": hosts[name]},
                "challenges": [challenge],
            }
            return self._answer(200, challenge if kind == "challenge" else content)

        def _order(self, asked: dict[str, Any], name: str) -> None:
            if not name:
                name = str(next(numbers))
                identifiers = asked["identifiers"]
                hosts.update({f"{name}-{index}": one["value"] for index, one in enumerate(identifiers)})
            found = [key for key in hosts if key.startswith(f"{name}-")]
            content = {
                "status": "pending",
                "identifiers": [{"type": "dns", "value": hosts[key]} for key in found],
                "authorizations": [f"{url}/authorization/{key}" for key in found],
                "finalize": f"{url}/no",
            }
            self._answer(201, content, f"{url}/order/{name}")

        def log_message(self, *_arguments: object) -> None:
            """Not a line for each question."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
