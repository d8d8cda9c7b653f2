"""A discrete-event simulation of the fleet: the same code writes the history and runs live."""

from __future__ import annotations

import heapq
import math
import os
import random
import uuid

from logging_core.demo.agent import Agent, Process
from logging_core.demo.clock import SimulatedClock
from logging_core.demo.fleet import FLEET
from logging_core.demo.recorder import Recorder
from logging_core.manager import LoggingManager

DEFAULT_SEED = 11
HISTORY_S = 3600.0


class Simulation:
    """A fleet that writes a log tree.

    The same arguments give the same bytes, except for paths recorded in the tree.

    Args:
        root: Where the tree is written.
        start_s: When the first instance is spawned, in seconds since the epoch.
        live_from_s: When the history ends; the scripted events are timed relative to it.
        seed: Seed of all random numbers.
        speed: How much faster than real time the fleet works when live.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        start_s: float,
        live_from_s: float,
        seed: int = DEFAULT_SEED,
        speed: float = 1.0,
    ) -> None:
        self._clock = SimulatedClock(start_s, live_from_s, speed)
        self._manager = LoggingManager(root, "INFO", clock=self._clock)
        self._queue: list[tuple[float, int, Process]] = []
        rng = random.Random(seed)
        ids = {
            profile.name: str(uuid.UUID(int=rng.getrandbits(128), version=4)) for profile in FLEET
        }
        for profile in FLEET:
            parent_id = ids[profile.parent] if profile.parent else None
            recorder = Recorder(profile, ids[profile.name], parent_id, self._manager, self._clock)
            agent = Agent(profile, recorder, self._clock, seed)
            for process in (agent.live(), agent.watch()):
                self._queue.append((start_s, len(self._queue), process))

    @property
    def next_s(self) -> float:
        """When the next event is due, in seconds since the epoch."""
        return self._queue[0][0]

    def run(self, until_s: float) -> None:
        """Run all events up to `until_s`, each at its own time."""
        while self.next_s <= until_s:
            self._step(self.next_s)
        self._clock.now_s = until_s

    def keep_up(self, now_s: float) -> None:
        """Run the events that are due, at the time `now_s`.

        After a long pause, such as a suspended machine, missed events are not made up for.
        """
        while self.next_s <= now_s:
            self._step(now_s)

    def close(self) -> None:
        """Close the files."""
        self._manager.close()

    def _step(self, now_s: float) -> None:
        self._clock.now_s = now_s
        _, number, process = self._queue[0]
        wait_s = next(process, math.inf)
        heapq.heapreplace(self._queue, (now_s + wait_s, number, process))


def write_history(
    root: str | os.PathLike[str],
    *,
    until_s: float,
    seconds: float = HISTORY_S,
    seed: int = DEFAULT_SEED,
) -> None:
    """Write the fleet's history and close the tree.

    Args:
        root: Where the tree is written; created if missing.
        until_s: When the history ends, in seconds since the epoch.
        seconds: Its length. In an hour all eight instances reach the states that the package
            promises; a shorter history leaves out the events that it has no room for.
        seed: The same seed, length and end give the same bytes, except for paths.
    """
    simulation = Simulation(root, start_s=until_s - seconds, live_from_s=until_s, seed=seed)
    try:
        simulation.run(until_s)
    finally:
        simulation.close()
