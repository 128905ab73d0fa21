"""The processes of the control plane: kept, killed, lost, recycled, stopped."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox import Sandbox, processes
from tests.sandbox.cluster import SECONDS, Cluster, alive, pids, runs


def test_a_second_up_changes_no_process(control_plane: Sandbox) -> None:
    before = pids(control_plane)
    control_plane.up()
    assert pids(control_plane) == before


def test_up_adds_and_removes_nodes(cluster: Cluster, control_plane: Sandbox) -> None:
    control_plane.up(nodes=4, zones=2, cpu="8")
    four = cluster.get("nodes")["items"]
    assert {node["status"]["allocatable"]["cpu"] for node in four} == {"8"}
    assert len(four) == 4
    control_plane.up()
    status = control_plane.status()
    assert (status.nodes_ready, status.nodes_total) == (3, 3)


@pytest.mark.parametrize("component", ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"])
def test_up_brings_back_a_component_that_was_killed(control_plane: Sandbox, component: str) -> None:
    before = pids(control_plane)
    victim = before[component]
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    deadline = time.monotonic() + SECONDS
    while control_plane.running:
        assert time.monotonic() < deadline, f"{component} still counts as running"
    control_plane.up()
    after = pids(control_plane)
    assert control_plane.status().running
    assert after[component] != victim
    others = {name: pid for name, pid in after.items() if name != component}
    assert others == {name: pid for name, pid in before.items() if name != component}, "more than it was restarted"


def test_up_replaces_a_component_whose_record_was_lost(control_plane: Sandbox) -> None:
    before = pids(control_plane)["kube-scheduler"]
    assert before is not None
    (control_plane.folder / "pids" / "kube-scheduler.json").unlink()
    control_plane.up()
    assert not runs(before), "two schedulers would bind the same pods"
    assert control_plane.status().running


def test_down_leaves_a_process_alone_that_got_a_recycled_pid(tmp_path: Path) -> None:
    sandbox = Sandbox("recycled", state=tmp_path)
    stranger = processes.spawn(["/bin/sleep", "60"], {}, tmp_path / "stranger.log")
    processes.write(sandbox.folder / "pids" / "etcd.json", replace(stranger, started=stranger.started - 3600))
    try:
        sandbox.down()
        assert stranger.process is not None, "down killed a stranger's process"
    finally:
        processes.stop(stranger)


def test_down_keeps_objects_and_addresses_and_reset_leaves_nothing(control_plane: Sandbox, tmp_path: Path) -> None:
    sandbox = Sandbox("short-lived", state=tmp_path)
    try:
        sandbox.up(nodes=1, custom_resources=())
        Cluster(sandbox, "default").run("create", "configmap", "kept")
        before, first = sandbox.kubeconfig.read_text(), pids(sandbox)
        sandbox.down()
        assert not alive(first), "down left processes"
        assert not sandbox.running
        sandbox.up(nodes=1, custom_resources=())
        assert sandbox.kubeconfig.read_text() == before, "the address or the certificates changed"
        Cluster(sandbox, "default").run("get", "configmap", "kept")
        assert control_plane.running, "two sandboxes do not run side by side"
        second = pids(sandbox)
    finally:
        sandbox.reset()
    assert not alive(second), "reset left processes"
    assert not sandbox.folder.exists()
