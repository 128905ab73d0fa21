"""`ops operators`: the Helm releases of an environment, and how to install them by hand."""

from __future__ import annotations

from collections.abc import Sequence

from graph.helm_releases import HelmRelease, releases
from graph.record import record
from ops.errors import OperationError
from paths import environment_of


def run(stack: str, values_of: str | None) -> int:
    """Print each release with its command; with a name, the values of that release."""
    found = {one.name: one for one in releases(record(stack))}
    if values_of is not None:
        print(_values(stack, found.get(values_of), sorted(found)), end="")
    elif found:
        print("\n".join(_lines(stack, list(found.values()))))
    else:
        file = f"Pulumi.{environment_of(stack)}.yaml"
        print(f"{stack} installs no operators: its cluster has them. {file} may say so, at `operators`.")
    return 0


def _lines(stack: str, found: Sequence[HelmRelease]) -> list[str]:
    lines = []
    for one in found:
        lines.append(f"  {one.name}: chart {one.chart} {one.version}, namespace {one.namespace}")
        lines.append(f"    python -m ops operators -s {stack} --values {one.name} | {one.command()}")
    return lines


def _values(stack: str, release: HelmRelease | None, names: Sequence[str]) -> str:
    if release is None:
        raise OperationError(f"{stack} installs no such release; it installs: {', '.join(names) or 'none'}")
    import yaml

    return yaml.safe_dump(dict(release.values), default_flow_style=False, allow_unicode=True, width=120)
