"""What makes the Pulumi engine faster with this program, why, and when each part may go.

Measured with SDK 3.272, engine 3.274 and the Kubernetes provider 4.34, inline, on two cores that had much else to do,
against an ordinary program with 300 small resources and state in files (`python -m benchmarks engine`), in seconds of
processor time with the start of Python: preview 18.3 → 14.9, `up` 41.0 → 23.2. Some of what an ordinary program costs
is quadratic, so that more resources gain more. `python -m benchmarks cures` measures each by leaving it out.

1. `settle`: the SDK's final wait polls every outstanding task each time one of them finishes, which is quadratic.
   Awaiting them one after the other first leaves that loop nothing to do. May go once `wait_for_rpcs` of the SDK
   waits for all at once.
2. `REQUESTS_PER_SECOND`, `BURST`: the provider's client holds itself to some 50 requests a second. May go once the
   provider's default follows the API server's priority and fairness, which needs no limit of the client's.
3. `PARALLEL`: `pulumi --parallel` also bounds the SDK's threads. 32 was three times faster than the 8 of two cores with
   an earlier engine, and more gained nothing. Passed by `ops`; may go once the SDK registers without one thread each.
4. `quiet_debug`: the SDK sends each of its own debug messages (three a resource) to the engine by a blocking call,
   wanted or not. May go once the SDK asks the engine first.
5. `SKIP_AWAIT`: the provider watches a new Service for ten seconds. The workload behind it is awaited anyway. May go
   once the provider's await of a Service is event-driven.
6. `no_stack_traces`: the SDK sends the whole call stack of each registration, its own frames too, and reads the source
   of every file in it on the way. The engine stores it, and writes all of its state twice for each object. Python's own
   limit (`sys.tracebacklimit`) leaves it out. May go once the SDK leaves its own frames out.
7. `ENGINE_VARIABLES`: of 600 components, that writing is 89 % of the engine's processor time, and it is quadratic.
   With a lazier garbage collector the engine takes 18 % less (26.7 s → 22.0 s); with `metadata=skip` of the backend's
   URL 13 % less (30.6 s → 26.7 s). May go once file backends write what changed (as Pulumi Cloud's journal does), and
   not everything each time.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator

import pulumi

REQUESTS_PER_SECOND = 200
# An API server of default settings takes 400 requests at a time (--max-requests-inflight).
BURST = 400
PARALLEL = 32
SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}
# Go's collector starts when the heap has grown by so many percent (default 100).
ENGINE_VARIABLES = {"GOGC": "400"}

# Set by the engine when it was called with --debug or --verbose.
_DEBUG_VARIABLES = ("PULUMI_DEBUG", "PULUMI_DEBUG_COMMANDS")


async def settle() -> None:
    """Wait for everything that was registered, one task after the other.

    Errors are left to the SDK, which reports them when the program ends.
    """
    this = asyncio.current_task()
    for task in asyncio.all_tasks():
        if task is not this and not task.done():
            await asyncio.wait({task})


@contextlib.contextmanager
def quiet_debug() -> Iterator[None]:
    """Drop the SDK's own debug messages inside the context, unless `PULUMI_DEBUG` asks for them."""
    debug = pulumi.log.debug
    if not _debugging():
        pulumi.log.debug = _drop
    try:
        yield
    finally:
        pulumi.log.debug = debug


@contextlib.contextmanager
def no_stack_traces() -> Iterator[None]:
    """Register resources inside the context without the call stack that made them, unless `PULUMI_DEBUG` asks for it.

    A resource's URN names the components that it was made by, which is what a reader of the state looks for. What is
    raised inside is not shortened: a traceback is written outside, where Python's limit is again what it was.
    """
    before = getattr(sys, "tracebacklimit", None)
    if not _debugging():
        # One frame is the SDK's own, and it sends none of those.
        sys.tracebacklimit = 1
    try:
        yield
    finally:
        if before is not None:
            sys.tracebacklimit = before
        elif hasattr(sys, "tracebacklimit"):
            del sys.tracebacklimit


def _debugging() -> bool:
    return any(os.environ.get(name) for name in _DEBUG_VARIABLES)


def _drop(*_args: object, **_kwargs: object) -> None:
    """A debug message that nobody asked for."""
