"""Ports are chosen once and remembered."""

from __future__ import annotations

import socket
from pathlib import Path

from sandbox import ports


def test_a_second_start_gets_the_same_ports(tmp_path: Path) -> None:
    file = tmp_path / "default" / "ports.json"
    first = ports.remembered(file, ["etcd", "kube-apiserver"])
    assert ports.remembered(file, ["etcd", "kube-apiserver"]) == first, "a kubeconfig would point nowhere"


def test_a_new_listener_gets_a_port_and_the_others_keep_theirs(tmp_path: Path) -> None:
    file = tmp_path / "default" / "ports.json"
    before = ports.remembered(file, ["etcd"])
    after = ports.remembered(file, ["etcd", "kwok"])
    assert after["etcd"] == before["etcd"]
    assert after["kwok"] != after["etcd"]


def test_a_port_that_something_listens_on_is_not_chosen() -> None:
    with socket.socket() as busy:
        busy.bind((ports.LOOPBACK, 0))
        busy.listen()
        assert ports.taken(busy.getsockname()[1]), "the start would fail with 'address already in use'"


def test_the_ports_of_a_stopped_sandbox_are_left_to_it(tmp_path: Path) -> None:
    other = ports.remembered(tmp_path / "other" / "ports.json", ["etcd"])
    everything_else = [port for port in range(20000, 30000) if port != other["etcd"]]
    mine = ports.remembered(tmp_path / "mine" / "ports.json", [str(number) for number in range(50)])
    assert other["etcd"] not in mine.values()
    assert set(mine.values()) <= set(everything_else)


def test_a_broken_file_of_ports_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "default" / "ports.json"
    file.parent.mkdir()
    file.write_text('{"etcd": 2')
    assert ports.remembered(file, ["etcd"])["etcd"] in range(20000, 30000)
