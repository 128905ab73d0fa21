"""The document's release of model-serving, `canary_deploy.sh`, for an environment whose traffic can be split."""

from __future__ import annotations

from stacks.releases.config import Release, Routing

# It begins at 10 % and looks every 30 s for 300 s, which are ten checks; the weight rises from one to the next.
_STEPS = tuple(range(10, 60, 5))
_INTERVAL, _WINDOW = 30, 60
_MOST = {"error-rate": 5.0, "latency-p95": 1.0}
_HEADER = {"canary": "true"}


def canary(routing: Routing) -> Release:
    """The release as the environment's controller can carry it out.

    Somebody says yes before everything goes to the new version: under Flagger where there is a load tester, whose gate
    waits for that. Flagger cannot send requests with a header there beside the weights.
    """
    by_hand = routing.controller == "none"
    return Release(
        strategy="canary",
        steps=_STEPS,
        interval=_INTERVAL,
        window=_WINDOW,
        failures=1,
        metrics=_MOST,
        headers=_HEADER if by_hand else {},
        approval=by_hand or routing.load_tester is not None,
    )
