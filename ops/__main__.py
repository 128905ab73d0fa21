"""`python -m ops`."""

import gc

# On again once the command's modules are imported: see `ops.commands`.
gc.disable()

from ops.commands import main  # noqa: E402

if __name__ == "__main__":
    main()
