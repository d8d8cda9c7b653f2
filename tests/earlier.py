"""A fleet with a past, and earlier states of it as values that compare."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec

from builders import TreeBuilder
from logging_core.analyse.state import FleetState


def comparable(state: FleetState) -> object:
    """A state as values that compare, without what differs by the way it was made.

    Events of one moment have no order among files.
    """
    bare = msgspec.structs.replace(state, messages=(), events=(), reordered=0, caught_up=True)
    told = msgspec.to_builtins(bare)
    for name in ("problems", "anomalies"):
        told[name]["newest"] = sorted(told[name]["newest"], key=repr)
    return told, list(state.messages), sorted(state.events, key=repr)


def busy_tree(root: Path, count: int, *, first: int = 0, seed: int = 0) -> TreeBuilder:
    """A fleet of five to which something happens at each second."""
    dice, tree = random.Random(seed), TreeBuilder(root)
    for at in range(first, first + count):
        who = f"i{dice.randrange(5)}"
        what = dice.randrange(7)
        if what == 0:
            tree.spawn(who, who.upper(), at=at, parent=dice.choice([None, "i0"]))
        elif what == 1:
            tree.frame(who, f"screen {dice.randrange(2)}", at=at)
        elif what == 2:
            tree.orchestrator("it broke", at=at, level="ERROR", instance_id=who)
        elif what == 3 and dice.random() < 0.3:
            tree.terminate(who, at=at)
        elif what <= 4:
            tree.receive(who, f"m{dice.randrange(abs(at) + 1)}", at=at)
        else:
            tree.send(who, f"m{at}", at=at)
    return tree
