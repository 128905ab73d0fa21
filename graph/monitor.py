"""The resource monitor that records: the SDK's mock monitor, with everything kept that the mocks leave out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.mocks import MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto import resource_pb2

from graph import aws
from graph.model import SECRET_SIGNATURE, SIGNATURE_KEY, Resource, Secret

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
    there: a generated password comes from `passwords`, and of AWS's answers there are placeholders (`graph.aws`).
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
        elif request.type.startswith(aws.PREFIX):
            identity, known = self.cloud(request.type, request.name, inputs)
            outputs = _with(outputs, known)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identity, object=outputs)

    def cloud(self, type_: str, name: str, inputs: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        """The id of an AWS resource, and those of its outputs that are no inputs: here what stands for them."""
        return name, aws.placeholders(type_, name, inputs)

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
