"""`python -m logging_core.demo TREE`: write the demo's history, then continue live."""

from __future__ import annotations

import argparse
import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from logging_core.demo.simulation import DEFAULT_SEED, HISTORY_S, Simulation


def main(argv: Sequence[str] | None = None) -> int:
    """Write until stdin is closed or SIGTERM arrives; return the exit code."""
    options = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _leave)
    now_s = time.time()
    try:
        simulation = Simulation(
            options.tree,
            start_s=now_s - options.history,
            live_from_s=now_s,
            seed=options.seed,
            speed=options.speed,
        )
        try:
            simulation.run(now_s)
            with suppress(BrokenPipeError):
                os.write(sys.stdout.fileno(), b"ready\n")
            _go_on(simulation)
        finally:
            simulation.close()
    finally:
        if options.remove:
            with suppress(FileNotFoundError):
                shutil.rmtree(options.tree)
    return 0


def _go_on(simulation: Simulation) -> None:
    """Keep the fleet running until the other end of stdin is closed."""
    while True:
        wait_s = max(0.0, simulation.next_s - time.time())
        readable, _, _ = select.select([sys.stdin], [], [], wait_s)
        if readable and not os.read(sys.stdin.fileno(), 4096):
            return
        simulation.keep_up(time.time())


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m logging_core.demo",
        description="Simulate a fleet of coding agents that writes a log tree, until stdin closes.",
    )
    parser.add_argument("tree", type=Path, metavar="TREE", help="directory to write into")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="same seed, same fleet")
    parser.add_argument(
        "--history",
        type=seconds,
        default=HISTORY_S,
        metavar="SECONDS",
        help="how much history to write first (default: an hour)",
    )
    parser.add_argument(
        "--speed", type=factor, default=1.0, metavar="X", help="work X times as fast when live"
    )
    parser.add_argument("--remove", action="store_true", help="remove TREE at the end")
    return parser


def seconds(text: str) -> float:
    """Parse a duration from the command line: finite, at least 0.

    Raises:
        ValueError: It is not such a number.
    """
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError(text)
    return value


def factor(text: str) -> float:
    """Parse a factor from the command line: finite, above 0.

    Raises:
        ValueError: It is not such a number.
    """
    value = seconds(text)
    if value == 0:
        raise ValueError(text)
    return value


if __name__ == "__main__":
    sys.exit(main())
