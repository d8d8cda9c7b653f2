from __future__ import annotations

import gzip
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from builders import TreeBuilder
from logging_core.read.known import REWRITTEN
from logging_core.read.reader import TreeReader
from logging_core.records import (
    AuditEvent,
    FrameRef,
    InstanceGone,
    InstanceSeen,
    LifecycleEvent,
    Message,
    OrchestratorEvent,
)
from reading import ids, only, read, records


@pytest.fixture
def reader(tree: TreeBuilder) -> TreeReader:
    return TreeReader(tree.root)


def resume(reader: TreeReader, root: Path) -> TreeReader:
    """Another reader that goes on where this one is, by a cursor that went through JSON."""
    return TreeReader(root, cursor=json.loads(json.dumps(reader.poll(turns=0).cursor)))


def test_a_cursor_goes_on_where_the_last_batch_ended(tree: TreeBuilder) -> None:
    """Nothing is missed and nothing repeated, in any kind of file."""
    tree.spawn("a", "alpha")
    tree.send("a", "m1")
    tree.frame("a", "one")
    tree.orchestrator("up")
    reader = TreeReader(tree.root)
    read(reader)
    again = resume(reader, tree.root)
    assert records(again) == []
    tree.receive("a", "m1", at=5)
    tree.frame("a", "two", at=6)
    tree.orchestrator("busy", at=7)
    tree.lifecycle("a", "done", at=8)
    found = records(resume(again, tree.root))
    assert [type(record) for record in found] == [
        AuditEvent,
        Message,
        FrameRef,
        OrchestratorEvent,
        LifecycleEvent,
    ]
    assert found == records(again)


def test_a_cursor_in_the_middle_of_the_history_goes_on_there(tree: TreeBuilder) -> None:
    """A reader that was stopped before it had caught up loses nothing."""
    for number in range(4):
        tree.send("a", f"m{number}", "x" * 900_000, at=number)
    reader = TreeReader(tree.root)
    first = reader.poll()
    assert ids(first.records) == ["m0"]
    assert ids(records(TreeReader(tree.root, cursor=first.cursor))) == ["m1", "m2", "m3"]


def test_a_cursor_survives_a_rotation(tree: TreeBuilder) -> None:
    """Of a log by number, and of an audit file that midnight renamed."""
    tree.orchestrator("one")
    tree.audit("one", "a", {})
    reader = TreeReader(tree.root)
    read(reader)
    tree.orchestrator("two", at=1)
    tree.audit("two", "a", {}, at=1)
    cursor = reader.poll(turns=0).cursor
    log, day = tree.root / "orchestrator.log", tree.root / "audit/audit_20261123.jsonl"
    log.rename(log.with_name("orchestrator.log.1"))
    day.rename(day.with_name("audit_20261123.jsonl.2026-11-23"))
    tree.orchestrator("three", at=2)
    tree.audit("three", "a", {}, at=2)
    for reader_after in (TreeReader(tree.root, cursor=cursor), reader):
        found = records(reader_after)
        assert [event.text for event in only(OrchestratorEvent, found)] == ["two", "three"]
        assert [event.event_type for event in only(AuditEvent, found)] == ["two", "three"]


def test_a_cursor_knows_which_instances_were_there(tree: TreeBuilder) -> None:
    """One that went away meanwhile is told, a new one too."""
    tree.spawn("a")
    tree.spawn("b")
    reader = TreeReader(tree.root)
    read(reader)
    again = resume(reader, tree.root)
    shutil.rmtree(tree.root / "instances/a")
    tree.spawn("c")
    found = [*records(again), *records(again)]
    assert only(InstanceSeen, found) == [InstanceSeen(instance_id="c")]
    assert only(InstanceGone, found) == [InstanceGone(instance_id="a")]


@pytest.mark.parametrize(
    "cursor",
    [
        {},
        {"version": 2, "logs": {}, "instances": []},
        {"version": 3, "logs": [], "instances": []},
        {"version": 3, "logs": {"a": {"b": [1]}}, "instances": []},
        {"version": 3, "logs": {"a": {"b": ["x"] * 5}}, "instances": []},
        "...",
        [],
    ],
)
def test_what_is_no_cursor_is_refused(tmp_path: Path, cursor: Any) -> None:
    """With a `ValueError`, before anything is read."""
    with pytest.raises(ValueError, match="not a cursor"):
        TreeReader(tmp_path, cursor=cursor)


def test_a_closed_reader_begins_anew(tree: TreeBuilder, reader: TreeReader) -> None:
    """It remembers nothing."""
    tree.send("a", "m1")
    assert ids(records(reader)) == ["m1"]
    reader.close()
    assert ids(records(reader)) == ["m1"]


def test_who_comes_back_after_a_cursor_is_read_from_the_start(tree: TreeBuilder) -> None:
    """What the cursor knew of an instance is forgotten once its directory was deleted."""
    tree.send("a", "m1")
    reader = TreeReader(tree.root)
    read(reader)
    again = resume(reader, tree.root)
    read(again)
    shutil.rmtree(tree.root / "instances" / "a")
    gone = [record for _ in range(3) for record in again.poll().records]
    assert InstanceGone(instance_id="a") in gone
    tree.send("a", "m2")
    batch = again.poll()
    assert ids(only(Message, batch.records)) == ["m2"]
    assert batch.problems == ()


def test_a_cursor_is_left_as_it_was(tree: TreeBuilder) -> None:
    """It can be used again."""
    tree.send("a", "m1")
    reader = TreeReader(tree.root)
    read(reader)
    cursor = reader.poll(turns=0).cursor
    before = json.dumps(cursor)
    tree.send("a", "m2")
    for _ in range(2):
        assert ids(only(Message, records(TreeReader(tree.root, cursor=cursor)))) == ["m2"]
    assert json.dumps(cursor) == before


def test_who_went_before_a_restart_and_came_back_is_read_from_the_start(tree: TreeBuilder) -> None:
    """A cursor tells nothing of a directory that is gone by then, whatever is in the next one."""
    tree.send("a", "m1")
    reader = TreeReader(tree.root)
    read(reader)
    shutil.move(tree.root / "instances" / "a", tree.root.parent / "aside")
    again = resume(reader, tree.root)
    gone = [record for _ in range(3) for record in again.poll().records]
    assert InstanceGone(instance_id="a") in gone
    shutil.move(tree.root.parent / "aside", tree.root / "instances" / "a")
    assert ids(records(again)) == ["m1"]


def test_a_cursor_knows_in_which_file_an_entry_waits_for_its_end(tmp_path: Path) -> None:
    """Its file may be rotated meanwhile: neither it nor what is in the next file is lost."""
    path = tmp_path / "orchestrator.log"

    def head(text: str) -> str:
        now = "2026-11-01T00:00:00"
        return f'{{"timestamp": "{now}", "level": "INFO", "logger": "o", "message": "{text}'

    end = '", "module": "m", "function": "f", "line": 1}\n'
    path.write_text(head("whole") + end)
    reader = TreeReader(tmp_path)
    read(reader)
    with path.open("a") as file:
        file.write(head('a "broken" one\n'))
    assert reader.poll().records == ()
    path.rename(tmp_path / "orchestrator.log.1")
    path.write_text(head("next"))
    again = TreeReader(tmp_path, cursor=reader.poll().cursor)
    with path.open("a") as file:
        file.write(end)
    for one in (reader, again):
        found = only(OrchestratorEvent, records(one))
        assert [event.text for event in found] == ['a "broken" one', "next"]


def opened(reader: TreeReader, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the logs that a reader opens at its next look."""
    names, really = set[str](), os.open

    def spy(path: str, *args: Any, **kwargs: Any) -> int:
        names.add(Path(path).name)
        return really(path, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", spy)
        read(reader)
    return names & {"communication.jsonl", "instance.log", "metadata.json", "tmux_output.log"}


def test_what_is_as_it_was_left_is_not_opened(
    tree: TreeBuilder, reader: TreeReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later reader opens the logs that changed, so it begins soon however many there are."""
    tree.spawn("a", "alpha")
    tree.lifecycle("a", "begun", at=1)
    tree.send("a", "m1")
    tree.frame("a", "one")
    read(reader)
    assert opened(resume(reader, tree.root), monkeypatch) == set()
    again = resume(reader, tree.root)
    tree.send("a", "m2", at=2)
    assert opened(again, monkeypatch) == {"communication.jsonl"}


def test_a_file_of_the_same_size_is_read_again(tree: TreeBuilder, reader: TreeReader) -> None:
    """Rewritten while nobody read, it is noticed by its time and its bytes."""
    tree.send("a", "m1")
    log = tree.root / "instances/a/communication.jsonl"
    read(reader)
    cursor = reader.poll().cursor
    log.write_bytes(log.read_bytes().replace(b"m1", b"m9"))
    batches = read(TreeReader(tree.root, cursor=cursor))
    assert ids(batches[0].records) == ["m9"]
    assert [found.reason for batch in batches for found in batch.problems] == [REWRITTEN]


def test_a_line_without_an_end_outlives_its_file(tree: TreeBuilder, reader: TreeReader) -> None:
    """What a later reader never saw grow is still given as torn when its file is gone."""
    tree.send("a", "m1")
    log = tree.root / "instances/a/communication.jsonl"
    with log.open("ab") as file:
        file.write(log.read_bytes()[:-3].replace(b"m1", b"m2"))
    read(reader)
    again = resume(reader, tree.root)
    assert records(again) == []
    log.unlink()
    batches = read(again)
    assert [found.reason for batch in batches for found in batch.problems] != []


def test_what_cannot_be_read_is_told_to_a_later_reader(
    tree: TreeBuilder, reader: TreeReader
) -> None:
    """And that it can be, once that is so."""
    tree.orchestrator("up")
    whole = tree.root / "orchestrator.log"
    log = whole.with_name("orchestrator.log.1.gz")
    log.write_bytes(gzip.compress(whole.read_bytes())[:-4])  # its length is missing
    (told,) = [found for batch in read(reader) for found in batch.problems]
    again = resume(reader, tree.root)
    assert [found for batch in read(again) for found in batch.problems] == [told]
    log.unlink()
    assert [path for batch in read(again) for path in batch.readable] == [told.path]


def test_a_reader_says_whether_all_that_was_read_is_there(
    tree: TreeBuilder, reader: TreeReader
) -> None:
    """Each instance, and each file but metadata, no shorter than it was; asked before it reads."""
    tree.spawn("a", "alpha")
    tree.send("a", "m1")
    log = tree.root / "instances/a/communication.jsonl"
    read(reader)
    cursor = reader.poll().cursor
    tree.send("a", "m2")
    again = TreeReader(tree.root, cursor=cursor)
    assert again.is_whole()
    assert ids(records(again)) == ["m2"]
    log.write_bytes(b"")
    assert not TreeReader(tree.root, cursor=cursor).is_whole()
    log.unlink()
    assert not TreeReader(tree.root, cursor=cursor).is_whole()
    shutil.rmtree(tree.root)
    assert not TreeReader(tree.root, cursor=cursor).is_whole()


def test_an_entry_that_was_held_back_is_given_by_a_later_reader(
    tree: TreeBuilder, reader: TreeReader
) -> None:
    """One that seemed unfinished when the first reader stopped, and that nothing was added to."""
    tree.line("orchestrator.log", b'{"timestamp": "2026-11-23T12:00:00",\n')
    held = reader.poll()
    assert (held.caught_up, held.problems) == (False, ())
    batches = read(TreeReader(tree.root, cursor=held.cursor))
    assert [found.line for batch in batches for found in batch.problems] != []
