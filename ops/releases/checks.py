"""What is checked before the candidate gets more: webhooks and metrics. Whatever cannot be asked counts as bad."""

from __future__ import annotations

import json
import math
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass

from components.traffic.metric_templates import TEMPLATES, filled
from components.traffic.release import HookType, Release, ReleaseWebhook
from ops.releases.http import Http, UnansweredError
from ops.releases.state import Phase, Rollout, Verdict


@dataclass(frozen=True)
class Reading:
    """A metric of one version: its value in the template's unit, None if there is none, and the most it may be."""

    template: str
    value: float | None
    maximum: float

    @property
    def good(self) -> bool:
        """Whether there is a value, and not too high a one."""
        return self.value is not None and self.value <= self.maximum


@dataclass(frozen=True)
class Checks:
    """The checks of one application; `prometheus` is a URL."""

    http: Http
    prometheus: str
    namespace: str
    name: str

    def verdict(self, rollout: Rollout, release: Release) -> Verdict:
        """What the checks say that are due in this phase of the rollout."""
        if rollout.phase is Phase.STARTING:
            if not self._allowed(release, "confirm-rollout"):
                return Verdict.PENDING
            return Verdict.GOOD if self._allowed(release, "pre-rollout") else Verdict.BAD
        if any(self._answers(hook) for hook in _hooks(release, "rollback")):
            return Verdict.ABORT
        if not self._allowed(release, "rollout") or not all(one.good for one in self.readings(release)):
            return Verdict.BAD
        if rollout.phase is Phase.WAITING and not release.approval:
            return Verdict.GOOD if self._allowed(release, "confirm-promotion") else Verdict.PENDING
        return Verdict.GOOD if self._allowed(release, "confirm-traffic-increase") else Verdict.PENDING

    def readings(self, release: Release, *, stable: bool = False) -> list[Reading]:
        """The release's metrics of the candidate, or of the stable version."""
        return [
            Reading(one.template, self._value(release, one.template, stable), one.maximum) for one in release.metrics
        ]

    def ended(self, release: Release) -> None:
        """Tell the webhooks that want to know of the end; what they answer changes nothing any more."""
        self._allowed(release, "post-rollout")

    def _value(self, release: Release, template: str, stable: bool) -> float | None:
        query = filled(
            TEMPLATES[template].query(release.mesh),
            namespace=self.namespace,
            name=self.name,
            window=release.window,
            stable=stable,
        )
        url = f"{self.prometheus}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        try:
            result = json.loads(self.http.get(url))["data"]["result"]
            value = float(result[0]["value"][1])
        except (UnansweredError, ValueError, LookupError, TypeError):
            return None
        return None if math.isnan(value) else value

    def _allowed(self, release: Release, moment: HookType) -> bool:
        return all(self._answers(hook) for hook in _hooks(release, moment))

    def _answers(self, hook: ReleaseWebhook) -> bool:
        # The body is that of Flagger's webhooks, so that one receiver serves both.
        body = {"name": self.name, "namespace": self.namespace, "phase": hook.type, "metadata": dict(hook.metadata)}
        try:
            self.http.post(hook.url, json.dumps(body), hook.timeout)
        except UnansweredError:
            return False
        return True


def _hooks(release: Release, moment: HookType) -> Sequence[ReleaseWebhook]:
    return [hook for hook in release.webhooks if hook.type == moment]
