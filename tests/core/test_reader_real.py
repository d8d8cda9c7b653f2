from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

from logging_core.read.reader import TreeReader
from logging_core.records import (
    AuditEvent,
    FrameRef,
    InstanceSeen,
    LifecycleEvent,
    Message,
    Metadata,
    OrchestratorEvent,
)
from reading import only, read, records


def jq(program: str, *files: Path) -> Any:
    command = ["jq", "-s", "-c", program, *map(str, files)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def test_the_real_tree_is_read_without_a_problem(real_tree: Path) -> None:
    """Nothing that the old writer wrote is lost or unreadable."""
    (batch,) = read(TreeReader(real_tree))
    assert batch.problems == ()
    assert Counter(type(record) for record in batch.records) == {
        InstanceSeen: 6,
        Metadata: 6,
        AuditEvent: 36,
        Message: 70,
        LifecycleEvent: 70,
        OrchestratorEvent: 37,
        FrameRef: 23,
    }


def test_the_real_trees_requests_agree_with_jq(real_tree: Path) -> None:
    """Exchanges and tokens of each instance are those that another program counts."""
    events = only(AuditEvent, records(TreeReader(real_tree)))
    exchanges = [event for event in events if event.event_type == "message_exchange"]
    found = {
        instance_id: [
            sum(event.instance_id == instance_id for event in exchanges),
            sum(event.tokens or 0 for event in exchanges if event.instance_id == instance_id),
        ]
        for instance_id in {event.instance_id for event in exchanges}
    }
    program = (
        'map(select(.event_type == "message_exchange")) | group_by(.instance_id) '
        "| map({(.[0].instance_id): [length, (map(.details.tokens) | add)]}) | add"
    )
    assert found == jq(program, *(real_tree / "audit").iterdir())
    assert {event.cost_usd for event in exchanges} == {None}


def test_the_real_trees_messages_are_those_of_its_files(real_tree: Path) -> None:
    """Every communication line is there, in its file's order."""
    messages = only(Message, records(TreeReader(real_tree, raw=True)))
    for path in real_tree.glob("instances/*/communication.jsonl"):
        own = [message for message in messages if message.instance_id == path.parent.name]
        assert [message.content for message in own] == jq("map(.content)", path)
        assert [message.text for message in own] == jq("map(.message)", path)


def test_the_real_trees_broken_entries_are_recovered(real_tree: Path) -> None:
    """Level, time, message and traceback of lines that are no JSON."""
    events = only(OrchestratorEvent, records(TreeReader(real_tree)))
    broken = [event for event in events if event.recovered]
    assert [event.level for event in broken] == ["ERROR"] * 3
    assert broken[0].text.endswith(': pane "dead"\nsecond line')
    assert broken[0].error == 'pane "dead"\nsecond line'
    assert str(broken[0].exception).startswith("Traceback (most recent call last):\n")
    assert str(broken[0].exception).endswith('\nRuntimeError: pane "dead"\nsecond line')
    assert broken[2].text.endswith('no "prompt" seen')
    assert all(event.instance_id and event.time_s for event in broken)
