"""HTTP/1.1 between two connections: heads are looked at, bodies are passed on as they come."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

# The longest head, in bytes; and how far the two ends of a connection may be apart before the faster one waits.
LIMIT = 1 << 20
_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.I)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r]*chunked", re.I)
_CLOSE = re.compile(rb"\r\nconnection:[^\r]*close", re.I)
_AGENT = re.compile(rb"\r\nuser-agent:[ \t]*([^\r]*)", re.I)
# Who a client is does not matter here: the proxy speaks with its own certificate.
_AUTHORIZATION = re.compile(rb"\r\nauthorization:[^\r]*", re.I)
_NO_BODY = frozenset({204, 304})


class Upstream(NamedTuple):
    """Where requests go, and the TLS settings (authority, client's certificate) with which."""

    host: str
    port: int
    tls: ssl.SSLContext


@dataclass(frozen=True)
class Request:
    """A whole request; `content` is all of it as it is sent on, the body with its framing."""

    method: str
    path: str
    agent: str
    content: bytes


@dataclass(frozen=True)
class Head:
    """The beginning of a response."""

    raw: bytes

    @property
    def status(self) -> int:
        return int(self.raw.split(b" ", 2)[1])

    @property
    def closes(self) -> bool:
        """Whether the connection ends with this response."""
        return _CLOSE.search(self.raw) is not None


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request of a client; None if it has ended the connection."""
    try:
        head = await reader.readuntil(_END)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    method, path, _ = head.split(b" ", 2)
    agent = _AGENT.search(head)
    body = bytearray()
    if _CHUNKED.search(head):
        async for chunk in _chunks(reader):
            body += chunk
    elif length := _LENGTH.search(head):
        body += await reader.readexactly(int(length[1]))
    kept = _AUTHORIZATION.sub(b"", head)
    return Request(method.decode(), path.decode(), agent[1].decode() if agent else "", kept + body)


async def read_head(reader: asyncio.StreamReader) -> Head:
    """The beginning of the next response that is one: those of 1xx are dropped."""
    while (head := Head(await reader.readuntil(_END))).status < 200:
        pass
    return head


async def pass_on(
    head: Head,
    method: str,
    source: asyncio.StreamReader,
    target: asyncio.StreamWriter,
    gate: Callable[[], Awaitable[None]],
) -> bool:
    """A response, each part of it as soon as it is there and `gate` returns, as a watch's events.

    Returns whether the connection may be used again.
    """
    length = _LENGTH.search(head.raw)
    if method == "HEAD" or head.status in _NO_BODY:
        target.write(head.raw)
    elif _CHUNKED.search(head.raw):
        target.write(head.raw)
        async for chunk in _chunks(source):
            await gate()
            target.write(chunk)
            await target.drain()
    elif length:
        # In one piece: each write is a TLS record and a system call.
        target.write(head.raw + await source.readexactly(int(length[1])))
    else:
        target.write(head.raw + await source.read())
        await target.drain()
        return False
    await target.drain()
    return not head.closes


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Each chunk of a body with its framing, and the body's end."""
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        if size:
            yield line + await reader.readexactly(size + 2)
            continue
        while (trailer := await reader.readuntil(b"\r\n")) != b"\r\n":
            line += trailer
        yield line + trailer
        return
