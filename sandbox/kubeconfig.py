"""Kubeconfig files with everything inside, for the sandbox's own clients and for the person at the keyboard."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from .files import write_private


def write(file: Path, server: str, pki: Path, identity: str, context: str) -> None:
    """Write a kubeconfig (mode 0600) for the identity's certificate in `pki`; `server` is an https URL."""
    # Two sandboxes' files may stand in one $KUBECONFIG, in which names are shared.
    user = f"{context}-{identity}"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "contexts": [{"name": context, "context": {"cluster": context, "user": user}}],
        "clusters": [{"name": context, "cluster": {"server": server, **_data(pki, "ca.crt", "certificate-authority")}}],
        "users": [
            {
                "name": user,
                "user": {
                    **_data(pki, f"{identity}.crt", "client-certificate"),
                    **_data(pki, f"{identity}.key", "client-key"),
                },
            }
        ],
    }
    # JSON is YAML, and needs no library to write.
    text = json.dumps(content, indent=2).encode()
    if not file.exists() or file.read_bytes() != text:
        write_private(file, text)


def _data(pki: Path, file: str, field: str) -> dict[str, str]:
    return {f"{field}-data": base64.b64encode((pki / file).read_bytes()).decode()}
