"""A proxy in front of a sandbox's API server that lets a test decide what goes wrong, and when.

    with FlakyApiServer.of(sandbox, folder) as server:
        server.on(writes("/deployments"), Answer(409), every(3))
        run("kubectl", f"--kubeconfig={server.kubeconfig}", "apply", "-f", "-")
        assert [one.status for one in server.exchanges] == …

Clients speak HTTP/1.1 by TLS on 127.0.0.1, with an authority of the proxy's own, and get the rights of the sandbox's
administrator. Watches pass; upgraded connections (`exec`, `port-forward`) do not.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from pathlib import Path
from types import TracebackType

from sandbox import Sandbox, kubeconfig, pki
from sandbox.components import APISERVER, Layout
from sandbox.ports import LOOPBACK
from tests.support.faults import ALWAYS, Answer, Call, Delay, Exchange, Fault, Gone, Reset, Rule, Silence, Turns, Which
from tests.support.relay import LIMIT, Request, Upstream, pass_on, read_head, read_request

# What a connection that ends in the middle of something looks like.
_BROKEN = (OSError, EOFError, asyncio.LimitOverrunError)
_PAUSE = 0.02
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class FlakyApiServer:
    """The proxy, which runs in a thread while the context lasts.

    `folder` gets its certificates and `kubeconfig`, whose only context is called `context`. `exchanges` are all
    requests in the order in which they came.
    """

    def __init__(self, upstream: Upstream, folder: Path, context: str = "flaky") -> None:
        self.kubeconfig = folder / "kubeconfig"
        self.exchanges: list[Exchange] = []
        self._upstream, self._folder, self._context = upstream, folder, context
        self._rules: tuple[Rule, ...] = ()
        self._failures: list[Exception] = []
        self._going = threading.Event()
        self._going.set()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._live, name="flaky-apiserver")
        self._port = 0

    @classmethod
    def of(cls, sandbox: Sandbox, folder: Path, context: str = "flaky") -> FlakyApiServer:
        """The proxy of a sandbox that runs."""
        at = Layout(sandbox.folder, json.loads((sandbox.folder / "ports.json").read_text()))
        tls = ssl.create_default_context(cafile=at.certificate("ca"))
        tls.load_cert_chain(at.certificate("admin"), at.key("admin"))
        return cls(Upstream(LOOPBACK, at.ports[APISERVER.name], tls), folder, context)

    @property
    def writes(self) -> list[Exchange]:
        """The requests that were meant to change something."""
        return [one for one in self.exchanges if one.is_write]

    def on(self, which: Which, fault: Fault, turns: Turns = ALWAYS) -> Rule:
        """From now on `fault` befalls those of the requests `which` whose turn it is; they are counted from here."""
        rule = Rule(which, fault, turns)
        # Anew and not in place: the proxy's thread may be going through them.
        self._rules = (*self._rules, rule)
        return rule

    def stop(self) -> None:
        """Answer nothing from now on, until `go_on`."""
        self._going.clear()

    def go_on(self) -> None:
        """End a silence or an absence."""
        self._going.set()

    def mend(self) -> None:
        """Drop all rules, end a silence or an absence, and forget what was asked so far."""
        self._rules = ()
        self._going.set()
        self.exchanges = []

    def __enter__(self) -> FlakyApiServer:
        self._begin = time.monotonic()
        pki.ensure(self._folder / "pki")
        self._thread.start()
        self._started.wait()
        if self._failures:
            raise self._failures[0]
        kubeconfig.write(
            self.kubeconfig, f"https://{LOOPBACK}:{self._port}", self._folder / "pki", "admin", self._context
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        if self._failures and error is None:
            raise self._failures[0]

    def _live(self) -> None:
        try:
            asyncio.run(self._run())
        except Exception as failure:
            self._failures.append(failure)
        finally:
            self._started.set()

    async def _run(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        self._connections: set[_Client] = set()
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(self._folder / "pki" / "server.crt", self._folder / "pki" / "server.key")
        # Go's clients prefer HTTP/2, and take what they are offered.
        self._tls.set_alpn_protocols(["http/1.1"])
        await self._listen()
        self._started.set()
        await self._ended.wait()
        self._going.set()
        await self._leave()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, LOOPBACK, self._port, limit=LIMIT, ssl=self._tls, backlog=1024
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def _leave(self) -> None:
        self._server.close()
        for connection in self._connections:
            connection.reset()
        # What still waits after that is cancelled with the loop.
        deadline = time.monotonic() + 2
        while self._connections and time.monotonic() < deadline:
            await asyncio.sleep(0.01)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client, and the one that is made for it to the API server."""
        client = _Client(writer)
        self._connections.add(client)
        server = _Server(self._upstream)
        # A client that leaves ends its watch there too.
        left = asyncio.ensure_future(writer.wait_closed())
        left.add_done_callback(server.close)
        try:
            while request := await read_request(reader):
                if not await self._answer(request, server, client):
                    break
        except _BROKEN:
            # The client sees what happened to the server's connection.
            writer.transport.abort()
        except Exception as failure:
            self._failures.append(failure)
            writer.transport.abort()
        finally:
            server.close()
            writer.close()
            with contextlib.suppress(*_BROKEN):
                await left
            self._connections.discard(client)

    async def _answer(self, request: Request, server: _Server, client: _Client) -> bool:
        """Let a request pass, or what is to befall it; returns whether the connection may be used again."""
        exchange = Exchange(request.method, request.path, request.agent, time.monotonic() - self._begin)
        self.exchanges.append(exchange)
        await self._until_going()
        faults = [rule.fault for rule in self._rules if rule.befalls(exchange)]
        for fault in faults:
            if await self._before(fault, exchange, client):
                return not client.writer.is_closing()
        source = await server.send(request.content)
        head = await read_head(source)
        exchange.served = head.status
        await self._until_going()
        for fault in faults:
            if isinstance(fault, Call) and fault.forwarded:
                fault.function(exchange)
            elif isinstance(fault, Reset):
                client.reset()
                return False
        exchange.status = head.status
        return await pass_on(head, request.method, source, client.writer, self._until_going)

    async def _before(self, fault: Fault, exchange: Exchange, client: _Client) -> bool:
        """What befalls a request before the API server hears of it; returns whether it will not."""
        match fault:
            case Answer(status=status):
                exchange.status = status
                client.writer.write(fault.encoded())
                await client.writer.drain()
                return True
            case Reset(forwarded=False):
                client.reset()
                return True
            case Delay(seconds=seconds):
                await asyncio.sleep(seconds)
            case Silence(seconds=seconds):
                self._stop(seconds)
                await self._until_going()
            case Gone(seconds=seconds):
                self._stop(seconds)
                await self._be_gone()
                return True
            case Call(function=function, forwarded=False):
                if function(exchange) is True:
                    client.reset()
                    return True
        return False

    def _stop(self, seconds: float | None) -> None:
        self._going.clear()
        if seconds is not None:
            self._loop.call_later(seconds, self._going.set)

    async def _until_going(self) -> None:
        # Looked at again and again, since it is a test's thread that ends it.
        while not self._going.is_set():
            await asyncio.sleep(_PAUSE)

    async def _be_gone(self) -> None:
        self._server.close()
        for connection in self._connections:
            connection.reset()
        await self._until_going()
        if not self._ended.is_set():
            await self._listen()


class _Client:
    """A client's connection."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        # Asked now: a transport that has ended does not tell.
        self._socket: socket.socket = writer.get_extra_info("socket")

    def reset(self) -> None:
        """End it with a reset and not with a goodbye: what was sent and not read yet is lost too."""
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.writer.transport.abort()


class _Server:
    """A connection to the API server, made when the first request is sent."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def send(self, content: bytes) -> asyncio.StreamReader:
        """Send a request; the response comes from what is returned."""
        if self._reader is None or self._writer is None or self._reader.at_eof() or self._writer.is_closing():
            host, port, tls = self._upstream
            self._reader, self._writer = await asyncio.open_connection(host, port, ssl=tls, limit=LIMIT)
        self._writer.write(content)
        await self._writer.drain()
        return self._reader

    def close(self, _left: object = None) -> None:
        if self._writer is not None:
            self._writer.transport.abort()
