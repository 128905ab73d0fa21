"""Prometheus over an exporter that plays the request metrics of Istio's proxies, or of the applications themselves."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sandbox import tools
from tests.sandbox.processes import answers, free_port, running, until

# Requests a second that each version of each application is made to have had.
RATE = 100
_BOUNDS = (100, 500, 1000, 2500, 10000)


@dataclass(frozen=True)
class Behaviour:
    """How a version answers: 5xx in percent, and the time that 90 % and the other 10 % take, in milliseconds."""

    errors: float = 0
    usual: int = 50
    slow: int = 80


@dataclass
class Traffic:
    """Every version's requests since the beginning; a change of behaviour holds from now on.

    `pods` says when each was created, as kube-state-metrics would.
    """

    namespace: str
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    pods: dict[str, float] = field(default_factory=dict)
    _counts: dict[tuple[str, str], float] = field(default_factory=dict)
    _last: float = field(default_factory=time.monotonic)

    def metrics(self) -> str:
        now = time.monotonic()
        requests, self._last = RATE * (now - self._last), now
        for name, one in self.behaviours.items():
            self._add((name, "500"), requests * one.errors / 100)
            self._add((name, "200"), requests * (100 - one.errors) / 100)
            for bound in _BOUNDS:
                share = (0.9 if one.usual <= bound else 0) + (0.1 if one.slow <= bound else 0)
                self._add((name, f"le{bound}"), requests * share)
            self._add((name, "le+Inf"), requests)
        pods = (
            f'kube_pod_created{{namespace="{self.namespace}",pod="{name}"}} {created}'
            for name, created in [*self.pods.items()]
        )
        return "\n".join([*self._lines(), *pods]) + "\n"

    def _add(self, key: tuple[str, str], amount: float) -> None:
        self._counts[key] = self._counts.get(key, 0) + amount

    def _lines(self) -> Iterator[str]:
        for (name, what), count in self._counts.items():
            # A proxy has no series for a code that it never saw.
            if what.startswith("le"):
                bound = what.removeprefix("le")
                labels = f'{self._proxy(name)},le="{bound}"'
                yield f"istio_request_duration_milliseconds_bucket{{{labels}}} {count}"
                labels = f'{self._application(name)},le="{bound if bound == "+Inf" else float(bound) / 1000}"'
                yield f"http_request_duration_seconds_bucket{{{labels}}} {count}"
            elif count:
                yield f'istio_requests_total{{{self._proxy(name)},response_code="{what}"}} {count}'
                yield f'http_requests_total{{{self._application(name)},status="{what}"}} {count}'

    def _proxy(self, name: str) -> str:
        where = f'destination_workload_namespace="{self.namespace}",destination_workload="{name}"'
        return f'reporter="destination",{where}'

    def _application(self, name: str) -> str:
        """Prometheus finds the candidate's pods by their own Service, the stable ones by the application's."""
        job = name.removesuffix("-primary") if name.endswith("-primary") else f"{name}-canary"
        return f'namespace="{self.namespace}",job="{job}"'


@contextlib.contextmanager
def exported(traffic: Traffic) -> Iterator[int]:
    """The exporter; gives its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = traffic.metrics().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Not a line for each scrape."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class Prometheus:
    """A real Prometheus that scrapes the exporter once a second; a stopped one can be started again."""

    folder: Path
    port: int
    exporter: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        program, log = tools.ensure(["prometheus"])["prometheus"], self.folder / "prometheus.log"
        configuration = self.folder / "prometheus.yaml"
        configuration.write_text(
            "global: {scrape_interval: 1s}\n"
            "scrape_configs: [{job_name: proxies, honor_labels: true,"
            f" static_configs: [{{targets: ['127.0.0.1:{self.exporter}']}}]}}]\n"
        )
        data = f"--storage.tsdb.path={self.folder / 'data'}"
        listen = f"--web.listen-address=127.0.0.1:{self.port}"
        with running([str(program), f"--config.file={configuration}", data, listen], log):
            until("Prometheus answers", lambda: answers(f"{self.url}/-/ready"), log)
            yield


@contextlib.contextmanager
def measured(traffic: Traffic, folder: Path) -> Iterator[Prometheus]:
    """A Prometheus, not yet running, over the exporter, which is."""
    with exported(traffic) as port:
        yield Prometheus(folder, free_port(), port)
