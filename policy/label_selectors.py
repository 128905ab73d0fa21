"""Label selectors, as Kubernetes matches them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from policy.values import items, mapping, text

T = TypeVar("T")
_Label = tuple[str, str]


def selects_everything(selector: Any) -> bool:
    """Whether a selector has no condition at all."""
    return not mapping(mapping(selector).get("matchLabels")) and not items(mapping(selector).get("matchExpressions"))


def selects(selector: Any, labels: Mapping[str, Any]) -> bool:
    """Whether a selector (`matchLabels` and `matchExpressions`) matches these labels."""
    wanted = mapping(mapping(selector).get("matchLabels"))
    expressions = items(mapping(selector).get("matchExpressions"))
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _holds(mapping(expression), labels) for expression in expressions
    )


class SelectorIndex(Generic[T]):
    """Finds, among many selectors, those that match some labels, without trying each.

    A rule that tries every selector on every pod takes quadratic time. Here each selector lies under the one of its
    labels that the fewest others ask for.
    """

    def __init__(self, owners: Iterable[tuple[Any, T]]) -> None:
        entries = [(selector, owner, _labels(selector)) for selector, owner in owners]
        frequency = Counter(label for _, _, labels in entries for label in labels)
        self._under: dict[_Label | None, list[tuple[Any, T]]] = {}
        for selector, owner, labels in entries:
            rarest = min(labels, key=frequency.__getitem__, default=None)
            self._under.setdefault(rarest, []).append((selector, owner))
        self._keys = {label[0] for label in self._under if label}

    def matching(self, labels: Mapping[str, Any]) -> Iterator[T]:
        """The owners of the selectors that match. Touches only labels that some selector asks for."""
        present = [(key, text(labels.get(key))) for key in sorted(self._keys)]
        for label in (None, *present):
            for selector, owner in self._under.get(label, ()):
                if selects(selector, labels):
                    yield owner


def _labels(selector: Any) -> list[_Label]:
    """The labels that a selector asks for outright."""
    wanted = mapping(mapping(selector).get("matchLabels"))
    return [(key, value) for key, value in wanted.items() if isinstance(value, str)]


def _holds(expression: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """Whether one expression holds; one with an operator that does not exist, which the API refuses, never does."""
    key, values = text(expression.get("key")), items(expression.get("values"))
    match expression.get("operator"):
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False
