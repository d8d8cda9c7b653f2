"""How soon the first and the last of many messages are on the screen, and what any way up costs.

    python tests/bench/bench_timeline.py [MESSAGES]

Through a pseudo-terminal of 160x48, beside lnav, if that is installed. Ten instances have said one
million things in all, if nothing else is asked for; lnav has them in one file.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from shutil import which

sys.path.insert(0, str(Path(__file__).parents[1]))

from logging_core.tree import LogTree
from running import Dashboard, Running

INSTANCES, ROUNDS = 10, 5
FIRST, LAST = "the very first", "the very last"


def write(tree: LogTree, together: Path, count: int) -> None:
    """Messages up to now, a second apart, of one instance after the other; and all in one file."""
    start = datetime.now() - timedelta(seconds=count + 60)
    with ExitStack() as files:
        logs = []
        for instance in range(INSTANCES):
            directory = tree.instance_dir(f"agent-{instance}")
            directory.mkdir(parents=True)
            logs.append(files.enter_context((directory / "communication.jsonl").open("w")))
        whole = files.enter_context(together.open("w"))
        for number in range(count):
            said = {0: FIRST, count - 1: LAST}.get(number, f"number {number}")
            record = {
                "content": f"{said}, and what else there is to say of it. ",
                "timestamp": (start + timedelta(seconds=number)).isoformat(),
                "event_type": "message_sent",
                "message_id": f"m{number}",
                "direction": "outbound",
            }
            for file in (logs[number % INSTANCES], whole):
                file.write(json.dumps(record) + "\n")


def after_s(program: Running, keys: bytes, text: str) -> float:
    """From a key to the bytes that show a text."""
    start = time.perf_counter()
    program.press(keys)
    program.shows(text)
    return time.perf_counter() - start


def measure(name: str, program: Running, started_s: float, ready: bytes) -> None:
    """Go to both ends, and a page up from the first and the last: print how long that took."""
    program.shows(LAST)
    print(f"{name}: the last message after {time.perf_counter() - started_s:.1f} s")
    program.press(ready)
    time.sleep(1)
    to_first, to_last = [], []
    for _ in range(ROUNDS):
        to_first.append(after_s(program, b"g", FIRST))
        time.sleep(0.5)
        to_last.append(after_s(program, b"G", LAST))
        time.sleep(0.5)
    for where, taken in (("first", to_first), ("last", to_last)):
        median, most = statistics.median(taken), max(taken)
        print(f"  to the {where}: {median * 1000:.0f} ms median, {most * 1000:.0f} ms at most")
    now, most = program.memory_mib()
    print(f"  memory: {now:.0f} MiB, at most {most:.0f}")
    program.stop()


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as directory:
        cwd = Path(directory)
        os.environ |= {
            "HOME": str(cwd),
            "XDG_CACHE_HOME": f"{cwd}/cache",
            "XDG_STATE_HOME": f"{cwd}/state",
        }
        tree = LogTree(cwd / "logs")
        together = cwd / "together.jsonl"
        write(tree, together, count)
        print(f"{count:,} messages of {INSTANCES} instances")
        if which("lnav") is not None:
            started_s = time.perf_counter()
            measure("lnav", Running(["lnav", str(together)], cwd), started_s, b"")
        started_s = time.perf_counter()
        measure("madrox-top", Dashboard(tree.root, cwd), started_s, b"3z")


if __name__ == "__main__":
    main()
