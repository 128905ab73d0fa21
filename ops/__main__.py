"""`python -m ops`."""

import gc

# On again once the command's modules are imported: see `ops.cli`.
gc.disable()

from ops.cli import main  # noqa: E402

if __name__ == "__main__":
    main()
