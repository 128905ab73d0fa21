"""Sites of this machine that are served by HTTPS or not, with certificates that are trusted or not."""

from __future__ import annotations

import contextlib
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """A certificate of `localhost` that its own key has signed, as PEM files."""

    certificate: Path
    key: Path


def self_signed(folder: Path, name: str) -> Certificate:
    """Made by openssl; whoever trusts the file trusts the site."""
    made = Certificate(folder / f"{name}.crt", folder / f"{name}.key")
    of = ["-subj", f"/CN={name}", "-days", "1", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(made.key), "-out", str(made.certificate)]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *of, *files], check=True, capture_output=True
    )
    return made


class Site(BaseHTTPRequestHandler):
    """Answers /CODE with that status, and /moved with the way to /200."""

    def do_GET(self) -> None:
        moved = self.path == "/moved"
        self.send_response(302 if moved else int(self.path.removeprefix("/")))
        if moved:
            self.send_header("Location", "/200")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Silent: the test says what went wrong."""


@contextlib.contextmanager
def served(certificate: Certificate | None = None) -> Iterator[str]:
    """The address of a site, without TLS if it has no certificate."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.certificate, certificate.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"{'https' if certificate else 'http'}://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
