"""A stand-in for the plugin of pulumi-random, for the sandbox and for tests alone.

Where the real plugin can be had it is used, and never this one. It makes RandomPassword as the real one does
(`random_password`); every other type of pulumi-random is refused. It keeps nothing: the engine's state holds the
passwords, and any other process that serves it goes on with them.

    with start() as attached:                        # in this process, in threads
        variables["PULUMI_DEBUG_PROVIDERS"] = attached

`python -m sandbox.plugins.random_stand_in` serves it as a plugin of its own: the port is its first line of output, and
it ends when its standard input does, so that it does not outlive an engine that was killed.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from concurrent import futures
from typing import Any, NoReturn

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from . import random_password

# The release whose behaviour it has: that of the Python package in requirements.in.
VERSION = "4.21.4"
TYPE = "random:index/randomPassword:RandomPassword"
# How the protocol marks a secret.
_SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
# A hash takes a tenth of a second of a core, without Python's lock.
_THREADS = 4
_Kind = provider_pb2.PropertyDiff.Kind


class RandomStandIn(provider_pb2_grpc.ResourceProviderServicer):
    """The part of the protocol that the engine uses for RandomPassword."""

    def Handshake(self, request: Any, context: Any) -> Any:
        # As the real one, it gets secrets without their marks; the engine marks what comes back of them.
        return provider_pb2.ProviderHandshakeResponse(accept_resources=True)

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=VERSION)

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:
        return provider_pb2.ConfigureResponse(supportsPreview=True, acceptResources=True)

    def Check(self, request: Any, context: Any) -> Any:
        _refuse_others(request, context)
        found = random_password.faults(_plain(request.news))
        failures = [provider_pb2.CheckFailure(property=name, reason=reason) for name, reason in found]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def Diff(self, request: Any, context: Any) -> Any:
        _refuse_others(request, context)
        inputs = _plain(request.news)
        changes = random_password.changes(_plain(request.olds), inputs, frozenset(request.ignoreChanges))
        kinds = provider_pb2.DiffResponse
        before = _plain(request.old_inputs)
        return provider_pb2.DiffResponse(
            changes=kinds.DIFF_SOME if changes else kinds.DIFF_NONE,
            replaces=[name for name, replaces in changes.items() if replaces],
            diffs=list(changes),
            detailedDiff={
                name: provider_pb2.PropertyDiff(kind=_kind(name, before, inputs, replaces))
                for name, replaces in changes.items()
            },
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: Any) -> Any:
        _refuse_others(request, context)
        inputs = _plain(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=_struct(random_password.previewed(inputs)))
        outputs = random_password.created(inputs)
        return provider_pb2.CreateResponse(id=random_password.ID, properties=_struct(outputs))

    def Read(self, request: Any, context: Any) -> Any:
        _refuse_others(request, context)
        if "result" in request.properties.fields:
            # Nothing outside of the state could have changed.
            outputs = _plain(request.properties)
            return provider_pb2.ReadResponse(id=request.id, properties=_struct(outputs), inputs=request.inputs)
        inputs, outputs = random_password.imported(request.id)
        return provider_pb2.ReadResponse(id=random_password.ID, properties=_struct(outputs), inputs=_struct(inputs))

    def Update(self, request: Any, context: Any) -> Any:
        _refuse_others(request, context)
        outputs = random_password.updated(_plain(request.olds), _plain(request.news))
        return provider_pb2.UpdateResponse(properties=_struct(outputs))

    def Delete(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> NoReturn:
        _refuse(f"function {request.tok}", context)

    def Call(self, request: Any, context: Any) -> NoReturn:
        _refuse(f"function {request.tok}", context)

    def Construct(self, request: Any, context: Any) -> NoReturn:
        _refuse(request.type, context)

    def GetSchema(self, request: Any, context: Any) -> NoReturn:
        _refuse("the package's schema", context)


def _refuse_others(request: Any, context: Any) -> None:
    """End the call unless it is about RandomPassword. The URN ends in the type of the resource and its name."""
    type_ = request.urn.split("::")[2].rpartition("$")[2]
    if type_ != TYPE:
        _refuse(type_, context)


def _refuse(what: str, context: Any) -> NoReturn:
    sentence = (
        f"{what}: the stand-in for pulumi-random has RandomPassword alone. The real plugin has it: put pulumi on PATH"
        f" and run `pulumi plugin install resource random v{VERSION}`"
    )
    context.abort(grpc.StatusCode.UNIMPLEMENTED, sentence)
    raise AssertionError("abort raises")


def _kind(name: str, before: Mapping[str, Any], inputs: Mapping[str, Any], replaces: bool) -> Any:
    if name not in before:
        return _Kind.ADD_REPLACE if replaces else _Kind.ADD
    if name not in inputs:
        return _Kind.DELETE_REPLACE if replaces else _Kind.DELETE
    return _Kind.UPDATE_REPLACE if replaces else _Kind.UPDATE


def _plain(properties: struct_pb2.Struct) -> dict[str, Any]:
    """Properties as plain values. The protocol knows no int: a number that is whole becomes one."""
    values: dict[str, Any] = json_format.MessageToDict(properties)
    return {name: int(one) if isinstance(one, float) and one.is_integer() else one for name, one in values.items()}


def _struct(outputs: Mapping[str, Any]) -> struct_pb2.Struct:
    secret = {name: {**_SECRET, "value": outputs[name]} for name in random_password.SECRET_OUTPUTS if name in outputs}
    struct = struct_pb2.Struct()
    struct.update({**outputs, **secret})
    return struct


@contextlib.contextmanager
def start() -> Iterator[str]:
    """Serve it in threads of this process; gives the value for the engine's PULUMI_DEBUG_PROVIDERS.

    It listens on 127.0.0.1, on a port that nobody else has: any number may run side by side. What the engine still
    asks when the block is left is broken off. Raises RuntimeError when no port can be had.
    """
    server, port = _serve()
    try:
        yield f"random:{port}"
    finally:
        server.stop(grace=None).wait()


def _serve() -> tuple[Any, int]:
    # Without the option the kernel could hand one port to two servers.
    pool = futures.ThreadPoolExecutor(_THREADS, "random-stand-in")
    server = grpc.server(pool, options=[("grpc.so_reuseport", 0)])
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(RandomStandIn(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def main() -> None:
    """Serve until the engine closes standard input: at its end, or when it is killed."""
    server, port = _serve()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    with contextlib.suppress(KeyboardInterrupt):
        while os.read(0, 1024):
            pass
    server.stop(grace=None).wait()


if __name__ == "__main__":
    main()
