"""A server that a release asks before it goes on: it notes what it was asked, and answers as a test says."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Webhooks:
    """`url` of the server; what was posted, by path; and the paths that refuse."""

    url: str = ""
    posted: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    refusing: set[str] = field(default_factory=set)

    def asked(self, path: str, name: str) -> list[dict[str, Any]]:
        """What an application asked on a path."""
        return [body for body in self.posted.get(path, []) if body["name"] == name]


@contextlib.contextmanager
def webhooks() -> Iterator[Webhooks]:
    """The server until the block ends. A path that refuses answers 403, as a smoke test that has failed would."""
    made = Webhooks()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.posted.setdefault(self.path, []).append(body)
            self.send_response(403 if self.path in made.refusing else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Not a line for each question."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
