"""What the instances panel costs while a fleet works, and how long a page takes to scroll.

    python tests/bench/bench_instances.py

Alone at 160x48, ten updates a second, in each of which a twentieth of the instances changes.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from alone import Alone
from fleets import NOW_S, instance, view
from keyboard import KEYS
from logging_core.analyse.state import InstanceState, State
from madrox_tui.panels.instances.panel import InstancesPanel

UPDATES = 50
PAGES = 40
INTERVAL_S = 0.1


def fleet(number: int, chance: random.Random) -> list[InstanceState]:
    """So many instances that work or rest."""
    return [
        instance(
            f"i{n}",
            f"agent-{n}",
            chance.choice([State.BUSY, State.IDLE]),
            requests=n,
            tokens=n * 1000,
            cost=n / 100,
            p95=3.0,
            role="qa",
            reason="request m open",
        )
        for n in range(number)
    ]


async def measure(number: int, *, tree: bool = False) -> None:
    """Measure one fleet, and print."""
    chance = random.Random(1)
    instances = fleet(number, chance)
    activity = {i.instance_id: tuple(chance.randrange(9) for _ in range(10)) for i in instances}
    app = Alone(InstancesPanel(KEYS))
    async with app.run_test(size=(160, 48)) as pilot:
        panel = app.widget
        panel.as_tree = tree
        panel.view = view(instances, activity)
        await pilot.pause()
        start_s, cpu_s = time.perf_counter(), time.process_time()
        for update in range(UPDATES):
            at_s = NOW_S + update * INTERVAL_S
            for _ in range(max(1, number // 20)):
                place = chance.randrange(number)
                before = instances[place]
                usage = msgspec.structs.replace(before.usage, requests=before.usage.requests + 1)
                instances[place] = msgspec.structs.replace(
                    before, usage=usage, last_activity_s=at_s
                )
            panel.view = view(list(instances), activity, at_s=at_s)
            await asyncio.sleep(INTERVAL_S)
        share = (time.process_time() - cpu_s) / (time.perf_counter() - start_s)
        cpu_s = time.process_time()
        for _ in range(PAGES):
            panel.action_page(1.0)
            await asyncio.sleep(0.02)
        page_ms = (time.process_time() - cpu_s) / PAGES * 1000
        kind = "tree" if tree else "list"
        print(f"{number:>5} instances, {kind}: {share:.1%} of a core, {page_ms:.1f} ms a page")


async def main() -> None:
    """Measure all."""
    await measure(100)
    await measure(100, tree=True)
    await measure(1000)


if __name__ == "__main__":
    asyncio.run(main())
