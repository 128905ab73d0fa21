"""Quantities are exact, and whatever is not Kubernetes' notation is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from components.kubernetes.quantity import Bytes, Cpu
from tests.unit.properties import examples

amounts = st.integers(min_value=0, max_value=2**60)


@given(amounts)
@examples(200)
def test_an_amount_of_bytes_reads_back_as_it_was_written(amount: int) -> None:
    """A quota is written from a sum and read by the API: one byte lost refuses the last pod."""
    assert Bytes.parse(str(Bytes(amount))) == Bytes(amount)


@given(amounts)
@examples(200)
def test_an_amount_of_cpu_reads_back_as_it_was_written(amount: int) -> None:
    """Millicores are whole: no rounding on the way."""
    assert Cpu.parse(str(Cpu(amount))) == Cpu(amount)


@given(st.lists(amounts, max_size=20))
@examples(100)
def test_sums_are_exact(numbers: list[int]) -> None:
    """Floating point would lose a byte of a large volume."""
    assert sum((Bytes(number) for number in numbers), Bytes(0)) == Bytes(sum(numbers))
    assert sum((Cpu(number) for number in numbers), Cpu(0)) == Cpu(sum(numbers))


@given(amounts, amounts)
@examples(100)
def test_quantities_are_ordered_by_their_amount(one: int, other: int) -> None:
    """Compared as text, 10Gi would be less than 2Gi."""
    assert (Bytes(one) < Bytes(other)) is (one < other)


@given(
    st.integers(min_value=0, max_value=10**9),
    st.sampled_from(["", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti", "Pi"]),
)
@examples(200)
def test_every_suffix_means_what_kubernetes_means_by_it(number: int, suffix: str) -> None:
    """Gi is not G: seven percent of a volume."""
    powers = {"": 0, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5}
    factor = 1024 ** powers[suffix[0].replace("K", "k")] if suffix.endswith("i") else 1000 ** powers[suffix]
    assert Bytes.parse(f"{number}{suffix}") == Bytes(number * factor)


@given(amounts)
@examples(100)
def test_rounding_goes_up_to_whole_mebibytes(amount: int) -> None:
    """Rounded down, a request could fall below what is needed."""
    rounded = Bytes(amount).rounded()
    assert rounded.amount % 2**20 == 0
    assert 0 <= rounded.amount - amount < 2**20


@pytest.mark.parametrize(
    ("text", "millicores"),
    [("2", 2000), ("0.5", 500), ("500m", 500), ("0.001", 1), ("1.25", 1250), ("0", 0), ("1500m", 1500)],
)
def test_cpu_is_read_in_cores_and_millicores(text: str, millicores: int) -> None:
    """Both notations stand in the document."""
    assert Cpu.parse(text) == Cpu(millicores)


@pytest.mark.parametrize(("amount", "text"), [(2000, "2"), (500, "500m"), (1500, "1500m"), (0, "0")])
def test_cpu_is_written_as_the_api_returns_it(amount: int, text: str) -> None:
    """Another form of the same amount would show as a change at every deployment."""
    assert str(Cpu(amount)) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [(2**30, "1Gi"), (1536 * 2**20, "1536Mi"), (2**40, "1Ti"), (1000, "1000"), (0, "0"), (1024, "1Ki")],
)
def test_bytes_are_written_in_the_largest_binary_unit_that_divides_them(amount: int, text: str) -> None:
    """`1610612736` is right and unreadable."""
    assert str(Bytes(amount)) == text


@pytest.mark.parametrize(
    "text",
    [
        "10Gb",
        "10GB",
        "10gi",
        "10 Gi",
        "2 GiB",
        "1,5Gi",
        "1.5Gi",
        "-1Gi",
        "+1Gi",
        "Gi",
        "",
        " ",
        "10Gi\n",
        "1e9",
        "0x10",
        "\u0661Gi",
        "10Ei ",
    ],
)
def test_bytes_refuse_everything_else_and_say_what_is_allowed(text: str) -> None:
    """Guessing at `10Gb` would be wrong by a factor of eight or of none."""
    with pytest.raises(ValueError, match="Ki, Mi, Gi, Ti, Pi, k, M, G, T, P, such as 512Mi or 10Gi"):
        Bytes.parse(text)


@pytest.mark.parametrize(
    "text", ["1,5", "2 cores", "500 m", "-1", "0.0001", "1.", ".5", "500M", "1m5", "", "2\n", "\u0662", "1e3"]
)
def test_cpu_refuses_everything_else_and_says_what_is_allowed(text: str) -> None:
    """500M would be five hundred million cores."""
    with pytest.raises(ValueError, match=r"cores such as 2 or 0\.5, or millicores such as 500m"):
        Cpu.parse(text)


@given(st.text(max_size=12))
@examples(300)
def test_no_text_is_read_as_something_that_it_does_not_say(text: str) -> None:
    """What is accepted has the shape of the notation; what is not raises ValueError and nothing else."""
    for kind, pattern in ((Bytes, r"[0-9]+([KMGTP]i|[kMGTP])?"), (Cpu, r"[0-9]+(\.[0-9]{1,3})?|[0-9]+m")):
        try:
            kind.parse(text)
        except ValueError:
            assert re.fullmatch(pattern, text) is None
        else:
            assert re.fullmatch(pattern, text) is not None


@pytest.mark.parametrize(("value", "cpu"), [(2, Cpu(2000)), (0.5, Cpu(500)), ("250m", Cpu(250)), (Cpu(7), Cpu(7))])
def test_configuration_may_give_a_number_or_text(value: object, cpu: Cpu) -> None:
    """YAML reads `cpu: 2` as a number, as Kubernetes does."""
    assert TypeAdapter(Cpu).validate_python(value) == cpu


@pytest.mark.parametrize("value", [True, None, ["1"]])
def test_configuration_may_give_nothing_else_and_is_told_what(value: object) -> None:
    """`true` is a number to Python, and would be one core; the message must say what to write instead."""
    with pytest.raises(ValidationError, match="such as"):
        TypeAdapter(Cpu).validate_python(value)


def test_a_quantity_of_cpu_is_none_of_bytes() -> None:
    """Memory given for CPU must not pass because both are integers inside."""
    with pytest.raises(ValidationError):
        TypeAdapter(Cpu).validate_python(Bytes(1))
