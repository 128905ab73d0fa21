"""Volumes that grow, and StatefulSets that are made anew around the pods that they have.

Of a StatefulSet most fields never change. Pulumi's provider would delete it with its pods and make it again, and the
claims that were made from its template would keep their size. Instead its claims are expanded, it is deleted without
its pods (`--cascade=orphan`), and made again: it finds its pods by their labels, and replaces one after the other only
if their template has changed. The same is done for the claims of what operators make, which make their StatefulSets
again themselves. Each step looks at the cluster first: a run that was killed is simply repeated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rich.console import Console

from components.kubernetes.quantity import number
from graph.manifests import Manifest
from graph.model import Graph
from ops.engine.plan import FieldChange, Plan, Step
from ops.errors import OperationError
from ops.immutable.fields import kind_of
from ops.immutable.volumes import OPERATORS_SETS, requested, templates
from ops.kubectl import ClusterError, Kubectl
from ops.live.comparing import differences, dotted
from ops.live.lookup import Body, Live, everywhere, system_of

STATEFUL_SET = "apps/StatefulSet"
# All but the selector, which would lose the pods (Kubernetes 1.37, pkg/apis/apps/validation, ValidateStatefulSetUpdate;
# the history's length may change there, and the provider replaces for it all the same).
AROUND_PODS = ("volumeClaimTemplates", "serviceName", "podManagementPolicy", "revisionHistoryLimit")
_SUFFIX = r"(-shard-[0-9]+)?-[0-9]+"


@dataclass(frozen=True)
class Claim:
    """A claim that is to grow from `before` to `after`."""

    namespace: str
    name: str
    storage_class: str
    before: str
    after: str


@dataclass(frozen=True)
class Anew:
    """What has claims that grow, or is a StatefulSet that must be made again; `fields` are its changes."""

    manifest: Manifest
    type: str
    claims: tuple[Claim, ...] = ()
    fields: tuple[FieldChange, ...] = ()

    @property
    def step(self) -> Step:
        """As plans show it."""
        claims = tuple(FieldChange(f"claim {one.name}", one.before, one.after) for one in self.claims)
        remade = (FieldChange("made again around its pods", "they go on", "running"),) if self.fields else ()
        return Step(self.manifest.urn, self.type, "update", self.manifest.body, (*claims, *self.fields, *remade))


@dataclass(frozen=True)
class Growing:
    """Everything that a run has to do of this kind."""

    kubectl: Kubectl
    anew: tuple[Anew, ...] = ()

    @property
    def rebuilt(self) -> list[str]:
        """The URNs of the StatefulSets that are made again."""
        return [one.manifest.urn for one in self.anew if one.fields]

    def of_system(self, system: str | None) -> Growing:
        """The same of one system alone."""
        chosen = (one for one in self.anew if system is None or system_of(one.manifest.body) == system)
        return replace(self, anew=tuple(chosen))

    def shown_in(self, plan: Plan) -> Plan:
        """The plan with what is done here: of an object that is in both, both changes."""
        mine = {one.manifest.urn: one.step for one in self.anew}
        steps = []
        for step in plan.steps:
            own = mine.pop(step.urn, None)
            steps.append(replace(step, fields=(*step.fields, *own.fields)) if own else step)
        return replace(plan, steps=(*steps, *mine.values()))

    def refuse_impossible(self) -> None:
        """Raise OperationError where a claim cannot grow, with what would let it."""
        if stuck := list(self._stuck()):
            raise OperationError("\n  ".join(["nothing was deployed, since these volumes cannot grow:", *stuck]))

    def _stuck(self) -> Iterator[str]:
        wanted = sorted({claim.storage_class for one in self.anew for claim in one.claims})
        try:
            classes = self.kubectl.json("get", "StorageClass.v1.storage.k8s.io")["items"] if wanted else []
        except ClusterError as error:
            if error.forbidden:
                # Who may not look is told by the API server when the claim is to grow.
                return
            raise
        growing = {str(one["metadata"]["name"]) for one in classes if one.get("allowVolumeExpansion")}
        for one in self.anew:
            for claim in one.claims:
                if claim.storage_class not in growing:
                    yield (
                        f"{one.manifest.title}: claim {claim.name} goes from {claim.before} to {claim.after}, and "
                        f"StorageClass {claim.storage_class} does not let volumes grow. If its driver can: `kubectl "
                        f"patch storageclass {claim.storage_class} -p '{{\"allowVolumeExpansion\": true}}'`, then run "
                        f"this again. If not, keep {claim.before}, or move the data to volumes of another class"
                    )

    def carry_out(self, out: Console) -> None:
        """Expand the claims, then let go of the StatefulSets without their pods. Raises ClusterError."""
        for one in self.anew:
            if one.claims:
                out.print(f"{one.manifest.title}: {len(one.claims)} claims grow to {one.claims[0].after}", markup=False)
            for claim in one.claims:
                patch = f'{{"spec": {{"resources": {{"requests": {{"storage": "{claim.after}"}}}}}}}}'
                name = f"persistentvolumeclaim/{claim.name}"
                self.kubectl.run("patch", name, f"--namespace={claim.namespace}", "--type=merge", f"--patch={patch}")
        # Only now: until the last claim has grown, the old template says to the next run that there is work left.
        for one in self.anew:
            if one.fields:
                manifest = one.manifest
                out.print(f"{manifest.title}: made again around its pods", markup=False)
                self.kubectl.run(
                    "delete",
                    f"statefulset/{manifest.name}",
                    f"--namespace={manifest.namespace}",
                    "--cascade=orphan",
                    "--ignore-not-found",
                    "--wait=true",
                )


def leaving(manifests: Sequence[Manifest], types: Mapping[str, str], live: Live) -> dict[tuple[str, str], list[str]]:
    """(type, name of the resource) of each StatefulSet that is there, and the fields that the engine leaves to us."""
    return {
        (types[one.urn], one.urn.rpartition("::")[2]): [f"spec.{field}" for field in AROUND_PODS]
        for one in manifests
        if kind_of(one.body) == STATEFUL_SET and one.key in live
    }


def prepare(
    kubectl: Kubectl, graph: Graph, manifests: Sequence[Manifest], live: Live, left: dict[tuple[str, str], list[str]]
) -> Growing:
    """What has to be done; what the engine is to leave is added to `left`. Raises OperationError if it cannot be."""
    if not live:
        return Growing(kubectl)
    types = {one.urn: one.type for one in graph}
    left.update(leaving(manifests, types, live))
    growing = find(kubectl, manifests, types, live)
    growing.refuse_impossible()
    return growing


def find(kubectl: Kubectl, manifests: Sequence[Manifest], types: Mapping[str, str], live: Live) -> Growing:
    """What has to be done, by what the cluster has; `types` are those of the resources by URN."""
    owners = [one for one in manifests if templates(one.body) and _set_of(one.body)]
    claims = everywhere(kubectl, {one.namespace: ("persistentvolumeclaims",) for one in owners})
    found = [Anew(one, types[one.urn], tuple(_smaller(one, claims)), _changed(one, live)) for one in owners]
    return Growing(kubectl, tuple(one for one in found if one.claims or one.fields))


def _set_of(body: Body) -> str:
    """The name of the StatefulSet that has the claims; "" where an operator sees to their growth itself."""
    name = str(body["metadata"]["name"])
    return name if kind_of(body) == STATEFUL_SET else OPERATORS_SETS.get(kind_of(body), "").format(name=name)


def _smaller(manifest: Manifest, claims: Sequence[Body]) -> Iterator[Claim]:
    for template, wanted in templates(manifest.body).items():
        pattern = re.compile(re.escape(f"{template}-{_set_of(manifest.body)}") + _SUFFIX)
        for claim in claims:
            metadata = claim["metadata"]
            if metadata["namespace"] != manifest.namespace or not pattern.fullmatch(metadata["name"]):
                continue
            before, after = requested(claim["spec"]), requested(wanted)
            if number(before) < number(after):
                storage_class = str(claim["spec"].get("storageClassName", ""))
                yield Claim(manifest.namespace, str(metadata["name"]), storage_class, before, after)


def _changed(manifest: Manifest, live: Live) -> tuple[FieldChange, ...]:
    """The fields of a StatefulSet for which it must be made again."""
    present = live.get(manifest.key)
    if present is None or kind_of(manifest.body) != STATEFUL_SET:
        return ()
    return tuple(
        FieldChange(dotted(("spec", *one.path)), str(one.found), str(one.wanted))
        for field in AROUND_PODS
        if field in manifest.body["spec"]
        for one in differences({field: manifest.body["spec"][field]}, present["spec"])
    )
