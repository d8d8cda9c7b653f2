"""Clocks that jump, and files that lose lines: each is told once, and nothing else is."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator
from unittest import mock

import pytest

from builders import START, TreeBuilder
from logging_core.anomalies import Anomaly, AnomalyKind
from logging_core.read.anomaly_finder import AnomalyFinder
from logging_core.read.reader import TreeReader
from logging_core.records import AuditEvent
from reading import only, read

NOW = 100_000.0  # seconds after the start of a sample tree
AUDIT = "audit/audit_20261123.jsonl"

Write = Callable[[TreeBuilder, float], None]


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    """The reader's clock stands still."""
    stopped = {"now": lambda: TreeBuilder.epoch(NOW)}
    with mock.patch.object(AnomalyFinder.__init__, "__kwdefaults__", stopped):
        yield


def odd(tree: TreeBuilder, *, blocks: bool = True) -> list[tuple[str, str, float, float | None]]:
    reader = TreeReader(tree.root, blocks=blocks)
    found = [anomaly for batch in read(reader) for anomaly in batch.anomalies]
    return [_told(anomaly) for anomaly in found]


def _told(anomaly: Anomaly) -> tuple[str, str, float, float | None]:
    return anomaly.path, anomaly.kind, anomaly.time_s - START.timestamp(), anomaly.by_s


def exchange(tree: TreeBuilder, at: float) -> None:
    tree.json(AUDIT, {"timestamp": tree.when(at), "event_type": "message_exchange"})


def event(tree: TreeBuilder, at: float) -> None:
    tree.json(AUDIT, {"timestamp": tree.when(at), "event_type": "instance_resumed"})


WRITERS: dict[str, tuple[str, Write]] = {
    "message": ("instances/a/communication.jsonl", lambda tree, at: tree.send("a", "m", at=at)),
    "lifecycle": ("instances/a/instance.log", lambda tree, at: tree.lifecycle("a", "x", at=at)),
    "frame": ("instances/a/tmux_output.log", lambda tree, at: tree.frame("a", "x", at=at)),
    "orchestrator": ("orchestrator.log", lambda tree, at: tree.orchestrator("x", at=at)),
    "exchange": (AUDIT, exchange),
    "event": (AUDIT, event),
}


@pytest.mark.fault("R21")
@pytest.mark.parametrize(("path", "write"), WRITERS.values(), ids=WRITERS.keys())
def test_a_record_long_before_the_one_before_it_is_a_clock_jump(
    tree: TreeBuilder, path: str, write: Write
) -> None:
    """More than five minutes back: once, with how much; what goes on from there is in order."""
    for at in (1000, 2000, 1701, 1702, 1402, 1100, 5000):
        write(tree, at)
    assert odd(tree) == [(path, AnomalyKind.BACK, 1100, 302)]


@pytest.mark.fault("R21")
@pytest.mark.parametrize(("path", "write"), WRITERS.values(), ids=WRITERS.keys())
def test_a_record_ahead_of_the_clock_is_a_clock_jump(
    tree: TreeBuilder, path: str, write: Write
) -> None:
    """More than five minutes; those that follow are no further jumps, but the way back is one."""
    for at in (NOW - 10, NOW + 299, NOW + 400, NOW + 450, NOW + 120, NOW + 900):
        write(tree, at)
    assert odd(tree) == [
        (path, AnomalyKind.AHEAD, NOW + 400, 400),
        (path, AnomalyKind.BACK, NOW + 120, 330),
        (path, AnomalyKind.AHEAD, NOW + 900, 900),
    ]


def test_a_jump_between_two_looks_is_seen(tree: TreeBuilder) -> None:
    """The last time of a file is remembered, and that of each file by itself."""
    reader = TreeReader(tree.root, blocks=True)
    tree.send("a", "m", at=5000)
    exchange(tree, 5000)
    assert [batch.anomalies for batch in read(reader)] == [()]
    tree.send("b", "m", at=1000)
    tree.send("a", "m", at=4000)
    event(tree, 3000)
    found = [_told(anomaly) for batch in read(reader) for anomaly in batch.anomalies]
    assert sorted(found) == [
        (AUDIT, AnomalyKind.BACK, 3000, 2000),
        ("instances/a/communication.jsonl", AnomalyKind.BACK, 4000, 1000),
    ]


@pytest.mark.parametrize("blocks", [True, False])
@pytest.mark.parametrize(("path", "write"), WRITERS.values(), ids=WRITERS.keys())
def test_a_jump_between_two_readers_is_seen(
    tree: TreeBuilder, path: str, write: Write, blocks: bool
) -> None:
    """The one that goes on at a cursor knows the last time of each file."""
    write(tree, 5000)
    cursor = read(TreeReader(tree.root, blocks=blocks))[-1].cursor
    write(tree, 3000)
    again = read(TreeReader(tree.root, blocks=blocks, cursor=json.loads(json.dumps(cursor))))
    found = [_told(anomaly) for batch in again for anomaly in batch.anomalies]
    assert found == [(path, AnomalyKind.BACK, 3000, 2000)]


def test_a_cursor_without_times_is_gone_on_from(tree: TreeBuilder) -> None:
    """As of a log that held no time yet, of any kind: only a jump just there is not told."""
    for _, write in WRITERS.values():
        write(tree, 5000)
    cursor = read(TreeReader(tree.root))[-1].cursor
    for positions in cursor["logs"].values():
        for path, numbers in positions.items():
            del numbers[9 if path.endswith("tmux_output.log") else 7 :]
    for _, write in WRITERS.values():
        write(tree, 3000)
    again = read(TreeReader(tree.root, cursor=cursor))
    assert len([record for batch in again for record in batch.records]) == len(WRITERS)
    assert [anomaly for batch in again for anomaly in batch.anomalies] == []


@pytest.mark.parametrize("seed", range(6))
def test_in_bulk_the_same_jumps_are_found_as_one_by_one(tree: TreeBuilder, seed: int) -> None:
    """Whichever lines stand between exchanges, unreadable ones included, and in whatever order."""
    dice, at = random.Random(seed), 10_000.0
    for _ in range(2_000):
        at = min(at + dice.choice([1, 1, 1, 1, -2, 50]), NOW - 1000)
        moment = at if dice.random() < 0.995 else at - 3000
        kind = dice.randrange(20)
        if kind == 0:
            event(tree, moment)
        elif kind == 1:
            tree.line(AUDIT, b'{"timestamp": broken}\n' if seed % 2 else b"\n")
        elif kind == 2 and seed > 3:
            record = {"timestamp": tree.when(moment), "event_type": "x", "note": "\u2603"}
            tree.json(AUDIT, record)
        else:
            exchange(tree, moment)
    found = odd(tree)
    assert found == odd(tree, blocks=False)
    assert found


@pytest.mark.fault("R22")
@pytest.mark.usefixtures("in_berlin")
def test_a_clock_put_back_by_law_does_not_jump(tree: TreeBuilder) -> None:
    """The hour that comes twice is no hour back; two hours would be."""
    night = (START.replace(month=10, day=25, hour=0) - START).total_seconds()
    for minutes in (170, 130, 150, 190):
        tree.send("a", "m", at=night + 60 * minutes)
        exchange(tree, night + 60 * minutes)
    assert odd(tree) == []
    tree.send("a", "m", at=night + 60 * 70)
    assert [(what, by_s) for _, what, _, by_s in odd(tree)] == [(AnomalyKind.BACK, 3 * 3600)]


@pytest.mark.fault("R20", "R21")
@pytest.mark.usefixtures("farthest_east")
def test_the_last_day_of_the_calendar_ends_no_reader(tree: TreeBuilder) -> None:
    """There is no day after it to compare with: it counts as no time, whoever writes it."""
    for hour in (23, 0):
        record = {"timestamp": f"9999-12-31T{hour:02}:59:59Z", "event_type": "message_exchange"}
        tree.json(AUDIT, record)
    exchange(tree, 1)
    events = only(AuditEvent, [r for batch in read(TreeReader(tree.root)) for r in batch.records])
    assert [event.time_s for event in events] == [None, None, tree.epoch(1)]
    assert odd(tree) == odd(tree, blocks=False) == []


@pytest.mark.parametrize("what", ["truncated", "replaced"])
def test_a_file_that_lost_its_lines_has_a_gap(tree: TreeBuilder, what: str) -> None:
    """It is told with when it was noticed; older times in it are then no clock jump."""
    reader = TreeReader(tree.root)
    path = tree.root / "instances/a/communication.jsonl"
    tree.send("a", "m1", at=5000)
    read(reader)
    if what == "truncated":
        os.truncate(path, 0)
    else:
        path.rename(tree.root / "instances/a/aside")
        tree.send("a", "other", "a longer text than before" * 20, at=1000)
    tree.send("a", "m2", at=1000)
    found = [_told(anomaly) for batch in read(reader) for anomaly in batch.anomalies]
    assert found == [("instances/a/communication.jsonl", AnomalyKind.GAP, NOW, None)]


def test_a_rotation_that_lost_nothing_is_no_gap(tree: TreeBuilder) -> None:
    """Nor is the new file's first record a jump, though the old one is read before it."""
    reader = TreeReader(tree.root)
    log = tree.root / "orchestrator.log"
    tree.orchestrator("one", at=1000)
    read(reader)
    log.rename(f"{log}.1")
    tree.orchestrator("two", at=900)
    assert [anomaly for batch in read(reader) for anomaly in batch.anomalies] == []


def test_a_reader_that_goes_on_tells_of_no_clock_again(tree: TreeBuilder) -> None:
    """What was ahead of the clock before is so still, for one that begins where another ended."""
    exchange(tree, NOW + 1000)
    (batch,) = read(TreeReader(tree.root))
    exchange(tree, NOW + 1100)
    more = read(TreeReader(tree.root, cursor=batch.cursor))
    assert len(batch.anomalies) == 1
    assert [anomaly for again in more for anomaly in again.anomalies] == []


def test_names_are_made_safe() -> None:
    """A path is shown, so it may hold no controls."""
    finder = AnomalyFinder(lambda path: path.replace("\x1b", "␛"), now=lambda: 1e9)
    assert finder.gap("a\x1b").path == "a␛"
    assert [o.path for o in finder.check("\x1b", [2e9])] == ["␛"]


def test_many_times_at_once_are_checked_as_one_by_one() -> None:
    """What `check_all` tells is what `check` tells of the same times."""
    dice = random.Random(3)
    for _ in range(200):
        count = dice.randrange(1, 9)
        times = [TreeBuilder.epoch(dice.randrange(0, 2000, 100)) for _ in range(count)]
        at_once, one_by_one = AnomalyFinder(str), AnomalyFinder(str)
        assert list(at_once.check_all("x", times)) == list(one_by_one.check("x", times))
        assert at_once.last_s("x") == one_by_one.last_s("x")
