"""Generated passwords of the recorded engine, kept in a file that only its owner can read.

They are what Pulumi keeps in its state: made once per environment, so that a second run changes nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import string
from collections.abc import Mapping
from typing import Any

from ops.errors import OperationError
from paths import state_directory

_ALPHABET = string.ascii_letters + string.digits


class PasswordFile:
    """The passwords of one environment in one cluster, by their resource's name; without a `context`, in the sandbox.

    Use `password` as the recorder's source.
    """

    def __init__(self, stack: str, context: str | None = None) -> None:
        # A context's name may hold anything, slashes too, and two must never share a file.
        suffix = f"-{hashlib.sha256(context.encode()).hexdigest()[:12]}" if context else ""
        self.path = state_directory() / stack / f"passwords{suffix}.json"
        self._values = self._read()

    def password(self, name: str, inputs: Mapping[str, Any]) -> str:
        """The password `name`; a new one is on disk before it is handed out, so none in use is ever lost."""
        if name not in self._values:
            self._values[name] = "".join(secrets.choice(_ALPHABET) for _ in range(int(inputs["length"])))
            self._write()
        return self._values[name]

    def remove(self) -> None:
        """Forget all passwords; for an environment whose data is gone."""
        self.path.unlink(missing_ok=True)

    def _read(self) -> dict[str, str]:
        try:
            values = json.loads(self.path.read_text(encoding="utf-8"))
            if not isinstance(values, dict):
                raise ValueError("it holds no JSON object")
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise OperationError(
                f"{self.path}: cannot be read: {error}; restore it or remove the environment"
            ) from error
        return {str(name): str(value) for name, value in values.items()}

    def _write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = self.path.with_suffix(".new")
        # Readable by its owner from the first byte, and complete before it takes the place of the old one. What a run
        # that was killed left of it may have another mode.
        temporary.unlink(missing_ok=True)
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(self._values, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path)
