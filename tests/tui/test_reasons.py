"""The column that says why: what was asked and answered, not by which id."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from builders import TreeBuilder, message_id, ordinary_tree
from fleets import NOW_S, instance
from logging_core.analyse.state import OpenRequest, State
from logging_core.history import History
from madrox_tui.panels.instances.reasons import why

ASKED = OpenRequest("m-60", NOW_S - 60, "Write the rollback plan.")


@pytest.mark.parametrize("state", [State.BUSY, State.STUCK])
def test_who_works_says_on_what(state: State) -> None:
    """How the oldest open request begins; of one that says nothing its id."""
    works = instance("a", "atlas", state, reason="request m-60 open")
    asked = msgspec.structs.replace(works, open_requests=(ASKED, OpenRequest("m-2", NOW_S, "no")))
    assert why(asked) == "Write the rollback plan."
    assert why(works) == "request m-60 open"
    silent = msgspec.structs.replace(works, open_requests=(OpenRequest("m-60", None),))
    assert why(silent) == "request m-60 open"


@pytest.mark.parametrize("reason", ["reply m-60", "communication"])
def test_who_rests_says_what_it_answered(reason: str) -> None:
    """How what it said last begins, if it rests since then."""
    rests = instance("a", "atlas", State.IDLE, reason=reason)
    said = msgspec.structs.replace(rests, last_said="It stands in plan.md:")
    assert why(said) == "It stands in plan.md:"
    assert why(rests) == reason
    assert why(msgspec.structs.replace(said, reason="ready")) == "ready"


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
    assert why(instance("a", "atlas", State.TERMINATED, reason=reason)) == shown


def test_an_ordinary_fleet(tmp_path: Path) -> None:
    """Every row of it says something that a person can use, at an earlier moment, too."""
    root = ordinary_tree(tmp_path / "logs").root
    history = History(root)
    try:
        assert history.prepare()
        state = history.state_at(TreeBuilder.epoch(3600))
        shown = {i.label: why(i) for i in state.instances}
    finally:
        history.close()
    assert shown["payments-migration"] == "Write the rollback plan for the ledger tables."
    assert shown["integration-tests"] == "Run the whole suite against staging."
    assert shown["docs-and-changelog"].startswith("Step 8 of docs-and-changelog is done")
    assert shown["flaky-test-hunt"] == "terminated"
    assert not [text for text in shown.values() if message_id(500)[:8] in text]
