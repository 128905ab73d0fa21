"""Who may talk to a database, and with whom it talks.

The operator's jobs (initdb, joining a replica) carry the label of the cluster and need what its instances need. Its
poolers carry it too, and have a policy of their own. Applications are let in to the poolers only.
"""

from __future__ import annotations

from components.database.args import METRICS_PORT, OPERATOR_NAMESPACE, POOLER_METRICS_PORT, PORT, DatabaseArgs
from components.network import DNS, KUBERNETES_API, Flow, Peer, scrapes

# The operator asks each instance for its state on this port.
_STATUS_PORT = 8000
Flows = tuple[Flow, ...]


def cluster_flows(args: DatabaseArgs) -> tuple[Flows, Flows]:
    """(ingress, egress) of the instances and the operator's jobs."""
    itself = Flow(peer=Peer(pods=args.cluster_pods), ports=(PORT, _STATUS_PORT))
    operator = Flow(peer=Peer(namespace=OPERATOR_NAMESPACE), ports=(PORT, _STATUS_PORT))
    dump = args.scope.selector(args.dump_name)
    direct = tuple(Flow(peer=Peer(pods=one), ports=(PORT,)) for one in (dump, *args.direct_clients))
    # The instance manager keeps its leader lease at the API server.
    followed = (args.replication.target.flow,) if args.replication else ()
    egress = (itself, DNS, KUBERNETES_API, args.backup.target.flow, *followed)
    return (itself, operator, *direct, *scrapes(args.monitoring, METRICS_PORT)), egress


def pooler_flows(args: DatabaseArgs) -> tuple[Flows, Flows]:
    """(ingress, egress) of a pooler: applications and Prometheus in, instances out."""
    clients = tuple(Flow(peer=Peer(pods=client), ports=(PORT,)) for client in args.clients)
    instances = Flow(peer=Peer(pods=args.cluster_pods), ports=(PORT,))
    return (*clients, *scrapes(args.monitoring, POOLER_METRICS_PORT)), (instances, DNS, KUBERNETES_API)
