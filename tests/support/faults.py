"""What a test asks of the proxy in front of the API server: what befalls which requests, and at which turns."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# A review is a question that is asked by POST, and a dry run one that is asked as a change: neither changes anything.
_QUESTION = re.compile(r"^/apis/(authorization|authentication)\.k8s\.io/|[?&]dryRun=")
# The API server's own words for its answers, which clients look at more than at the number.
_REASONS = {
    HTTPStatus.CONFLICT: "Conflict",
    HTTPStatus.TOO_MANY_REQUESTS: "TooManyRequests",
    HTTPStatus.INTERNAL_SERVER_ERROR: "InternalError",
    HTTPStatus.SERVICE_UNAVAILABLE: "ServiceUnavailable",
}


@dataclass
class Exchange:
    """A request as the proxy saw it, and what became of it.

    `path` has its query. `at` is in seconds since the proxy was started. `served` is the status by which the API server
    answered, `status` the one that the client got; None: not yet, or never.
    """

    method: str
    path: str
    agent: str
    at: float
    served: int | None = None
    status: int | None = None
    faults: list[Fault] = field(default_factory=list)

    @property
    def is_write(self) -> bool:
        """Whether it is meant to change an object."""
        return self.method in _WRITES and not _QUESTION.search(self.path)


Which = Callable[[Exchange], bool]


def writes(path: str = "") -> Which:
    """The requests that are meant to change something, of a path in which the regular expression is found."""
    return lambda one: one.is_write and re.search(path, one.path) is not None


def requests(*methods: str, path: str = "") -> Which:
    """The requests of these methods (of all, if none is named), of a path in which the regular expression is found."""
    return lambda one: (not methods or one.method in methods) and re.search(path, one.path) is not None


@dataclass(frozen=True)
class Turns:
    """The `first` matching request, counted from 1, and each `every`-th from there, up to the `last` (None: no end)."""

    first: int = 1
    last: int | None = None
    every: int = 1

    def __contains__(self, turn: int) -> bool:
        in_time = turn >= self.first and (self.last is None or turn <= self.last)
        return in_time and (turn - self.first) % self.every == 0


ALWAYS = Turns()


def nth(turn: int) -> Turns:
    """That one alone."""
    return Turns(turn, turn)


def every(turns: int) -> Turns:
    """Of 5: the fifth, the tenth and so on."""
    return Turns(turns, None, turns)


@dataclass(frozen=True)
class Answer:
    """The API server is not asked: the client gets this status, as a Kubernetes Status.

    `reason` is the API's word for it (default: by the status). `retry_after` is in seconds; without it clients of
    client-go do not try again by themselves.
    """

    status: int
    reason: str = ""
    retry_after: int | None = None

    def encoded(self) -> bytes:
        """The response, which keeps the connection."""
        status = HTTPStatus(self.status)
        body: dict[str, object] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        body |= {"message": f"the test says {self.status}", "code": self.status}
        body |= {"reason": self.reason or _REASONS.get(status, "")}
        headers = ["Content-Type: application/json"]
        if self.retry_after is not None:
            body["details"] = {"retryAfterSeconds": self.retry_after}
            headers.append(f"Retry-After: {self.retry_after}")
        text = json.dumps(body)
        lines = [f"HTTP/1.1 {self.status} {status.phrase}", *headers, f"Content-Length: {len(text)}"]
        return "\r\n".join([*lines, "", text]).encode()


@dataclass(frozen=True)
class Reset:
    """The connection is reset. `forwarded`: the API server has done what it was asked, and the client never hears."""

    forwarded: bool = False


@dataclass(frozen=True)
class Delay:
    """The request is forwarded after so many seconds; others pass meanwhile."""

    seconds: float


@dataclass(frozen=True)
class Silence:
    """From this request on nothing is answered to anybody, nor does any watch tell anything, as by a stopped process.

    It ends after so many seconds (None: at `go_on`). New connections are made all the same: clients of a real API
    server have one for all their requests (HTTP/2), and here one for each, whose making they give up after 10 s.
    """

    seconds: float | None = None


@dataclass(frozen=True)
class Gone:
    """All connections are reset and new ones refused, as by a server that is started anew.

    It is back after so many seconds (None: at `go_on`).
    """

    seconds: float | None = None


@dataclass(frozen=True)
class Call:
    """A function of the test's is called while nothing passes in either direction: it must be quick.

    `forwarded`: once the API server has answered, and before the client is; else before the server is asked, which it
    is not at all if the function returns True: the connection is reset.
    """

    function: Callable[[Exchange], object]
    forwarded: bool = True


Fault = Answer | Reset | Delay | Silence | Gone | Call


@dataclass
class Rule:
    """A fault, and the requests that it befalls. `hits` are those that it has befallen."""

    which: Which
    fault: Fault
    turns: Turns = ALWAYS
    seen: int = 0
    hits: list[Exchange] = field(default_factory=list)

    def befalls(self, exchange: Exchange) -> bool:
        """Count the request if it is one of those meant; whether this is one of the turns."""
        if not self.which(exchange):
            return False
        self.seen += 1
        if self.seen not in self.turns:
            return False
        self.hits.append(exchange)
        exchange.faults.append(self.fault)
        return True
