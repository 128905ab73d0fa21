"""Fields that somebody else writes while the environment runs: a rollout's weights, the replicas that it scales.

The program declares them for the beginning, with Pulumi's `ignore_changes`; from then on they stay as they are. Here
that is: whatever the cluster has in such a field is what is applied, on condition that the object has not changed
meanwhile.
So an update in the middle of a rollout changes nothing, and never takes back a step that was made just then.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from ops.kubectl import ClusterError

_ABSENT = object()
# The API server's words for a resourceVersion that is no longer the newest.
_OUTDATED = "the object has been modified"


def yielding(body: Mapping[str, Any], owned: Sequence[str], live: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """`body` with the fields `owned` (such as `spec.replicas`) as `live` has them; as declared if there is none yet."""
    if not owned or live is None:
        return body
    made: Any = copy.deepcopy(dict(body))
    for path in owned:
        _put(made, path.split("."), _value(live, path.split(".")))
    made["metadata"] = {**made["metadata"], "resourceVersion": live["metadata"]["resourceVersion"]}
    return dict(made)


def without(live: Mapping[str, Any], owned: Sequence[str]) -> Mapping[str, Any]:
    """`live` without the fields `owned`, whose changes are nobody's news but their owner's."""
    if not owned:
        return live
    made: Any = copy.deepcopy(dict(live))
    for path in owned:
        _put(made, path.split("."), _ABSENT)
    return dict(made)


def is_outdated(error: ClusterError) -> bool:
    """Whether an object was changed by somebody else between being read and being applied."""
    return _OUTDATED in str(error)


def controlled(live: Mapping[str, Any]) -> bool:
    """Whether a controller made an object and answers for it.

    Flagger's autoscaler for the stable version is a copy of ours with all its labels, that of the set among them.
    """
    return any(owner.get("controller") for owner in live["metadata"].get("ownerReferences", []))


def _value(live: Any, path: Sequence[str]) -> Any:
    for part in path:
        if not isinstance(live, Mapping) or part not in live:
            return _ABSENT
        live = live[part]
    return live


def _put(body: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for part in path[:-1]:
        body = body.setdefault(part, {})
    if value is _ABSENT:
        body.pop(path[-1], None)
    else:
        body[path[-1]] = copy.deepcopy(value)
