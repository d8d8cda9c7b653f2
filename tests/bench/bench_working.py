"""What the dashboard takes while a fleet works, as much as a person can follow.

    python tests/bench/bench_working.py [INSTANCES] [UPDATES_PER_S]

Through pseudo-terminals of 160x48 and 120x40, at the same time: each update is one record of one
instance. Beside them a bare Textual app repaints one line of text as often: what any takes. First
what is taken just after a quiet while, then when the fleet has worked for long, then how late a
message is shown by then.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from large import LargeTree, append, exchange, frame, message
from running import Dashboard, Running

SIZES = (160, 48), (120, 40)
SECONDS = 20
MESSAGES = 40
"""How many of them are waited for."""
BYTES = 20_000_000
CAPTURES = 0.1
"""The share of the updates that are captures; as many again are audit events."""

REPAINT = """
import sys
from textual.app import App
from textual.widgets import Static
class Repaint(App[None]):
    def compose(self): yield Static("bare app painted", markup=False)
    def on_mount(self):
        self.number = 0
        self.set_interval(1 / float(sys.argv[1]), self.again)
    def again(self):
        self.number += 1
        self.query_one(Static).update(f"update {self.number}", layout=False)
Repaint().run()
"""


class Fleet:
    """Writes to a tree, one record at a time: requests, their replies, events and captures."""

    def __init__(self, large: LargeTree) -> None:
        self._large = large
        self._chance = random.Random(1)
        self._asked: dict[str, str] = {}
        self._written = 0

    def work(self, seconds: float, updates_per_s: float) -> int:
        """Work for so long, at moments as irregular as a fleet's; how many updates."""
        start_s, updates = time.perf_counter(), int(seconds * updates_per_s)
        for update in range(updates):
            due_s = start_s + (update + self._chance.random()) / updates_per_s
            time.sleep(max(0.0, due_s - time.perf_counter()))
            self._write(self._chance.choice(self._large.ids), datetime.now())
        time.sleep(max(0.0, start_s + seconds - time.perf_counter()))
        return updates

    def say(self, text: str) -> None:
        """Send a message of its own."""
        instance_id = self._large.ids[0]
        line = message(datetime.now(), "message_sent", text, text)
        append(self._large.tree.communication(instance_id), line)

    def _write(self, instance_id: str, now: datetime) -> None:
        tree, key = self._large.tree, f"work-{self._written}"
        self._written += 1
        kind = self._chance.random()
        if kind < CAPTURES:
            append(tree.tmux_output(instance_id), frame(now, self._written))
        elif kind < 2 * CAPTURES:
            append(tree.audit_file(now.date()), exchange(now, instance_id, key))
        elif instance_id in self._asked:
            reply = message(now, "message_received", self._asked.pop(instance_id))
            append(tree.communication(instance_id), reply)
        else:
            self._asked[instance_id] = key
            append(tree.communication(instance_id), message(now, "message_sent", key))


def main() -> None:
    """Measure and print."""
    instances = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    updates_per_s = float(sys.argv[2]) if len(sys.argv) > 2 else 10.0
    with tempfile.TemporaryDirectory() as directory, ExitStack() as opened:
        cwd = Path(directory)
        os.environ |= {"XDG_CACHE_HOME": f"{cwd}/cache", "XDG_STATE_HOME": f"{cwd}/state"}
        large = LargeTree(cwd / "logs", BYTES, datetime.now(), instances)
        bare = [sys.executable, "-c", REPAINT, str(updates_per_s)]
        programs: dict[str, Running] = {"bare Textual app": Running(bare, cwd)}
        for columns, rows in SIZES:
            programs[f"{columns}x{rows}"] = Dashboard(
                large.tree.root, cwd, columns=columns, rows=rows
            )
        for program in programs.values():
            opened.callback(program.stop)
        for program in list(programs.values())[1:]:
            program.shows("live")
            program.settle()
        fleet = Fleet(large)
        for when in "after a quiet while", "working for long":
            before = {name: program.cpu_s() for name, program in programs.items()}
            updates = fleet.work(SECONDS, updates_per_s)
            print(f"{when}: {instances} instances, {updates / SECONDS:.1f} updates/s")
            for name, program in programs.items():
                print(f"{name}: {(program.cpu_s() - before[name]) / SECONDS:.1%} of a core")
        taken_s = sorted(late_s(fleet, updates_per_s, programs[f"{SIZES[-1][0]}x{SIZES[-1][1]}"]))
        p95_s = taken_s[int(len(taken_s) * 0.95)]
        print(f"append to screen: {statistics.median(taken_s) * 1e3:.0f} ms, p95 {p95_s * 1e3:.0f}")


def late_s(fleet: Fleet, updates_per_s: float, dashboard: Running) -> Iterator[float]:
    """From the append of a message to the bytes that show it, while the fleet works.

    At moments of its own: with a pause that is always the same it would be in step with the views.
    """
    chance = random.Random(2)
    worker = threading.Thread(target=fleet.work, args=(SECONDS, updates_per_s))
    worker.start()
    for number in range(MESSAGES):
        dashboard.press(b"")
        start_s = time.perf_counter()
        fleet.say(f"late{number:02}x")
        dashboard.shows(f"late{number:02}x")
        yield time.perf_counter() - start_s
        time.sleep(chance.uniform(0.0, SECONDS / MESSAGES))
    worker.join()


if __name__ == "__main__":
    main()
