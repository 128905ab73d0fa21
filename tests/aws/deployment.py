"""An environment of kind `eks`, recorded with an account behind it: AWS's answers flow on through the program."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import graph.record
import stacks.source
from graph.model import Graph, revealed
from graph.monitor import PasswordSource, RecordingMonitor
from tests.aws.account import ACCOUNT, REGION, Account

STACK = "scratch"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"


def environment(tier: str, cluster: str = "", rest: str = "") -> str:
    """A file of that tier: `cluster` are more keys of the cluster, `rest` more keys of the file, as YAML."""
    store = "  saas-platform:secret_store: {name: platform, path: p}\n" if tier in ("staging", "prod") else ""
    more = "".join(f"    {line}\n" for line in cluster.splitlines())
    return f"""\
config:
  saas-platform:tier: {tier}
  saas-platform:domain: example.com
  saas-platform:cluster:
    kind: eks
    account: "{ACCOUNT}"
    region: {REGION}
    administrators: [{ROLE}/platform]
{more}{store}{rest}  saas-platform:systems:
    astrbot:
      tenants: [{{name: acme}}]
"""


def deploy(account: Account, text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Graph:
    """Run the program of an environment with this file; whatever it registers of AWS is made in the account.

    Raises what the account raises for something that AWS refuses.
    """

    class Monitor(RecordingMonitor):
        def __init__(self, passwords: PasswordSource) -> None:
            super().__init__(passwords)

        def cloud(self, type_: str, name: str, inputs: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
            return account.create(type_, revealed(inputs))

    (folder / f"Pulumi.{STACK}.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(stacks.source, "ROOT", folder)
    monkeypatch.setattr(graph.record, "RecordingMonitor", Monitor)
    return graph.record.record(STACK)
