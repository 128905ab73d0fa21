"""A real Prometheus and Alertmanager: requests begin to fail, and somebody is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from components.monitoring.notification import Receiver, Route, Routing, Webhook
from components.monitoring.rules import RuleSet
from sandbox import tools
from stacks.system.component import system_rules
from tests.sandbox.processes import answers, free_port, running, until
from tests.unit.observability.test_routing import configuration
from tests.unit.recordings import DECLARATIONS


class Service(BaseHTTPRequestHandler):
    """An application that counts requests at /metrics, and the receiver of alerts at any other path."""

    failing: ClassVar[bool] = False
    counts: ClassVar[dict[str, int]] = {"200": 0, "500": 0}
    received: ClassVar[list[dict[str, Any]]] = []

    def do_GET(self) -> None:
        self.counts["200"] += 100
        self.counts["500"] += 100 if Service.failing else 0
        lines = [f'http_requests_total{{status="{code}"}} {count}' for code, count in self.counts.items()]
        self._answer("# TYPE http_requests_total counter\n" + "\n".join(lines) + "\n")

    def do_POST(self) -> None:
        Service.received += json.loads(self.rfile.read(int(self.headers["Content-Length"])))["alerts"]
        self._answer("")

    def _answer(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_arguments: object) -> None:
        """Silent: the test says what went wrong."""


@pytest.fixture
def service() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def rules(folder: Path) -> None:
    """AstrBot's HighErrorRate with its own threshold; only its patience is shortened."""
    (alert,) = (one for one in system_rules(DECLARATIONS["astrbot"]).alerts if one.name == "HighErrorRate")
    groups = RuleSet(name="test", alerts=[replace(alert, for_="2s")]).groups()
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": groups}), encoding="utf-8")


def prometheus_file(folder: Path, service: int, alertmanager: int) -> Path:
    target = {"targets": [f"127.0.0.1:{service}"], "labels": {"namespace": "astrbot"}}
    document = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yaml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]},
        "scrape_configs": [{"job_name": "api-gateway", "static_configs": [target]}],
    }
    path = folder / "prometheus.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def alertmanager_file(folder: Path, service: int) -> Path:
    receiver = Receiver(name="test", channels=[Webhook(url=f"http://127.0.0.1:{service}/hook")])
    root = Route(receiver="test", group_by=["alertname"], group_wait="1s", group_interval="1s")
    written = configuration(Routing(root=root, receivers=[receiver]).as_spec())
    written["receivers"][0]["webhook_configs"][0]["url"] = f"http://127.0.0.1:{service}/hook"
    path = folder / "alertmanager.yaml"
    path.write_text(yaml.safe_dump(written), encoding="utf-8")
    return path


def test_a_raised_error_rate_is_delivered_and_nothing_before_it(service: int, tmp_path: Path) -> None:
    """Rules that load, targets that answer and receivers that accept are not yet a person who knows."""
    built = tools.ensure(["prometheus", "alertmanager"])
    first, second, log = free_port(), free_port(), tmp_path / "prometheus.log"
    rules(tmp_path)
    prometheus = [
        str(built["prometheus"]),
        f"--config.file={prometheus_file(tmp_path, service, second)}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{first}",
    ]
    alertmanager = [
        str(built["alertmanager"]),
        f"--config.file={alertmanager_file(tmp_path, service)}",
        f"--storage.path={tmp_path / 'silences'}",
        f"--web.listen-address=127.0.0.1:{second}",
        "--cluster.listen-address=",
    ]
    with running(alertmanager, tmp_path / "alertmanager.log"), running(prometheus, log):
        until("Prometheus answers", lambda: answers(f"http://127.0.0.1:{first}/-/ready"), log)
        until("it scrapes", lambda: Service.counts["200"] >= 800, log)
        assert Service.received == []
        Service.failing = True
        until("somebody is told", lambda: Service.received, log)
    (alert, *_) = Service.received
    assert alert["status"] == "firing"
    assert alert["labels"]["alertname"] == "HighErrorRate"
    assert (alert["labels"]["severity"], alert["labels"]["system"]) == ("critical", "astrbot")
    assert alert["annotations"]["runbook_url"].endswith("/HighErrorRate")
