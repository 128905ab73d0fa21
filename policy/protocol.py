"""The engine's protocol: properties as plain values, read in one walk. That is most of what the pack costs."""

from __future__ import annotations

from typing import Any

from google.protobuf import struct_pb2
from pulumi_policy.deserialize import SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY

from graph.model import Secret


def properties(struct: struct_pb2.Struct) -> dict[str, Any]:
    """The properties of a resource; secrets as `graph.model.Secret`, whole numbers as int, assets as they are sent."""
    return {key: _value(value) for key, value in struct.fields.items()}


def _value(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SPECIAL_SIG_KEY in fields and fields[SPECIAL_SIG_KEY].string_value == SPECIAL_SECRET_SIG:
            return Secret(_value(fields["value"]))
        return {key: _value(item) for key, item in fields.items()}
    if kind == "list_value":
        return [_value(item) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    return value.bool_value if kind == "bool_value" else None
