"""What the user who deploys may not do with the environment's kinds, in each namespace and in the cluster."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from graph.model import Graph
from ops.preflight.api import Answer, Api, Request
from ops.preflight.finding import PAGE, Found
from ops.preflight.kinds import Kind, Served, wanted

# To see, make, change and remove objects.
VERBS = ("get", "list", "create", "patch", "delete")
_ACCESS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_RULES = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
_WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
_ROLES = ("Role", "ClusterRole")
_RBAC = "rbac.authorization.k8s.io"
# More kinds than this are not listed if all of a namespace's are meant.
_LISTED = 6


class Right(NamedTuple):
    """A verb on a resource (`pods`, `pods/log`); namespace "" is the cluster, `name` "" any object."""

    namespace: str
    group: str
    resource: str
    verb: str
    name: str = ""


class Rule(NamedTuple):
    """What a review says that the user may do in a namespace."""

    groups: frozenset[str]
    resources: frozenset[str]
    verbs: frozenset[str]

    def grants(self, right: Right) -> bool:
        """Whether it is enough for the right."""
        pairs = ((self.groups, right.group), (self.resources, right.resource), (self.verbs, right.verb))
        return all(wanted in allowed or "*" in allowed for allowed, wanted in pairs)


def check(server: Api, graph: Graph, served: Served) -> Found:
    """One sentence with all that the user lacks, compactly."""
    if served is None:
        return Found(unknown=("your rights",))
    if _allowed(server, [Right("", "*", "*", "*")])[0]:
        return Found()
    needed = rights_of(graph, served)
    denied = _denied(server, list(needed))
    lines = list(_lines(denied, needed))
    lines += _granting(server, graph)
    if not lines:
        return Found()
    head = f"{_user(server)} lacks rights that this environment needs ({PAGE}#rights):"
    return Found(("\n".join([head, *(f"    {line}" for line in lines)]),))


def rights_of(graph: Graph, served: Mapping[Kind, str]) -> dict[Right, str]:
    """Every right that the objects of served kinds need, with the kind."""
    kinds = wanted(graph)
    found: dict[Right, str] = {}
    for body in graph.objects:
        kind = Kind.of(body)
        if kind in kinds and kind in served:
            namespace = body["metadata"].get("namespace", "")
            found |= {Right(namespace, kind.group, served[kind], verb): kind.kind for verb in VERBS}
    return found


def _denied(server: Api, needed: Sequence[Right]) -> list[Right]:
    """Those that the user does not have: by one review of the rules for each namespace, and of what they do not grant
    by one each, since a cluster may decide by more than rules."""
    namespaces = sorted({one.namespace for one in needed} - {""})
    bodies = [_review("SelfSubjectRulesReview", {"namespace": one}) for one in namespaces]
    answers = server.ask([Request(_RULES, body) for body in bodies])
    rules = {name: _rules(answer) for name, answer in zip(namespaces, answers, strict=True)}
    open_ = [one for one in needed if not any(rule.grants(one) for rule in rules.get(one.namespace, ()))]
    return [one for one, allowed in zip(open_, _allowed(server, open_), strict=True) if allowed is False]


def _rules(answer: Answer) -> list[Rule]:
    entries = answer.body["status"].get("resourceRules", []) if answer.ok else []
    return [
        Rule(frozenset(one.get("apiGroups", ())), frozenset(one.get("resources", ())), frozenset(one["verbs"]))
        for one in entries
        if not one.get("resourceNames")
    ]


def _allowed(server: Api, rights: Sequence[Right]) -> list[bool | None]:
    """Whether the user has each right; None if nobody could tell."""
    answers = server.ask([Request(_ACCESS, _review("SelfSubjectAccessReview", _attributes(one))) for one in rights])
    return [bool(one.body["status"].get("allowed")) if one.ok else None for one in answers]


def _attributes(right: Right) -> dict[str, Any]:
    resource, _, subresource = right.resource.partition("/")
    named = {"namespace": right.namespace, "group": right.group, "resource": resource, "verb": right.verb}
    optional = {"subresource": subresource, "name": right.name}
    return {"resourceAttributes": {**named, **{key: value for key, value in optional.items() if value}}}


def _review(kind: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}


def _lines(denied: Iterable[Right], needed: Mapping[Right, str]) -> Iterator[str]:
    """Namespaces with the same lack together: in each the verbs, and of each verbs the kinds."""
    by_kind: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for right in denied:
        by_kind[right.namespace][needed[right]].add(right.verb)
    by_lack: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for namespace, kinds in by_kind.items():
        everything = {kind for right, kind in needed.items() if right.namespace == namespace}
        by_lack[tuple(_lacks(kinds, everything))].append(namespace)
    for lacks, namespaces in sorted(by_lack.items(), key=lambda one: one[1]):
        where = "in the cluster" if namespaces == [""] else f"in {', '.join(sorted(namespaces))}"
        yield from (f"{where}: {lack}" for lack in lacks)


def _lacks(kinds: Mapping[str, set[str]], everything: set[str]) -> Iterator[str]:
    by_verbs: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for kind, denied in kinds.items():
        by_verbs[tuple(verb for verb in VERBS if verb in denied)].add(kind)
    for verbs, names in sorted(by_verbs.items()):
        all_of_many = names == everything and len(names) > _LISTED
        yield f"{', '.join(verbs)} {'everything' if all_of_many else ', '.join(sorted(names))}"


def _granting(server: Api, graph: Graph) -> Iterator[str]:
    """Roles that grant what the user does not have: the API server refuses them, unless the user may `escalate`."""
    roles = [body for body in graph.objects if body["kind"] in _ROLES and body.get("rules")]
    asked = [Right(one["metadata"].get("namespace", ""), _RBAC, f"{one['kind'].lower()}s", "escalate") for one in roles]
    strict = [role for role, allowed in zip(roles, _allowed(server, asked), strict=True) if allowed is False]
    granted = [(role, right) for role in strict for right in _granted(role)]
    answers = _allowed(server, [right for _, right in granted])
    lacking: dict[tuple[str, str], set[str]] = defaultdict(set)
    for (role, right), allowed in zip(granted, answers, strict=True):
        if allowed is False:
            what = ".".join(filter(None, (right.resource, right.group)))
            lacking[role["kind"], role["metadata"]["name"]].add(f"{right.verb} {what}")
    for (kind, name), whats in sorted(lacking.items()):
        yield f"to grant by {kind} {name}, which nobody may who lacks it: {', '.join(sorted(whats))}"


def _granted(role: Mapping[str, Any]) -> Iterator[Right]:
    namespace = role["metadata"].get("namespace", "")
    for rule in role["rules"]:
        for group in rule.get("apiGroups") or ():
            for resource in rule.get("resources") or ():
                for verb in rule["verbs"]:
                    for name in rule.get("resourceNames") or ("",):
                        yield Right(namespace, group, resource, verb, name)


def _user(server: Api) -> str:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    (answer,) = server.ask([Request(_WHO, body)])
    return f"the user {answer.body['status']['userInfo']['username']}" if answer.ok else "your user"
