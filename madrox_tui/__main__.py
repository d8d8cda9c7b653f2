"""The entry point of `madrox-top` and `python -m madrox_tui`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run with the process's arguments and return the exit code.

    From here on an interrupt ends the program without a traceback, even while modules load.
    """
    try:
        from madrox_tui.cli import main as run
    except KeyboardInterrupt:
        return 130
    return run()


if __name__ == "__main__":
    sys.exit(main())
