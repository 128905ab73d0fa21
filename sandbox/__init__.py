"""A local Kubernetes control plane: real servers, simulated nodes.

    from sandbox import Sandbox

    sandbox = Sandbox()      # state in .state/sandbox/default
    sandbox.up()             # builds the programs the first time (minutes), then about 4 seconds
    sandbox.kubeconfig       # for kubectl, Pulumi, controllers
    sandbox.down()           # keeps the data; reset() removes it

Real: etcd, the API server with its validation, admission, RBAC and quota, the controller manager, the scheduler.
They are built from the Go modules pinned below `modules/` and listen on 127.0.0.1 only.

Simulated, by kwok and the stages in `stages/` and in the folders of stores (`components/stores/*/stages.yaml`):

- nodes and pods: a pod becomes Ready at once, a Job's pod completes, and no container runs;
- volumes: claims bind, grow and go, and nothing is stored;
- load balancers and ingresses: they get an address of a documentation network that leads nowhere;
- the operators that would need containers (those of stores, cert-manager, External Secrets, Argo CD): only the final
  status of their objects is written. No database, certificate or Secret is made. An object with the annotation
  `sandbox.platform.io/status: manual` keeps whatever status a test gives it. `up(operated=…)` leaves out those whose
  own operator runs beside the sandbox.

Besides these there is what environments expect of a cluster and do not make (provided.py): the namespaces of
operators, the classes `standard`, `fast-ssd` and `nginx`, issuers, and a store of secrets called `platform`.

Custom resource definitions are permissive stand-ins, made from the table in versions.py, unless real ones are
given (`up --crds FOLDER`) or were already there.
"""

from __future__ import annotations

from .control_plane import Sandbox
from .errors import SandboxError
from .nodes import NodePool

__all__ = ["NodePool", "Sandbox", "SandboxError"]
