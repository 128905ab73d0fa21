"""What the Pulumi engine starts for `pulumi preview --policy-pack policy`: serves the pack until the engine ends it.

Where the engine has no language host for Python, it starts `policy/analyzer`, which starts this.

The only place that constructs a PolicyPack, because constructing one starts a server and blocks.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from pathlib import Path

_HERE = Path(__file__).resolve().parent


def _end_with_standard_input() -> None:
    """End the process when its standard input ends: with the engine, also when that is killed and cannot say so."""
    # Not by way of sys.stdin, whose lock Python would want at its own end.
    while os.read(0, 1024):
        pass
    os._exit(0)


def main() -> None:
    """Serve the pack with the levels of the stack's tier."""
    if "--end-with-standard-input" in sys.argv:
        threading.Thread(target=_end_with_standard_input, daemon=True).start()
    # The engine runs this folder as a program, with the folder itself first on the path. There its modules would
    # stand at top level and could shadow others; they belong to the package `policy` below the repository's root.
    # The engine waits: garbage can be collected once the pack has been loaded (`analysis.read_once`).
    gc.disable()
    sys.path[:] = [str(_HERE.parent), *(entry for entry in sys.path if Path(entry).resolve() != _HERE)]
    from policy.engine.pack import serve
    from policy.engine.settings import tier_of_engine

    serve(tier_of_engine(os.environ))


if __name__ == "__main__":
    main()
