"""Why an instance is in its state, in words for a person: what was asked of it, what it said. Pure.

The state's own reason names a message by its id.
"""

from __future__ import annotations

import re

from logging_core.analyse.state import InstanceState, State
from logging_core.event_types import COMMUNICATION

_FORCED = re.compile(r"terminated \(force=(True|False)\)")

_SAID = ("reply", COMMUNICATION)
"""How the reason begins of one that rests since it said something, or was told."""


def why(instance: InstanceState) -> str:
    """What was asked of one that works, what one that rests said or was told last, or the reason.

    Args:
        instance: One of the fleet, or a branch of it as one.
    """
    told = ""
    if instance.state in {State.BUSY, State.STUCK} and instance.open_requests:
        told = instance.open_requests[0].text
    elif instance.state is State.IDLE and instance.reason.startswith(_SAID):
        told = instance.last_said
    return told or plainly(instance.reason)


def plainly(reason: str) -> str:
    """A reason in words, where the tree has it as a program prints it."""
    return _FORCED.sub(lambda found: "killed" if found[1] == "True" else "terminated", reason)
