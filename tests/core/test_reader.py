from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

from builders import TreeBuilder
from logging_core.read import session
from logging_core.read.reader import TreeReader
from logging_core.records import (
    AuditEvent,
    Batch,
    FrameRef,
    InstanceGone,
    InstanceSeen,
    LifecycleEvent,
    Message,
    Metadata,
    OrchestratorEvent,
    Problem,
    Record,
)
from payloads import PAYLOADS

R = TypeVar("R")


def read(reader: TreeReader) -> list[Batch]:
    """One sweep, and everything that it leads to."""
    batches = [reader.poll()]
    while not batches[-1].caught_up:
        assert len(batches) < 1000
        batches.append(reader.poll(()))
    return batches


def records(reader: TreeReader) -> list[Record]:
    return [record for batch in read(reader) for record in batch.records]


def problems(reader: TreeReader) -> list[Problem]:
    return [problem for batch in read(reader) for problem in batch.problems]


def only(kind: type[R], found: Sequence[object]) -> list[R]:
    return [record for record in found if isinstance(record, kind)]


def ids(found: Sequence[object]) -> list[str | None]:
    return [message.message_id for message in only(Message, found)]


def jq(program: str, *files: Path) -> Any:
    command = ["jq", "-s", "-c", program, *map(str, files)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


@pytest.fixture
def reader(tree: TreeBuilder) -> TreeReader:
    return TreeReader(tree.root)


# --- the tree of a real orchestrator -------------------------------------------------


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


# --- what a look brings --------------------------------------------------------------


def test_the_first_look_brings_everything_and_the_second_nothing(
    tree: TreeBuilder, reader: TreeReader
) -> None:
    """Each record is handed out once."""
    tree.spawn("a", "alpha")
    tree.send("a", "m1")
    tree.frame("a", "hello")
    tree.orchestrator("up")
    assert {type(record) for record in records(reader)} == {
        InstanceSeen,
        Metadata,
        AuditEvent,
        LifecycleEvent,
        Message,
        FrameRef,
        OrchestratorEvent,
    }
    assert records(reader) == []
    tree.receive("a", "m1", at=1)
    assert [type(record) for record in records(reader)] == [AuditEvent, Message]


def test_records_of_different_files_are_merged_by_time(
    tree: TreeBuilder, reader: TreeReader
) -> None:
    """A file's own order is kept, even where its times are not in order."""
    tree.send("a", "a1", at=1)
    tree.send("a", "a5", at=5)
    tree.send("a", "a2", at=2)
    tree.json("instances/a/communication.jsonl", {"message_id": "timeless"})
    tree.send("b", "b3", at=3)
    tree.send("b", "b6", at=6)
    assert ids(records(reader)) == ["a1", "b3", "a5", "a2", "timeless", "b6"]


def test_a_broken_line_is_a_problem_with_its_place(tree: TreeBuilder, reader: TreeReader) -> None:
    """File, offset, reason and a piece of it that is safe to show; the rest is read."""
    path = "instances/a/communication.jsonl"
    tree.send("a", "m1")
    offset = (tree.root / path).stat().st_size
    tree.line(path, b"\x1b[2J not json\n")
    tree.send("a", "m2")
    (batch,) = read(reader)
    assert ids(batch.records) == ["m1", "m2"]
    (problem,) = batch.problems
    assert (problem.path, problem.offset) == (path, offset)
    assert problem.line == "␛[2J not json"
    assert problem.reason.startswith("not valid JSON")


def test_blank_lines_and_empty_files_are_no_problem(tree: TreeBuilder, reader: TreeReader) -> None:
    """Nor are the NULs that a hole leaves, nor a byte order mark."""
    tree.line("instances/a/communication.jsonl", b"\xef\xbb\xbf" + b'{"message_id": "m1"}\r\n\n\n')
    tree.line("instances/a/communication.jsonl", b"\0" * 100 + b'{"message_id": "m2"}\n')
    tree.line("instances/a/instance.log", b"")
    (batch,) = read(reader)
    assert batch.problems == ()
    assert ids(batch.records) == ["m1", "m2"]


def test_a_line_that_is_too_long_is_told_with_its_size(
    tree: TreeBuilder, reader: TreeReader
) -> None:
    """A message beyond the limit is a problem; an entry for people is cut."""
    giant = "x" * 3_000_000
    tree.send("a", "m1", giant)
    tree.lifecycle("a", giant)
    tree.send("a", "m2", at=1)
    batches = read(reader)
    assert ids([record for batch in batches for record in batch.records]) == ["m2"]
    (event,) = only(LifecycleEvent, [record for batch in batches for record in batch.records])
    assert event.text.endswith("x … [cut: 3,000,029 bytes]")
    (problem,) = [problem for batch in batches for problem in batch.problems]
    assert problem.reason == "a line of 3,000,133 bytes is too long"


def test_the_work_of_one_look_is_bounded(
    tree: TreeBuilder, reader: TreeReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large file is read a piece at a time, and meanwhile a small one comes through."""
    for number in range(3):
        tree.send("big", f"m{number}", "x" * 900_000, at=number)
    tree.send("small", "s1")
    first = reader.poll()
    assert not first.caught_up
    assert ids(first.records) == ["m0", "s1"]
    assert ids(records(reader)) == ["m1", "m2"]
    monkeypatch.setattr(session, "_LOGS", 2)
    tree.spawn("x")
    tree.spawn("y")
    assert len(read(reader)) > 1


def test_history_is_the_end_of_each_log(tree: TreeBuilder) -> None:
    """Audit files and captures are read whole; what comes later is read whole too."""
    for number in range(100):
        tree.send("a", f"m{number}", at=number)
        tree.lifecycle("a", f"line\n    {number}", at=number)
        tree.audit("x", "a", {}, at=number)
        tree.frame("a", "pane", at=number)
    reader = TreeReader(tree.root, history_bytes=1000)
    found = records(reader)
    assert ids(found)[-1] == "m99"
    assert 0 < len(only(Message, found)) < 10
    lifecycle = only(LifecycleEvent, found)
    assert lifecycle[-1].text == "line\n99"
    assert lifecycle[0].text.startswith("line\n")
    assert len(only(AuditEvent, found)) == len(only(FrameRef, found)) == 100
    for number in range(50):
        tree.send("late", f"l{number}")
    assert len(only(Message, records(reader))) == 50


def test_only_dirty_paths_are_looked_at(tree: TreeBuilder, reader: TreeReader) -> None:
    """They are a hint: what they do not name is found by the next sweep."""
    tree.spawn("a")
    tree.spawn("b")
    read(reader)
    tree.send("a", "m1")
    tree.send("b", "m2")
    where = tree.root / "instances"
    assert ids(reader.poll([where / "a" / "communication.jsonl"]).records) == ["m1"]
    assert ids(reader.poll([tree.root.parent / "elsewhere"]).records) == []
    assert ids(reader.poll().records) == ["m2"]


def test_a_new_directory_among_the_dirty_paths_is_listed(
    tree: TreeBuilder, reader: TreeReader
) -> None:
    """Its files were never announced."""
    read(reader)
    tree.spawn("new", "n")
    tree.send("new", "m1")
    found = reader.poll([tree.root / "instances" / "new"]).records
    assert ids(found) == ["m1"]
    assert only(InstanceSeen, found) == [InstanceSeen(instance_id="new")]


def test_an_unfinished_entry_is_held_back_for_one_look(
    tree: TreeBuilder, reader: TreeReader
) -> None:
    """A broken entry that goes on is one record; one that does not is not withheld."""
    head = '{"timestamp": "2026-11-23T12:00:00", "level": "ERROR", "logger": "o", "message": "a "b"'
    tree.line("orchestrator.log", f"{head}\n".encode())
    first = reader.poll()
    assert first.records == ()
    assert not first.caught_up
    tree.line("orchestrator.log", b'c", "module": "m", "function": "f", "line": 1}\n')
    (event,) = only(OrchestratorEvent, reader.poll().records)
    assert event.text == 'a "b"\nc'
    tree.line("orchestrator.log", f"{head}\n".encode())
    assert reader.poll().records == ()
    (torn,) = only(OrchestratorEvent, reader.poll(()).records)
    assert torn.text == 'a "b"'


# --- metadata ------------------------------------------------------------------------


def test_metadata_is_read_again_when_it_changes(tree: TreeBuilder, reader: TreeReader) -> None:
    """A rewritten file brings a new record."""
    tree.metadata("a", "alpha")
    assert [m.instance_name for m in only(Metadata, records(reader))] == ["alpha"]
    tree.metadata("a", None, at=5, role="qa")
    (metadata,) = only(Metadata, records(reader))
    assert (metadata.instance_name, metadata.role) == (None, "qa")
    assert metadata.created_s == tree.epoch(5)


def test_metadata_that_is_just_being_written_is_no_problem(
    tree: TreeBuilder, reader: TreeReader
) -> None:
    """It is looked at twice before it counts as broken."""
    path = tree.root / "instances/a/metadata.json"
    tree.line("instances/a/metadata.json", b'{"instance_name": "al')
    first = reader.poll()
    assert first.problems == ()
    assert not first.caught_up
    path.write_bytes(b'{"instance_name": "alpha"}')
    (batch,) = read(reader)
    assert [m.instance_name for m in only(Metadata, batch.records)] == ["alpha"]
    path.write_bytes(b"{")
    assert [problem.path for problem in problems(reader)] == ["instances/a/metadata.json"]
    assert problems(reader) == []


# --- directories ---------------------------------------------------------------------


def test_an_instance_that_is_gone_is_told_after_two_sweeps(
    tree: TreeBuilder, reader: TreeReader
) -> None:
    """And if it comes back it is another one."""
    tree.send("a", "m1")
    read(reader)
    shutil.rmtree(tree.root / "instances/a")
    assert records(reader) == []
    assert records(reader) == [InstanceGone(instance_id="a")]
    assert records(reader) == []
    tree.send("a", "m2")
    found = records(reader)
    assert only(InstanceSeen, found) == [InstanceSeen(instance_id="a")]
    assert ids(found) == ["m2"]


def test_what_is_not_ours_is_left_alone(tree: TreeBuilder, reader: TreeReader) -> None:
    """Other directories and files bring neither records nor problems."""
    for path in ("artifacts/x.log", "state/a/communication.jsonl", "session_ports.env"):
        tree.line(path, b"x\n")
    for path in ("instances/notes.txt", "instances/a/notes.jsonl", "audit/other.jsonl"):
        tree.line(path, b"x\n")
    tree.line("instances/.trash/communication.jsonl", b"x\n")
    (batch,) = read(reader)
    assert batch.records == (InstanceSeen(instance_id="a"),)
    assert batch.problems == ()


def test_links_and_pipes_are_problems_and_never_opened(
    tree: TreeBuilder, reader: TreeReader, tmp_path: Path
) -> None:
    """Each is told once, and the rest of the tree is read."""
    tree.send("a", "m1")
    outside = tmp_path / "outside"
    (outside / "x").mkdir(parents=True)
    (tree.root / "instances/link").symlink_to(outside)
    (tree.root / "instances/a/instance.log").symlink_to("/etc/passwd")
    os.mkfifo(tree.root / "orchestrator.log")
    (tree.root / "instances/a/tmux_output.log").mkdir()
    (batch,) = read(reader)
    assert ids(batch.records) == ["m1"]
    assert {(problem.path, problem.reason) for problem in batch.problems} == {
        ("instances/link", "a symbolic link"),
        ("instances/a/instance.log", "a symbolic link"),
        ("orchestrator.log", "not a regular file"),
        ("instances/a/tmux_output.log", "not a regular file"),
    }
    assert problems(reader) == []


def test_a_directory_that_is_a_file_is_a_problem_until_it_is_repaired(
    tree: TreeBuilder, reader: TreeReader
) -> None:
    """Then everything in it is read."""
    (tree.root / "instances").rmdir()
    (tree.root / "instances").write_text("x")
    assert [problem.path for problem in problems(reader)] == ["instances"]
    (tree.root / "instances").unlink()
    tree.send("a", "m1")
    assert ids(records(reader)) == ["m1"]


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_hostile_directory_name_is_shown_and_its_files_are_read(
    tree: TreeBuilder, name: str
) -> None:
    """Any name that a file system takes; its frames can be read by their path."""
    raw = PAYLOADS[name].data.replace(b"/", b"_").replace(b"\0", b"_")[:200]
    directory = os.fsdecode(raw)
    if directory.startswith("."):
        directory = f"x{directory}"
    tree.send(directory, "m1")
    tree.frame(directory, "pane")
    found = records(TreeReader(tree.root))
    (message,) = only(Message, found)
    assert message.instance_id.isprintable()
    assert only(InstanceSeen, found) == [InstanceSeen(instance_id=message.instance_id)]
    (ref,) = only(FrameRef, found)
    assert (tree.root / ref.path).is_file()


def test_a_name_that_is_no_utf8_is_shown_with_its_bytes(tree: TreeBuilder) -> None:
    """Two such names do not become one."""
    for raw in (b"id\xff", b"id\xfe"):
        tree.send(os.fsdecode(raw), "m1")
    seen = only(InstanceSeen, records(TreeReader(tree.root)))
    assert [instance.instance_id for instance in seen] == ["id\\xfe", "id\\xff"]


# --- the root ------------------------------------------------------------------------


def test_a_root_that_does_not_exist_yet_is_waited_for(tmp_path: Path) -> None:
    """Why there is nothing is said, and once it is there it is read."""
    root = tmp_path / "logs"
    reader = TreeReader(root)
    assert reader.poll().waiting == f"{root} does not exist yet"
    root.write_text("x")
    assert reader.poll().waiting == f"{root} is not a directory"
    root.unlink()
    TreeBuilder(root).send("a", "m1")
    batch = reader.poll()
    assert batch.waiting is None
    assert not batch.reset
    assert ids(batch.records) == ["m1"]


def test_a_root_that_may_not_be_read_is_waited_for(
    tree: TreeBuilder, reader: TreeReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if it were not there, until it may."""
    tree.send("a", "m1")
    with monkeypatch.context() as patched:
        patched.setattr(os, "access", lambda *_: False)
        assert reader.poll().waiting == f"{tree.root} cannot be read: permission denied"
    assert ids(reader.poll().records) == ["m1"]


def test_a_root_that_is_replaced_is_read_anew(tree: TreeBuilder, reader: TreeReader) -> None:
    """Everything from before is void, and that is said."""
    tree.send("a", "m1")
    read(reader)
    tree.root.rename(tree.root.with_name("old"))
    assert reader.poll().waiting is not None
    TreeBuilder(tree.root).send("b", "m2")
    batch = reader.poll()
    assert batch.reset
    assert ids(batch.records) == ["m2"]
    assert only(InstanceSeen, batch.records) == [InstanceSeen(instance_id="b")]
    assert not reader.poll().reset


def test_a_root_that_goes_and_comes_back_is_not_read_twice(
    tree: TreeBuilder, reader: TreeReader
) -> None:
    """The same directory under the same name is the same tree."""
    tree.send("a", "m1")
    read(reader)
    tree.root.rename(tree.root.with_name("aside"))
    assert reader.poll().waiting is not None
    tree.root.with_name("aside").rename(tree.root)
    tree.send("a", "m2")
    batch = reader.poll()
    assert not batch.reset
    assert ids(batch.records) == ["m2"]


# --- going on ------------------------------------------------------------------------


def resume(reader: TreeReader, root: Path) -> TreeReader:
    """Another reader that goes on where this one is, by a cursor that went through JSON."""
    return TreeReader(root, cursor=json.loads(json.dumps(reader.poll(()).cursor)))


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
    cursor = reader.poll(()).cursor
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
        {"version": 1, "logs": [], "instances": []},
        {"version": 1, "logs": {"a": {"b": [1]}}, "instances": []},
        {"version": 1, "logs": {"a": {"b": ["x"] * 5}}, "instances": []},
    ],
)
def test_what_is_no_cursor_is_refused(tmp_path: Path, cursor: dict[str, Any]) -> None:
    """With a `ValueError`, before anything is read."""
    with pytest.raises(ValueError, match="not a cursor"):
        TreeReader(tmp_path, cursor=cursor)


def test_a_closed_reader_begins_anew(tree: TreeBuilder, reader: TreeReader) -> None:
    """It remembers nothing."""
    tree.send("a", "m1")
    assert ids(records(reader)) == ["m1"]
    reader.close()
    assert ids(records(reader)) == ["m1"]
