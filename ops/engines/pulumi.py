"""The Pulumi engine, driven through its Automation API.

State lives in whatever backend the user chose (`PULUMI_BACKEND_URL` or `pulumi login`), else in local files below
`.state/`, encrypted with a passphrase that only the owner of those files can read.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi import automation
from rich.console import Console

from components.performance import ENGINE_VARIABLES, ONE_CHECKPOINT, PARALLEL
from graph.model import Graph
from ops.clusters import Cluster
from ops.engines.local_backend import LocalBackend, user_has_a_backend
from ops.errors import OperationError
from paths import ROOT, environment_of

# Read by the Kubernetes provider: an object that exists is taken over, and so are its fields, of which the run that
# made it is the manager under another name.
_TAKE_OVER = {"PULUMI_K8S_UPSERT_EXISTING_OBJECTS": "true", "PULUMI_K8S_ENABLE_PATCH_FORCE": "true"}
_DONE = {"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"}


class PulumiEngine:
    """`pulumi up` and `pulumi destroy` of one stack, with the engine's own output passed on line by line."""

    def __init__(self, graph: Graph, cluster: Cluster, console: Console) -> None:
        self._stack_name, self._cluster, self._console = graph.stack, cluster, console
        self._local = None if user_has_a_backend() else LocalBackend(graph.stack)
        self._one_checkpoint = self._local is not None and can_be_found_again(graph)

    def up(self, targets: list[str] | None = None) -> str:
        """Deploy all, or only the URNs `targets`; returns what changed, such as `93 created` or `no changes`.

        Raises OperationError if it fails.
        """
        with self._clean_file():
            stack = self._open()
            if self._recover(stack):
                self._take_over()
            changes = self._update(stack, targets)
        unchanged = changes.pop("same", 0)
        text = ", ".join(f"{count} {_DONE.get(kind, kind)}" for kind, count in sorted(changes.items()) if count)
        return f"{text or 'no changes'}, {unchanged} resources unchanged"

    def deployed(self) -> list[Mapping[str, Any]]:
        """The resources of the stack's state, as Pulumi exports them; none if there was no deployment yet."""
        with self._clean_file():
            return list((self._open().export_stack().deployment or {}).get("resources") or ())

    def _update(self, stack: automation.Stack, targets: list[str] | None = None) -> dict[str, int]:
        changes = _Changes()
        with _reported("up"):
            stack.up(**self._options(), target=targets, on_event=changes.note)
        return changes.by_kind

    def down(self) -> int:
        """Destroy everything of the stack, and the stack itself; returns how many resources that were.

        Protected resources make the engine refuse.
        """
        with self._clean_file():
            stack = self._open()
            if self._recover(stack) and self._one_checkpoint:
                # What the killed run made can only be removed once the state knows of it.
                self._take_over()
            changes = _Changes()
            with _reported("destroy"):
                stack.destroy(**self._options(), on_event=changes.note)
            # Without `preserve_config` Pulumi would delete the environment's file with the stack.
            stack.workspace.remove_stack(self._stack_name, preserve_config=True)
            if self._local:
                self._local.recovered()
        return changes.by_kind.get("delete", 0)

    def _take_over(self) -> None:
        """Bring objects into the state of whose creation it never heard, since the run that made them was killed.

        They are ours, and from then on everything is as if nothing had happened.
        """
        self._update(self._open(_TAKE_OVER))
        if self._local:
            self._local.recovered()

    def _open(self, variables: Mapping[str, str] | None = None) -> automation.Stack:
        workspace = automation.LocalWorkspace(work_dir=str(ROOT), env_vars={**self._variables(), **(variables or {})})
        with _reported("stack init"):
            try:
                stack = automation.Stack.select(self._stack_name, workspace)
            except automation.StackNotFoundError:
                stack = automation.Stack.create(self._stack_name, workspace)
        return stack

    def _variables(self) -> dict[str, str]:
        """What the engine's process is given beside this one's environment, in which the user has the last word."""
        wanted = ENGINE_VARIABLES | (ONE_CHECKPOINT if self._one_checkpoint else {})
        cures = {name: value for name, value in wanted.items() if name not in os.environ}
        return cures | (self._local.variables() if self._local else {})

    @contextlib.contextmanager
    def _clean_file(self) -> Iterator[None]:
        """Before and after: a run that was killed may have left something behind."""
        try:
            if self._local:
                self._local.clean()
            yield
        finally:
            if self._local:
                self._local.clean()

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {
            "parallel": PARALLEL,
            "color": "never",
            # One line for each step of each object would be hundreds; the summary and all diagnostics stay.
            "suppress_progress": True,
            "on_output": self._print,
        }
        return options | self._config_file()

    def _config_file(self) -> dict[str, str]:
        if self._local:
            return {"config_file": str(self._local.config_file())}
        environment = environment_of(self._stack_name)
        return {"config_file": str(ROOT / f"Pulumi.{environment}.yaml")} if environment != self._stack_name else {}

    def _recover(self, stack: automation.Stack) -> bool:
        """Take up where a run that was killed left off: a lock that nobody holds, creations without an answer.

        Returns whether there was one.
        """
        if self._local and self._local.abandoned_lock():
            self._console.print("The last run was killed; releasing its lock", style="yellow")
            self._local.remember_kill()
            stack.cancel()
        killed = self._local is not None and self._local.was_killed()
        pending = (stack.export_stack().deployment or {}).get("pending_operations") or []
        creating = [one["resource"] for one in pending if one.get("type") == "creating"]
        if not creating:
            return killed
        self._console.print(f"The last run was killed; looking up {len(creating)} objects that it was creating")
        found = [pair for pair in map(_import_pair, creating) if pair]
        arguments = ["refresh", "--yes", "--color=never", "--stack", self._stack_name]
        arguments += [f"--import-pending-creates={part}" for pair in found for part in pair]
        arguments += ["--clear-pending-creates"] if len(found) < len(creating) else []
        arguments += [f"--config-file={path}" for path in self._config_file().values()]
        # The Automation API's own `refresh` has no parameter for what is to be imported.
        with _reported("refresh"):
            workspace = stack.workspace
            workspace.pulumi_command.run(arguments, workspace.work_dir, workspace.env_vars, self._print)
        return True

    def _print(self, line: str) -> None:
        if line.strip():
            self._console.print(line, markup=False)


def can_be_found_again(graph: Graph) -> bool:
    """Whether all that a killed run has made is known by its name: Kubernetes objects, and nothing else.

    A generated password is only in the state, a resource of AWS has its id from there, and Helm knows its releases.
    """
    made = [one for one in graph if one.custom and not one.type.startswith("pulumi:providers:")]
    return all(one.is_kubernetes_object for one in made)


class _Changes:
    """What the engine says at its end that it changed: how many resources by `create`, `update`, `same` and so on.

    The Automation API's own summary comes from the backend's history, which not every backend fills.
    """

    def __init__(self) -> None:
        self.by_kind: dict[str, int] = {}

    def note(self, event: automation.EngineEvent) -> None:
        if event.summary_event:
            # Declared as OpType by the Automation API, which in fact hands over plain strings.
            counts = event.summary_event.resource_changes
            self.by_kind = {automation.OpType(kind).value: count for kind, count in counts.items()}


@contextlib.contextmanager
def _reported(what: str) -> Iterator[None]:
    """Turn the engine's failures into one error with its own words."""
    try:
        yield
    except automation.CommandError as error:
        said = str(error).rpartition("stderr:")[2].strip()
        # Servers other than Pulumi Cloud word their refusal so that the Automation API takes it for any failure.
        if isinstance(error, automation.ConcurrentUpdateError) or "[409]" in said:
            raise OperationError(
                "another update of this stack is in progress; wait until it has ended. If its run was killed, "
                "`pulumi cancel` releases the stack: then run this command again"
            ) from error
        raise OperationError(f"pulumi {what} failed: {said or 'its own words are above'}") from error


def _import_pair(resource: dict[str, Any]) -> tuple[str, str] | None:
    """(URN, id) of a Kubernetes object whose creation was not answered; its id follows from its name."""
    if not str(resource.get("type", "")).startswith("kubernetes:"):
        return None
    metadata = resource.get("inputs", {}).get("metadata", {})
    name, namespace = metadata.get("name"), metadata.get("namespace")
    return (resource["urn"], f"{namespace}/{name}" if namespace else name) if name else None
