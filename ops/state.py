"""`ops state backup|restore|check`: the state of a stack, which no run can do without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ops.console import console
from ops.engine.backend import LocalBackend, backend_of
from ops.engine.consent import Consent
from ops.engine.programs import find
from ops.engine.stack import EngineStack
from ops.engine.state import Backups, problems, read_backup, refuse_torn_file, resources_of
from ops.errors import EXIT_FAILURE, OperationError


def backup(stack: str) -> int:
    """Keep the state as it is now; each run that changes something does so by itself."""
    with _opened(stack) as engine:
        path = Backups(stack).make(engine.export())
    console().print(f"{stack}: the state is kept in {path}" if path else f"{stack}: the newest backup has this state")
    return 0


def restore(stack: str, name: str | None, *, yes: bool) -> int:
    """Put a backup, without a name the newest, in the place of the state. What is there now is kept beside it."""
    path = Backups(stack).find(name)
    document = read_backup(path)
    if wrong := list(problems(document, stack)):
        raise OperationError("\n  ".join([f"{path}: is not sound; nothing was changed:", *wrong]))
    Consent.of("", yes=yes).ask_by_name(stack, "put the backup in the place of its state")
    with _opened(stack, check=False) as engine:
        _set_aside(stack)
        engine.replace_state(document)
    count = len(resources_of(document))
    console().print(
        f"{stack}: restored {count} resources from {path.name}. `make up ENV={stack}` compares with the cluster"
    )
    return 0


def check(stack: str) -> int:
    """Say whether the state can be read and is sound; returns 1 if not."""
    with _opened(stack) as engine:
        document = engine.export()
        wrong = list(problems(document, stack))
        # The secrets open with the passphrase of this machine, or they do not.
        engine.secrets()
    out = console()
    for line in wrong:
        out.print(line, markup=False)
    count = len(resources_of(document))
    kept = Backups(stack).all()
    out.print(
        f"{stack}: {count} resources, {'sound' if not wrong else 'not sound'}; {len(kept)} backups"
        + (f", the newest {kept[0].stem}" if kept else "")
    )
    return EXIT_FAILURE if wrong else 0


def unprotect(stack: str, urns: list[str], *, yes: bool) -> int:
    """Take the protection of resources away: the next `up` that no longer declares them deletes them."""
    with _opened(stack) as engine:
        document = engine.export()
        known = {str(one["urn"]): one for one in resources_of(document)}
        if unknown := [urn for urn in urns if urn not in known]:
            raise OperationError("\n  ".join([f"the state of {stack} has no such resource:", *unknown]))
        Consent.of("", yes=yes).ask_by_name(stack, "take the protection away")
        Backups(stack).make(document)
        for urn in urns:
            known[urn].pop("protect", None)
        engine.replace_state(document)
    console().print(f"{stack}: {len(urns)} resources are no longer protected")
    return 0


@contextmanager
def _opened(stack: str, *, check: bool = True) -> Iterator[EngineStack]:
    backend = backend_of(stack)
    if check and isinstance(backend, LocalBackend):
        refuse_torn_file(backend)
    programs = find(console())
    yield EngineStack(stack, backend, programs, programs.variables)


def _set_aside(stack: str) -> None:
    """A file that the engine cannot read is moved away, and one that it can is kept as a backup."""
    backend = backend_of(stack)
    if not isinstance(backend, LocalBackend) or not backend.state_file.exists():
        return
    try:
        refuse_torn_file(backend)
    except OperationError:
        backend.state_file.replace(backend.state_file.with_suffix(".torn"))
