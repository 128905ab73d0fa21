"""Run the unchanged program in memory and return its graph. Needs no Pulumi CLI, cluster or credential."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import json
import os
import runpy
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from pulumi.runtime import Settings, configure, mocks, run_in_stack, set_all_config

from graph.model import Graph
from graph.monitor import PasswordSource, RecordingMonitor, placeholder_password
from paths import PROJECT, ROOT
from stacks.errors import ConfigurationError, from_source
from stacks.source import Source

_T = TypeVar("_T")


class _Inline(ThreadPoolExecutor):
    """Runs at once what is submitted: recording needs no threads, and this way its order is always the same."""

    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        future: Future[_T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


def record(stack: str, passwords: PasswordSource = placeholder_password) -> Graph:
    """The graph of an environment by its stack name.

    `passwords` gives the value of each generated password. Raises stacks.errors.ConfigurationError if the
    environment's configuration is invalid; then nothing was registered.
    """
    # In a context of its own: the SDK keeps its settings in context variables, and none of ours may stay behind.
    return contextvars.copy_context().run(_record, stack, passwords)


def _record(stack: str, passwords: PasswordSource) -> Graph:
    source = Source.of_stack(stack)
    if not source.path.is_file():
        raise ConfigurationError(from_source(source))
    monitor = RecordingMonitor(passwords)
    # The runner copies the context that it is made in: the settings must be there first.
    configure(Settings(project=PROJECT, stack=stack, monitor=monitor, engine=mocks.MockEngine(None), dry_run=False))
    with _configuration(source.config), asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(_Inline(max_workers=1))
        runner.run(run_in_stack(_program))
    return Graph(stack, tuple(monitor.recorded), monitor.stack_outputs)


def _program() -> None:
    runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")


@contextlib.contextmanager
def _configuration(config: Any) -> Iterator[None]:
    """Hand the file's values to the program as the Pulumi engine does: in the environment, objects as JSON."""
    values = {key: _encoded(value) for key, value in config.items()}
    before = os.environ.get("PULUMI_CONFIG")
    os.environ["PULUMI_CONFIG"] = json.dumps(values)
    set_all_config(values)
    try:
        yield
    finally:
        if before is None:
            del os.environ["PULUMI_CONFIG"]
        else:
            os.environ["PULUMI_CONFIG"] = before


def _encoded(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
