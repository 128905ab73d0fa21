"""The Helm releases of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.helm.v3 import Release, RepositoryOptsArgs

from components.platform.operators.table import OPERATORS, Operator
from components.platform.operators.values import Sizing

# Images come from the internet and webhooks have to answer: twice what Helm gives by itself. In seconds.
_TIMEOUT = 600


@dataclass(frozen=True, kw_only=True)
class OperatorsArgs:
    """`install` names rows of `components.platform.operators.table.OPERATORS`."""

    install: Sequence[str]
    sizing: Sizing


class Operators(pulumi.ComponentResource):
    """A Helm release for each operator, those that others need before them.

    What uses an operator's kinds depends on this component: a release is done when its workloads are available.
    Outputs: none. Raises KeyError for an operator that is not in the table.
    """

    def __init__(self, name: str, args: OperatorsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:operators:Operators", name, {}, opts)
        self._args = args
        wanted = {OPERATORS[one].name for one in args.install}
        made: dict[str, Release] = {}
        # The table lists what others need before them.
        for operator in OPERATORS.values():
            if operator.name in wanted:
                made[operator.name] = self._release(operator, [made[one] for one in operator.after if one in made])
        self.register_outputs({})

    def _release(self, operator: Operator, after: Sequence[pulumi.Resource]) -> Release:
        chart = operator.chart
        return Release(
            operator.name,
            name=operator.name,
            namespace=operator.namespace,
            create_namespace=True,
            chart=chart.name,
            version=chart.version,
            repository_opts=RepositoryOptsArgs(repo=chart.repository),
            values=dict(operator.build(self._args.sizing)),
            # A release that fails goes back to what it was.
            atomic=True,
            timeout=_TIMEOUT,
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=after, retain_on_delete=not operator.keeps_definitions or None
            ),
        )
