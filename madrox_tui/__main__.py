"""`madrox-top`, which is also `python -m madrox_tui`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run it with the arguments of the process; the exit code.

    An interrupt ends it without a traceback from here on: while it loads, too.
    """
    try:
        from madrox_tui.cli import main as run
    except KeyboardInterrupt:
        return 130
    return run()


if __name__ == "__main__":
    sys.exit(main())
