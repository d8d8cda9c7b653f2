"""What reading costs, beside others that do the same: `python tests/bench/bench_reader.py`.

`--full` takes files of 1 GB instead of 100 MB. All trees are made in a temporary directory.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from logging_core.read.follow import follow
from logging_core.read.messages import MessagePages
from logging_core.read.panes import PaneFile
from logging_core.read.raw import read_audit, read_tail_lines
from logging_core.records import Message
from logging_core.tree import LogTree

ROUNDS = 15
START = datetime(2026, 11, 1)
PANE = "\n".join(
    f"{number:3d} \x1b[2m│\x1b[0m what the agent shows on one line" for number in range(80)
)


def main() -> None:
    """Print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="files of 1 GB")
    size = 1_000_000_000 if parser.parse_args().full else 100_000_000
    with tempfile.TemporaryDirectory() as root:
        measure_files(LogTree(Path(root)), size)
    with tempfile.TemporaryDirectory() as root:
        asyncio.run(measure_follow(LogTree(Path(root))))


def measure_files(tree: LogTree, size: int) -> None:
    """The newest of a large file, and of a small one of the same kind."""
    fill(tree.communication("small"), 1_000_000, message)
    fill(tree.communication("large"), size, message)
    fill(tree.tmux_output("small"), 1_000_000, frame)
    fill(tree.tmux_output("large"), size, frame)
    for day in range(30):
        fill(tree.audit_file(START.date() + timedelta(days=day)), size // 30, audit(day))
    compare("100 lines, bare pread", lambda name: naive_tail(tree, name))
    compare("get_instance_logs(tail=100)", lambda name: tail(tree, name))
    compare("100 older messages", lambda name: MessagePages(tree.root, [name]).older(100))
    compare("the newest frame", lambda name: PaneFile(tree.root, name).newest(1))
    compare("a frame by time", lambda name: PaneFile(tree.root, name).at(middle(tree, name)))
    compare("a density strip of 80", lambda name: PaneFile(tree.root, name).density(80))
    show("get_audit_logs(limit=100), 30 days", median_ms(lambda: read_audit(tree, None, 100)))
    since = (START + timedelta(days=29)).isoformat()
    show("the same since a day ago", median_ms(lambda: read_audit(tree, since, 100)))


async def measure_follow(tree: LogTree) -> None:
    """Idle, from append to consumer, and under load."""
    for number in range(1000):
        name = f"i{number:04d}"
        fill(tree.communication(name), 2000, message)
        fill(tree.tmux_output(name), 9000, frame)
        tree.instance_log(name).write_text("2026-11-01 00:00:00 - INFO - Instance created\n")
        tree.metadata(name).write_text(json.dumps({"instance_id": name}))
    seen: dict[str, float] = {}
    ready = asyncio.Event()

    async def consume() -> None:
        async for batch in follow(tree.root, history_bytes=64 << 10):
            now = time.perf_counter()
            for record in batch.records:
                if isinstance(record, Message) and record.message_id:
                    seen[record.message_id] = now
            if batch.caught_up:
                ready.set()

    task = asyncio.create_task(consume())
    await ready.wait()
    await asyncio.sleep(12)  # each directory has been looked at since it was quiet
    cpu_s = time.process_time()
    await asyncio.sleep(10)
    print(f"idle with 1,000 instances: {(time.process_time() - cpu_s) * 10:.2f} % of a core")
    await measure_latency(tree, seen)
    await measure_silence(tree, seen)
    await measure_load(tree, seen)
    task.cancel()
    await asyncio.wait({task})


async def measure_latency(tree: LogTree, seen: dict[str, float]) -> None:
    """From the append to the consumer, one line at a time."""
    written: dict[str, float] = {}
    for number in range(60):
        key = f"probe-{number}"
        written[key] = time.perf_counter()
        append(tree.communication(f"i{number * 7:04d}"), [key])
        while key not in seen:
            await asyncio.sleep(0.002)
        await asyncio.sleep(0.03 + number % 7 * 0.01)
    taken = sorted(1000 * (seen[key] - at) for key, at in written.items())
    print(f"append to consumer: median {taken[30]:.1f} ms, p95 {taken[57]:.1f} ms")


async def measure_silence(tree: LogTree, seen: dict[str, float]) -> None:
    """From the append to the consumer, after seconds in which nothing was written."""
    taken = []
    for number in range(8):
        await asyncio.sleep(5.5 + number / 100)
        key, at = f"late-{number}", time.perf_counter()
        append(tree.communication(f"i{number * 7:04d}"), [key])
        while key not in seen:
            await asyncio.sleep(0.001)
        taken.append(1000 * (seen[key] - at))
    middle = statistics.median(taken)
    print(f"the first line after 5 s: median {middle:.1f} ms, at most {max(taken):.1f} ms")


async def measure_load(tree: LogTree, seen: dict[str, float]) -> None:
    """20,000 lines a second over 100 files; what writing costs is measured first and taken off."""
    seconds, before = 5, len(seen)
    writing_s = 0.0
    cpu_s = time.process_time()
    for tick in range(seconds * 20):
        start_s = time.perf_counter()
        writing = time.thread_time()
        for number in range(100):
            keys = [f"load-{tick}-{number}-{line}" for line in range(10)]
            append(tree.communication(f"i{number:04d}"), keys)
        writing_s += time.thread_time() - writing
        await asyncio.sleep(max(0.0, 0.05 - (time.perf_counter() - start_s)))
    while len(seen) - before < seconds * 20_000:
        await asyncio.sleep(0.01)
    cpu_s = time.process_time() - cpu_s - writing_s
    print(f"20,000 lines/s over 100 files, none lost: {100 * cpu_s / seconds:.0f} % of a core")


# --- what is read ------------------------------------------------------------


def stamp(number: int) -> str:
    return (START + timedelta(seconds=number)).isoformat(timespec="microseconds")


def message(number: int) -> bytes:
    text = f"message {number} " + "of some length " * 15
    fields = {"timestamp": stamp(number), "event_type": "message_sent", "content": text}
    return json.dumps(fields).encode() + b"\n"


def frame(number: int) -> bytes:
    return f"\n{'=' * 80}\n[{stamp(number)}]\n{'=' * 80}\n{PANE}\n{number}\n".encode()


def audit(day: int) -> Callable[[int], bytes]:
    def line(number: int) -> bytes:
        details = {"message_id": f"m{number}", "tokens": 12, "cost": 0.001}
        fields = {"timestamp": stamp(86_400 * day + number % 86_400), "details": details}
        return json.dumps({**fields, "event_type": "message_exchange"}).encode() + b"\n"

    return line


def fill(path: Path, size: int, make: Callable[[int], bytes]) -> None:
    """Write a file of about `size` bytes, with a few thousand records to the write."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number = written = 0
    with path.open("wb") as file:
        while written < size:
            written += file.write(make(number))
            number += 1


def append(path: Path, keys: list[str]) -> None:
    with path.open("ab") as file:
        file.write(b"".join(b'{"message_id": "%b"}\n' % key.encode() for key in keys))


# --- ways of reading ---------------------------------------------------------


def tail(tree: LogTree, name: str) -> list[str]:
    return read_tail_lines(tree, name, "communication", 100)


def naive_tail(tree: LogTree, name: str) -> list[bytes]:
    """The least that could be done: one read near the end."""
    fd = os.open(tree.communication(name), os.O_RDONLY)
    try:
        size = os.fstat(fd).st_size
        return list(deque(os.pread(fd, 64 << 10, size - (64 << 10)).split(b"\n"), 100))
    finally:
        os.close(fd)


def middle(tree: LogTree, name: str) -> float:
    records = tree.tmux_output(name).stat().st_size // len(frame(0))
    return (START + timedelta(seconds=records // 2)).timestamp()


def median_ms(call: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS):
        start_s = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start_s)
    return 1000 * statistics.median(taken)


def compare(what: str, call: Callable[[str], object]) -> None:
    small_ms, large_ms = median_ms(partial(call, "small")), median_ms(partial(call, "large"))
    print(f"{what}: {large_ms:.2f} ms, {large_ms / small_ms:.1f} times that of 1 MB")


def show(what: str, taken_ms: float) -> None:
    print(f"{what}: {taken_ms:.2f} ms")


if __name__ == "__main__":
    main()
