"""Nothing that is pinned comes near the end of its support unseen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import pytest

import versions
from versions import EKS_VERSIONS, HELM_CHARTS, SUPPORT_ENDS

# Two months: time enough for an upgrade that needs a window, a rehearsal and a quarter's end in between.
NOTICE = timedelta(days=60)

# What is past its end or near it, and why it is still pinned. A row goes when the pin is upgraded.
KNOWN = {
    "MINIO_IMAGE": "given up by its project; S3 does without it (`object_storage: {kind: s3}`), and which server comes "
    "after it is undecided (docs/decisions/0024)",
    "MINIO_CLIENT_IMAGE": "goes with the server",
    "ingress-nginx": "given up by its project; Gateway API is the successor (docs/decisions/0009)",
}


def pinned() -> dict[str, str]:
    """Every image, chart and version of Kubernetes of versions.py, with its version."""
    images = {name: str(value).partition(":")[2] for name, value in vars(versions).items() if name.endswith("_IMAGE")}
    charts = {name: chart.version for name, chart in HELM_CHARTS.items()}
    return images | charts | {f"eks-{minor}": minor for minor in EKS_VERSIONS}


def ending(today: date, known: Iterable[str] = ()) -> dict[str, date]:
    """The pins of which the support ends within the notice, or has ended, but for those that are known."""
    return {
        name: end.day
        for name, end in SUPPORT_ENDS.items()
        if end.day is not None and end.day - today <= NOTICE and name not in known
    }


def test_every_pin_says_when_its_support_ends() -> None:
    assert set(SUPPORT_ENDS) == set(pinned())


@pytest.mark.parametrize("name", SUPPORT_ENDS)
def test_an_end_is_that_of_the_line_that_is_pinned(name: str) -> None:
    """An upgrade to another line would otherwise keep the old line's day."""
    version, line = pinned()[name].removeprefix("v"), SUPPORT_ENDS[name].line
    assert version == line or version.startswith((f"{line}.", f"{line}-")), f"{name} is {version}, its row is of {line}"


@pytest.mark.parametrize("name", SUPPORT_ENDS)
def test_a_day_has_a_page_and_no_day_has_a_reason(name: str) -> None:
    end = SUPPORT_ENDS[name]
    assert end.source.startswith("https://") == (end.day is not None)
    assert len(end.source) > len("https://")


@pytest.mark.parametrize("name", ["POSTGRESQL_IMAGE", "POSTGRESQL_TOOLS_IMAGE"])
def test_an_image_ends_with_the_debian_that_it_is_built_on(name: str) -> None:
    """Debian 12 had ended while PostgreSQL 17, which is mended for longer, was all that its row told of."""
    assert f"/{pinned()[name].rpartition('-')[2]}/" in SUPPORT_ENDS[name].source


def test_no_pin_ends_within_sixty_days_unseen() -> None:
    """When it fails: upgrade the pin, or say in `KNOWN` why not yet."""
    found = ending(datetime.now(UTC).date(), KNOWN)
    assert not found, {name: str(day) for name, day in found.items()}


def test_a_pin_that_comes_near_its_end_is_found() -> None:
    """The test above can fail: it does on the sixtieth day before, and not on the day before that."""
    end = SUPPORT_ENDS["eks-1.35"].day
    assert end is not None
    assert "eks-1.35" in ending(end - NOTICE, KNOWN)
    assert "eks-1.35" not in ending(end - NOTICE - timedelta(days=1), KNOWN)


def test_what_is_known_to_end_does_end() -> None:
    """A row that is left after an upgrade would hide the next end."""
    assert set(KNOWN) <= set(ending(datetime.now(UTC).date()))
