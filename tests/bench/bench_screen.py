"""How soon an appended line is on the screen, and how soon the first paint comes.

    python tests/bench/bench_screen.py [INSTANCES]

Through a pseudo-terminal of 160x48, beside a bare Textual app, `tail -F`, and, if installed, lnav.
Two lines a second are appended: what comes of ten a second for long, `bench_working` says.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from shutil import which

sys.path.insert(0, str(Path(__file__).parents[1]))

from builders import TreeBuilder
from terminal import BARE, Terminal, first_paint_s

ROUNDS, PAUSE_S = 60, 0.5


def median_ms(seconds: list[float]) -> str:
    """Median and 95th percentile."""
    ordered = sorted(seconds)
    p95 = ordered[int(len(ordered) * 0.95)]
    return f"{statistics.median(ordered) * 1000:.0f} ms median, {p95 * 1000:.0f} ms p95"


def latencies_s(argv: list[str], tree: TreeBuilder, cwd: Path) -> list[float]:
    """From an append to the bytes that show it."""
    terminal = Terminal(argv, rows=48, columns=160, cwd=cwd)
    at_s = time.time() - TreeBuilder.epoch(0)
    try:
        tree.send("i0", "m", "are you there", at=at_s)
        terminal.until(lambda: b"are you there" in terminal.output, "the first look")
        time.sleep(1.0)
        taken, chance = [], random.Random(1)
        for number in range(ROUNDS):
            text = f"{Path(argv[0]).name[:4]}{number:04}x"  # no other run wrote that
            tree.send("i0", f"m{number}", text, at=at_s)
            start = time.perf_counter()
            terminal.until(lambda text=text: text.encode() in terminal.output, text)  # type: ignore[misc]
            taken.append(time.perf_counter() - start)
            time.sleep(PAUSE_S * chance.uniform(0.5, 1.5))
        return taken
    finally:
        terminal.close()


def main() -> None:
    """Measure and print."""
    instances = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    with tempfile.TemporaryDirectory() as directory:
        cwd = Path(directory)
        os.environ |= {"XDG_CACHE_HOME": f"{cwd}/cache", "XDG_STATE_HOME": f"{cwd}/state"}
        tree = TreeBuilder(cwd / "logs")
        at_s = time.time() - TreeBuilder.epoch(0) - 60
        for number in range(instances):
            tree.spawn(f"i{number}", f"agent-{number}", at=at_s)
            tree.send(f"i{number}", "m", "first message", at=at_s + 3)
            tree.frame(f"i{number}", "a pane", at=at_s)
        top = [sys.executable, "-m", "madrox_tui", str(tree.root)]
        tail = ["tail", "-F", str(tree.root / "instances/i0/communication.jsonl")]
        bare, ours = [], []
        for _ in range(7):
            bare.append(first_paint_s([sys.executable, "-c", BARE], cwd, "bare app painted"))
            ours.append(first_paint_s(top, cwd, "first message", "a pane"))
        print(f"first paint, bare Textual app: {median_ms(bare)}")
        print(f"first paint with data:         {median_ms(ours)}")
        ratio = statistics.median(ours) / statistics.median(bare)
        print(f"ratio of medians:              {ratio:.2f}")
        print(f"append to screen, tail -F:     {median_ms(latencies_s(tail, tree, cwd))}")
        if which("lnav") is not None:
            os.environ["HOME"] = str(cwd)  # where lnav keeps what it was asked before
            lnav = ["lnav", str(tree.root / "instances/i0/communication.jsonl")]
            print(f"append to screen, lnav:        {median_ms(latencies_s(lnav, tree, cwd))}")
        print(f"append to screen, madrox-top:  {median_ms(latencies_s(top, tree, cwd))}")


if __name__ == "__main__":
    main()
