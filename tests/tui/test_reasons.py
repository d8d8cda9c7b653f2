"""The column that says why: what was asked and answered, not by which id."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from builders import TreeBuilder, message_id, ordinary_tree
from fleets import NOW_S, instance
from logging_core.analyse.state import FleetState, OpenRequest, State
from logging_core.analyse.window import Window
from logging_core.history import History
from logging_core.records import Message
from madrox_tui.panels.instances.reasons import NEAR, why

ASKED = Message(
    instance_id="a",
    time_s=NOW_S - 60,
    event_type="message_sent",
    direction="outbound",
    message_id="m-60",
    content="\n  Write the  rollback plan.\nAnd test it.",
)
REPLIED = msgspec.structs.replace(
    ASKED, time_s=NOW_S - 20, direction="inbound", content="It stands in plan.md:\n- one"
)


def others(number: int, at_s: float = NOW_S - 40) -> list[Message]:
    return [
        Message(
            instance_id="b", time_s=at_s, direction="outbound", message_id=f"x-{n}", content="no"
        )
        for n in range(number)
    ]


def fleet(*messages: Message) -> FleetState:
    return FleetState(at_s=NOW_S, messages=Window(list(messages)))


@pytest.mark.parametrize("state", [State.BUSY, State.STUCK])
def test_who_works_says_on_what(state: State) -> None:
    """The first line of the oldest open request that says anything."""
    works = instance("a", "atlas", state, open_for=(60,), reason="request m-60 open")
    assert (
        why(works, fleet(*others(9, NOW_S - 90), ASKED, *others(50))) == "Write the rollback plan."
    )


def test_who_rests_says_what_it_answered() -> None:
    """The beginning of its last reply, although the audit trail tells of it a moment later."""
    rests = instance("a", "atlas", State.IDLE, since=19.5, reason="reply m-60")
    assert why(rests, fleet(ASKED, REPLIED, *others(3))) == "It stands in plan.md:"
    assert why(rests, fleet(*others(3))) == "reply m-60"
    ready = instance("a", "atlas", State.IDLE, since=19, reason="ready")
    assert why(ready, fleet(ASKED, REPLIED)) == "ready"


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
def test_who_reported_says_what(direction: str) -> None:
    """What `log_communication` wrote down, whichever way it went, and not that there was some."""
    told = msgspec.structs.replace(
        ASKED,
        time_s=NOW_S - 10,
        event_type="communication",
        direction=direction,
        message_id=None,
        content="report 4 to parent",
    )
    rests = instance("a", "atlas", State.IDLE, since=10, reason="communication")
    assert why(rests, fleet(ASKED, REPLIED, told)) == "report 4 to parent"
    assert why(rests, fleet(ASKED, REPLIED)) == "communication"


def test_what_is_not_known_is_the_reason() -> None:
    """A request that is too old to be kept, or has no time, is named by its id."""
    works = instance("a", "atlas", State.BUSY, open_for=(60,), reason="request m-60 open")
    assert why(works, fleet()) == "request m-60 open"
    assert why(works, fleet(REPLIED)) == "request m-60 open"
    timeless = msgspec.structs.replace(works, open_requests=(OpenRequest("m-60", None),))
    assert why(timeless, fleet(ASKED)) == "request m-60 open"
    empty = msgspec.structs.replace(ASKED, content=" \n")
    assert why(works, fleet(empty)) == "request m-60 open"


def test_messages_without_a_time_are_no_hindrance() -> None:
    """They stand where the one before them stands."""
    works = instance("a", "atlas", State.BUSY, open_for=(60,), reason="request m-60 open")
    timeless = [msgspec.structs.replace(m, time_s=None) for m in others(20)]
    assert why(works, fleet(*timeless, ASKED, *timeless)) == "Write the rollback plan."


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("terminated (force=False)", "terminated"),
        ("terminated (force=True)", "killed"),
        ("atlas: terminated (force=True)", "atlas: killed"),
        ("terminated (final_state=error)", "terminated (final_state=error)"),
        ("tmux session lost", "tmux session lost"),
    ],
)
def test_an_end_is_said_in_words(reason: str, shown: str) -> None:
    """Not as a program prints it."""
    assert why(instance("a", "atlas", State.TERMINATED, reason=reason), fleet()) == shown


def test_few_messages_are_looked_at() -> None:
    """However many there are, a row costs some steps."""
    looked: list[object] = []

    class Counted(Window[Message]):
        def __getitem__(self, index: Any) -> Any:
            looked.append(index)
            return super().__getitem__(index)

    messages = Counted([*others(100_000, NOW_S - 300), ASKED, *others(100_000)])
    works = instance("a", "atlas", State.BUSY, open_for=(60,), reason="request m-60 open")
    assert why(works, FleetState(at_s=NOW_S, messages=messages)) == "Write the rollback plan."
    assert len(looked) <= 40  # of which the last is a slice of twice `NEAR`
    assert looked[-1] == slice(100_001 - NEAR, 100_001 + NEAR)


def test_an_ordinary_fleet(tmp_path: Path) -> None:
    """Every row of it says something that a person can use, at an earlier moment, too."""
    root = ordinary_tree(tmp_path / "logs").root
    history = History(root)
    try:
        assert history.prepare()
        state = history.state_at(TreeBuilder.epoch(3600))
        shown = {i.label: why(i, state) for i in state.instances}
    finally:
        history.close()
    assert shown["payments-migration"] == "Write the rollback plan for the ledger tables."
    assert shown["integration-tests"] == "Run the whole suite against staging."
    assert shown["docs-and-changelog"].startswith("Step 8 of docs-and-changelog is done")
    assert shown["flaky-test-hunt"] == "terminated"
    assert not [text for text in shown.values() if message_id(500)[:8] in text]
