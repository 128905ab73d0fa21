"""The base of all values that people write: frozen, checked as a whole, with errors in the words of a YAML file."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError


class Problem(NamedTuple):
    """Something wrong with a configuration value that no single field can see; `path` is relative to the model."""

    path: tuple[str | int, ...]
    message: str
    value: Any = None


class Model(BaseModel):
    """The base of all configuration: frozen, and a key that is not declared is an error.

    A model that has rules over several of its values yields what breaks them from `contradictions`. Where some of its
    values are wrong by themselves, those rules are still held that read none of them, up to the first that does: all
    findings are reported together. What concerns values of other models comes from `problems`, which is given the raw
    input.
    """

    # Strict: the number 1 is no `true`, `true` is no number 1, and text is neither, whoever would make one of it.
    # Built with the model that is validated, and not each by itself as well.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """What is wrong with `data` beyond its single fields; must cope with anything that YAML can hold."""
        return ()

    def contradictions(self) -> Iterable[Problem]:
        """What is wrong with its values together."""
        return ()

    @model_validator(mode="wrap")
    @classmethod
    def _collect(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        found: list[InitErrorDetails] = []
        if isinstance(data, Mapping):
            found = [_details(problem) for problem in (*_unknown_keys(cls, data), *cls.problems(data))]
        try:
            model = handler(data)
        except ValidationError as error:
            # An unknown key is reported by `_unknown_keys`, which knows what is allowed in its place.
            fields = [_as_details(line) for line in error.errors() if line["type"] != "extra_forbidden"]
            if isinstance(data, Mapping):
                wrong = {line["loc"][0] for line in error.errors() if line["loc"]}
                found += map(_details, _of_the_rest(data, handler, wrong))
            raise ValidationError.from_exception_data(cls.__name__, fields + found) from None
        if found := [*found, *map(_details, model.contradictions())]:
            raise ValidationError.from_exception_data(cls.__name__, found)
        return model


def _of_the_rest(data: Mapping[str, Any], handler: Any, wrong: Collection[Any]) -> Iterable[Problem]:
    """What the values that are right contradict, up to the first rule that reads one of the keys that are `wrong`."""
    try:
        model = handler({key: value for key, value in data.items() if key not in wrong})
    except ValidationError:
        return
    for key in wrong:
        # Neither the value nor its default: to read it is an error.
        model.__dict__.pop(key, None)
    try:
        yield from model.contradictions()
    except AttributeError as error:
        if error.name not in wrong:
            raise


def _unknown_keys(model: type[Model], data: Mapping[str, Any]) -> Iterable[Problem]:
    for key in data:
        if key not in model.model_fields:
            close = difflib.get_close_matches(str(key), model.model_fields, 1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            allowed = ", ".join(sorted(model.model_fields))
            yield Problem((key,), f"unknown key; {hint}allowed are: {allowed}")


def _details(problem: Problem) -> InitErrorDetails:
    # The message goes in as a value, since pydantic would read braces in a template as its own.
    error = PydanticCustomError("configuration", "{message}", {"message": problem.message})
    return InitErrorDetails(type=error, loc=problem.path, input=problem.value)


# What pydantic says in the terms of Python, in those of a YAML file.
_MESSAGES = {
    "missing": "missing; this key must be set",
    "literal_error": "must be {expected}",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text, in quotes if it looks like something else",
    "is_instance_of": "must be a list",
    "sequence_str": "must be a list",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "union_tag_invalid": "there is no kind {tag!r}; allowed are: {expected_tags}",
    "union_tag_not_found": "the key 'kind' is missing, which says what it is",
} | dict.fromkeys(
    ("model_type", "model_attributes_type", "dict_type", "mapping_type"), "must be a mapping of keys to values"
)


def _as_details(line: Any) -> InitErrorDetails:
    template = _MESSAGES.get(line["type"])
    message = template.format(**line.get("ctx", {})) if template else line["msg"].removeprefix("Value error, ")
    return _details(Problem(tuple(line["loc"]), message, line["input"]))


def duplicates(items: Any, key: str, what: str) -> Iterable[Problem]:
    """Problems for each entry of a raw list whose `key` an earlier entry has already; `what` names the entries."""
    first: dict[Any, int] = {}
    for index, item in enumerate(items if isinstance(items, (list, tuple)) else ()):
        value = item.get(key) if isinstance(item, Mapping) else None
        if isinstance(value, str) and first.setdefault(value, index) != index:
            yield Problem((index, key), f"{what} {value!r} is listed twice, first as entry {first[value] + 1}", value)
