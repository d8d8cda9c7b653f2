"""The process that prepares a history for another one: see `logging_core.history.preparing`."""

from __future__ import annotations

import sys
from typing import IO

from logging_core.child import Unwanted
from logging_core.history.preparing import Request, prepare_whole
from logging_core.history.spill import Spill


def main(argv: list[str], output: IO[bytes], progress: IO[bytes]) -> int:
    """Be that process: the exit code is 0 if a `Prepared` was handed over.

    Args:
        argv: Who wants it, by process id.
        output: The file, which holds a `Request`.
        progress: Where it says how many records were read, a line each time, and at last where
            in the file the other process finds what was handed over.
    """

    def tell(count: int) -> None:
        progress.write(b"%d\n" % count)
        progress.flush()

    spill = Spill(output)
    try:
        request: Request = spill.take_over(0)
        prepared = prepare_whole(request, spill, tell, Unwanted(int(argv[0])))
        if prepared is None:
            return 1
        progress.write(b"end %d\n" % spill.hand_over(prepared))
        progress.flush()
    except OSError:  # no room on the disk, or whoever wants it is gone
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdout.buffer, sys.stderr.buffer))
