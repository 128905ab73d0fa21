"""Kubernetes resource quantities as exact numbers: CPU in millicores, memory and storage in bytes.

The program does arithmetic on them (a quota is a sum, a request is a part of a limit), so they are numbers and not
strings. Text is accepted in the notation of the Kubernetes API
(https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/) and nothing else: `10Gb`,
`2 GiB` and `1,5` are refused rather than guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Self

# As the API takes it; the exponent is of two digits, since a longer one costs seconds to multiply out.
_ANY = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?)(?P<suffix>[numkMGTPE]|[KMGTPE]i)?"
)
# As people are to write it.
_CPU = re.compile(r"[0-9]+(?:\.[0-9]{1,3})?|[0-9]+m")
_BYTES = re.compile(r"[0-9]+(?:Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?")
_DECIMAL = {suffix: Decimal(1000) ** power for power, suffix in enumerate(("n", "u", "m", "", "k", *"MGTPE"), start=-3)}
_BINARY = {f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", start=1)}
_FACTORS = {**_DECIMAL, **_BINARY}
CPU_FORMAT = "cores such as 2 or 0.5, or millicores such as 500m"
BYTES_FORMAT = "a whole number with one of Ki, Mi, Gi, Ti, Pi, k, M, G, T, P, such as 512Mi or 10Gi"


def number(text: str) -> Decimal:
    """A quantity in any form that the API takes, in cores, bytes or what else it counts. Raises ValueError."""
    match = _ANY.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no quantity of Kubernetes")
    return Decimal(match["number"]) * _FACTORS[match["suffix"] or ""]


@dataclass(frozen=True, order=True)
class _Quantity:
    """What CPU and byte quantities share: order, sums, scaling, and validation by pydantic."""

    amount: int
    FORMAT: ClassVar[str] = ""
    # What JSON Schema says of it; at least one digit is not zero.
    FORM: ClassVar[Mapping[str, Any]] = {}

    def __add__(self, other: Self) -> Self:
        return type(self)(self.amount + other.amount)

    def __mul__(self, factor: float) -> Self:
        return type(self)(round(self.amount * factor))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the Kubernetes notation; raises ValueError that says what is allowed."""
        raise NotImplementedError

    @classmethod
    def _validate(cls, value: Any) -> Self:
        if isinstance(value, cls):
            return value
        # YAML reads `cpu: 2` as a number; Kubernetes takes both.
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            quantity = cls.parse(str(value))
            if not quantity.amount:
                raise ValueError(f"{value!r} is nothing at all: write {cls.FORMAT}")
            return quantity
        raise ValueError(f"{value!r} is not a quantity: write {cls.FORMAT}")

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            cls._validate, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> dict[str, Any]:
        return {"type": ["string", "number"], "exclusiveMinimum": 0, **cls.FORM}


class Cpu(_Quantity):
    """An amount of CPU; `amount` is in millicores (1000 is one core)."""

    FORMAT = CPU_FORMAT
    FORM: ClassVar[Mapping[str, Any]] = {
        "title": "CPU such as 2, 0.5 or 500m",
        "pattern": r"^(?=.*[1-9])([0-9]+(\.[0-9]{1,3})?|[0-9]+m)$",
        "examples": ["500m", 2],
    }

    @classmethod
    def parse(cls, text: str) -> Self:
        if not _CPU.fullmatch(text):
            raise ValueError(f"{text!r} is not an amount of CPU: write {CPU_FORMAT}")
        return cls(int(number(text) * 1000))

    def __str__(self) -> str:
        return f"{self.amount}m" if self.amount % 1000 else str(self.amount // 1000)


class Bytes(_Quantity):
    """An amount of memory or storage; `amount` is in bytes."""

    FORMAT = BYTES_FORMAT
    FORM: ClassVar[Mapping[str, Any]] = {
        "title": "bytes such as 512Mi or 10Gi",
        "type": ["string", "integer"],
        "pattern": r"^(?=.*[1-9])[0-9]+(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?$",
        "examples": ["512Mi", "10Gi"],
    }

    @classmethod
    def parse(cls, text: str) -> Self:
        if not _BYTES.fullmatch(text):
            raise ValueError(f"{text!r} is not an amount of memory or storage: write {BYTES_FORMAT}")
        return cls(int(number(text)))

    def rounded(self, unit: str = "Mi") -> Bytes:
        """The same amount rounded up to whole `unit`s, so that computed figures stay readable."""
        size = int(_BINARY[unit])
        return Bytes(-(-self.amount // size) * size)

    def __str__(self) -> str:
        for suffix in ("Ti", "Gi", "Mi", "Ki"):
            size = int(_BINARY[suffix])
            if self.amount and self.amount % size == 0:
                return f"{self.amount // size}{suffix}"
        return str(self.amount)
