"""What the dashboard takes on a large tree, at rest and under load.

    python tests/bench/bench_dashboard.py [GIGABYTES] [INSTANCES]

Through a pseudo-terminal of 160x48: first paint beside a bare Textual app, memory and processor
time at rest, then 5,000 events a second with keys pressed meanwhile. What it shows at the
end must be every event.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from large import COST_USD, LargeTree
from madrox_tui.format import dollars
from running import Dashboard
from terminal import BARE, first_paint_s

SECONDS, BURSTS_PER_S = 16, 20
EXCHANGES = 5_000 // BURSTS_PER_S // 3  # a burst; each is three events
SILENCE_S, REST_S = 60, 30
KEYS = "zqxjvw" * 24
"""What is typed: no row holds it, and the line has room for it."""


def main() -> None:
    """Measure and print."""
    size = int(float(sys.argv[1] if len(sys.argv) > 1 else 10) * 1e9)
    instances = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as directory:
        cwd = Path(directory)
        os.environ |= {"XDG_CACHE_HOME": f"{cwd}/cache", "XDG_STATE_HOME": f"{cwd}/state"}
        large = LargeTree(cwd / "logs", size, datetime.now(), instances)
        print(f"{large.size / 1e9:.1f} GB, {instances:,} instances")
        bare = [sys.executable, "-c", BARE]
        top = [sys.executable, "-m", "madrox_tui", str(large.tree.root)]
        shown = "of the plan", "what the agent shows"  # timeline and pane, painted last
        bare_s, ours_s = [], []
        for _ in range(7):  # in turn: a machine is not as fast in every minute
            bare_s.append(first_paint_s(bare, cwd, "bare app painted"))
            ours_s.append(first_paint_s(top, cwd, *shown))
        first_s = statistics.median(ours_s)
        ratio = first_s / statistics.median(bare_s)
        print(f"first paint: {first_s * 1e3:.0f} ms, {ratio:.2f} x a bare Textual app")
        dashboard = Dashboard(large.tree.root, cwd)
        try:
            measure(dashboard, large)
        finally:
            dashboard.stop()


def measure(dashboard: Dashboard, large: LargeTree) -> None:
    """At rest, then under load."""
    start_s = time.perf_counter()
    dashboard.shows("live")
    dashboard.settle()
    print(f"all read after {time.perf_counter() - start_s:.0f} s, {dashboard.cpu_s():.1f} s CPU")
    print("memory: {:.0f} MiB, at most {:.0f}".format(*dashboard.memory_mib()))
    time.sleep(SILENCE_S)
    before = dashboard.cpu_s()
    time.sleep(REST_S)
    print(f"at rest: {(dashboard.cpu_s() - before) / REST_S:.2%} of a core")
    dashboard.press(b"\x06")
    dashboard.shows("ind")
    writer = multiprocessing.get_context("fork").Process(target=write, args=(large,))
    before, start_s = dashboard.cpu_s(), time.perf_counter()
    writer.start()
    taken_s = sorted(type_keys(dashboard))
    writer.join()
    used = (dashboard.cpu_s() - before) / (time.perf_counter() - start_s)
    exchanges = SECONDS * BURSTS_PER_S * EXCHANGES
    p95_s = taken_s[int(len(taken_s) * 0.95)]
    print(f"at {exchanges * 3 / SECONDS:,.0f} events/s: {used:.0%} of a core")
    print(f"a key: median {statistics.median(taken_s) * 1e3:.0f} ms, p95 {p95_s * 1e3:.0f} ms")
    dashboard.settle()
    dashboard.press(b"\x1b4z")
    dashboard.shows(dollars((large.exchanges + exchanges) * COST_USD), timeout_s=10)
    print(f"every one of {exchanges:,} prices counted")
    print("memory: {:.0f} MiB, at most {:.0f}".format(*dashboard.memory_mib()))


def write(large: LargeTree) -> None:
    """Be the fleet for a while, in a process of its own."""
    for burst in range(SECONDS * BURSTS_PER_S):
        end_s = time.perf_counter() + 1 / BURSTS_PER_S
        large.happen(datetime.now(), exchanges=EXCHANGES, captures=burst % 20 == 0)
        time.sleep(max(0.0, end_s - time.perf_counter()))


def type_keys(dashboard: Dashboard) -> Iterator[float]:
    """Type what to find, a letter at a time, and wait for each: how long it took.

    At moments of its own, as people do: not in step with what happens.
    """
    chance = random.Random(1)
    pause_s = SECONDS / len(KEYS) * 0.9
    typed, due_s = "", time.perf_counter()
    for letter in KEYS:
        due_s += pause_s * chance.uniform(0.5, 1.5)
        time.sleep(max(0.0, due_s - time.perf_counter()))
        typed += letter
        start_s = time.perf_counter()
        dashboard.press(letter.encode())
        dashboard.shows(typed)
        yield time.perf_counter() - start_s


if __name__ == "__main__":
    main()
