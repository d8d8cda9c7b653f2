"""What following a large tree takes in memory: `python tests/bench/bench_memory.py [GIGABYTES]`.

A process of its own follows the tree into a fleet model, from its first look through an hour of
appends, and says after each ten minutes' worth how much memory it holds. The peer is the same
loop without a model.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from large import LargeTree

EXCHANGES_PER_MINUTE = 200
CONSUMER = """
import asyncio, sys, time
from logging_core import follow
from logging_core.analyse.fleet import FleetModel

def memory(what):
    with open("/proc/self/status") as status:  # ru_maxrss would be that of the parent, too
        return next(int(line.split()[1]) for line in status if line.startswith(what)) / 1024

async def main(root, mode):
    model = FleetModel() if mode != "alone" else None
    options = {} if mode == "whole" else {"history_bytes": 16 << 10, "blocks": True}
    seen = 0
    async for batch in follow(root, **options):
        seen += batch.count
        if model is not None:
            model.apply(batch)
        if batch.caught_up:
            if model is not None:
                model.state(time.time())
            print(seen, memory("VmRSS"), memory("VmHWM"), flush=True)

asyncio.run(main(sys.argv[1], sys.argv[2]))
"""


class Consumer:
    """The process, and what it says."""

    def __init__(self, root: Path, mode: str) -> None:
        argv = [sys.executable, "-c", CONSUMER, str(root), mode]
        self._process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)

    def wait(self, records: int) -> tuple[int, float, float]:
        """Until it has seen so many records; how many, and its memory and the peak in MiB."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            seen, resident_mib, peak_mib = line.split()
            if int(seen) >= records:
                return int(seen), float(resident_mib), float(peak_mib)
        raise AssertionError("it ended")

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


def main() -> None:
    """Measure and print."""
    size = int(float(sys.argv[1] if len(sys.argv) > 1 else 10) * 1e9)
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as directory:
        now = datetime.now()
        large = LargeTree(Path(directory) / "logs", size, now)
        print(f"{large.size / 1e9:.1f} GB, {len(large.ids):,} instances")
        modes = {
            "alone": "follow() alone, from the ends",
            "ends": "with a fleet model, from the ends",
            "whole": "with a fleet model, all of it",
        }
        for mode, what in modes.items():
            measure(large, mode, what, now)


def measure(large: LargeTree, mode: str, what: str, now: datetime) -> None:
    """One line: at the first look, then after each sixth of an hour."""
    consumer = Consumer(large.tree.root, mode)
    try:
        start_s = time.perf_counter()
        seen, resident_mib, peak_mib = consumer.wait(1)
        taken_s = time.perf_counter() - start_s
        figures = [f"{resident_mib:.0f}"]
        for minute in range(60):
            at = now + timedelta(minutes=minute)
            written = large.happen(at, exchanges=EXCHANGES_PER_MINUTE)
            seen, resident_mib, peak_mib = consumer.wait(seen + written)
            if minute % 10 == 9:
                figures.append(f"{resident_mib:.0f}")
        print(f"{what}: {' → '.join(figures)} MiB, peak {peak_mib:.0f}; first look {taken_s:.1f} s")
    finally:
        consumer.stop()


if __name__ == "__main__":
    main()
