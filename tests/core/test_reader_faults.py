"""Faults of clocks, files and machines, and what a reader makes of them."""

from __future__ import annotations

import errno
import gzip
import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from unittest import mock

import pytest

from builders import START, TreeBuilder
from faults import Follower, as_nobody, as_root, reachable_by_nobody
from logging_core import follow
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.state import State
from logging_core.read.backoff import MAX_S, Backoff
from logging_core.read.reader import TreeReader
from logging_core.records import (
    FrameRef,
    InstanceSeen,
    LifecycleEvent,
    Message,
    OrchestratorEvent,
    Record,
)
from reading import ids, messages, only, problems, read, records

# --- clocks ----------------------------------------------------------------------

PUT_BACK = ["02:10", "02:30", "02:50", "02:10", "02:30", "02:50", "03:10"]
PUT_FORWARD = ["01:50", "02:30", "03:10", "03:20"]


def local(day: str, time: str) -> float:
    """Seconds after `START` as a clock on the wall counts them."""
    return (datetime.fromisoformat(f"{day}T{time}") - START).total_seconds()


def write_night(tree: TreeBuilder, day: str, times: Sequence[str]) -> int:
    """At each time a request is sent, and answered at the next one; how many there are."""
    tree.spawn("a", at=local(day, times[0]) - 60)
    for number, (asked, answered) in enumerate(itertools.pairwise(times)):
        tree.send("a", f"m{number}", at=local(day, asked))
        tree.receive("a", f"m{number}", at=local(day, answered))
        tree.lifecycle("a", f"line {number}", at=local(day, answered))
        tree.orchestrator(f"entry {number}", at=local(day, answered))
    return len(times) - 1


@pytest.mark.fault("R22")
@pytest.mark.asyncio
@pytest.mark.usefixtures("in_berlin")
@pytest.mark.parametrize("blocks", [False, True])
@pytest.mark.parametrize(("day", "times"), [("2026-10-25", PUT_BACK), ("2026-03-29", PUT_FORWARD)])
async def test_in_the_nights_of_clock_changes_every_request_is_answered(
    tree: TreeBuilder, day: str, times: Sequence[str], blocks: bool
) -> None:
    """Records keep their order, no request stays open, and no duration or rate is negative."""
    count = write_night(tree, day, times)
    model, found = FleetModel(), list[Record]()
    async with aclosing(follow(tree.root, blocks=blocks)) as batches:
        async for batch in batches:
            model.apply(batch)
            found += batch.records
            if batch.caught_up:
                break
    assert ids(found) == [f"m{number // 2}" for number in range(2 * count)]
    assert [e.text for e in only(LifecycleEvent, found)][2:] == [f"line {n}" for n in range(count)]
    assert [e.text for e in only(OrchestratorEvent, found)] == [f"entry {n}" for n in range(count)]
    end_s = datetime.fromisoformat(f"{day}T{times[-1]}").timestamp()
    state = model.state(end_s + 1)
    assert [m.message_id for m in state.messages] == ids(found)
    (instance,) = state.instances
    assert (instance.state, instance.open_requests) == (State.IDLE, ())
    assert state.usage.latency.count == count
    slots = model.series(from_s=end_s - 3 * 3600, to_s=end_s + 3600, step_s=600)
    assert sum(slot.usage.requests for slot in slots) == count
    assert all(slot.usage.requests >= 0 and (slot.usage.latency.mean_s or 0) >= 0 for slot in slots)
    assert all(later.start_s - slot.start_s == 600 for slot, later in itertools.pairwise(slots))


@pytest.mark.fault("R22")
@pytest.mark.usefixtures("in_berlin")
@pytest.mark.parametrize(
    ("now", "fold", "since", "state"),
    [
        ("02:11:30", 0, "02:10", State.BUSY),
        ("02:13:00", 0, "02:10", State.STUCK),
        ("02:11:30", 1, "02:10", State.BUSY),
        ("02:13:00", 1, "02:10", State.STUCK),
        ("03:10:00", 0, "02:10", State.STUCK),
    ],
)
def test_a_request_of_the_hour_that_comes_twice_is_as_young_as_it_may_be(
    tree: TreeBuilder, now: str, fold: int, since: str, state: State
) -> None:
    """What was asked for a minute ago does not look stuck, though its time has been before."""
    tree.send("a", "m", at=local("2026-10-25", since))
    tree.frame("a", "pane", at=local("2026-10-25", since))
    model = FleetModel()
    for batch in read(TreeReader(tree.root)):
        model.apply(batch)
    at = datetime.fromisoformat(f"2026-10-25T{now}").replace(fold=fold)
    (instance,) = model.state(at.timestamp()).instances
    asked = datetime.fromisoformat(f"2026-10-25T{since}").replace(fold=max(fold, now > "03"))
    assert instance.state is state
    assert [request.since_s for request in instance.open_requests] == [asked.timestamp()]


@pytest.mark.fault("R22")
@pytest.mark.usefixtures("in_berlin")
def test_who_seems_stuck_for_an_hour_is_not_once_that_may_be_a_new_request(
    tree: TreeBuilder,
) -> None:
    """Another computer's clock is a second ahead, in the hour that comes twice; then nothing comes.

    Who looks on sees the same as who looks only then.
    """
    tree.send("a", "m", at=local("2026-10-25", "02:30:00"))
    now_s = datetime.fromisoformat("2026-10-25T02:30:00").replace(fold=1).timestamp()
    looking_on, later = FleetModel(), FleetModel()
    for model in (looking_on, later):
        model.apply(TreeReader(tree.root).poll())
    states = [
        model.state(at_s)
        for model, at_s in ((looking_on, now_s - 1), (looking_on, now_s + 1), (later, now_s + 1))
    ]
    assert [state.instances[0].state for state in states] == ["stuck", "busy", "busy"]
    assert looking_on.state(now_s + 121).instances[0].state == "stuck"


# --- files that are alike --------------------------------------------------------

AT_REST = "\n".join(f"the pane shows this in line {number}" for number in range(30))
PANE = "instances/a/tmux_output.log"


def remove(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    os.truncate(path, 0)


def put_aside(path: Path) -> None:
    path.rename(f"{path}.1")


def compress(path: Path) -> None:
    Path(f"{path}.1.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()


@pytest.mark.fault("R37")
@pytest.mark.parametrize("end", [remove, empty, put_aside, compress])
def test_captures_of_a_pane_at_rest_are_not_taken_for_older_ones(
    tree: TreeBuilder, end: Callable[[Path], None]
) -> None:
    """A pane's log that is begun anew is read whole, though but for the times it is the same."""
    reader = TreeReader(tree.root)
    for at in range(3):
        tree.frame("a", AT_REST, at=at)
    assert len(only(FrameRef, records(reader))) == 3
    end(tree.root / PANE)
    for at in range(10, 15):
        tree.frame("a", AT_REST, at=at)
    found = only(FrameRef, [*records(reader), *records(reader), *records(reader)])
    assert [ref.time_s for ref in found] == [tree.epoch(at) for at in range(10, 15)]


@pytest.mark.fault("R37")
def test_instances_whose_files_begin_alike_are_two(tree: TreeBuilder) -> None:
    """Two instances of one second share their first lines, and neither is read for the other."""
    reader = TreeReader(tree.root)
    for name in ("a", "b"):
        tree.spawn(name)
        tree.send(name, "m1")
        tree.frame(name, AT_REST)
    found = records(reader)
    shutil.copytree(tree.root / "instances/a", tree.root / "instances/c")
    found += records(reader)
    for name in "abc":
        tree.send(name, f"{name}2", at=1)
        tree.frame(name, AT_REST, at=1)
    found += records(reader)
    by_instance = {(m.instance_id, m.message_id) for m in only(Message, found)}
    assert by_instance == {(name, which) for name in "abc" for which in ("m1", f"{name}2")}
    assert len(ids(found)) == 6
    assert sorted(ref.instance_id for ref in only(FrameRef, found)) == list("aabbcc")
    assert len(only(LifecycleEvent, found)) == 6


# --- files that are not what they seem -------------------------------------------


@pytest.mark.fault("R41")
def test_a_file_without_an_end_is_read_as_far_as_its_size(tree: TreeBuilder) -> None:
    """A regular file that says it is empty and gives bytes for ever does not hold the reader up."""
    tree.line("orchestrator.log", b"")
    tree.line("instances/a/communication.jsonl", b"")
    tree.line(PANE, b"")
    asked: list[int] = []

    def endless(_fd: int, size: int, offset: int) -> bytes:
        asked.append(offset + size)
        return b"x\n" * (size // 2)

    with mock.patch("os.pread", endless):
        found = read(TreeReader(tree.root))
    assert asked
    assert max(asked) <= 2  # whether it is compressed
    assert [batch.records for batch in found] == [(InstanceSeen(instance_id="a"),)]


@pytest.mark.fault("R47")
@pytest.mark.parametrize("number", [errno.ESTALE, errno.ENXIO, errno.EIO])
def test_a_file_system_that_goes_away_and_comes_back_costs_no_record(
    tree: TreeBuilder, number: int
) -> None:
    """A file out of reach is one problem, not one a sweep, and is read on from where it was."""
    clock = Ticking()
    reader = clock.reader(tree)
    tree.send("a", "m1")
    read(reader)
    tree.send("a", "m2")
    with mock.patch("os.pread", side_effect=OSError(number, os.strerror(number))):
        told = [*problems(reader), *problems(reader), *problems(reader)]
    assert [(problem.path, problem.reason) for problem in told] == [
        ("instances/a/communication.jsonl", os.strerror(number))
    ]
    clock.now_s += MAX_S
    assert ids(records(reader)) == ["m2"]


class Ticking:
    """A clock that a test moves, for a reader's retries."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def reader(self, tree: TreeBuilder) -> TreeReader:
        clock = {"now": lambda: self.now_s}
        with mock.patch.object(Backoff.__init__, "__kwdefaults__", clock):
            return TreeReader(tree.root)

    def tries(self, reader: TreeReader, *, sweeps: int) -> list[float]:
        """Seconds at which a file is read; there is a sweep every two, and each read fails."""
        tries = []
        start_s = self.now_s
        for _ in range(sweeps):
            with mock.patch("os.pread", side_effect=OSError(errno.EIO, "broken")) as pread:
                read(reader)
            tries += [self.now_s - start_s] * bool(pread.call_count)
            self.now_s += 2
        return tries


@pytest.mark.fault("R47")
def test_what_cannot_be_read_is_tried_more_and_more_rarely(tree: TreeBuilder) -> None:
    """At the next sweep, then after twice as long each time, and in the end twice a minute."""
    clock = Ticking()
    tree.send("a", "m1")
    reader = clock.reader(tree)
    assert clock.tries(reader, sweeps=80) == [0, 2, 4, 8, 16, 32, 62, 92, 122, 152]
    clock.now_s += MAX_S
    assert ids(records(reader)) == ["m1"]
    tree.send("a", "m2")
    assert clock.tries(reader, sweeps=3) == [0, 2, 4]


@pytest.mark.fault("R43", "R47")
@pytest.mark.parametrize("change", ["rights", "growth", "time", "another file"])
def test_a_file_that_changed_is_tried_at_once(tree: TreeBuilder, change: str) -> None:
    """However long it could not be read before."""
    clock = Ticking()
    tree.send("a", "m1")
    path = tree.root / "instances/a/communication.jsonl"
    reader = clock.reader(tree)
    clock.tries(reader, sweeps=50)
    match change:
        case "rights":
            path.chmod(0o640)
        case "growth":
            tree.send("a", "m2")
        case "time":
            os.utime(path, (1, 1))
        case _:
            copy = path.with_name("copy")
            shutil.copy2(path, copy)
            copy.replace(path)
    assert ids(records(reader))[:1] == ["m1"]


@pytest.mark.fault("R43", "R55")
@pytest.mark.asyncio
async def test_one_directory_without_rights_hides_no_other(tree: TreeBuilder) -> None:
    """Of 51 instances 50 are read and followed live; the last once it may be read."""
    names = [f"i{number}" for number in range(51)]
    for name in names:
        tree.send(name, f"{name}-old")
        reachable_by_nobody(tree.root / f"instances/{name}/communication.jsonl")
    hidden = names.pop(25)
    (tree.root / f"instances/{hidden}").chmod(0)
    with as_nobody(tree.root.parent):
        async with aclosing(follow(tree.root, sweep_s=0.05)) as batches:
            assert {*await messages(batches, 50)} == {f"{name}-old" for name in names}
            for turn in ("new", "newer"):
                for name in names:
                    tree.send(name, f"{name}-{turn}")
                found = await messages(batches, 50)
                assert {*found} == {f"{name}-{turn}" for name in names}
            with as_root():
                (tree.root / f"instances/{hidden}").chmod(0o755)
            assert await messages(batches, 1) == [f"{hidden}-old"]


# --- machines --------------------------------------------------------------------

INSTANCES = 10_000


@pytest.fixture
def crowd(tmp_path: Path) -> Iterator[TreeBuilder]:
    """A tree of 10,000 instances with four files each."""
    memory = Path("/dev/shm")  # to make so many files takes a disk half a minute
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 1 << 30
    with tempfile.TemporaryDirectory(dir=memory if roomy else tmp_path) as root:
        tree = TreeBuilder(Path(root))
        tree.spawn("sample")
        tree.send("sample", "m")
        tree.frame("sample", "pane")
        sample = tree.root / "instances/sample"
        contents = {path.name: path.read_bytes() for path in sample.iterdir()}
        shutil.rmtree(sample)
        for number in range(INSTANCES):
            directory = tree.root / f"instances/i{number}"
            directory.mkdir()
            for name, data in contents.items():
                (directory / name).write_bytes(data)
        yield tree


@pytest.mark.fault("R48", "R49")
def test_ten_thousand_instances_are_all_followed(crowd: TreeBuilder) -> None:
    """With 64 descriptors and 300 MiB, each of 40,000 files is read, and a new line is seen."""
    with Follower(crowd.root, descriptors=64) as follower:
        found = follower.found
        follower.until(lambda: follower.caught_up)
        names = {f"i{number}" for number in range(INSTANCES)}
        for kind in ("instances", "lines", "frames", "named"):
            assert {*found[kind]} == names, kind
        assert found["messages"] == ["m"] * INSTANCES
        crowd.send("i7777", "new")
        follower.until(lambda: found["messages"][-1] == "new")
        assert len(found["messages"]) == INSTANCES + 1
        assert found["problems"] == []
        assert follower.peak_kib < 300 * 1024


@pytest.mark.fault("R82")
def test_what_was_written_while_the_reader_was_stopped_is_read(tree: TreeBuilder) -> None:
    """After a suspend, 10,000 entries in six files that were put aside come in order, and once."""
    tree.orchestrator("before")
    with Follower(tree.root) as follower:
        found = follower.found
        follower.until(lambda: follower.caught_up)
        os.kill(follower.pid, signal.SIGSTOP)
        assert os.WIFSTOPPED(os.waitpid(follower.pid, os.WUNTRACED)[1])
        log = tree.root / "orchestrator.log"
        for number in range(10_000):
            tree.orchestrator(f"entry {number}", at=number)
            if number % 1_700 == 1_699:
                for backup in range(4, 0, -1):
                    with suppress(FileNotFoundError):
                        Path(f"{log}.{backup}").rename(f"{log}.{backup + 1}")
                log.rename(f"{log}.1")
        assert Path(f"{log}.5").exists()
        os.kill(follower.pid, signal.SIGCONT)
        follower.until(lambda: "entry 9999" in found["entries"])
    assert found["entries"] == ["before", *(f"entry {number}" for number in range(10_000))]
    assert found["problems"] == []


# --- what the kernel does not tell ------------------------------------------------


@pytest.mark.fault("R50")
def test_notices_that_overflow_cost_nothing_but_a_sweep(tree: TreeBuilder) -> None:
    """More changes than the kernel remembers while the reader is stopped: each record comes."""
    at_most = Path("/proc/sys/fs/inotify/max_queued_events")
    many = min(100_000, int(at_most.read_text()) if at_most.exists() else 16_384) + 1000
    for name in ("a", "b"):
        tree.send(name, f"{name}-old")
    with Follower(tree.root) as follower:
        found = follower.found
        follower.until(lambda: follower.caught_up)
        for message_id in ("a-1st", "a-2nd", "a-3rd"):  # the first may have been found by looking
            tree.send("a", message_id)
            follower.until(partial(found["messages"].__contains__, message_id))
        os.kill(follower.pid, signal.SIGSTOP)
        assert os.WIFSTOPPED(os.waitpid(follower.pid, os.WUNTRACED)[1])
        logs = [tree.root / f"instances/{name}/communication.jsonl" for name in ("a", "b")]
        with logs[0].open("ab", buffering=0) as first, logs[1].open("ab", buffering=0) as second:
            for number in range(many // 2):  # in turn: equal notices in a row would be one
                first.write(b'{"message_id": "a-%d"}\n' % number)
                second.write(b'{"message_id": "b-%d"}\n' % number)
        tree.send("c", "c-new")  # of which there is no notice any more
        os.kill(follower.pid, signal.SIGCONT)
        count = 2 + 3 + 2 * (many // 2) + 1
        follower.until(lambda: len(found["messages"]) >= count)
    assert len(found["messages"]) == len({*found["messages"]}) == count
    assert "c-new" in found["messages"]
    assert found["problems"] == []


@pytest.mark.fault("R51")
def test_fewer_watches_than_directories_leave_a_reader_that_says_so(tree: TreeBuilder) -> None:
    """It polls, at least in part, and everything that is written is read."""
    for name in "abc":
        tree.send(name, f"{name}-old")
    with Follower(tree.root, watches=3) as follower:
        found = follower.found
        follower.until(lambda: len(found.get("messages", [])) == 3)
        tree.send("a", "a-new")
        follower.until(lambda: "a-new" in found["messages"] and found["polling"][-1])
    assert found["problems"] == []


@pytest.mark.fault("R52")
def test_a_limit_of_watches_that_is_met_later_hides_no_new_instance(tree: TreeBuilder) -> None:
    """With eight watches the first instance is watched, and ten that come later are found."""
    tree.send("a", "a-old")
    with Follower(tree.root, watches=8) as follower:
        found = follower.found
        follower.until(lambda: found.get("messages") == ["a-old"] and follower.caught_up)
        tree.send("a", "a-new")
        follower.until(lambda: "a-new" in found["messages"])
        assert not any(found["polling"])
        names = [f"i{number}" for number in range(10)]
        for name in names:
            tree.send(name, f"{name}-new")
        follower.until(lambda: {f"{name}-new" for name in names} <= {*found["messages"]})
        for name in names:
            tree.send(name, f"{name}-newer")
        follower.until(lambda: {f"{name}-newer" for name in names} <= {*found["messages"]})
        follower.until(lambda: found["polling"][-1])
    assert found["problems"] == []


@pytest.mark.fault("R53")
def test_without_a_watcher_the_sweeps_find_everything(tree: TreeBuilder) -> None:
    """And it is said that they do."""
    tree.send("a", "a-old")
    with Follower(tree.root, watches=99, instances=0) as follower:
        found = follower.found
        follower.until(lambda: "a-old" in found.get("messages", []) and found["polling"][-1])
        tree.send("a", "a-new")
        tree.send("b", "b-new")
        follower.until(lambda: {"a-new", "b-new"} <= {*found["messages"]})
    assert found["problems"] == []


@pytest.mark.fault("R62")
def test_a_file_that_an_overlay_copies_when_it_is_written_to_is_read_on(tree: TreeBuilder) -> None:
    """It is another file then, with the same beginning: nothing comes twice, nothing is lost."""
    reader = TreeReader(tree.root)
    for number in range(3):
        tree.send("a", f"m{number}")
        tree.lifecycle("a", f"line {number}")
        tree.frame("a", f"pane {number}", at=number)
    assert ids(records(reader)) == ["m0", "m1", "m2"]
    for path in sorted((tree.root / "instances/a").glob("*.*")):
        copy = path.with_name("copied-up")
        shutil.copy2(path, copy)
        copy.replace(path)
    tree.send("a", "m3")
    tree.lifecycle("a", "line 3")
    tree.frame("a", "pane 3", at=3)
    batches = read(reader)
    found = [record for batch in batches for record in batch.records]
    assert ids(found) == ["m3"]
    assert [event.text for event in only(LifecycleEvent, found)] == ["line 3"]
    assert [ref.time_s for ref in only(FrameRef, found)] == [tree.epoch(3)]
    assert [p for batch in batches for p in (*batch.problems, *batch.anomalies)] == []
