from __future__ import annotations

import gzip
import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from builders import TreeBuilder
from logging_core.read import session
from logging_core.read.frames import read_frame
from logging_core.read.reader import TreeReader
from logging_core.records import (
    AuditEvent,
    Batch,
    FrameRef,
    InstanceSeen,
    LifecycleEvent,
    Message,
    Metadata,
    OrchestratorEvent,
)
from reading import ids, only, problems, read, records


@pytest.fixture
def reader(tree: TreeBuilder) -> TreeReader:
    return TreeReader(tree.root)


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


@pytest.mark.fault("R20", "R21")
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


@pytest.mark.fault("R05", "R08", "R09", "R10")
def test_blank_lines_and_empty_files_are_no_problem(tree: TreeBuilder, reader: TreeReader) -> None:
    """Nor are the NULs that a hole leaves, nor a byte order mark."""
    tree.line("instances/a/communication.jsonl", b"\xef\xbb\xbf" + b'{"message_id": "m1"}\r\n\n\n')
    tree.line("instances/a/communication.jsonl", b"\0" * 100 + b'{"message_id": "m2"}\n')
    tree.line("instances/a/instance.log", b"")
    (batch,) = read(reader)
    assert batch.problems == ()
    assert ids(batch.records) == ["m1", "m2"]


@pytest.mark.fault("R06")
@pytest.mark.parametrize("text", ["x", "é", "\\", '"', "🚀", "\n"])
def test_a_giant_message_is_cut_and_its_true_size_told(
    tree: TreeBuilder, reader: TreeReader, text: str
) -> None:
    """It is there with its id and the beginning of its content, and so is the line after it."""
    times = 1_200_000 // len(json.dumps(text)[1:-1])
    for start in range(12):
        tree.send("a", f"m{start}", "-" * start + text * times)
    tree.send("a", "after", at=1)
    found = records(reader)
    assert ids(found) == [*(f"m{start}" for start in range(12)), "after"]
    for message in only(Message, found)[:-1]:
        assert re.search(r" … \[cut: [\d,]+ bytes\]$", message.content or "")
        assert 0 < len(message.content or "") < 1 << 20


@pytest.mark.fault("R06")
def test_a_giant_entry_for_people_is_cut(tree: TreeBuilder, reader: TreeReader) -> None:
    """And says how long it is."""
    tree.lifecycle("a", "x" * 3_000_000)
    tree.lifecycle("a", "é" * 1_000_000)
    first, second = only(LifecycleEvent, records(reader))
    assert first.text.endswith("x … [cut: 3,000,029 bytes]")
    assert second.text.endswith("é … [cut: 2,000,029 bytes]")
    assert (first.suspect, second.suspect) == ((), ())


@pytest.mark.fault("R06")
def test_a_giant_line_that_is_cut_in_no_text_is_a_problem(
    tree: TreeBuilder, reader: TreeReader
) -> None:
    """With its true size, and the line after it is read."""
    tree.json("instances/a/communication.jsonl", {"numbers": [1000] * 500_000})
    tree.send("a", "after")
    found = read(reader)
    assert ids([record for batch in found for record in batch.records]) == ["after"]
    (problem,) = [problem for batch in found for problem in batch.problems]
    assert problem.reason == "a line of 3,000,013 bytes is too long"


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
    for number in range(20):
        tree.send(f"i{number}", "m")
    assert len(read(reader)) > 1


def test_what_is_new_takes_few_looks(tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The start is read in small pieces, to show some of it early; what comes then, in large."""
    monkeypatch.setattr(session, "_LOGS", 2)
    reader = TreeReader(tree.root)
    for _ in range(2):
        for number in range(6):
            tree.send(f"i{number}", "m")
        assert len(ids(records(reader))) == 6


def test_history_is_the_end_of_each_log(tree: TreeBuilder) -> None:
    """Of a pane it is what it shows and since when; audit files and what comes later are whole."""
    for number in range(100):
        tree.send("a", f"m{number}", at=number)
        tree.lifecycle("a", f"line\n    {number}", at=number)
        tree.audit("x", "a", {}, at=number)
        tree.frame("a", f"pane {min(number, 95)}", at=number)
    reader = TreeReader(tree.root, history_bytes=1000)
    found = records(reader)
    assert ids(found)[-1] == "m99"
    assert 0 < len(only(Message, found)) < 10
    lifecycle = only(LifecycleEvent, found)
    assert lifecycle[-1].text == "line\n99"
    assert lifecycle[0].text.startswith("line\n")
    assert len(only(AuditEvent, found)) == 100
    times = [ref.time_s for ref in only(FrameRef, found)]
    assert times == [tree.epoch(at) for at in (94, 95, 96, 97, 98, 99)]
    tree.frame("a", "new", at=100)
    tree.frame("a", "newer", at=101)
    assert [ref.time_s for ref in only(FrameRef, records(reader))] == [
        tree.epoch(100),
        tree.epoch(101),
    ]
    for number in range(50):
        tree.send("late", f"l{number}")
    assert len(only(Message, records(reader))) == 50


def test_the_newest_day_of_audit_is_read_first(tree: TreeBuilder) -> None:
    """However much there is of each day: no older one is begun before."""
    for day in range(3):
        for number in range(3):
            tree.audit("x", "a", {"day": day, "text": "x" * 600_000}, at=86_400 * day + number)
    found: list[int] = []
    for batch in read(TreeReader(tree.root)):
        found += [event.details["day"] for event in only(AuditEvent, batch.records)]
        assert found.count(2) == 3 or 1 not in found
        assert found.count(1) == 3 or 0 not in found
    assert sorted(found) == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def audits(tree: TreeBuilder, days: int) -> None:
    for day in range(days):
        for number in range(10):
            tree.audit("x", "a", {"day": day, "text": "x" * 800}, at=86_400 * day + number)


def days_of(batches: list[Batch]) -> list[int]:
    exchanged = [r for batch in batches for r in only(AuditEvent, batch.records)]
    return [event.details["day"] for event in exchanged]


@pytest.mark.parametrize("blocks", [True, False])
def test_of_a_long_audit_trail_only_the_end_is_read(tree: TreeBuilder, *, blocks: bool) -> None:
    """So many bytes of all days together, the newest ones; what comes later is whole."""
    audits(tree, 4)
    tree.send("a", "m1")
    reader = TreeReader(tree.root, audit_bytes=14_500, blocks=blocks)
    batches = read(reader)
    assert sorted(days_of(batches)) == [*[2] * 4, *[3] * 10]
    assert ids([r for batch in batches for r in batch.records]) == ["m1"]
    assert reader.is_cut
    tree.audit("x", "a", {"day": 3}, at=86_400 * 3 + 60)
    tree.audit("x", "a", {"day": 4}, at=86_400 * 4)
    assert sorted(days_of(read(reader))) == [3, 4]


@pytest.mark.parametrize("audit_bytes", [100_000, None])
def test_an_audit_trail_that_is_not_that_long_is_whole(
    tree: TreeBuilder, audit_bytes: int | None
) -> None:
    """Then nothing is said to be left out."""
    audits(tree, 4)
    reader = TreeReader(tree.root, audit_bytes=audit_bytes)
    assert len(days_of(read(reader))) == 40
    assert not reader.is_cut


def test_audit_days_that_were_left_out_stay_so(tree: TreeBuilder) -> None:
    """Whether they are renamed or compressed afterwards, or were before: that is told."""
    audits(tree, 4)
    oldest, old, yesterday, today = sorted((tree.root / "audit").iterdir())
    compress(oldest)
    reader = TreeReader(tree.root, audit_bytes=9_000)
    assert set(days_of(read(reader))) == {3}
    compress(old)
    yesterday.rename(f"{yesterday}.2026-11-25")
    today.rename(f"{today}.2026-11-26")
    assert [batch.problems for batch in read(reader)] == [()]
    assert days_of(read(reader)) == []


def test_compressed_audit_days_are_no_part_of_the_end(tree: TreeBuilder) -> None:
    """However small they are; it is known that they are left out."""
    audits(tree, 2)
    compress(min((tree.root / "audit").iterdir()))
    reader = TreeReader(tree.root, audit_bytes=100_000)
    assert days_of(read(reader)) == [1] * 10
    assert reader.is_cut


def test_it_is_known_how_much_was_read(tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The share of the bytes that are there grows with each look, up to all of them."""
    monkeypatch.setattr(session, "BATCH", 4_000)
    monkeypatch.setattr(session, "TURN", 4_000)
    audits(tree, 4)
    tree.send("a", "m1")
    reader = TreeReader(tree.root)
    batch, shares = reader.poll(), [reader.share]
    while not batch.caught_up:
        batch = reader.poll(turns=0)
        shares.append(reader.share)
    assert 0 < shares[0] < 0.5
    assert shares == sorted(shares)
    assert shares[-1] == 1
    tree.audit("x", "a", {"day": 4}, at=86_400 * 4)
    reader.poll()
    assert reader.share == 1


def compress(path: Path) -> None:
    with gzip.open(f"{path}.gz", "wb") as file:
        file.write(path.read_bytes())
    path.unlink()


def test_an_audit_day_that_is_renamed_at_midnight_is_not_read_again(
    tree: TreeBuilder, reader: TreeReader
) -> None:
    """Its parts are one log, and the next day is another."""
    tree.audit("one", "a", {})
    assert len(only(AuditEvent, records(reader))) == 1
    today = tree.root / "audit/audit_20261123.jsonl"
    today.rename(f"{today}.2026-11-23")
    tree.audit("two", "a", {})
    tree.audit("three", "a", {}, at=86_400)
    assert {event.event_type for event in only(AuditEvent, records(reader))} == {"two", "three"}
    assert problems(reader) == []


def test_a_month_of_audits_does_not_keep_messages_waiting(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a large tree the first look brings the newest of both."""
    monkeypatch.setattr(session, "BATCH", 4_000)
    for day in range(1, 31):
        event = {
            "timestamp": f"2026-10-{day:02}T12:00:00",
            "event_type": "note",
            "event": "x" * 900,
        }
        tree.json(f"audit/audit_202610{day:02}.jsonl", event)
    tree.send("a", "m1")
    batch = TreeReader(tree.root).poll()
    assert not batch.caught_up
    assert [r.message_id for r in batch.records if isinstance(r, Message)] == ["m1"]
    days = [r.time_s for r in batch.records if isinstance(r, AuditEvent)]
    newest = datetime(2026, 10, 30, 12).timestamp()
    assert newest in days
    assert newest - 20 * 86400 not in days


def test_a_history_is_that_of_all_files_however_many_there_are(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was there at the start is read from its end, also what is not reached at the first look.

    What comes later is read from its beginning.
    """
    monkeypatch.setattr(session, "BATCH", 1)
    for name in "abc":
        for number in range(20):
            tree.frame(name, f"capture {number}", at=number)
            tree.send(name, f"{name}{number}", "long " * 100, at=number)
    reader = TreeReader(tree.root, history_bytes=2_000)
    batch = reader.poll()
    tree.frame("new", "first")
    tree.frame("new", "second", at=30)
    tree.send("new", "new1", "long " * 1_000, at=30)
    tree.send("new", "new2", at=31)
    found, batch = [*batch.records], reader.poll()
    while not batch.caught_up:
        found, batch = [*found, *batch.records], reader.poll(turns=0)
    found += batch.records
    refs = {(ref.instance_id, ref.time_s) for ref in only(FrameRef, found)}
    captured = {(name, tree.epoch(at)) for name in "abc" for at in (18, 19)}
    assert refs == {*captured, ("new", tree.epoch(0)), ("new", tree.epoch(30))}
    said = {f"{name}{number}" for name in "abc" for number in (17, 18, 19)}
    assert set(ids(found)) == {*said, "new1", "new2"}


def test_a_pane_without_a_frame_is_one_problem_in_any_history(tree: TreeBuilder) -> None:
    """The end of a file that holds no frame is not passed over in silence."""
    tree.line("instances/a/tmux_output.log", b"no frame at all\n" * 1000)
    (found,) = problems(TreeReader(tree.root, history_bytes=1000))
    assert found.reason == "text before the first frame"


def test_a_frame_larger_than_the_history_is_found(tree: TreeBuilder) -> None:
    """Its header is searched for as far back as it takes."""
    tree.frame("a", "old")
    tree.frame("a", "x" * 900_000, at=1)
    _, ref = only(FrameRef, records(TreeReader(tree.root, history_bytes=1000)))
    assert ref.time_s == tree.epoch(1)
    assert len(read_frame(tree.root, ref)) == 900_000


def test_only_paths_told_of_are_looked_at(tree: TreeBuilder, reader: TreeReader) -> None:
    """They are a hint: what they do not name is found by the next sweep."""
    tree.spawn("a")
    tree.spawn("b")
    read(reader)
    tree.send("a", "m1")
    tree.send("b", "m2")
    where = tree.root / "instances"
    assert ids(reader.poll([str(where / "a" / "communication.jsonl")], turns=0).records) == ["m1"]
    assert ids(reader.poll([str(tree.root.parent / "elsewhere")], turns=0).records) == []
    assert ids(reader.poll().records) == ["m2"]


def test_a_new_directory_told_of_is_listed(tree: TreeBuilder, reader: TreeReader) -> None:
    """Its files were never announced."""
    read(reader)
    tree.spawn("new", "n")
    tree.send("new", "m1")
    found = reader.poll([str(tree.root / "instances" / "new")], turns=0).records
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
    (torn,) = only(OrchestratorEvent, reader.poll(turns=0).records)
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
