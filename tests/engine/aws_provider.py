"""A stand-in for pulumi-resource-aws: the engine's protocol in front of `tests.aws`. For tests only.

The account is whatever `AWS_ENDPOINT_URL` names. It creates; to change or to delete something it has no calls, and says
so.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc  # type: ignore[import-untyped]
from botocore.exceptions import ClientError
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from graph.record import _mapping
from tests.aws.account import Account, RefusedError

_VERSION = "7.51.1"
_CLUSTER = "aws:eks/cluster:Cluster"


class AwsStandIn(provider_pb2_grpc.ResourceProviderServicer):
    """The part of the protocol that `up` and `preview` use."""

    def __init__(self, authority: bytes) -> None:
        self._account = Account()
        self._authority = base64.b64encode(authority).decode()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=_VERSION)

    def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse()

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:
        return provider_pb2.ConfigureResponse()

    def Check(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:
        same = request.old_inputs == request.news
        kinds = provider_pb2.DiffResponse
        return provider_pb2.DiffResponse(changes=kinds.DIFF_NONE if same else kinds.DIFF_SOME)

    def Create(self, request: Any, context: Any) -> Any:
        if request.preview:
            # What is not among the properties is unknown to the program.
            return provider_pb2.CreateResponse(properties=request.properties)
        try:
            identity, outputs = self._account.create(request.type, _mapping(request.properties))
        except (ClientError, RefusedError, NotImplementedError) as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        if request.type == _CLUSTER:
            # moto's is no certificate, and the Kubernetes provider reads it.
            outputs = {**outputs, "certificateAuthority": {"data": self._authority}}
        properties = struct_pb2.Struct()
        properties.CopyFrom(request.properties)
        properties.update(outputs)
        return provider_pb2.CreateResponse(id=identity, properties=properties)

    def Update(self, request: Any, context: Any) -> Any:
        context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{request.type}: the stand-in changes nothing")

    def Delete(self, request: Any, context: Any) -> Any:
        context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{request.type}: the stand-in deletes nothing")

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()


@contextlib.contextmanager
def serving(authority: bytes) -> Iterator[str]:
    """Serve it in a thread; gives the value for the engine's PULUMI_DEBUG_PROVIDERS.

    `authority` is the certificate (PEM) of the authority that clusters of EKS are said to have.
    """
    # One at a time: moto is not made for several threads.
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=1))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(AwsStandIn(authority), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"aws:{port}"
    finally:
        server.stop(grace=None).wait()
