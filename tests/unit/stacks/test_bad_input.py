"""A configuration that is wrong: everything wrong is said at once, with its place, before anything is registered.

The files announce their own mistakes: a comment `#! path | fragment` at the end of a line stands for a problem that
must be reported for this line and path, with a message that contains the fragment. No other problem may be reported.
"""

from __future__ import annotations

import pytest

from stacks.schema.errors import ConfigurationError
from tests.unit.scratch import Mistake, Scratch, mistakes

NAME_63 = "a" * 63
# An instance is called astrbot-instance-NAME: 17 characters are taken.
TENANT_46, TENANT_47 = "t" * 46, "t" * 47

HEAD = """\
config:
  saas-platform:tier: dev
  saas-platform:domain: example.com
  saas-platform:cluster:
    kind: sandbox
"""
ASTRBOT = """\
  saas-platform:systems:
    astrbot:
"""
SYSTEMS = "  saas-platform:systems: {}\n"
SERVICE = "replicas: 1, cpu: 1, memory: 1Gi"

FILES = {
    "a wrong value": f"""\
config:
  saas-platform:tier: development  #! tier | 'dev', 'test', 'staging' or 'prod'
  saas-platform:domain: Example_Com  #! domain | lower-case DNS labels joined by dots
  saas-platform:registry: http://example.com  #! registry | host[:port][/path]
  saas-platform:ingress_class: nginx_2  #! ingress_class | lower-case letters, digits and '-'
  saas-platform:cluster:
    kind: sandbox
{SYSTEMS}""",
    "a value of the wrong kind": """\
config:
  saas-platform:tier: [dev]  #! tier | 'dev', 'test', 'staging' or 'prod'
  saas-platform:domain: 7  #! domain | lower-case DNS labels joined by dots
  saas-platform:cluster: sandbox  #! cluster | mapping
  saas-platform:systems: all  #! systems | mapping
""",
    "an unknown key": f"""\
{HEAD}\
  saas-platform:registy: ghcr.io/example  #! registy | did you mean 'registry'? allowed are: access, addresses, cluster
  saas-platform:zzz: 1  #! zzz | unknown key; allowed are: access, addresses, cluster
  saas-platform:systems:
    astrbt: {{}}  #! systems.astrbt | did you mean 'astrbot'? allowed are: astrbot
    astrbot:
      tenant: []  #! systems.astrbot.tenant | did you mean 'tenants'?
      tenants:
        - name: acme
          mem: 1Gi  #! systems.astrbot.tenants[0].mem | allowed are: cpu, memory, name
      sizes:
        api-gateway:
          replica: 3  #! systems.astrbot.sizes.api-gateway.replica | did you mean 'replicas'?
""",
    "a missing key": """\
config:  #! tier | missing #! cluster | missing #! systems | missing
  saas-platform:domain: example.com
""",
    "a missing key below another": f"""\
{HEAD}{ASTRBOT}\
      tenants:
        - cpu: 1  #! systems.astrbot.tenants[0].name | missing
      services:
        - name: x  #! systems.astrbot.services[0].replicas | missing #! systems.astrbot.services[0].memory | missing
          cpu: 1
""",
    "a quantity like 10Gb": f"""\
{HEAD}{ASTRBOT}\
      tenants:
        - name: acme
          memory: 10Gb  #! systems.astrbot.tenants[0].memory | Ki, Mi, Gi, Ti, Pi
        - name: globex
          cpu: 500mm  #! systems.astrbot.tenants[1].cpu | millicores such as 500m
          memory: 1.5Gi  #! systems.astrbot.tenants[1].memory | a whole number
      sizes:
        auth-service:
          cpu: -1  #! systems.astrbot.sizes.auth-service.cpu | cores such as 2 or 0.5
          memory: 2 GiB  #! systems.astrbot.sizes.auth-service.memory | such as 512Mi or 10Gi
  saas-platform:overrides:
    node_memory: 64GB  #! overrides.node_memory | such as 512Mi or 10Gi
    cache:
      storage: lots  #! overrides.cache.storage | such as 512Mi or 10Gi
""",
    "a quantity that is neither text nor number": f"""\
{HEAD}{ASTRBOT}\
      tenants:
        - name: acme
          cpu: true  #! systems.astrbot.tenants[0].cpu | cores such as 2 or 0.5
          memory: [1Gi]  #! systems.astrbot.tenants[0].memory | such as 512Mi or 10Gi
""",
    "limits of nothing": f"""\
{HEAD}{ASTRBOT}\
      tenants:
        - name: acme
          cpu: 0  #! systems.astrbot.tenants[0].cpu | is nothing at all: write cores such as 2 or 0.5
          memory: 0Mi  #! systems.astrbot.tenants[0].memory | is nothing at all
        - name: globex
          cpu: 0m  #! systems.astrbot.tenants[1].cpu | is nothing at all
""",
    "a duplicate service name": f"""\
{HEAD}{ASTRBOT}\
      services:
        - {{name: search, {SERVICE}}}
        - {{name: report, {SERVICE}}}
        - {{name: search, {SERVICE}}}  #! systems.astrbot.services[2].name | listed twice, first as entry 1
""",
    "a service named like one of the platform's own": f"""\
{HEAD}{ASTRBOT}\
      services:
        - {{name: api-gateway, {SERVICE}}}  #! systems.astrbot.services[0].name | use 'sizes'
        - {{name: astrbot-instance, {SERVICE}}}  #! systems.astrbot.services[1].name | use 'sizes'
""",
    "a service named like an object of the data tier": f"""\
{HEAD}{ASTRBOT}\
      services:
        - {{name: minio, {SERVICE}}}  #! systems.astrbot.services[0].name | minio
        - {{name: postgresql-cluster, {SERVICE}}}  #! systems.astrbot.services[1].name | postgresql-cluster
        - {{name: redis-headless, {SERVICE}}}  #! systems.astrbot.services[2].name | redis-headless
        - {{name: redis-cluster-leader-additional, {SERVICE}}}  #! systems.astrbot.services[3].name | additional
""",
    "a service named like a tenant's instance": f"""\
{HEAD}{ASTRBOT}\
      tenants:
        - name: acme
      services:
        - {{name: astrbot-instance-acme, {SERVICE}}}  #! systems.astrbot.services[0].name | acme
""",
    "a service name that no Service may have": f"""\
{HEAD}{ASTRBOT}\
      services:
        - {{name: 2fa, {SERVICE}}}  #! systems.astrbot.services[0].name | letter
""",
    "a name over 63 characters": f"""\
{HEAD}{ASTRBOT}\
      tenants:
        - name: {"t" * 64}  #! systems.astrbot.tenants[0].name | has 64 characters: at most 63
      services:
        - {{name: {NAME_63}, {SERVICE}}}
        - {{name: {NAME_63}b, {SERVICE}}}  #! systems.astrbot.services[1].name | has 64 characters: at most 63
""",
    "a tenant whose instance gets a name over 63 characters": f"""\
{HEAD}{ASTRBOT}\
      tenants:
        - name: {TENANT_46}
        - name: {TENANT_47}  #! systems.astrbot.tenants[1].name | has 47 characters: at most 46
""",
    "a name with characters that are not allowed": f"""\
{HEAD}{ASTRBOT}\
      tenants:
        - name: Acme  #! systems.astrbot.tenants[0].name | lower-case letters, digits and '-'
        - name: -acme  #! systems.astrbot.tenants[1].name | starting and ending with a letter or digit
        - name: 7  #! systems.astrbot.tenants[2].name | must be text
""",
    "a port clash": f"""\
{HEAD}{ASTRBOT}\
      services:
        - name: search
          replicas: 1
          cpu: 1
          memory: 1Gi
          ports:
            http: 8000
            metrics: 8000  #! systems.astrbot.services[0].ports.metrics | port 8000 is taken by 'http'
""",
    "a port clash between a number and the same number as text": f"""\
{HEAD}{ASTRBOT}\
      services:
        - name: search
          replicas: 1
          cpu: 1
          memory: 1Gi
          ports:
            http: 8000
            metrics: "8000"  #! systems.astrbot.services[0].ports.metrics | port 8000 is taken by 'http'
""",
    "a port that is none": f"""\
{HEAD}{ASTRBOT}\
      services:
        - name: search
          replicas: 1
          cpu: 1
          memory: 1Gi
          ports:
            http: 0  #! systems.astrbot.services[0].ports.http | at least 1
            metrics: 65536  #! systems.astrbot.services[0].ports.metrics | at most 65535
            admin: [9000]  #! systems.astrbot.services[0].ports.admin | whole number
""",
    "a port name that the API refuses": f"""\
{HEAD}{ASTRBOT}\
      services:
        - name: search
          replicas: 1
          cpu: 1
          memory: 1Gi
          ports:
            http: 8000
            a-name-too-long-x: 9000  #! systems.astrbot.services[0].ports.a-name-too-long-x | 15
""",
    "no port to probe": f"""\
{HEAD}{ASTRBOT}\
      services:
        - name: search
          replicas: 0  #! systems.astrbot.services[0].replicas | at least 1
          cpu: 1
          memory: 1Gi
          ports:  #! systems.astrbot.services[0].ports | needs a port named 'http'
            metrics: 9000
""",
    "a tenant listed twice": f"""\
{HEAD}{ASTRBOT}\
      tenants:
        - name: acme
        - name: globex
        - name: acme  #! systems.astrbot.tenants[2].name | tenant 'acme' is listed twice, first as entry 1
""",
    "a list that is none": f"""\
{HEAD}{ASTRBOT}\
      tenants: acme  #! systems.astrbot.tenants | list
      services:  #! systems.astrbot.services | list
        search: {{}}
      sizes: []  #! systems.astrbot.sizes | mapping
""",
    "a service, secret or capability that there is not": f"""\
{HEAD}{ASTRBOT}\
      services:
        - name: search
          replicas: 1
          cpu: 1
          memory: 1Gi
          calls: [auth-servce]  #! systems.astrbot.services[0].calls[0] | services are: api-gateway, tenant-service
          uses: [databse]  #! systems.astrbot.services[0].uses[0] | 'database', 'cache', 'object_storage'
          secrets: [DB_PASS]  #! systems.astrbot.services[0].secrets[0] | secrets are: DB_PASSWORD
          version: latest  #! systems.astrbot.services[0].version | name one version
          image: ""  #! systems.astrbot.services[0].image | is not the name of an image
      sizes:
        gateway: {{cpu: 1}}  #! systems.astrbot.sizes.gateway | services are: api-gateway
""",
    "a size for a name that is none": f"""\
{HEAD}{ASTRBOT}\
      sizes:
        Api_Gateway: {{cpu: 1}}  #! systems.astrbot.sizes.Api_Gateway | services are: api-gateway
""",
    "overrides that do not fit the tier": f"""\
{HEAD}{SYSTEMS}\
  saas-platform:overrides:
    nodes: 0  #! overrides.nodes | at least 1
    monitoring: none  #! overrides.monitoring | 'basic', 'full', 'production' or 'comprehensive'
    request_ratio: 2  #! overrides.request_ratio | at most 1
    databse: {{}}  #! overrides.databse | did you mean 'database'?
    database:
      instances: many  #! overrides.database.instances | whole number
      storag: 1Gi  #! overrides.database.storag | did you mean 'storage'?
    cache: 3  #! overrides.cache | mapping
""",
    "overrides that are no mapping": f"""\
{HEAD}{SYSTEMS}\
  saas-platform:overrides: small  #! overrides | mapping
""",
    "a rule of access with a key that a Role does not have": f"""\
{HEAD}{ASTRBOT}\
      services:
        - name: search
          replicas: 1
          cpu: 1
          memory: 1Gi
          rules:
            - api_groups: [""]
              resource: [pods]  #! systems.astrbot.services[0].rules[0].resource | did you mean 'resources'?
              resources: [pods]
              verbs: []  #! systems.astrbot.services[0].rules[0].verbs | at least 1 item
            - apiGroups: [""]  #! systems.astrbot.services[0].rules[1].apiGroups | did you mean 'api_groups'?
              api_groups: [""]
              resources: [pods]
              verbs: [get]
""",
    "an object storage that is not whole": f"""\
{HEAD}{ASTRBOT}\
      object_storage:
        kind: s3
        region: Frankfurt  #! systems.astrbot.object_storage.region | such as eu-central-1 of AWS
        endpoint: http://s3.example.com  #! systems.astrbot.object_storage.endpoint | write https://HOST
        files:
          bucket: Acme_Files  #! systems.astrbot.object_storage.files.bucket | lower-case letters
          role_arn: files  #! systems.astrbot.object_storage.files.role_arn | write its ARN
        backups:  #! systems.astrbot.object_storage.backups.bucket | missing
          role_arn: arn:aws:iam::123456789012:role/backups
          buckt: x  #! systems.astrbot.object_storage.backups.buckt | did you mean 'bucket'?
""",
    "an object storage of no kind that there is": f"""\
{HEAD}{ASTRBOT}\
      object_storage:  #! systems.astrbot.object_storage | there is no kind 'ceph'
        kind: ceph
""",
    "a bucket with an access key where no store could have it": f"""\
{HEAD}{ASTRBOT}\
      object_storage:
        kind: s3
        region: eu-central-1
        files: {{bucket: acme-files}}  #! systems.astrbot.object_storage.files.role_arn | this environment has none
        backups: {{bucket: acme-backups, role_arn: "arn:aws:iam::123456789012:role/backups"}}
""",
    "a key of the files that nobody has, with a role for them": f"""\
{HEAD}{ASTRBOT}\
      object_storage:
        kind: s3
        region: eu-central-1
        files: {{bucket: acme-files, role_arn: "arn:aws:iam::123456789012:role/files"}}
        backups: {{bucket: acme-backups, role_arn: "arn:aws:iam::123456789012:role/backups"}}
      services:
        - {{name: search, {SERVICE}, secrets: [MINIO_SECRET_KEY]}}  #! systems.astrbot.services[0].secrets[0] | no
""",
    "a secret store that is declared by half": f"""\
{HEAD}{SYSTEMS}\
  saas-platform:secret_store:
    name: platform
    path: saas-platform/dev
    provider:  #! secret_store.provider.role | missing
      kind: vault
      server: vault.example.com  #! secret_store.provider.server | write https://HOST
      path: secret
      service_account:  #! secret_store.provider.service_account.namespace | in no namespace
        name: external-secrets
""",
    "a secret store of one namespace that looks into another": f"""\
{HEAD}{SYSTEMS}\
  saas-platform:secret_store:
    name: platform
    kind: SecretStore
    path: team/dev  #! secret_store.path | cannot have a '/'
    provider:
      kind: kubernetes
      namespace: secrets
      service_account:
        name: reader
        namespace: secrets  #! secret_store.provider.service_account.namespace | must be left out
""",
    "more instances than zones, where none may share one": f"""\
{HEAD}{SYSTEMS}\
  saas-platform:overrides:
    zones_required: true
    zones: 2
    database:
      instances: 3  #! overrides.database.instances | use 2 or fewer
""",
    "a Redis cluster in one zone, where followers must not share their leaders'": f"""\
{HEAD}{SYSTEMS}\
  saas-platform:overrides:
    zones_required: true
    zones: 1  #! overrides.zones | holds no follower apart from its leader
    cache: {{kind: cluster, shards: 3}}
""",
    "a Redis of a kind that cannot have as many shards": f"""\
{HEAD}{SYSTEMS}\
  saas-platform:overrides:
    cache:
      shards: 3  #! overrides.cache.shards | use kind 'cluster'
""",
    "a Redis cluster that elects nobody": f"""\
{HEAD}{SYSTEMS}\
  saas-platform:overrides:
    cache: {{kind: cluster, shards: 2}}  #! overrides.cache.shards | 3 shards or more
""",
    "a tier that keeps its secrets outside without a secret_store": """\
config:  #! secret_store | set name, kind and path
  saas-platform:tier: prod
  saas-platform:domain: example.com
  saas-platform:cluster: {kind: sandbox}
  saas-platform:systems: {}
""",
    "external secrets by an override without a secret_store": f"""\
{HEAD.replace("config:", "config:  #! secret_store | set name, kind and path")}{SYSTEMS}\
  saas-platform:overrides:
    external_secrets: true
""",
    "a secret_store that is not whole": f"""\
{HEAD}{SYSTEMS}\
  saas-platform:secret_store:  #! secret_store.path | missing
    name: vault
    kind: Vault  #! secret_store.kind | 'ClusterSecretStore' or 'SecretStore'
""",
    "a cluster of a kind that there is not": f"""\
{HEAD.replace("cluster:", "cluster:  #! cluster | 'sandbox', 'existing'").replace("kind: sandbox", "kind: gke")}\
{SYSTEMS}""",
    "an existing cluster without its context": f"""\
{HEAD.replace("cluster:", "cluster:  #! cluster.context | missing").replace("kind: sandbox", "kind: existing")}\
{SYSTEMS}""",
    "an unknown key of the cluster": f"""\
{HEAD}\
    contxt: staging  #! cluster.contxt | unknown key
{SYSTEMS}""",
    "a key that stands twice": f"""\
{HEAD}{ASTRBOT}\
      tenants:
        - name: acme
          cpu: 1
          cpu: 2  #! systems.astrbot.tenants[0].cpu | key 'cpu' stands twice, first in line 10
  saas-platform:domain: other.example.com  #! domain | key 'saas-platform:domain' stands twice, first in line 3
""",
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES.keys())
def test_every_mistake_is_reported_with_its_line_its_path_and_what_is_allowed(scratch: Scratch, text: str) -> None:
    """A person who must guess where, or what else is wrong, needs one run of the program a mistake."""
    expected = mistakes(text)
    assert expected, "the file announces no mistake"
    problems = scratch.problems(text)
    found = {(problem.line, problem.path) for problem in problems}
    wanted = {(mistake.line, mistake.path) for mistake in expected}
    report = "\n".join(map(str, problems))
    assert found == wanted, f"lines and paths differ; the report was:\n{report}"
    for mistake in expected:
        assert any(_is(problem.line, problem.path, problem.message, mistake) for problem in problems), (
            f"{mistake.path or 'the file'} (line {mistake.line}): no message has {mistake.fragment!r}:\n{report}"
        )
    assert {problem.file for problem in problems} == {"Pulumi.scratch.yaml"}
    assert scratch.registered == [], "a half-made environment would be left behind"


def _is(line: int | None, path: str, message: str, mistake: Mistake) -> bool:
    return (line, path) == (mistake.line, mistake.path) and mistake.fragment in message


def test_mistakes_of_all_kinds_are_reported_together_in_the_order_of_the_file(scratch: Scratch) -> None:
    """Reporting kind after kind costs a person one round for each."""
    text = f"""\
config:
  saas-platform:tier: prod  #! tier |
  saas-platform:domain: not a domain  #! domain | lower-case DNS labels
  saas-platform:domian: example.com  #! domian | did you mean 'domain'?
  saas-platform:cluster: {{kind: sandbox}}
  saas-platform:overrides:
    cache: {{shards: 1}}  #! overrides.cache.shards | greater than or equal to 3
{ASTRBOT}\
      tenants:
        - name: acme
          memory: 10Gb  #! systems.astrbot.tenants[0].memory | 512Mi or 10Gi
        - name: acme  #! systems.astrbot.tenants[1].name | listed twice
      services:
        - {{name: auth-service, {SERVICE}}}  #! systems.astrbot.services[0].name | use 'sizes'
        - {{name: x, {SERVICE}, ports: {{http: 1, x: 1}}}}  #! systems.astrbot.services[1].ports.x | taken
"""
    expected = [mistake for mistake in mistakes(text) if mistake.path != "tier"]
    problems = scratch.problems(text)
    missing_store, *others = problems
    assert (missing_store.line, missing_store.path) == (1, "secret_store")
    assert [(one.line, one.path) for one in others] == [(one.line, one.path) for one in expected]
    assert scratch.registered == []


def test_the_report_counts_its_errors_and_gives_each_a_line_of_its_own(scratch: Scratch) -> None:
    """Editors jump to `file:line:`; a report in one line, or with pydantic's own layout, cannot be followed."""
    scratch.write(FILES["a wrong value"])
    with pytest.raises(ConfigurationError) as caught:
        scratch.record(FILES["a wrong value"])
    first, *lines = str(caught.value).splitlines()
    assert first == "invalid configuration, 4 errors:"
    assert len(lines) == 4
    assert lines[0].startswith("  Pulumi.scratch.yaml:2: tier: ")
    assert lines[0].endswith("got 'development'"), "the value that was refused is not shown"


@pytest.mark.parametrize(
    ("section", "value"),
    [
        ("object_storage", "servers: 2"),
        ("object_storage", "servers: 17"),
        ("database", "cpu_request: 4"),
        ("database", "memory_limit: 512Mi"),
        ("database", "parameters: {shared_buffers: 1Gi}"),
        ("cache", "memory_limit: 1Mi"),
    ],
)
def test_an_override_that_contradicts_the_rest_of_the_tier_is_reported_before_anything_is_registered(
    scratch: Scratch, section: str, value: str
) -> None:
    """Two MinIO servers, or a request above its limit: found out by a component, it would leave half an environment."""
    problems = scratch.problems(
        f"{HEAD}{SYSTEMS.replace('{}', '{astrbot: {}}')}  saas-platform:overrides: {{{section}: {{{value}}}}}\n"
    )
    # Less memory may contradict the request and several parameters, all told at once.
    assert {problem.line for problem in problems} == {7}
    assert all(problem.path.startswith(f"overrides.{section}") for problem in problems), problems
    assert scratch.registered == []


def test_a_section_that_stands_twice_is_reported(scratch: Scratch) -> None:
    """YAML keeps only the last one: the whole first section would be missing without a word of why."""
    problems = scratch.problems(f"{HEAD}{SYSTEMS}config:\n  saas-platform:registry: ghcr.io/example\n")
    report = "\n".join(map(str, problems))
    assert any(problem.line == 7 and "stands twice" in problem.message for problem in problems), report


@pytest.mark.parametrize("key", ["saas-platfrom:registry", "registry"])
def test_a_key_outside_the_projects_namespace_is_reported(scratch: Scratch, key: str) -> None:
    """A misspelt `saas-platform:` would leave the setting at its default without a word."""
    problems = scratch.problems(f"{HEAD}{SYSTEMS}  {key}: ghcr.io/example\n")
    assert [problem.line for problem in problems] == [7]


def test_a_syntax_error_is_reported_with_its_line_and_nothing_else(scratch: Scratch) -> None:
    """That every key is missing, said of a file that cannot be read, would bury the cause."""
    (problem,) = scratch.problems(f"{HEAD}  saas-platform:systems: {{astrbot: {{}}\n")
    assert problem.line in (6, 7)
    assert "not valid YAML" in problem.message
    assert scratch.registered == []


@pytest.mark.parametrize("text", ["- config\n", "config: 7\n", "config:\n", "text\n"])
def test_a_file_of_another_shape_is_reported_as_such(scratch: Scratch, text: str) -> None:
    """A list or a bare text where the mapping should be must not end in an AttributeError."""
    (problem,) = scratch.problems(text)
    assert "must be a mapping with the key 'config'" in problem.message
    assert scratch.registered == []


def test_an_empty_file_is_reported_as_one_without_its_keys(scratch: Scratch) -> None:
    """An environment without a tier must not come to be."""
    paths = [problem.path for problem in scratch.problems("")]
    assert sorted(paths) == ["cluster", "domain", "systems", "tier"]


UNUSUAL = {
    "a date": f"{HEAD}{ASTRBOT}      version: 2026-01-02\n",
    "a date that is none": f"{HEAD}{ASTRBOT}      version: 2026-13-02\n",
    "a control character": f"{HEAD}{SYSTEMS}# \x01\n",
    "binary data": f"{HEAD}{SYSTEMS}  saas-platform:registry: !!binary aGVsbG8=\n",
    "a set": f"{HEAD}{SYSTEMS}  saas-platform:registry: !!set {{a, b}}\n",
    "a tag of an application": f"{HEAD}{SYSTEMS}  saas-platform:registry: !registry ghcr.io\n",
    "not a number": f"{HEAD}{SYSTEMS}  saas-platform:overrides: {{trace_sampling_rate: .nan}}\n",
    "keys that are numbers": f"{HEAD}{SYSTEMS}  saas-platform:overrides: {{1: 2}}\n",
    "braces": f"{HEAD}{ASTRBOT}      tenants: [{{name: '{{0}}'}}]\n",
}


@pytest.mark.parametrize("text", UNUSUAL.values(), ids=UNUSUAL.keys())
def test_whatever_yaml_can_hold_ends_in_a_report_and_not_in_a_traceback(scratch: Scratch, text: str) -> None:
    """An unquoted date is a date to YAML: the person who wrote it as a version wants the line, and no stack trace."""
    try:
        scratch.record(text)
    except ConfigurationError as error:
        assert {problem.file for problem in error.problems} == {"Pulumi.scratch.yaml"}
        assert scratch.registered == []


def test_an_unknown_environment_is_reported_with_those_that_there_are(scratch: Scratch) -> None:
    """`-s production` must not preview an empty environment."""
    scratch.write(HEAD + SYSTEMS, stack="blue")
    scratch.write(HEAD + SYSTEMS, stack="green")
    from graph.record import record

    with pytest.raises(ConfigurationError) as caught:
        record("red")
    assert str(caught.value).endswith("Pulumi.red.yaml: there is no such file; environments with one: blue, green")
    assert scratch.monitors == []


def test_a_merged_mapping_is_no_duplicate_key(scratch: Scratch) -> None:
    """YAML's own way to share settings between tenants must stay usable."""
    graph = scratch.record(
        f"{HEAD}{ASTRBOT}      tenants:\n        - &large {{name: a, cpu: 2}}\n        - {{<<: *large, name: b}}\n"
    )
    assert graph.outputs["tier"] == "dev"
