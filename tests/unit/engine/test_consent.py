"""What is asked before a run, of whom, and what no answer makes go."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from ops.engine.consent import Consent
from ops.engine.plan import Operation, Plan, Step
from ops.errors import OperationError


def step(kind: str, name: str, operation: Operation, namespace: str = "", *, protected: bool = False) -> Step:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    inputs = {"kind": kind, "metadata": metadata}
    return Step(f"urn::kubernetes:x:{kind}::{name}", f"kubernetes:x:{kind}", operation, inputs, (), protected)


CREATED = Plan((step("ConfigMap", "a", "create"),))
CHANGED = Plan((step("Deployment", "api", "update", "astrbot"),))
REMOVED = Plan((step("Deployment", "api", "delete", "astrbot"),))
SYSTEM = Plan(
    (
        step("Namespace", "cloudlens", "delete"),
        step("Cluster", "postgresql", "delete", "cloudlens"),
        step("Deployment", "backend", "delete", "cloudlens"),
        step("Secret", "elsewhere", "delete", "monitoring"),
    )
)


def person(*answers: str) -> tuple[Callable[[str], str], list[str]]:
    """Who gives these answers, and what they were asked."""
    left, asked = list(answers), []

    def answer(question: str) -> str:
        asked.append(question)
        return left.pop(0)

    return answer, asked


def ask(plan: Plan, tier: str, answers: Sequence[str] = (), *, yes: bool = False) -> list[str]:
    answer, asked = person(*answers)
    Consent(tier, yes, answer).ask(plan)
    return asked


@pytest.mark.parametrize("plan", [CREATED, CHANGED, Plan()])
def test_dev_is_not_asked_for_what_comes_or_changes(plan: Plan) -> None:
    """Whoever tries something out must not be asked each time."""
    assert ask(plan, "dev") == []


@pytest.mark.parametrize("tier", ["test", "staging", "prod"])
@pytest.mark.parametrize("plan", [CREATED, CHANGED])
def test_every_other_tier_is_asked_for_every_change(tier: str, plan: Plan) -> None:
    assert len(ask(plan, tier, ["yes"])) == 1
    with pytest.raises(OperationError, match="nothing was changed"):
        ask(plan, tier, ["y"])
    assert ask(Plan(), tier) == []


@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_what_ends_a_workload_is_asked_by_its_name_everywhere(tier: str) -> None:
    """A `yes` is typed without reading; a name is not."""
    assert len(ask(REMOVED, tier, ["api"])) == 1
    with pytest.raises(OperationError, match="nothing was changed"):
        ask(REMOVED, tier, ["yes"])


def test_a_namespace_speaks_for_all_that_is_in_it() -> None:
    """Sixty names for one line of the file would be typed by a script."""
    asked = ask(SYSTEM, "dev", ["cloudlens", "elsewhere"])
    assert ["'cloudlens'" in asked[0], "'elsewhere'" in asked[1], len(asked)] == [True, True, 2]


def test_yes_answers_everything_but_what_is_protected() -> None:
    """CI cannot be asked; and no answer may make protected data go."""
    assert ask(SYSTEM, "prod", yes=True) == []
    doomed = Plan((step("Namespace", "cloudlens", "delete", protected=True),))
    with pytest.raises(OperationError, match=r"(?s)protected and would go: Namespace cloudlens.*state unprotect"):
        ask(doomed, "prod", yes=True)


@pytest.mark.parametrize(("plan", "tier"), [(REMOVED, "dev"), (CHANGED, "prod")])
def test_where_nobody_can_be_asked_nothing_happens(plan: Plan, tier: str) -> None:
    """A pipeline without a terminal must not hang, and not take silence for a yes."""
    with pytest.raises(OperationError, match=r"nobody can be asked here.*--yes"):
        Consent(tier, yes=False, answer=None).ask(plan)
    Consent(tier, yes=False, answer=None).ask(Plan())


def test_a_step_of_another_command_is_asked_only_for_what_is_grave() -> None:
    """Whoever restores a database has asked for it; not for a workload to go that the file has no longer."""
    Consent("prod", False, None).ask(CHANGED, step_of_more=True)
    rotated = Plan((step("RandomPassword", "postgresql-password", "replace"),))
    Consent("dev", False, None).ask(rotated, step_of_more=True)
    for plan, more in ((REMOVED, True), (rotated, False)):
        with pytest.raises(OperationError, match="nobody can be asked here"):
            Consent("dev", False, None).ask(plan, step_of_more=more)


def test_an_environment_is_removed_by_its_name_outside_of_dev() -> None:
    answer, asked = person("staging", "yes")
    Consent("staging", False, answer).ask_removal("staging")
    with pytest.raises(OperationError, match="nothing was changed"):
        Consent("staging", False, answer).ask_removal("staging")
    assert len(asked) == 2
    Consent("dev", False, None).ask_removal("dev")
    with pytest.raises(OperationError, match="YES=1"):
        Consent("prod", False, None).ask_removal("prod")


def test_what_is_asked_by_name_says_what_will_be_done() -> None:
    """Whoever restores a state must not be asked whether all of the environment is to be removed."""
    answer, asked = person("dev")
    Consent("", False, answer).ask_by_name("dev", "put the backup in the place of its state")
    assert asked == ["Type 'dev' to put the backup in the place of its state, or nothing to stop: "]


def test_an_end_of_input_is_no_yes() -> None:
    def closed(_question: str) -> str:
        raise EOFError

    with pytest.raises(OperationError, match="nothing was changed"):
        Consent("prod", False, closed).ask(CHANGED)
