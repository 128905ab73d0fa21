"""Environments of kind `eks` as files."""

from __future__ import annotations

# What a cluster has only if it is asked for.
EVERYTHING = "    dns: {zone: create, firewall: true}\n    public_access: [203.0.113.0/24]\n"
ADMINISTRATOR = "arn:aws:iam::123456789012:role/platform"


def file(tier: str = "dev", cluster: str = "", rest: str = "") -> str:
    """A valid file of a tier, with more keys of the cluster and more keys, each line indented as it is in a file."""
    store = "  saas-platform:secret_store: {name: platform, path: p}\n" if tier in ("staging", "prod") else ""
    return f"""\
config:
  saas-platform:tier: {tier}
  saas-platform:domain: example.com
{store}{rest}\
  saas-platform:systems:
    astrbot: {{}}
  saas-platform:cluster:
    kind: eks
    account: "123456789012"
    region: eu-central-1
    administrators: [{ADMINISTRATOR}]
{cluster}"""
