"""What captures of a whole scrollback cost, stored whole and as `Deduplicator` does it.

Run by hand: `python tests/bench/bench_captures.py`. Two hours of one agent, captured every 5 s.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from typing import NamedTuple

from logging_core.codec.pane import encode_frame
from logging_core.write.captures import Deduplicator

PERIOD_S = 5
CAPTURES = 2 * 3600 // PERIOD_S
HISTORY = 5000
NEW_LINES = HISTORY / CAPTURES
MAX_KEPT = 64 << 20


class Cost(NamedTuple):
    """Of all captures of a session together; the CPU time includes encoding and writing."""

    size: int
    frames: int
    cpu_s: float
    slowest_s: float


def plain(n: int) -> str:
    """About 80 columns of what agents print."""
    return f"  ⎿  {n:6d} src/module_{n % 97}.py  {'─' * (n % 29)} updated, {n % 7} lines changed"


def coloured(n: int) -> str:
    """The same as tmux gives it with colours."""
    text = plain(n)
    return f"\x1b[1m\x1b[3{n % 7}m{text[:20]}\x1b[0m\x1b[39m{text[20:60]}\x1b[34m{text[60:]}"


def screen(turn: int) -> str:
    """A spinner that is another one each time, and the input box."""
    return f"✻ Pondering… ({turn * PERIOD_S}s)\n╭{'─' * 76}╮\n│ >{' ' * 74}│\n╰{'─' * 76}╯"


def growing(lines: list[str]) -> Iterator[str]:
    """The history grows from nothing to 5,000 lines."""
    for turn in range(CAPTURES):
        yield "\n".join([*lines[: int((turn + 1) * NEW_LINES)], screen(turn)])


def limited(lines: list[str]) -> Iterator[str]:
    """The history is full; when it is, tmux drops a tenth of it."""
    first = 0
    for turn in range(CAPTURES):
        last = HISTORY + int(turn * NEW_LINES)
        if last - first > HISTORY:
            first += HISTORY // 10
        yield "\n".join([*lines[first:last], screen(turn)])


def sliding(lines: list[str]) -> Iterator[str]:
    """Every capture is the last 5,000 lines: each begins at another one."""
    for turn in range(CAPTURES):
        first = int(turn * NEW_LINES)
        yield "\n".join([*lines[first : first + HISTORY], screen(turn)])


def idle(lines: list[str]) -> Iterator[str]:
    """5,000 lines, and nothing changes."""
    for _ in range(CAPTURES):
        yield "\n".join([*lines[:HISTORY], screen(0)])


def measure(captures: Iterator[str], log: Deduplicator) -> Cost:
    """Take, encode and write every capture of a session."""
    size = frames = 0
    spent: list[float] = []
    with tempfile.TemporaryFile(buffering=0) as file:
        for turn, text in enumerate(captures):
            began = time.process_time()
            frame = log.take(turn * PERIOD_S, text)
            if frame is not None:
                data = encode_frame(turn * PERIOD_S, frame)
                os.write(file.fileno(), data)
                log.commit()
                size += len(data)
                frames += 1
            spent.append(time.process_time() - began)
            if os.lseek(file.fileno(), 0, os.SEEK_CUR) > MAX_KEPT:
                os.ftruncate(file.fileno(), 0)
                os.lseek(file.fileno(), 0, os.SEEK_SET)
    return Cost(size, frames, sum(spent), max(spent))


def memory(instances: int) -> int:
    """Bytes that the logs of so many panes of 5,000 lines hold."""
    text = "\n".join(map(plain, range(HISTORY)))
    tracemalloc.start()
    logs = [Deduplicator() for _ in range(instances)]
    for log in logs:
        log.take(0, text)
        log.commit()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held


def main() -> None:
    """Print one row per session."""
    write = sys.stdout.write
    write(f"{CAPTURES} captures, one every {PERIOD_S} s, {HISTORY} lines of history\n")
    write("session            |    stored whole: MB  ms/capture |   ours: MB  frames  ms/capture")
    write("  slowest ms | MB ratio  CPU ratio\n")
    for make in (plain, coloured):
        lines = list(map(make, range(2 * HISTORY)))
        for session in (growing, limited, sliding, idle):
            whole = measure(session(lines), Deduplicator(full=True))
            ours = measure(session(lines), Deduplicator())
            name = f"{session.__name__}, {make.__name__}"
            write(
                f"{name:18} | {whole.size / 1e6:19.1f}  {whole.cpu_s / CAPTURES * 1e3:10.2f} | "
                f"{ours.size / 1e6:10.2f}  {ours.frames:6d}  {ours.cpu_s / CAPTURES * 1e3:10.2f}  "
                f"{ours.slowest_s * 1e3:10.2f} | {whole.size / ours.size:8.1f}  "
                f"{whole.cpu_s / ours.cpu_s:9.1f}\n"
            )
    write(f"100 panes of {HISTORY} lines hold {memory(100) / 1e6:.1f} MB of memory\n")


if __name__ == "__main__":
    main()
