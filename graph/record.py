"""Run the unchanged program in memory and return its graph. Needs no Pulumi CLI, cluster or credential.

The SDK's mock monitor, with everything kept that the mocks leave out, and with what stands for answers of AWS."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import json
import os
import runpy
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import pulumi
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime import Settings, configure, mocks, run_in_stack, set_all_config
from pulumi.runtime.mocks import MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto import resource_pb2

from graph.model import SECRET_SIGNATURE, SIGNATURE_KEY, Graph, Resource, Secret
from paths import PROJECT, ROOT
from stacks.schema.errors import ConfigurationError, from_source
from stacks.schema.source import Source

PREFIX = "aws:"
_ACCOUNT = "000000000000"
_Inputs = Mapping[str, Any]


def placeholders(type_: str, name: str, inputs: _Inputs) -> dict[str, Any]:
    """The outputs, by their names in the provider's schema, of a resource of that type; {} if none is needed."""
    made = _OUTPUTS.get(type_)
    return made(name, inputs) if made else {}


def _arn(service: str, kind: str = "") -> Callable[[str, _Inputs], dict[str, Any]]:
    return lambda name, inputs: {"arn": f"arn:aws:{service}::{_ACCOUNT}:{kind}{name}"}


def _cluster(name: str, _inputs: _Inputs) -> dict[str, Any]:
    host = f"{name}.eks.invalid"
    return {
        "arn": f"arn:aws:eks::{_ACCOUNT}:cluster/{name}",
        "endpoint": f"https://{host}",
        "certificateAuthority": {"data": "cGxhY2Vob2xkZXI="},
        "identities": [{"oidcs": [{"issuer": f"https://oidc.{host}/id/{name}"}]}],
    }


def _certificate(name: str, inputs: _Inputs) -> dict[str, Any]:
    domain = str(inputs["domainName"])
    record = {
        "domainName": domain,
        "resourceRecordName": f"_placeholder.{domain}",
        "resourceRecordType": "CNAME",
        "resourceRecordValue": "_placeholder.acm-validations.invalid",
    }
    return {**_arn("acm", "certificate/")(name, inputs), "domainValidationOptions": [record]}


_OUTPUTS: Mapping[str, Callable[[str, _Inputs], dict[str, Any]]] = {
    "aws:acm/certificate:Certificate": _certificate,
    "aws:cloudwatch/logGroup:LogGroup": _arn("logs", "log-group:"),
    "aws:ec2/eip:Eip": lambda name, _: {"allocationId": name},
    "aws:ec2/launchTemplate:LaunchTemplate": lambda _name, _: {"latestVersion": 1},
    "aws:eks/cluster:Cluster": _cluster,
    "aws:iam/role:Role": _arn("iam", "role/"),
    "aws:kms/key:Key": lambda name, inputs: {**_arn("kms", "key/")(name, inputs), "keyId": name},
    "aws:route53/record:Record": lambda _name, inputs: {"fqdn": inputs["name"]},
    "aws:route53/zone:Zone": lambda name, _: {"zoneId": name},
    "aws:s3/bucket:Bucket": _arn("s3"),
    "aws:sqs/queue:Queue": lambda name, inputs: {
        **_arn("sqs")(name, inputs),
        "url": f"https://sqs.invalid/{_ACCOUNT}/{name}",
    },
    "aws:wafv2/webAcl:WebAcl": _arn("wafv2", "regional/webacl/"),
}


_STACK_TYPE = "pulumi:pulumi:Stack"
_RANDOM_PASSWORD = "random:index/randomPassword:RandomPassword"

PasswordSource = Callable[[str, Mapping[str, Any]], str]


def placeholder_password(name: str, inputs: Mapping[str, Any]) -> str:
    """What stands for a generated password where none is needed: right in length, and plainly no secret."""
    text = f"placeholder-{name}-"
    return (text * (int(inputs["length"]) // len(text) + 1))[: int(inputs["length"])]


class _NoMocks(Mocks):
    """The monitor answers itself; only functions of providers would come here."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        raise NotImplementedError

    def call(self, args: Any) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise NotImplementedError(f"{args.token}: the recorded program must not ask a provider")


class RecordingMonitor(MockMonitor):
    """Records every registration, and answers with the inputs as outputs.

    A resource's outputs that only a cluster can know are therefore missing. What the program itself goes on with is
    there: a generated password comes from `passwords`, and of AWS's answers there are placeholders (`graph.record`).
    """

    def __init__(self, passwords: PasswordSource) -> None:
        super().__init__(_NoMocks())
        self.recorded: list[Resource] = []
        self.stack_outputs: dict[str, Any] = {}
        self._passwords = passwords
        self._stack_urn = ""

    def RegisterResource(self, request: Any) -> Any:
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == _STACK_TYPE:
            self._stack_urn = urn
        inputs = _mapping(request.object)
        self.recorded.append(
            Resource(
                urn=urn,
                type=request.type,
                name=request.name,
                parent=request.parent or None,
                custom=request.custom,
                dependencies=tuple(sorted(request.dependencies)),
                options=_options(request),
                inputs=inputs,
            )
        )
        outputs, identity = request.object, request.name if request.custom else ""
        if request.type == _RANDOM_PASSWORD:
            outputs = _with_secret(outputs, "result", self._passwords(request.name, inputs))
        elif request.type.startswith(PREFIX):
            identity, known = self.cloud(request.type, request.name, inputs)
            outputs = _with(outputs, known)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identity, object=outputs)

    def cloud(self, type_: str, name: str, inputs: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        """The id of an AWS resource, and those of its outputs that are no inputs: here what stands for them."""
        return name, placeholders(type_, name, inputs)

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        # As the engine does it, and unlike the SDK's mocks: a type is qualified by those of all its ancestors, among
        # which the stack itself does not count.
        if parent and parent != self._stack_urn:
            type_ = f"{parent.split('::')[2]}${type_}"
        return super().make_urn("", type_, name)

    def RegisterResourceOutputs(self, request: Any) -> Any:
        if request.urn == self._stack_urn:
            self.stack_outputs = _mapping(request.outputs)
        return empty_pb2.Empty()


def _options(request: Any) -> dict[str, Any]:
    options: dict[str, Any] = {
        "protect": request.protect,
        "retain_on_delete": request.retainOnDelete,
        "delete_before_replace": request.deleteBeforeReplace,
        "ignore_changes": list(request.ignoreChanges),
        "replace_on_changes": list(request.replaceOnChanges),
        "additional_secret_outputs": list(request.additionalSecretOutputs),
        "aliases": [alias.urn or alias.spec.type or alias.spec.name for alias in request.aliases],
        "provider": request.provider.rsplit("::", 1)[0],
        "import": request.importId,
        "deleted_with": request.deletedWith,
    }
    return {name: value for name, value in options.items() if value}


def _mapping(struct: struct_pb2.Struct) -> dict[str, Any]:
    return {key: _plain(value) for key, value in struct.fields.items()}


def _plain(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "number_value":
        # The protocol knows only floating point; Kubernetes and people do not.
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SIGNATURE_KEY in fields and fields[SIGNATURE_KEY].string_value == SECRET_SIGNATURE:
            return Secret(_plain(fields["value"]))
        return _mapping(value.struct_value)
    if kind == "list_value":
        return [_plain(item) for item in value.list_value.values]
    return value.bool_value if kind == "bool_value" else None


def _with(struct: struct_pb2.Struct, values: Mapping[str, Any]) -> struct_pb2.Struct:
    result = struct_pb2.Struct()
    result.CopyFrom(struct)
    result.update(values)
    return result


def _with_secret(struct: struct_pb2.Struct, key: str, value: str) -> struct_pb2.Struct:
    return _with(struct, {key: {SIGNATURE_KEY: SECRET_SIGNATURE, "value": value}})


_T = TypeVar("_T")


class _Inline(ThreadPoolExecutor):
    """Runs at once what is submitted: recording needs no threads, and this way its order is always the same."""

    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        future: Future[_T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


def record(stack: str, passwords: PasswordSource = placeholder_password, *, rendering: bool = False) -> Graph:
    """The graph of an environment by its stack name.

    `passwords` gives the value of each generated password; `rendering` asks for the objects themselves where the
    program would tell Argo CD of them (`main` in `__main__.py`). Raises stacks.schema.errors.ConfigurationError if the
    environment's configuration is invalid; then nothing was registered.
    """
    # In a context of its own: the SDK keeps its settings in context variables, and none of ours may stay behind.
    return contextvars.copy_context().run(_record, stack, passwords, rendering)


def _record(stack: str, passwords: PasswordSource, rendering: bool) -> Graph:
    source = Source.of_stack(stack)
    if not source.path.is_file():
        raise ConfigurationError(from_source(source))
    monitor = RecordingMonitor(passwords)
    # The runner copies the context that it is made in: the settings must be there first.
    configure(Settings(project=PROJECT, stack=stack, monitor=monitor, engine=mocks.MockEngine(None), dry_run=False))
    with _configuration(source.config), asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(_Inline(max_workers=1))
        runner.run(run_in_stack(functools.partial(_program, rendering)))
    return Graph(stack, tuple(monitor.recorded), monitor.stack_outputs)


def _program(rendering: bool) -> None:
    main = runpy.run_path(str(ROOT / "__main__.py"))["main"]
    pulumi.run(functools.partial(main, rendering=rendering))


@contextlib.contextmanager
def _configuration(config: Any) -> Iterator[None]:
    """Hand the file's values to the program as the Pulumi engine does: in the environment, objects as JSON."""
    values = {key: _encoded(value) for key, value in config.items()}
    before = os.environ.get("PULUMI_CONFIG")
    os.environ["PULUMI_CONFIG"] = json.dumps(values)
    set_all_config(values)
    try:
        yield
    finally:
        if before is None:
            del os.environ["PULUMI_CONFIG"]
        else:
            os.environ["PULUMI_CONFIG"] = before


def _encoded(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
