"""From the command line to a release: what is not released is answered with what is."""

from __future__ import annotations

import pytest

from ops.errors import OperationError
from ops.releases.find import find
from tests.unit.scratch import STACK, Scratch
from tests.unit.stacks.releases import environment

RELEASES = {"auth-service": {"strategy": "canary"}, "tenant-service": {"strategy": "rolling"}}


@pytest.mark.parametrize("controller", ["none", "flagger"])
def test_an_application_that_is_not_released_is_answered_with_those_that_are(scratch: Scratch, controller: str) -> None:
    scratch.write(environment({"mesh": "istio", "controller": controller}, RELEASES))
    with pytest.raises(OperationError, match=r"'astrbot/tenant-service' is not released .*: astrbot/auth-service$"):
        find(STACK, None, "astrbot/tenant-service", None)


def test_an_environment_without_releases_says_where_to_read_of_them(scratch: Scratch) -> None:
    scratch.write(environment({}, {}))
    with pytest.raises(OperationError, match=r"none; see docs/how-to/release\.md"):
        find(STACK, None, "astrbot/auth-service", None)
