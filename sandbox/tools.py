"""The programs that the sandbox builds from pinned Go modules, one row each, and where the builds are.

A further tool is one row in `TOOLS` and a module folder below `modules/` (go.mod with a `tool` line, go.sum).
Each tool with client-go requirements of its own has its own module.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from . import build
from .errors import SandboxError
from .paths import MODULES, cache_root

KUBERNETES_VERSION = "v1.35.4"


# The engine's own; the provider's is what the Python package pulumi-kubernetes of requirements.in asks the engine for.
PULUMI_VERSION = "v3.274.1"
KUBERNETES_PROVIDER_VERSION = "4.34.2"


class Tool(NamedTuple):
    """One program: its file name, its module folder, its Go package, its group, and linker `-X` settings.

    `embedded` are files of other modules that are put beside the module's own source before it is built.
    """

    name: str
    module: str
    package: str
    group: str
    settings: tuple[str, ...] = ()
    embedded: tuple[build.Embedded, ...] = ()


def _kubernetes_settings() -> tuple[str, ...]:
    """What makes `kubectl version` and the API server's /version report the release instead of v0.0.0-master."""
    _, minor, _ = KUBERNETES_VERSION.removeprefix("v").split(".")
    values = {"gitVersion": KUBERNETES_VERSION, "gitMajor": "1", "gitMinor": minor, "gitTreeState": "clean"}
    packages = ("k8s.io/client-go/pkg/version", "k8s.io/component-base/version")
    return tuple(f"{package}.{key}={value}" for package in packages for key, value in values.items())


_KUBERNETES = _kubernetes_settings()
# The Go module v0.305.1 is the release 3.5.1, the long-term one; a build that does not know its version says v2 paths.
_PROMETHEUS = ("github.com/prometheus/common/version.Version=3.5.1",)

_PULUMI = (f"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={PULUMI_VERSION}",)
_PROVIDER_MODULE = "github.com/pulumi/pulumi-kubernetes/provider/v4"
_PROVIDER = (f"{_PROVIDER_MODULE}/pkg/version.Version={KUBERNETES_PROVIDER_VERSION}",)
_PROVIDER_FILES = tuple(
    build.Embedded(_PROVIDER_MODULE, f"cmd/pulumi-resource-kubernetes/{file}", merged)
    for file, merged in (("schema.json", {"version": KUBERNETES_PROVIDER_VERSION}), ("terraform-mapping.json", {}))
)

# The modules of operators: with their programs they bring their definitions, webhooks and rights.
CLOUDNATIVE_PG = "github.com/cloudnative-pg/cloudnative-pg"
BARMAN_CLOUD = "github.com/cloudnative-pg/plugin-barman-cloud"
CERT_MANAGER = "github.com/cert-manager/cert-manager"

TOOLS: tuple[Tool, ...] = (
    Tool("etcd", "etcd", "go.etcd.io/etcd/server/v3", "control-plane"),
    Tool("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok", "control-plane"),
    Tool("kubectl", "kubernetes", "k8s.io/kubernetes/cmd/kubectl", "control-plane", _KUBERNETES),
    Tool("kube-apiserver", "kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver", "control-plane", _KUBERNETES),
    Tool(
        "kube-controller-manager",
        "kubernetes",
        "k8s.io/kubernetes/cmd/kube-controller-manager",
        "control-plane",
        _KUBERNETES,
    ),
    Tool("kube-scheduler", "kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler", "control-plane", _KUBERNETES),
    # The tests of the rules, routes and dashboards use these; no environment needs them to come up.
    Tool("promtool", "prometheus", "github.com/prometheus/prometheus/cmd/promtool", "observability", _PROMETHEUS),
    Tool("prometheus", "prometheus", "github.com/prometheus/prometheus/cmd/prometheus", "observability", _PROMETHEUS),
    Tool("amtool", "alertmanager", "github.com/prometheus/alertmanager/cmd/amtool", "observability"),
    Tool("alertmanager", "alertmanager", "github.com/prometheus/alertmanager/cmd/alertmanager", "observability"),
    Tool(
        "prometheus-operator",
        "prometheus-operator",
        "github.com/prometheus-operator/prometheus-operator/cmd/operator",
        "observability",
    ),
    # Do they take our arguments, and tell what our alerts read? Neither is asked of them anywhere else.
    Tool("kube-state-metrics", "kube-state-metrics", "k8s.io/kube-state-metrics/v2", "exporters"),
    Tool("blackbox-exporter", "blackbox-exporter", "github.com/prometheus/blackbox_exporter", "exporters"),
    # What deploys where no pulumi is on PATH.
    Tool("pulumi", "pulumi", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", "engine", _PULUMI),
    Tool("pulumi-resource-kubernetes", "pulumi-kubernetes", ".", "engine", _PROVIDER, _PROVIDER_FILES),
    # Real releases on simulated pods: only the sandbox tests of releases use it.
    Tool("flagger", "flagger", "github.com/fluxcd/flagger/cmd/flagger", "releases"),
    # The readers of our objects, in the versions that are deployed: only their tests run them.
    Tool("cloudnative-pg", "cloudnative-pg", f"{CLOUDNATIVE_PG}/cmd/manager", "operators"),
    Tool("plugin-barman-cloud", "cloudnative-pg", f"{BARMAN_CLOUD}/cmd/manager", "operators"),
    Tool("cert-manager", "cert-manager", ".", "operators"),
)


def group(name: str) -> tuple[str, ...]:
    """The names of the tools in a group, such as "control-plane"."""
    return tuple(tool.name for tool in TOOLS if tool.group == name)


def find(name: str) -> Tool:
    """The row of a tool. Raises SandboxError with the known names when there is none."""
    for tool in TOOLS:
        if tool.name == name:
            return tool
    known = ", ".join(sorted(tool.name for tool in TOOLS))
    raise SandboxError(f"No tool is called {name!r}.\nThe tools of the sandbox: {known}.")


def folder(module: str) -> Path:
    """Where a module's programs are kept: a folder named by its content, so that a changed pin builds anew.

    The module's files, those of other modules that are put beside them, the flags, the linker settings, the operating
    system and the architecture are all in the hash. The version of Go is not: what is built runs without Go, so it is
    found without it, and a newer Go builds nothing anew. Remove the folder to have that done.
    """
    tools = [tool for tool in TOOLS if tool.module == module]
    settings = sorted({setting for tool in tools for setting in tool.settings})
    embedded = sorted({repr(file) for tool in tools for file in tool.embedded})
    key = (build.platform_name(), build.FLAGS, build.LINKER_FLAGS, settings, embedded)
    digest = hashlib.sha256(repr(key).encode())
    for file in sorted((MODULES / module).iterdir()):
        digest.update(file.read_bytes())
    return cache_root() / f"{module}-{digest.hexdigest()[:16]}" / "bin"


def source(name: str, module: str) -> Path:
    """The folder with the source of a Go module, in the version that the tool `name` is built from.

    Of an operator it has the definitions, webhooks and rights that it is released with. Raises SandboxError when the
    module cannot be had.
    """
    return build.source(MODULES / find(name).module, module)


def missing(names: Iterable[str]) -> list[str]:
    """Those of the named tools that are not built yet."""
    wanted = [find(name) for name in names]
    return [one.name for one in wanted if not (folder(one.module) / one.name).exists()]


def ensure(names: Iterable[str]) -> dict[str, Path]:
    """The paths of the named tools; what is not built yet is built first (minutes when cold, with progress).

    Only a build needs Go: raises SandboxError when it is missing or too old then, or when a build fails.
    """
    wanted = [find(name) for name in names]
    paths = {tool.name: folder(tool.module) / tool.name for tool in wanted}
    missing = [
        build.Job(tool.name, MODULES / tool.module, tool.package, tool.settings, paths[tool.name], tool.embedded)
        for tool in wanted
        if not paths[tool.name].exists()
    ]
    if missing:
        build.check_toolchain()
        build.run(missing, cache_root())
    return paths
