"""How long a month takes to prepare, and any moment of it to be shown; and a warm start.

    python tests/bench/bench_history.py [EVENTS]

A month of 50 instances with EVENTS audit events (300,000 unless told otherwise) and a tenth as
many messages and captures. Then the same in the dashboard, through a pseudo-terminal of 160x48,
with keys pressed until the past is shown.
"""

from __future__ import annotations

import json
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from builders import RULE, START, TreeBuilder
from logging_core.cache import FleetCache, read_fleet
from logging_core.history import History
from running import Dashboard

INSTANCES = 50
MONTH_S = 30 * 86_400
MOMENTS = 200
LETTERS = 120
"""So many are typed before the line is begun anew."""


def write_month(root: Path, events: int) -> None:
    """The same month each time, by one seed."""
    tree, dice = TreeBuilder(root), random.Random(1)
    audit: dict[str, list[str]] = {}
    for number in range(INSTANCES):
        tree.spawn(f"i{number}", f"agent-{number}", at=number)
    logs = {f"i{n}": (list[str](), list[str]()) for n in range(INSTANCES)}
    for number in range(events):
        at, who = 100 + number * (MONTH_S - 200) / events, f"i{dice.randrange(INSTANCES)}"
        when, message_id = tree.when(at), f"msg-{number:08}"
        details = {
            "message_id": message_id,
            "message_length": 40,
            "response_length": 200,
            "tokens": dice.randrange(2_000),
            "cost": 0.0125,
            "response_time_seconds": round(dice.expovariate(0.2), 3),
        }
        event = {"timestamp": when, "level": "INFO", "event": "message_exchange"}
        event |= {"logger": "orchestrator.audit", "event_type": "message_exchange"}
        day = (START + timedelta(seconds=at)).strftime("%Y%m%d")
        line = json.dumps({**event, "instance_id": who, "details": details})
        audit.setdefault(day, []).append(line)
        if number % 10 == 0:
            sent = {"timestamp": when, "event_type": "message_sent", "message_id": message_id}
            logs[who][0].append(json.dumps({**sent, "direction": "outbound", "content": "x" * 80}))
            logs[who][1].append(f"\n{RULE}\n[{when}]\n{RULE}\nscreen {number}")
    for day, lines in audit.items():
        tree.line(f"audit/audit_{day}.jsonl", ("\n".join(lines) + "\n").encode())
    for who, (sent_lines, frames) in logs.items():
        tree.line(f"instances/{who}/communication.jsonl", ("\n".join(sent_lines) + "\n").encode())
        tree.line(f"instances/{who}/tmux_output.log", ("\n".join(frames) + "\n").encode())


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / (1 << 20)


def timed_ms(history: History, moments: list[float]) -> str:
    taken = []
    for at_s in moments:
        start = time.perf_counter()
        history.state_at(at_s)
        taken.append((time.perf_counter() - start) * 1000)
    taken.sort()
    p95 = taken[int(len(taken) * 0.95)]
    return f"{statistics.median(taken):.1f} ms median, {p95:.1f} ms p95"


def look_back(root: Path) -> None:
    before = resident_mib()
    with closing(History(root)) as history:
        start = time.perf_counter()
        history.prepare()
        print(f"prepare: {time.perf_counter() - start:.1f} s, peak {peak_mib():.0f} MiB", end="")
        print(f", held afterwards {resident_mib() - before:.0f} MiB")
        assert history.span is not None
        first_s, last_s = history.span
        dice = random.Random(2)
        moments = [dice.uniform(first_s, last_s) for _ in range(MOMENTS)]
        print(f"state_at, anywhere: {timed_ms(history, moments)}")
        steps = [(first_s + last_s) / 2 + 60 * step for step in range(MOMENTS)]
        print(f"state_at, minute by minute: {timed_ms(history, steps)}")


def start_twice(root: Path, cache_dir: Path) -> None:
    for name in ("cold", "warm"):
        start = time.perf_counter()
        read_fleet(root, FleetCache(root, "bench", cache_dir)).state(time.time())
        print(f"{name} start: {time.perf_counter() - start:.2f} s")


def look_back_in_dashboard(root: Path, cwd: Path) -> None:
    """From the key to the past on the screen, and again once it is prepared."""
    os.environ |= {"XDG_CACHE_HOME": f"{cwd}/cache", "XDG_STATE_HOME": f"{cwd}/state"}
    dashboard = Dashboard(root, cwd)
    try:
        dashboard.shows("live")
        dashboard.settle()
        dashboard.forget_peak()
        before, cpu_s, start_s = dashboard.memory_mib()[0], dashboard.cpu_s(), time.perf_counter()
        go_back(dashboard, "1d")
        taken_s = sorted(type_until(dashboard, "◷ at"))
        prepared_s = time.perf_counter() - start_s
        cpu_s = dashboard.cpu_s() - cpu_s
        median_ms, p95_ms = (taken_s[int(len(taken_s) * part)] * 1e3 for part in (0.5, 0.95))
        print(f"in the dashboard: shown after {prepared_s:.1f} s, {cpu_s:.1f} s CPU in all", end="")
        print(f"; of {len(taken_s)} keys meanwhile: median {median_ms:.0f} ms", end="")
        print(f", p95 {p95_ms:.0f} ms, longest {taken_s[-1] * 1e3:.0f} ms")
        dashboard.settle()
        print(
            "memory: {:.0f} MiB, {:.0f} afterwards, at most {:.0f}".format(
                before, *dashboard.memory_mib()
            )
        )
        dashboard.press(b"\x1b")
        time.sleep(1)
        start_s = time.perf_counter()
        go_back(dashboard, "2d")
        dashboard.shows("◷ at")
        print(f"another moment: after {time.perf_counter() - start_s:.2f} s")
    finally:
        dashboard.stop()


def go_back(dashboard: Dashboard, age: str) -> None:
    """Ask for an earlier moment as a person does."""
    dashboard.press(b"T")
    dashboard.shows("Go to a time")
    dashboard.press(age.encode())
    dashboard.shows(age)
    dashboard.press(b"\r")


def type_until(dashboard: Dashboard, shown: str) -> Iterator[float]:
    """Type what to find until a text is shown: how long each letter took to be."""
    dice, typed = random.Random(1), ""
    dashboard.press(b"\x06")
    dashboard.shows("ind")
    while not dashboard.has_shown(shown):
        if len(typed) == LETTERS:
            typed = ""
            dashboard.press(b"\x15")  # the line is empty again
        typed += dice.choice("zqxjvw")
        time.sleep(dice.uniform(0.05, 0.15))
        if dashboard.has_shown(shown):
            break
        start_s = time.perf_counter()
        dashboard.press(typed[-1].encode())
        dashboard.shows(typed)
        yield time.perf_counter() - start_s
    dashboard.press(b"\x1b")


def main() -> None:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "logs"
        write_month(root, events)
        print(f"{events:,} audit events, {INSTANCES} instances, 30 days")
        look_back(root)
        start_twice(root, Path(directory) / "cache")
        look_back_in_dashboard(root, Path(directory))


if __name__ == "__main__":
    main()
