"""The stack of an environment in Pulumi's engine, with the program inline: the engine calls back into this process."""

from __future__ import annotations

import contextlib
import json
import os
import re
import runpy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pulumi
from pulumi import automation

from components.performance import ENGINE_VARIABLES, PARALLEL
from ops.engine.backend import Backend, LocalBackend
from ops.engine.plan import Listener, Plan
from ops.engine.programs import Programs
from ops.engine.state import resources_of
from ops.errors import OperationError
from paths import PROJECT, ROOT

# What the program declares is its own, whoever wrote the field last; what others own is in `ignore_changes`.
_PROVIDER_VARIABLES = {"PULUMI_K8S_ENABLE_PATCH_FORCE": "true", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS": "true"}
Deployment = dict[str, Any]
Note = Callable[[automation.EngineEvent], None]


# What an API server that is busy, being started anew or out of reach for a moment leaves in the engine's errors.
_PASSING = re.compile(
    r"TLS handshake timeout|connection (?:reset|refused)|\bEOF\b|i/o timeout|client connection lost|Client\.Timeout"
    r"|the server is currently unable|the server has received too many requests|the object has been modified"
)
_LAST_WORDS = ("update failed", "preview failed", "destroy failed", "Resource monitor has terminated")
# The provider's words for an object that is made and does not become ready.
_UNREADY = re.compile(r"timed out waiting|failed to initialize|failed to become|not become ready")
# The engine's words for a resource that it may not delete or replace.
_PROTECTED = re.compile(r"because it is protected|marked for protection")


class EngineError(OperationError):
    """The engine failed; the message has its own words, `done` what it had carried out of what it `planned`.

    `passing` says that all of its errors may pass by themselves, `protected` that it refused to remove something, and
    `unready` that something which it made does not become ready.
    """

    def __init__(self, message: str, done: Plan, planned: Plan | None = None, *, passing: bool = False) -> None:
        super().__init__(message)
        self.done, self.planned, self.passing = done, planned or Plan(), passing
        self.protected = bool(_PROTECTED.search(message))
        self.unready = bool(_UNREADY.search(message))


def program() -> None:
    """The Pulumi program, as `pulumi up` runs it."""
    runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")


@dataclass(frozen=True)
class EngineStack:
    """One stack. `note` is told the events of what changes something, `variables` are what its processes are given.

    `timeout` says for how many seconds an operation on one Kubernetes object may last, the waiting for its readiness
    included; without it, the provider decides by its kind.
    """

    name: str
    backend: Backend
    programs: Programs
    variables: Mapping[str, str]
    note: Note = lambda _event: None
    timeout: int | None = None
    program: Callable[[], None] = program
    # Fields, by (type, name) of their resource, that the engine is to leave as the state has them.
    left: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        """Whether the backend knows the stack."""
        if isinstance(self.backend, LocalBackend):
            return self.backend.state_file.exists()
        try:
            return self._stack.name == self.name
        except automation.StackNotFoundError:
            return False

    def export(self) -> Deployment:
        """The state: `version` and `deployment`, with the secrets encrypted; {} where there is no stack."""
        if not self.exists:
            return {}
        return dict(json.loads(self._run("stack", "export")))

    def begin(self) -> Deployment:
        """The state, of a stack that is made if there is none: it says how its secrets are encrypted."""
        self._ensure()
        return self.export()

    def resources(self) -> list[dict[str, Any]]:
        """The resources of the state, the stack's own among them."""
        return resources_of(self.export())

    def secrets(self) -> dict[str, str]:
        """The generated passwords of the state, by the names of their resources.

        Raises EngineError unless the secrets of the state can be decrypted here.
        """
        if not self.exists:
            return {}
        document = json.loads(self._run("stack", "export", "--show-secrets"))
        found = {}
        for one in resources_of(document):
            if one["type"] == "random:index/randomPassword:RandomPassword":
                found[str(one["urn"]).rpartition("::")[2]] = str(json.loads(one["outputs"]["result"]["plaintext"]))
        return found

    def replace_state(self, deployment: Deployment) -> None:
        """Put `deployment` in the place of the state; makes the stack where there is none.

        It goes by standard input: there may be secrets in it.
        """
        self._ensure()
        self._run("stack", "import", "--force", stdin=json.dumps(deployment))

    def preview(self, targets: Sequence[str] | None = None, packs: Sequence[str] = ()) -> Plan:
        """What `up` would do; nothing is changed."""
        self._ensure()
        with self._reporting("preview") as listener:
            self._stack.preview(
                **self._options(listener), target=_listed(targets), policy_packs=_listed(packs), program=self._program
            )
        return listener.planned

    def up(self, targets: Sequence[str] | None = None) -> Plan:
        """Carry the program out, or only the URNs `targets`; what was done. Raises EngineError."""
        self._ensure()
        with self._reporting("up") as listener:
            self._stack.up(**self._options(listener, noted=True), target=_listed(targets), program=self._program)
        return listener.done

    def refresh(self, urns: Sequence[str] | None = None) -> Plan:
        """Bring the state into agreement with the cluster: of all resources, or of some."""
        if not self.exists:
            return Plan()
        with self._reporting("refresh") as listener:
            self._stack.refresh(**self._options(listener), target=_listed(urns))
        return listener.done

    def destroy(self) -> Plan:
        """Remove everything of the stack. Raises EngineError."""
        with self._reporting("destroy") as listener:
            self._stack.destroy(**self._options(listener, noted=True))
        return listener.done

    def release_lock(self) -> None:
        """Let go of a lock that a killed run has left behind."""
        self._run("cancel", "--yes")

    def forget(self) -> None:
        """Remove the stack itself, of which nothing is left."""
        # Without `preserve_config` Pulumi would delete the environment's file with the stack.
        self._workspace.remove_stack(self.name, preserve_config=True)

    def _program(self) -> None:
        if self.timeout is not None:
            pulumi.runtime.register_stack_transformation(_lasting(self.timeout))
        if self.left:
            pulumi.runtime.register_stack_transformation(_leaving(self.left))
        self.program()

    def _ensure(self) -> None:
        if not self.exists:
            with self._reporting("stack init"):
                self._workspace.create_stack(self.name)

    @cached_property
    def _workspace(self) -> automation.LocalWorkspace:
        return automation.LocalWorkspace(
            work_dir=str(self.backend.work_dir),
            pulumi_command=self.programs.command,
            env_vars={**_cures(), **_PROVIDER_VARIABLES, **self.variables, **self.backend.variables()},
        )

    @cached_property
    def _stack(self) -> automation.Stack:
        with self._reporting("stack select"):
            return automation.Stack.select(self.name, self._workspace)

    def _run(self, *arguments: str, stdin: str | None = None) -> str:
        """What a command of the CLI that the Automation API lacks prints on standard output."""
        import subprocess

        workspace = self._workspace
        command = [workspace.pulumi_command.command, *arguments, "--stack", self.name, "--non-interactive"]
        environment = {**os.environ, **workspace.env_vars}
        done = subprocess.run(
            command, cwd=workspace.work_dir, env=environment, input=stdin, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise EngineError(_failure(" ".join(arguments[:2]), [], done.stderr), Plan())
        return done.stdout

    def _options(self, listener: Listener, *, noted: bool = False) -> dict[str, Any]:
        def note(event: automation.EngineEvent) -> None:
            listener.note(event)
            if noted:
                self.note(event)

        options: dict[str, Any] = {"parallel": PARALLEL, "color": "never", "suppress_progress": True, "on_event": note}
        if (file := self.backend.config_file) is not None:
            options["config_file"] = str(file)
        return options

    @contextlib.contextmanager
    def _reporting(self, what: str) -> Iterator[Listener]:
        """Turn the engine's failures into one error with its own words."""
        listener = Listener()
        try:
            yield listener
        except automation.StackNotFoundError:
            # An answer, and no failure.
            raise
        except automation.ConcurrentUpdateError as error:
            raise EngineError(_locked(), listener.done) from error
        except automation.CommandError as error:
            said = str(error).rpartition("stderr:")[2].strip()
            # Servers other than Pulumi Cloud word their refusal so that the Automation API takes it for any failure.
            if "[409]" in said:
                raise EngineError(_locked(), listener.done) from error
            done = Plan(listener.done.steps, listener.done.unchanged, tuple(listener.findings))
            errors = _telling(listener.errors)
            passing = bool(errors) and all(map(_passes, errors))
            raise EngineError(_failure(what, errors, said), done, listener.planned, passing=passing) from error


def _lasting(seconds: int) -> pulumi.ResourceTransformation:
    """Gives each Kubernetes object that long to be made and to be changed."""
    timeouts = pulumi.CustomTimeouts(create=f"{seconds}s", update=f"{seconds}s")

    def transformation(arguments: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not arguments.type_.startswith("kubernetes:") or arguments.opts.custom_timeouts is not None:
            return None
        options = pulumi.ResourceOptions.merge(arguments.opts, pulumi.ResourceOptions(custom_timeouts=timeouts))
        return pulumi.ResourceTransformationResult(arguments.props, options)

    return transformation


def _leaving(left: Mapping[tuple[str, str], list[str]]) -> pulumi.ResourceTransformation:
    """Keeps the engine from fields that are changed around it; of what it makes they are all its own."""

    def transformation(arguments: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if (fields := left.get((arguments.type_, arguments.name))) is None:
            return None
        options = pulumi.ResourceOptions.merge(arguments.opts, pulumi.ResourceOptions(ignore_changes=fields))
        return pulumi.ResourceTransformationResult(arguments.props, options)

    return transformation


def _cures() -> dict[str, str]:
    """What makes the engine fast, unless the user has set it."""
    return {name: value for name, value in ENGINE_VARIABLES.items() if name not in os.environ}


def _listed(urns: Sequence[str] | None) -> list[str] | None:
    return list(urns) if urns else None


def _locked() -> str:
    return (
        "another update of this stack is in progress; wait until it has ended. If its run was killed, "
        f"`pulumi cancel` releases the stack of {PROJECT}: then run this command again"
    )


def _passes(error: str) -> bool:
    """Whether an error may pass by itself: pods that do not answer their probes say the same words, and do not."""
    return bool(_PASSING.search(error)) and not _UNREADY.search(error)


def _telling(errors: Sequence[str]) -> list[str]:
    """The errors that say something: not the engine's own last words."""
    return [one for one in errors if not one.startswith(_LAST_WORDS)]


def _failure(what: str, errors: Sequence[str], said: str) -> str:
    if errors:
        return "\n  ".join([f"pulumi {what} failed:", *errors])
    return f"pulumi {what} failed: {said.removeprefix('error: ') or 'its own words are above'}"
