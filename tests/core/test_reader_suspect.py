"""Records that are odd but can be read: what there is of them comes, and says so."""

from __future__ import annotations

import gzip
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from builders import TreeBuilder
from logging_core.anomalies import Anomaly, AnomalyKind
from logging_core.read.events import newest_events
from logging_core.read.lines import LIMIT, MAX_TORN, Line, LineSplitter
from logging_core.read.messages import MessagePages
from logging_core.read.reader import TreeReader
from logging_core.records import (
    AuditEvent,
    Batch,
    FrameRef,
    InstanceGone,
    LifecycleEvent,
    Message,
    OrchestratorEvent,
)
from reading import ids, only, read, records

SAID = "instances/a/communication.jsonl"
LIFE = "instances/a/instance.log"
AUDIT = "audit/audit_20261123.jsonl"
TORN, LOSSY = (AnomalyKind.TORN,), (AnomalyKind.LOSSY,)


@pytest.fixture(params=[False, True], ids=["singly", "in blocks"])
def reader(tree: TreeBuilder, request: pytest.FixtureRequest) -> TreeReader:
    return TreeReader(tree.root, blocks=request.param)


def anomalies(reader: TreeReader) -> list[Anomaly]:
    return [anomaly for batch in read(reader) for anomaly in batch.anomalies]


def put_aside(path: Path) -> None:
    day = ".2026-11-23" if path.parent.name == "audit" else ".1"
    path.rename(f"{path}{day}")


def compress(path: Path) -> None:
    Path(f"{path}.1.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()


@pytest.mark.fault("R01")
@pytest.mark.parametrize("end", [put_aside, compress])
def test_a_message_without_its_newline_comes_when_its_file_is_put_aside(
    tree: TreeBuilder, end: Callable[[Path], None]
) -> None:
    """Not before, as it may be still being written; it is torn then, and so is its file."""
    reader = TreeReader(tree.root)
    tree.send("a", "m1")
    tree.line(SAID, b'{"message_id": "m2"}')
    assert ids(records(reader)) == ["m1"]
    assert records(reader) == []
    end(tree.root / SAID)
    tree.send("a", "m3")
    batches = read(reader)
    found = only(Message, [record for batch in batches for record in batch.records])
    assert [(m.message_id, m.suspect) for m in found] == [("m2", TORN), ("m3", ())]
    told = [(anomaly.kind, anomaly.path) for batch in batches for anomaly in batch.anomalies]
    (aside,) = (tree.root / SAID).parent.glob("communication.jsonl.*")
    assert told == [(AnomalyKind.TORN, f"instances/a/{aside.name}")]
    assert [problem for batch in batches for problem in batch.problems] == []


@pytest.mark.fault("R01")
def test_every_kind_of_torn_record_says_so(tree: TreeBuilder, reader: TreeReader) -> None:
    """An audit event, a line of an instance's life, an entry of the orchestrator, a capture."""
    tree.line(AUDIT, b'{"event_type": "instance_spawn", "instance_id": "a"}')
    tree.line(LIFE, b"2026-11-23 12:00:00 - INFO - first\n2026-11-23 12:00:01 - INFO - tor")
    tree.line("orchestrator.log", b'{"timestamp": "2026-11-23T12:00:00", "message": "torn"}')
    tree.line("instances/a/tmux_output.log", b"\n%b\n[2026-11-23T12:00:00]\n%b\ntor" % (RULE, RULE))
    records(reader)
    for path in (AUDIT, LIFE, "orchestrator.log", "instances/a/tmux_output.log"):
        put_aside(tree.root / path)
    batches = read(reader)
    found = [record for batch in batches for record in batch.records]
    assert [event.suspect for event in only(AuditEvent, found)] == [TORN]
    assert [(e.text, e.suspect) for e in only(LifecycleEvent, found)] == [("tor", TORN)]
    assert [event.suspect for event in only(OrchestratorEvent, found)] == [TORN]
    assert [ref.suspect for ref in only(FrameRef, found)] == [TORN]
    told = {anomaly.path for batch in batches for anomaly in batch.anomalies}
    assert len(told) == 4


@pytest.mark.fault("R01")
@pytest.mark.parametrize("has_new_file", [False, True])
def test_what_has_no_newline_comes_when_its_file_is_deleted(
    tree: TreeBuilder, reader: TreeReader, has_new_file: bool
) -> None:
    """Of every kind of log, torn, once, and before what a new file of that name holds."""
    whole = {
        SAID: b'{"message_id": "%d"}',
        AUDIT: b'{"event_type": "%d", "instance_id": "a"}',
        LIFE: b"2026-11-23 12:00:00 - INFO - %d",
        "orchestrator.log": b'{"timestamp": "2026-11-23T12:00:00", "message": "%d"}',
    }
    for path, line in whole.items():
        tree.line(path, line % 1 + b"\n" + line % 2)
    assert sorted(texts(read(reader))) == [("1", ())] * 4
    for path, line in whole.items():
        (tree.root / path).unlink()
        if has_new_file:
            tree.line(path, line % 3 + b"\n")
    batches = read(reader)
    found = texts(batches)
    assert sorted(found) == sorted([("2", TORN), *([("3", ())] if has_new_file else [])] * 4)
    assert all(found.index(("2", TORN)) < found.index(("3", ())) for _ in found if has_new_file)
    told = [anomaly for batch in batches for anomaly in batch.anomalies]
    assert sorted(a.path for a in told if a.kind is AnomalyKind.TORN) == sorted(whole)
    assert texts(read(TreeReader(tree.root, cursor=batches[-1].cursor))) == []


def texts(batches: list[Batch]) -> list[tuple[str, tuple[str, ...]]]:
    """Of each record what tells it from others, and what is odd about it."""
    found = []
    for batch in batches:
        for record in batch.records:
            if isinstance(record, Message):
                found.append((record.message_id or "", record.suspect))
            elif isinstance(record, AuditEvent):
                found.append((record.event_type, record.suspect))
            elif isinstance(record, LifecycleEvent | OrchestratorEvent):
                found.append((record.text, record.suspect))
    return found


@pytest.mark.fault("R01")
def test_a_message_without_its_newline_comes_when_its_instance_is_deleted(
    tree: TreeBuilder,
) -> None:
    """With the directory; it is told before the instance is gone."""
    reader = TreeReader(tree.root)
    tree.send("a", "m1")
    tree.line(SAID, b'{"message_id": "m2"}')
    assert ids(records(reader)) == ["m1"]
    shutil.rmtree(tree.root / "instances/a")
    message, gone = [record for _ in range(3) for record in records(reader)]
    assert isinstance(message, Message)
    assert (message.message_id, message.suspect) == ("m2", TORN)
    assert isinstance(gone, InstanceGone)


@pytest.mark.fault("R01")
def test_of_a_deleted_line_that_is_long_only_the_beginning_is_kept(tree: TreeBuilder) -> None:
    """Its record says how long it was; until then it costs little memory."""
    reader = TreeReader(tree.root)
    tree.line(SAID, b'{"message_id": "m1"}\n{"message_id": "m2", "content": "')
    tree.line(SAID, b"x" * 500_000)
    tracemalloc.start()
    records(reader)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 300_000
    (tree.root / SAID).unlink()
    (message,) = only(Message, records(reader))
    assert message.message_id == "m2"
    assert AnomalyKind.TORN in message.suspect
    assert message.content is not None
    assert 1_000 < len(message.content) < MAX_TORN
    assert "500,033 bytes" in message.content


@pytest.mark.fault("R01")
@pytest.mark.parametrize("size", [5, 3 * MAX_TORN, LIMIT + 5])
def test_a_file_that_comes_back_goes_on_after_its_torn_line(size: int) -> None:
    """What else its line holds is passed over: its beginning has been told."""
    splitter = LineSplitter()
    torn = b"t" * size
    for start in range(0, size, LIMIT):
        splitter.feed(torn[start : start + LIMIT], at_end=start + LIMIT >= size, final=False)
    assert splitter.end() == [Line(0, torn[:MAX_TORN], size, torn=True)]
    assert splitter.end() == []
    assert splitter.offset == size
    assert splitter.feed(b"-rest\nnext\n", at_end=True, final=False) == [Line(size + 6, b"next", 4)]


RULE = b"=" * 80


@pytest.mark.fault("R01")
def test_a_torn_capture_that_was_told_is_not_told_again(tree: TreeBuilder) -> None:
    """A reader that goes on after another one has nothing new to say of it."""
    path = "instances/a/tmux_output.log"
    tree.line(path, b"\n%b\n[2026-11-23T12:00:00]\n%b\ntor" % (RULE, RULE))
    first = TreeReader(tree.root)
    read(first)
    put_aside(tree.root / path)
    tree.frame("a", "whole", at=1)
    (batch,) = read(first)
    assert [anomaly.kind for anomaly in batch.anomalies] == [AnomalyKind.TORN]
    (batch,) = read(TreeReader(tree.root, cursor=batch.cursor))
    assert (batch.records, batch.anomalies) == ((), ())


@pytest.mark.fault("R01")
def test_a_torn_line_that_is_no_json_is_a_problem_that_says_so(
    tree: TreeBuilder, reader: TreeReader
) -> None:
    """Nothing is made up of what is left of it; that is shown."""
    tree.line(AUDIT, b'{"event_type": "message_exchange", "details": {"cost": 0.0')
    records(reader)
    put_aside(tree.root / AUDIT)
    (problem,) = [problem for batch in read(reader) for problem in batch.problems]
    assert problem.reason.startswith("cut off at the end of its file: not valid JSON")
    assert problem.line.endswith('"details": {"cost": 0.0')


@pytest.mark.fault("R01")
def test_a_torn_line_says_so_to_whoever_reads_backwards(tree: TreeBuilder) -> None:
    """Older messages, and the events behind a sum."""
    tree.send("a", "m1")
    tree.line(SAID, b'{"message_id": "m2"}')
    tree.line(AUDIT, b'{"event_type": "x"}\n{"event_type": "y"}')
    pages = MessagePages(tree.root).older(9)
    assert [(m.message_id, m.suspect) for m in pages] == [("m1", ()), ("m2", TORN)]
    events, _ = newest_events(tree.root, lambda _: True, 9)
    assert [(event.event_type, event.suspect) for event in events] == [("y", TORN), ("x", ())]


@pytest.mark.fault("R04")
def test_records_that_are_not_all_utf8_are_kept_and_say_so(
    tree: TreeBuilder, reader: TreeReader
) -> None:
    """Every kind of them; of their files it is known, with the first bad bytes in hex."""
    tree.line(SAID, b'{"message_id": "m", "content": "caf\xe9"}\n')
    tree.line(AUDIT, b'{"event_type": "message_exchange", "instance_id": "a", "x": "\xe9"}\n')
    tree.line(LIFE, b"2026-11-23 12:00:00 - INFO - caf\xe9\n    noir\n")
    tree.line(LIFE, "2026-11-23 12:00:00 - INFO - caf\ufffd\n".encode())
    tree.line(
        "orchestrator.log",
        b'{"timestamp": "2026-11-23T12:00:00", "message": "failed"}\nTraceback: caf\xe9\n'
        b'{"timestamp": "2026-11-23T12:00:01", "message": "caf\xe9"}\n'
        b'{"timestamp": "2026-11-23T12:00:02", "message": "fine"}\n',
    )
    batches = read(reader)
    found = [record for batch in batches for record in batch.records]
    assert [(m.content, m.suspect) for m in only(Message, found)] == [("caf\ufffd", LOSSY)]
    assert [event.suspect for event in only(AuditEvent, found)] == [LOSSY]
    assert [event.suspect for event in only(LifecycleEvent, found)] == [LOSSY, ()]
    assert [event.suspect for event in only(OrchestratorEvent, found)] == [LOSSY, LOSSY, ()]
    told = [anomaly for batch in batches for anomaly in batch.anomalies]
    assert {anomaly.kind for anomaly in told} == {AnomalyKind.LOSSY}
    assert sorted(anomaly.path for anomaly in told) == sorted(
        [SAID, AUDIT, LIFE, "orchestrator.log", "orchestrator.log"]
    )
    assert all("e9" in anomaly.detail.split() for anomaly in told)


@pytest.mark.fault("R38")
def test_both_names_of_a_file_are_told_and_its_records_come_once(
    tree: TreeBuilder, reader: TreeReader
) -> None:
    """However often it is looked at; also of an audit file."""
    tree.send("a", "m")
    tree.audit("instance_spawn", "a", {})
    for path in (SAID, AUDIT):
        second = ".1" if path == SAID else ".2026-11-23"
        (tree.root / f"{path}{second}").hardlink_to(tree.root / path)
    batches = [*read(reader), *read(reader)]
    found = [record for batch in batches for record in batch.records]
    assert ids(found) == ["m"]
    assert len(only(AuditEvent, found)) == 1
    told = [anomaly for batch in batches for anomaly in batch.anomalies]
    assert {(a.kind, a.path, a.detail) for a in told} == {
        (AnomalyKind.LINKED, f"{SAID}.1", SAID),
        (AnomalyKind.LINKED, f"{AUDIT}.2026-11-23", AUDIT),
    }
    assert len(told) == 2


@pytest.mark.fault("R04")
def test_an_oddity_has_the_time_of_its_record_or_of_the_one_before(
    tree: TreeBuilder, reader: TreeReader
) -> None:
    """So that at an earlier moment only what was odd by then is told."""
    tree.send("a", "m", at=7)
    tree.line(SAID, b'{"content": "caf\xe9"}\n')
    assert [anomaly.time_s for anomaly in anomalies(reader)] == [tree.epoch(7)]


@pytest.mark.fault("R12")
def test_of_the_events_behind_a_sum_those_with_a_key_twice_are_suspect(tree: TreeBuilder) -> None:
    """The last value counts, in whichever way they are read."""
    tree.line(AUDIT, b'{"event_type": "x", "details": {"tokens": 1, "tokens": 2}}\n')
    tree.line(AUDIT, b'{"event_type": "y", "details": {"tokens": 3}}\n')
    events, _ = newest_events(tree.root, lambda _: True, 9)
    assert [(event.tokens, event.suspect) for event in events] == [
        (3, ()),
        (2, (AnomalyKind.REPEATED,)),
    ]
