"""Redis as its pods run it, on a real redis-server: what the operator gives them of our objects is what it takes.

`redis_pod` names the operator's version and the files of its source that say so.
"""

from __future__ import annotations

import fnmatch
import json
import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.data.redis_pod import MOUNTS, Pod, issue
from tests.unit.recordings import ENVIRONMENTS, of_system, one, recorded, system_of
from versions import HELM_CHARTS

# The kinds that are deployed, with TLS and without: a server and a cluster.
DEPLOYED = [
    (stack, system, kind)
    for stack in ENVIRONMENTS
    for system in ("astrbot", "federated-risk")
    for kind in ("Redis", "RedisCluster")
    if of_system(recorded(stack), system, kind)
]
CLUSTERS = [found for found in DEPLOYED if found[2] == "RedisCluster"]


def pod(folder: Path, stack: str, system: str, kind: str, ordinal: int = 0) -> Pod:
    """A pod of it with its files written, and its volumes empty. All pods have the one certificate."""
    graph = recorded(stack)
    (body,) = of_system(graph, system, kind)
    made = Pod(graph, body, folder / f"pod-{ordinal}", ordinal=ordinal)
    made.write()
    if "tls" in made.facts:
        issue(certified(made), folder / "tls")
        for file in (folder / "tls").iterdir():
            (made.root / "tls" / file.name).write_bytes(file.read_bytes())
    return made


def certified(made: Pod) -> list[str]:
    """The names in its certificate."""
    name = made.spec["TLS"]["secret"]["secretName"]
    return list(one(made.graph, "Certificate", name, system_of(made.body))["spec"]["dnsNames"])


def trusts(made: Pod, name: str) -> bool:
    """Whether a client that knows the authority and verifies names reaches the server under this one."""
    context = ssl.create_default_context(cafile=f"{made.root}/tls/ca.crt")
    with socket.create_connection(("127.0.0.1", made.port), timeout=5) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=name) as encrypted:
                encrypted.sendall(b"PING\r\n")
                return encrypted.recv(100).startswith(b"-NOAUTH")
        except ssl.SSLCertVerificationError:
            return False


def test_the_source_that_is_followed_is_that_of_the_pinned_chart() -> None:
    """After an upgrade of the chart the operator's files are to be read again."""
    import tests.data.redis_pod as followed

    assert followed.__doc__ is not None
    version = re.search(r"v(\d+\.\d+)\.\d+", followed.__doc__)
    assert version is not None
    assert HELM_CHARTS["redis-operator"].version.startswith(f"{version[1]}.")


@pytest.mark.parametrize("deployed", DEPLOYED, ids=" ".join)
def test_a_server_starts_on_what_the_operator_writes_and_is_ready(
    tmp_path: Path, deployed: tuple[str, str, str]
) -> None:
    """With TLS none did: an empty `tls-ca-cert-file` stops Redis before it says anything to anybody."""
    made = pod(tmp_path, *deployed)
    with made.running():
        assert made.ask("PING") == "PONG"
        assert (made.probe("readinessProbe"), made.probe("livenessProbe")) == (0, 0)
        assert made.ask("CONFIG", "GET", "dir").split()[-1] == f"{made.root}/data"


@pytest.mark.parametrize("deployed", DEPLOYED, ids=" ".join)
def test_all_that_the_server_writes_or_reads_lies_on_a_volume(tmp_path: Path, deployed: tuple[str, str, str]) -> None:
    """The root file system cannot be written to; what lies elsewhere is not there, or gone after a restart."""
    made = pod(tmp_path, *deployed)
    assert made.part["securityContext"]["readOnlyRootFilesystem"] is True
    mounted = [path for volume, path in MOUNTS.items() if volume in made.volumes]
    named = re.findall(rf"{made.root}(/[\w./-]+)", made.lines())
    assert named
    for path in named:
        assert any(path == one or path.startswith(f"{one}/") for one in mounted), path


@pytest.mark.parametrize("deployed", DEPLOYED, ids=" ".join)
def test_a_server_that_nobody_configured_is_alive_and_never_ready(
    tmp_path: Path, deployed: tuple[str, str, str]
) -> None:
    """An operator without its gate leaves the configuration to the image: then there would be no password at all."""
    made = pod(tmp_path, *deployed)
    bare = [line for line in made.lines().splitlines() if re.match("(bind|port|tls-|cluster-port)", line)]
    (made.root / "etc/redis/redis.conf").write_text("\n".join([*bare, "protected-mode no\n"]))
    with made.running():
        assert made.ask("PING").endswith("PONG"), "else this proves nothing: anybody may do anything here"
        assert made.probe("readinessProbe") != 0
    (made.root / "etc/redis/redis.conf").write_text(made.lines())
    with made.running():
        assert made.probe("readinessProbe") == 0


def test_a_server_that_is_loading_is_alive_and_not_ready(tmp_path: Path) -> None:
    """One that is killed while it reads its file reads it again from the start, for ever."""
    made = pod(tmp_path, "dev", "astrbot", "Redis")
    with made.running():
        made.ask("MSET", *(word for number in range(3000) for word in (f"key{number}", "x" * 100)))
        made.ask("SAVE")
    with (made.root / "etc/redis/redis.conf").open("a") as file:
        # From the dump, with a pause after each key (in microseconds), and a look at its clients after each KiB.
        file.write("appendonly no\nkey-load-delay 2000\nloading-process-events-interval-bytes 1024\n")
    with made.running():
        assert "LOADING" in made.ask("PING")
        assert made.probe("livenessProbe") == 0
        assert made.probe("readinessProbe") != 0


def test_no_argument_of_a_probe_is_a_password(tmp_path: Path) -> None:
    """The operator's own probes have it there, for everybody who sees the pod's processes."""
    for deployed in DEPLOYED:
        made = pod(tmp_path / "-".join(deployed), *deployed)
        for name in ("readinessProbe", "livenessProbe"):
            assert not re.search(r" -a |REDIS_PASSWORD", " ".join(made.part[name]["exec"]["command"]))


@pytest.mark.parametrize("deployed", DEPLOYED, ids=" ".join)
def test_what_was_written_is_there_after_a_restart(tmp_path: Path, deployed: tuple[str, str, str]) -> None:
    """Also under another version of the operator: it has renamed the file before, and Redis then starts empty."""
    made = pod(tmp_path, *deployed)
    with made.running():
        if made.clustered:
            made.ask("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
            _wait(made)
        assert made.ask("SET", "session", "kept") == "OK"
        assert "aof_enabled:1" in made.ask("INFO", "persistence")
    assert [path.name for path in (made.root / "data/appendonlydir").glob("*.manifest")] == ["appendonly.aof.manifest"]
    made.write()
    with made.running():
        if made.clustered:
            _wait(made)
        assert made.ask("GET", "session") == "kept"


# --- a cluster --------------------------------------------------------------------------------------------------------


def _wait(made: Pod) -> None:
    """Until it serves: a node waits two seconds after its start before it does (CLUSTER_WRITABLE_DELAY)."""
    for _ in range(100):
        if "cluster_state:ok" in made.ask("CLUSTER", "INFO"):
            return
        time.sleep(0.1)
    raise AssertionError(made.ask("CLUSTER", "NODES"))


@pytest.fixture(params=CLUSTERS, ids=" ".join)
def two(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Pod, Pod]]:
    """Two leaders, each with half of the slots."""
    stack_name, system, kind = request.param
    first, second = (pod(tmp_path, stack_name, system, kind, number) for number in range(2))
    # One authority for both.
    for file in (first.root / "tls").iterdir():
        (second.root / "tls" / file.name).write_bytes(file.read_bytes())
    with ExitStack() as stack:
        for one_of_them in (first, second):
            stack.enter_context(one_of_them.running())
        first.ask("CLUSTER", "ADDSLOTSRANGE", "0", "8191")
        second.ask("CLUSTER", "ADDSLOTSRANGE", "8192", "16383")
        assert first.ask("CLUSTER", "MEET", second.ip, str(second.port), str(second.bus)) == "OK"
        for one_of_them in (first, second):
            _wait_for_slots(one_of_them)
        yield first, second


def _wait_for_slots(made: Pod) -> None:
    for _ in range(200):
        if len(json.loads(made.ask("--json", "CLUSTER", "SLOTS"))) == 2:
            return _wait(made)
    raise AssertionError(made.ask("CLUSTER", "NODES"))


def test_clients_are_sent_to_names_that_resolve_and_that_the_certificate_has(two: tuple[Pod, Pod]) -> None:
    """A bare pod name resolves nowhere, and no certificate has it: every client stops at its first redirection."""
    first, second = two
    names = {slots[2][0] for slots in json.loads(first.ask("--json", "CLUSTER", "SLOTS"))}
    if "tls" not in first.facts:
        assert names == {"127.0.0.1"}, "addresses, which need no name and no certificate"
        return
    assert names == {first.host, second.host}
    # A key of the other's half is answered with where that is.
    moved = next(answer for key in "abcdefgh" if (answer := first.ask("GET", key)).startswith("MOVED"))
    assert moved.split()[-1] == f"{second.host}:{second.port}"
    for made in two:
        assert trusts(made, made.host)
        assert not trusts(made, made.host.partition(".")[0]), "what the image's own entrypoint announces"


def test_every_pod_has_a_name_in_the_certificate() -> None:
    """Of both roles and to the last ordinal: a follower answers under its own name once it has taken over."""
    for stack, system, kind in CLUSTERS:
        (body,) = of_system(recorded(stack), system, kind)
        for role in ("leader", "follower"):
            for ordinal in range(body["spec"][f"redis{role.title()}"]["replicas"]):
                made = Pod(recorded(stack), body, Path("/nowhere"), role=role, ordinal=ordinal)
                if "tls" not in made.facts:
                    continue
                wildcards = [name for name in certified(made) if fnmatch.fnmatch(made.host, name)]
                assert wildcards, made.host
                assert made.host.count(".") == wildcards[0].count("."), "a wildcard stands for one label"


def test_a_node_that_restarts_elsewhere_keeps_its_slots(two: tuple[Pod, Pod]) -> None:
    """A node that comes back as somebody else holds keys that nobody is sent to."""
    first, _second = two
    who = first.ask("CLUSTER", "MYID")
    assert "node-conf" in first.volumes, "the file would be gone"
    again = Pod(first.graph, first.body, first.root, port=first.port, bus=first.bus, ip="127.0.0.2")
    _stop(first)
    again.write()
    with again.running():
        assert again.ask("CLUSTER", "MYID") == who
        myself = next(line for line in again.ask("CLUSTER", "NODES").splitlines() if "myself" in line)
        assert myself.split()[-1] == "0-8191"
        assert "127.0.0.2" in myself, "the others are told where it is now"


def test_without_its_file_a_node_comes_back_as_a_stranger(two: tuple[Pod, Pod]) -> None:
    """Otherwise the test above would prove nothing."""
    first, _second = two
    who = first.ask("CLUSTER", "MYID")
    _stop(first)
    (first.root / "node-conf/nodes.conf").unlink()
    with first.running():
        assert first.ask("CLUSTER", "MYID") != who
        assert json.loads(first.ask("--json", "CLUSTER", "SLOTS")) == []


def _stop(made: Pod) -> None:
    made.ask("SHUTDOWN", "NOSAVE", "FORCE")
    for _ in range(100):
        with socket.socket() as one_more:
            if one_more.connect_ex(("127.0.0.1", made.port)) != 0:
                return
    raise AssertionError("it still listens")
