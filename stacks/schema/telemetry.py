"""Where logs and traces go: `logs` and `traces` in the environment's file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from components.telemetry.base import Bucket
from stacks.schema.types import BucketName, HttpsUrl, Model, Name, Problem, Region, RoleArn, Text, Url, system_key

LogStore = Literal["none", "loki", "elasticsearch"]
TraceStore = Literal["none", "tempo", "jaeger"]
Days = Annotated[int, Field(ge=1, le=3650)]


class OnVolume(Model):
    """All of it on the store's own volume, as large as the tier's."""

    kind: Literal["volume"] = Field(description="All of it on the store's own volume, as large as the tier's.")


class InBucket(Model):
    """What is old in a bucket that exists."""

    kind: Literal["s3"] = Field(description="What is old in a bucket that exists.")
    bucket: BucketName = Field(description="The name of the bucket.")
    region: Region = Field(description="The AWS region of the bucket; of another service, whatever it calls its own.")
    endpoint: HttpsUrl | None = Field(
        None,
        description="The address of another S3 service, such as https://s3.example.com; by default AWS' own of "
        "the region.",
    )
    role_arn: RoleArn | None = Field(
        None, description="The IAM role of the store, as an ARN; without it the access key comes from the secret store."
    )

    def as_bucket(self, secret: str) -> Bucket:
        """As the components have it; `secret` is the Secret with the access key, if there is one."""
        return Bucket(
            name=self.bucket,
            region=self.region,
            endpoint=self.endpoint,
            role_arn=self.role_arn,
            secret=None if self.role_arn else secret,
        )


Storage = Annotated[OnVolume | InBucket, Field(discriminator="kind")]


class Elasticsearch(Model):
    """An Elasticsearch that others run."""

    url: Url = Field(
        description="Its address. In an environment with a secret store, that has the user's name and password."
    )
    index: Name = Field(
        "k8s-logs", description="The index that lines are written to; the default is the AstrBot document's."
    )


class LogsConfig(Model):
    """Where the lines of the systems go."""

    kind: LogStore = Field(description="The store of all lines that `systems` says nothing of.")
    systems: Mapping[Text, LogStore] = Field({}, description="The stores of single systems' lines, by system.")
    retention_days: Days | None = Field(None, description="How long Loki keeps lines, in days.")
    storage: Storage = Field(OnVolume(kind="volume"), description="Where Loki keeps them.")
    elasticsearch: Elasticsearch | None = Field(
        None,
        description="The Elasticsearch that lines go to. Needed where one of the stores is `elasticsearch`, and "
        "refused elsewhere.",
    )

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """What the stores need, and what no store would use."""
        used = _stores(data)
        if "elasticsearch" in used and data.get("elasticsearch") is None:
            yield Problem(("elasticsearch",), "missing; logs go there: set its url")
        if "elasticsearch" not in used and data.get("elasticsearch") is not None:
            yield Problem(
                ("elasticsearch",), "no logs go there: set kind or one of systems to elasticsearch, or remove it"
            )
        for key in ("retention_days", "storage") if "loki" not in used else ():
            if data.get(key) is not None:
                yield Problem(
                    (key,), "is Loki's, and no logs go there: Elasticsearch keeps lines as its own policies say"
                )

    def store(self, system: str) -> LogStore:
        """Where the lines of the system of this name go."""
        return self.systems.get(system_key(system), self.kind)


class TracesConfig(Model):
    """Which store of traces there is, and which traces it gets."""

    kind: TraceStore = Field(description="The store of traces.")
    retention_days: Days | None = Field(None, description="How long traces are kept, in days.")
    storage: Storage = Field(OnVolume(kind="volume"), description="Where they are kept; Jaeger has its volume alone.")
    sampling_rate: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="The part of the traces that is kept of those that neither fail nor are slow, from 0 to 1."
    )
    slow_milliseconds: Annotated[int, Field(ge=1, le=600_000)] = Field(
        500,
        description="Traces that last as long are all kept, in milliseconds; 500 is the AstrBot document's limit "
        "of what is fast enough (section 4.1, HighAPILatency).",
    )

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """A bucket where the store cannot use one."""
        storage = data.get("storage")
        if data.get("kind") == "jaeger" and isinstance(storage, Mapping) and storage.get("kind") == "s3":
            yield Problem(("storage", "kind"), "Jaeger keeps traces on its volume: set 'volume', or use Tempo", "s3")


def telemetry_problems(
    data: Mapping[str, Any], installed: Sequence[str], *, monitoring: Any, external_secrets: bool
) -> Iterable[Problem]:
    """What the raw file says of logs and traces that the rest of it does not fit. `monitoring` is the tier's."""
    logs, traces = _section(data, "logs"), _section(data, "traces")
    yield from _unknown_systems(logs.get("systems"), data.get("systems"))
    if not external_secrets:
        yield from (*_keyless("logs", logs), *_keyless("traces", traces))
    default_logs, default_traces = default(monitoring)
    yield from _twice("logs", logs.get("kind", default_logs.kind), ("loki",), installed)
    yield from _twice(
        "traces", traces.get("kind", default_traces.kind), ("tempo", "opentelemetry-collector"), installed
    )


def _unknown_systems(named: Any, systems: Any) -> Iterable[Problem]:
    if not isinstance(named, Mapping) or not isinstance(systems, Mapping):
        return
    for name in named:
        if name not in systems:
            there = ", ".join(sorted(map(str, systems))) or "none"
            yield Problem(("logs", "systems", name), f"the environment has no system {name!r}; there are: {there}")


def _keyless(key: str, section: Mapping[str, Any]) -> Iterable[Problem]:
    """A bucket whose access key has no store to come from."""
    storage = section.get("storage")
    if isinstance(storage, Mapping) and storage.get("kind") == "s3" and storage.get("role_arn") is None:
        message = "missing; without it the access key comes from a secret store, and this environment has none"
        yield Problem((key, "storage", "role_arn"), message)


def _twice(key: str, kind: Any, charts: Sequence[str], installed: Sequence[str]) -> Iterable[Problem]:
    """Operators that would do what the environment does by itself."""
    for chart in charts if kind != "none" else ():
        if chart in installed:
            message = f"the environment has programs of its own for {key}: set this to 'off', or {key} to 'kind: none'"
            yield Problem(("operators", chart), message)


def _section(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    section = data.get(key)
    return section if isinstance(section, Mapping) else {}


def _stores(data: Mapping[str, Any]) -> set[str]:
    systems = data.get("systems")
    named = systems.values() if isinstance(systems, Mapping) else ()
    return {one for one in (data.get("kind"), *named) if isinstance(one, str)}


def default(monitoring: Any) -> tuple[LogsConfig, TracesConfig]:
    """What an environment has that says nothing: Loki and Tempo, or nothing where `monitoring` is basic."""
    basic = monitoring == "basic"
    return LogsConfig(kind="none" if basic else "loki"), TracesConfig(kind="none" if basic else "tempo")
