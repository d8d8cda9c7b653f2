"""The halves of an exchange, found from its audit event."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from builders import TreeBuilder
from logging_core.analyse.state import TimelineEvent
from logging_core.codec.decode import decode_audit
from logging_core.read.messages import MessagePages
from logging_core.records import AuditEvent, Message
from logging_core.text import safe_block
from madrox_tui.events.halves import MAX_PAGES, event_entry, find_halves
from madrox_tui.feed.sources import read_told
from madrox_tui.panels.timeline.message_source import PAGE
from payloads import PAYLOADS


def exchange(message_id: str | None = "m-1", at: float | None = 70.0) -> AuditEvent:
    time_s = None if at is None else TreeBuilder.epoch(at)
    return AuditEvent(
        time_s=time_s, event_type="message_exchange", instance_id="a1", message_id=message_id
    )


def found(tree: TreeBuilder, event: AuditEvent, *spawned: float) -> list[str | None]:
    pages = MessagePages(tree.root, {event.instance_id or ""})
    halves = find_halves(pages, event, [TreeBuilder.epoch(at) for at in spawned])
    return [message.content for message in halves]


def test_the_reply_is_found_and_then_the_request(tree: TreeBuilder) -> None:
    """Of the same id, and of the instance; whenever the event is without a time."""
    for instance_id in ("a1", "b2"):
        tree.send(instance_id, "m-1", f"ask {instance_id}", at=60)
        tree.receive(instance_id, "m-1", f"answer {instance_id}", at=70)
    assert found(tree, exchange()) == found(tree, exchange(at=None)) == ["answer a1", "ask a1"]
    assert found(tree, exchange("m-2")) == found(tree, exchange(None)) == []


def test_of_an_id_that_comes_again_the_nearest_before_is_meant(tree: TreeBuilder) -> None:
    """An orchestrator may count anew after a restart."""
    for number in range(3):
        tree.send("a1", "m-1", f"ask {number}", at=60 + number * 1000)
        tree.receive("a1", "m-1", f"answer {number}", at=70 + number * 1000)
    assert found(tree, exchange(at=1070)) == ["answer 1", "ask 1"]


def test_halves_are_of_one_life(tree: TreeBuilder) -> None:
    """Who is spawned again may count anew at once: neither half is of another life."""
    tree.send("a1", "m-1", "ask 1", at=60)
    tree.send("a1", "m-2", "ask", at=61)
    tree.send("a1", "m-1", "ask 2", at=80)
    tree.receive("a1", "m-1", "answer 2", at=81)
    tree.receive("a1", "m-2", "answer", at=81)
    assert found(tree, exchange(at=70)) == ["ask 1"]
    assert found(tree, exchange(at=81)) == ["answer 2", "ask 2"]
    assert found(tree, exchange("m-2", at=81)) == ["answer", "ask"]
    assert found(tree, exchange("m-2", at=81), 75) == ["answer"]
    assert found(tree, exchange("m-2", at=62), 75) == ["ask"]
    assert found(tree, exchange("m-2", at=62), 75, 83) == ["ask"]


def test_one_half_may_be_all_there_is(tree: TreeBuilder) -> None:
    """A request whose reply nobody logged, or the other way round."""
    tree.send("a1", "m-1", "ask", at=60)
    tree.receive("a1", "m-2", "answer", at=70)
    assert found(tree, exchange("m-1")) == ["ask"]
    assert found(tree, exchange("m-2")) == ["answer"]


def test_it_is_not_looked_for_without_end(tree: TreeBuilder) -> None:
    """Only so many messages before the event are read."""

    class Endless:
        asked = 0
        problems = ()

        def start_before(self, time_s: float) -> None:
            assert time_s > TreeBuilder.epoch(70)

        def begins_s(self) -> float | None:
            return None

        times = ()

        def older(self, count: int, *, since_s: float | None = None) -> list[Message]:
            assert (count, since_s) == (PAGE, None)
            self.asked += 1
            return list(MessagePages(tree.root).older(1))

    tree.send("a1", "m-9", "another", at=60)
    pages = Endless()
    assert find_halves(pages, exchange()) == ()
    assert pages.asked == MAX_PAGES


@pytest.mark.parametrize("instance_id", ["../../a1", "..", "", "a1/../a1"])
def test_an_id_that_is_a_path_finds_nothing(tree: TreeBuilder, instance_id: str) -> None:
    """What an audit event names is no way out of the tree."""
    tree.send("a1", "m-1", "ask", at=60)
    for place in (tree.root, tree.root.parent, tree.root.parent / "a1"):
        place.mkdir(exist_ok=True)
        log = tree.root / "instances" / "a1" / "communication.jsonl"
        (place / "communication.jsonl").write_bytes(log.read_bytes())
    event = AuditEvent(
        time_s=TreeBuilder.epoch(70), event_type="x", instance_id=instance_id, message_id="m-1"
    )
    assert found(tree, event) == []


def test_an_event_can_be_shown_as_an_entry() -> None:
    """Its type, and its details as JSON; an error that has none is its text."""
    event = AuditEvent(
        time_s=5.0, event_type="spawn", instance_id="a1", error="no", details={"n": 1 << 70}
    )
    entry = event_entry(event)
    assert (entry.instance_id, entry.time_s, entry.is_error) == ("a1", 5.0, True)
    assert entry.text == f'spawn\n{{\n  "n": {1 << 70}\n}}'
    assert event_entry(AuditEvent(event_type="error", error="a\nb")).text == "error\na\nb"
    assert event_entry(AuditEvent(event_type="tick")).text == "tick"
    assert not event_entry(AuditEvent(event_type="tick")).is_error


@pytest.mark.parametrize("name", PAYLOADS)
def test_an_event_as_an_entry_is_safe_to_show(name: str) -> None:
    """Whatever its details say, as names and as values, at any depth."""
    text = PAYLOADS[name].data.decode("utf-8", "replace")
    line = json.dumps({"event_type": text, "details": {text: [text, {text: text}]}})
    event = decode_audit(line.encode())
    assert isinstance(event, AuditEvent)
    shown = event_entry(event).text
    assert shown == safe_block(shown)
    assert len(shown) > len('{"": ["", {"": ""}]}')


def test_an_error_leads_to_what_the_audit_trail_says_of_it(tree: TreeBuilder) -> None:
    """The event of its moment and its instance; none where only another file tells of it."""
    for instance_id in ("a1", "b2"):
        details = {"error": "tool failed", "exit_code": 137, "of": instance_id}
        tree.audit("tool_failed", instance_id, details, at=60)
    tree.audit("instance_spawn", "a1", {}, at=70)
    error = TimelineEvent("a1", TreeBuilder.epoch(60), "tool failed", is_error=True)
    told = read_told(tree.root, error)
    assert told is not None
    assert told.text.startswith("tool_failed\n{\n")
    assert '"exit_code": 137' in told.text
    assert '"of": "a1"' in told.text
    assert read_told(tree.root, replace(error, time_s=TreeBuilder.epoch(70))) is None
    assert read_told(tree.root, replace(error, instance_id="c3")) is None


def test_an_error_of_more_than_one_leads_to_its_event(tree: TreeBuilder) -> None:
    """Of the fleet, and of each instance that the event lists."""
    details = {"error": "disk full", "affected_instances": ["b2"]}
    tree.audit("write_failed", "a1", details, at=60)
    for instance_id in ("", "a1", "b2"):
        error = TimelineEvent(instance_id, TreeBuilder.epoch(60), "disk full", is_error=True)
        assert read_told(tree.root, error) is not None, instance_id


def test_no_event_is_found_of_an_error_whose_time_is_unknown(tree: TreeBuilder) -> None:
    """Not even one whose time is unknown, too: it may be of anything."""
    event = {"event_type": "tool_failed", "instance_id": "a1", "details": {"error": "tool failed"}}
    tree.json("audit/audit_20261123.jsonl", {"timestamp": "?", **event})
    assert read_told(tree.root, TimelineEvent("a1", None, "tool failed", is_error=True)) is None
