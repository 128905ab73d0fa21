"""An environment of kind `eks`, recorded with an account behind it: AWS's answers flow on through the program."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

import graph.record
import stacks.schema.source
from graph.model import Graph, revealed
from graph.record import RecordingMonitor
from tests.aws.account import ACCOUNT, REGION, Account, RefusedError

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

    refusals: list[Exception] = []

    class Monitor(RecordingMonitor):
        def cloud(self, type_: str, name: str, inputs: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
            # After a refusal the program is run to its end: torn down half-way, it leaves futures that nobody reads.
            if not refusals:
                try:
                    return account.create(type_, revealed(inputs))
                except (ClientError, RefusedError, NotImplementedError) as error:
                    refusals.append(error)
            return super().cloud(type_, name, inputs)

    (folder / f"Pulumi.{STACK}.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(stacks.schema.source, "ROOT", folder)
    monkeypatch.setattr(graph.record, "RecordingMonitor", Monitor)
    recorded = graph.record.record(STACK)
    if refusals:
        raise refusals[0]
    return recorded
