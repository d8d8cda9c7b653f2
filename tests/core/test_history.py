"""What the fleet was like at earlier moments."""

from __future__ import annotations

import heapq
import itertools
import math
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import pytest

from builders import TreeBuilder
from earlier import busy_tree, comparable
from logging_core import HistoryError
from logging_core import history as history_module
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.moments import moment_of
from logging_core.analyse.state import State
from logging_core.history import History, order, stored_messages
from logging_core.history.order import as_batch
from logging_core.history.spill import Entry
from logging_core.read import session
from logging_core.read.reader import TreeReader
from logging_core.records import AuditEvent, InstanceGone, InstanceSeen, LifecycleEvent


def timed(root: Path) -> list[tuple[float, Entry]]:
    """All records of a tree in order of time; one without a time counts as the line before.

    Problems and clock jumps are among them.
    """
    reader, last = TreeReader(root, tails=True), dict[object, float]()
    found: list[tuple[float, Entry]] = []
    batch = reader.poll()
    batches = [batch]
    while not batch.caught_up:
        batch = reader.poll(turns=0)
        batches.append(batch)
    records = [record for batch in batches for record in batch.records]
    events = [record for record in records if isinstance(record, AuditEvent)]
    ends = [event for event in events if event.event_type == "instance_terminate"]
    exact: dict[object, float] = {
        (end.instance_id, float(int(end.time_s))): end.time_s
        for end in ends
        if end.time_s is not None
    }
    for record in records:
        if isinstance(record, InstanceSeen | InstanceGone):
            continue
        whose = None if isinstance(record, AuditEvent) else getattr(record, "instance_id", None)
        time_s = getattr(record, "time_s", getattr(record, "created_s", None))
        if isinstance(record, LifecycleEvent):
            time_s = moment_of(record)
            if record.text.startswith("Instance terminated"):
                time_s = exact.get((record.instance_id, record.time_s)) or time_s
        time_s = last.get((type(record), whose), -math.inf) if time_s is None else time_s
        last[type(record), whose] = time_s
        found.append((time_s, record))
    for batch in batches:
        found += [(anomaly.time_s, anomaly) for anomaly in batch.anomalies]
        for problem in batch.problems:
            found.append((-math.inf if problem.time_s is None else problem.time_s, problem))
    return sorted(found, key=lambda entry: entry[0])


def expected(
    records: list[tuple[float, Entry]], at_s: float, since_s: float | None = None, limit: int = 9
) -> object:
    model = FleetModel(since_s=since_s, max_messages=limit)
    model.apply(as_batch(entry for time_s, entry in records if time_s <= at_s))
    return comparable(model.state(at_s))


@pytest.fixture
def tree(tmp_path: Path) -> TreeBuilder:
    return busy_tree(tmp_path, 300)


def test_the_past_tells_as_many_errors_as_the_present(tmp_path: Path) -> None:
    """What failed long before a moment is in its state, as it is in one of now."""
    tree = TreeBuilder(tmp_path)
    for at in range(300):
        tree.send("a", f"m{at}", at=at)
        details = {"message_id": f"m{at}", "error": f"failure {at}"}
        tree.audit("instance_failed", "a", at=at + 0.5, details=details)
    model = FleetModel()
    model.apply(TreeReader(tmp_path).poll())
    with closing(History(tmp_path)) as history:
        history.prepare()
        past = history.state_at(tree.epoch(300))
    assert [event.text for event in past.events] == [f"failure {at}" for at in range(300)]
    assert list(past.events) == list(model.state(tree.epoch(300)).events)
    assert past.dropped_events == 0


@pytest.mark.parametrize("since", [None, 100.0])
def test_every_moment_is_what_the_records_up_to_it_say(
    tree: TreeBuilder, since: float | None
) -> None:
    """At every record, forwards and in any order, the state is that of the records so far."""
    since_s = None if since is None else tree.epoch(since)
    records = timed(tree.root)
    with closing(History(tree.root, max_messages=9, since_s=since_s)) as history:
        history.prepare()
        moments = sorted({time_s for time_s, _ in records})
        mixed = random.Random(1).sample(moments, 60)
        for at_s in [moments[0] - 1, *moments, *mixed, moments[-1] + 1e6]:
            assert comparable(history.state_at(at_s)) == expected(records, at_s, since_s)
        ids = {"i0", "i3"}
        model = FleetModel(since_s=since_s)
        model.apply(as_batch(entry for _, entry in records))
        usage = history.usage_at(moments[-1], ids)
        assert msgspec.to_builtins(usage) == msgspec.to_builtins(model.usage_of(ids))


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages and distances so small that a short tree has many."""
    monkeypatch.setattr(history_module, "PAGE", 7)
    monkeypatch.setattr(order, "PAGE", 7)
    monkeypatch.setattr(order, "MESSAGES_A_PAGE", 4)
    monkeypatch.setattr(stored_messages, "MESSAGES_A_PAGE", 4)


@pytest.mark.usefixtures("small_pages")
def test_kept_models_and_pages_make_no_difference(tree: TreeBuilder) -> None:
    """The state does not depend on where checkpoints and pages begin."""
    records = timed(tree.root)
    with closing(History(tree.root, max_messages=9)) as history:
        history.prepare()
        moments = sorted({time_s for time_s, _ in records})
        for at_s in [*moments[::3], *random.Random(2).sample(moments, 60)]:
            assert comparable(history.state_at(at_s)) == expected(records, at_s)


@pytest.mark.usefixtures("small_pages")
def test_a_large_tree_takes_no_more_memory(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many looks reading takes, of the records of only a few of them a page is held."""
    monkeypatch.setattr(session, "_LOGS", 1)
    monkeypatch.setattr(order, "MAX_RUNS", 3)
    merged, merge = list[int](), heapq.merge

    def spy(*sources: Any, key: Any) -> Iterator[Any]:
        merged.append(len(sources))
        return merge(*sources, key=key)

    monkeypatch.setattr("logging_core.history.order.heapq.merge", spy)
    records = timed(tree.root)
    assert len(TreeReader(tree.root).poll().records) < len(records)
    with closing(History(tree.root, max_messages=9)) as history:
        history.prepare()
        for at_s in sorted({time_s for time_s, _ in records})[::9]:
            assert comparable(history.state_at(at_s)) == expected(records, at_s)
    assert sum(merged) > len(merged) > 2
    assert max(merged) <= 4  # and what was there before


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("first", [400, 290, 120, -50])
def test_what_is_written_later_is_found_by_preparing_again(tree: TreeBuilder, first: int) -> None:
    """Newer and late records are merged in order; states returned before do not change."""
    with closing(History(tree.root, max_messages=9)) as history:
        history.prepare()
        before = history.state_at(tree.epoch(200))
        was = comparable(before)
        history.prepare()
        assert history.state_at(tree.epoch(200)).reordered == before.reordered
        busy_tree(tree.root, 60, first=first, seed=7)
        history.prepare()
        records = timed(tree.root)
        for at_s in sorted({time_s for time_s, _ in records})[::4]:
            assert comparable(history.state_at(at_s)) == expected(records, at_s)
        assert comparable(before) == was
        moved = history.state_at(tree.epoch(200)).reordered != before.reordered
        assert moved == (first < 300)


def test_a_tree_of_a_real_orchestrator_at_every_moment(real_tree: Path) -> None:
    """The history of a tree by a real orchestrator is right at every record."""
    records = timed(real_tree)
    with closing(History(real_tree, max_messages=9)) as history:
        history.prepare()
        for at_s in sorted({time_s for time_s, _ in records}):
            assert comparable(history.state_at(at_s)) == expected(records, at_s)


def test_an_instance_appears_with_its_first_record(tmp_path: Path) -> None:
    """Before its first record an instance does not exist; then its state is as of the moment."""
    tree = TreeBuilder(tmp_path)
    tree.spawn("a", "Atlas", at=10)
    tree.send("a", "m1", at=20)
    tree.receive("a", "m1", at=30)
    tree.terminate("a", at=40)
    with closing(History(tmp_path)) as history:
        spans = [history.span]
        history.prepare()
        spans.append(history.span)
        assert history.state_at(tree.epoch(9)).instances == ()
        states = [
            (history.state_at(tree.epoch(at)).instances[0].state, at) for at in (11, 13, 25, 35, 45)
        ]
    assert spans == [None, (tree.epoch(10), tree.epoch(40))]
    assert states == [
        (State.INITIALIZING, 11),
        (State.IDLE, 13),
        (State.BUSY, 25),
        (State.IDLE, 35),
        (State.TERMINATED, 45),
    ]


def test_a_line_without_a_time_counts_with_the_one_before(tmp_path: Path) -> None:
    """A line without a time is neither lost nor there from the beginning."""
    tree = TreeBuilder(tmp_path)
    tree.send("a", "m1", at=10)
    path = "instances/a/communication.jsonl"
    odd = {"timestamp": "?", "event_type": "message_sent", "message_id": "m2", "n": 1 << 70}
    tree.json(path, odd)
    tree.send("a", "m3", at=20)
    with closing(History(tmp_path)) as history:
        history.prepare()
        seen = [
            [message.message_id for message in history.state_at(tree.epoch(at)).messages]
            for at in (9, 10, 20)
        ]
    assert seen == [[], ["m1", "m2"], ["m1", "m2", "m3"]]


def test_messages_are_a_sequence(tmp_path: Path) -> None:
    """The newest messages can be read by index, negative index and slice."""
    tree = TreeBuilder(tmp_path)
    for number in range(600):
        tree.send("a", f"m{number}", at=number)
    with closing(History(tmp_path, max_messages=300)) as history:
        history.prepare()
        state = history.state_at(tree.epoch(499))
        ids = [message.message_id for message in state.messages]
        assert ids == [f"m{number}" for number in range(200, 500)]
        assert state.dropped_messages == 200
        assert state.messages[-1].message_id == "m499"
        assert [m.message_id for m in state.messages[1:6:2]] == ["m201", "m203", "m205"]
        with pytest.raises(IndexError):
            state.messages[300]


def test_a_replaced_tree_is_another_history(tmp_path: Path) -> None:
    """After the tree was replaced, nothing of the old one is left."""
    root = tmp_path / "logs"
    TreeBuilder(root).spawn("a", at=10)
    with closing(History(root)) as history:
        history.prepare()
        root.rename(tmp_path / "old")
        tree = TreeBuilder(root)
        tree.spawn("b", at=20)
        history.prepare()
        assert history.state_at(tree.epoch(15)).instances == ()
        assert [i.instance_id for i in history.state_at(tree.epoch(30)).instances] == ["b"]


def test_a_tree_is_in_place_of_the_one_before_once_it_is_read(tmp_path: Path) -> None:
    """Until then the past stays that of the other one; of an empty tree there is none."""
    root = tmp_path / "logs"
    TreeBuilder(root).spawn("a", at=10)
    at_s = TreeBuilder.epoch(30)
    with closing(History(root)) as history:
        assert history.prepare()
        root.rename(tmp_path / "a")
        TreeBuilder(root).spawn("b", at=10)
        assert not history.prepare(stop=Countdown(1))
        assert who(history, at_s) == ["a"]
        assert history.prepare()
        assert who(history, at_s) == ["b"]
        root.rename(tmp_path / "b")
        root.mkdir()
        assert history.prepare()
        assert who(history, at_s) == []


def test_a_full_disk_loses_no_record(tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk preparing fails; once there is room, it gives everything."""

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    records = timed(tree.root)
    with closing(History(tree.root, max_messages=9)) as history:
        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", full)
            with pytest.raises(OSError, match="No space left"):
                history.prepare()
        history.prepare()
        at_s = tree.epoch(250)
        assert comparable(history.state_at(at_s)) == expected(records, at_s)


def reads_until(history: History, looks: int) -> bool:
    """Prepare until the tree was looked at so often; whether that was all there is."""
    stop = Event()
    seen: list[int] = []

    def look(count: int) -> None:
        seen.append(count)
        if len(seen) >= looks:
            stop.set()

    return history.prepare(look, stop=stop)


class Countdown(Event):
    """Is set once it has been asked so often."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self._left = left

    def is_set(self) -> bool:
        self._left -= 1
        return self._left < 0


def test_preparing_can_be_stopped_and_goes_on_later(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it is stopped, earlier states are unchanged, and the next call misses nothing."""
    monkeypatch.setattr(session, "_LOGS", 2)  # so that it takes many looks
    moments = [tree.epoch(at) for at in (-90, 90, 400)]
    with closing(History(tree.root, max_messages=9)) as history:
        assert not reads_until(history, 1)
        with pytest.raises(HistoryError, match="not prepared"):
            history.state_at(moments[-1])
        assert history.prepare()
        before = [comparable(history.state_at(at_s)) for at_s in moments]
        busy_tree(tree.root, 200, first=-250, seed=7)
        for left in range(1, 12):
            if history.prepare(stop=Countdown(left)):
                break
            assert [comparable(history.state_at(at_s)) for at_s in moments] == before
        else:
            pytest.fail("it never got anywhere")
        assert left > 2  # it was stopped while reading and while putting in order
        records = timed(tree.root)
        for at_s in moments:
            assert comparable(history.state_at(at_s)) == expected(records, at_s)


def test_half_of_a_tree_that_goes_away_is_not_taken_for_all_of_it(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is an error, and nothing is known of the past; once it is back, all of it is read."""
    monkeypatch.setattr(session, "_LOGS", 2)  # so that it takes many looks
    aside, end_s = tree.root.with_name("aside"), tree.epoch(400)
    busy_tree(tree.root, 200, first=-250, seed=7)
    with closing(History(tree.root)) as history:
        for _ in range(2):
            with pytest.raises(OSError, match="is gone"):
                history.prepare(lambda _: tree.root.exists() and tree.root.rename(aside))
            with pytest.raises(HistoryError, match="not prepared"):
                history.state_at(end_s)
            aside.rename(tree.root)
        assert history.prepare()
        found = comparable(history.state_at(end_s))
    with closing(History(tree.root)) as other:
        other.prepare()
        assert comparable(other.state_at(end_s)) == found


def test_what_a_stopped_preparation_put_in_order_takes_no_room(tree: TreeBuilder) -> None:
    """However often preparing is stopped, the temporary file does not grow; and it has no name."""
    sizes = set()
    with closing(History(tree.root)) as history:
        before = set(Path(tempfile.gettempdir()).glob("madrox-*"))
        for _ in range(4):
            assert not history.prepare(stop=Countdown(2))
            sizes.add(history._spill.end)
        assert set(Path(tempfile.gettempdir()).glob("madrox-*")) == before
    assert len(sizes) == 1


@pytest.mark.parametrize("written", [0, 5], ids=["reading", "putting in order"])
def test_what_a_failed_preparation_wrote_takes_no_room(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    """The disk that was full is not kept full, and whoever looks at the past may look on."""
    at_s = tree.epoch(400)
    with closing(History(tree.root, max_messages=9)) as history:
        assert history.prepare()
        before = history.state_at(at_s)
        size = os.fstat(history._spill.file.fileno()).st_size
        busy_tree(tree.root, 200, first=-250, seed=7)
        with monkeypatch.context() as patch:
            writes, pwrite = itertools.count(), os.pwrite

            def fill(fd: int, data: bytes, offset: int) -> int:
                if next(writes) < written:
                    return pwrite(fd, data, offset)
                pwrite(fd, data[:9], offset)
                raise OSError(28, "No space left on device")

            patch.setattr(os, "pwrite", fill)
            with pytest.raises(OSError, match="No space left"):
                history.prepare()
        assert os.fstat(history._spill.file.fileno()).st_size == size
        assert comparable(history.state_at(at_s)) == comparable(before)
        assert history.prepare()
        assert comparable(history.state_at(at_s)) == expected(timed(tree.root), at_s)


def who(history: History, at_s: float) -> list[str]:
    return [instance.instance_id for instance in history.state_at(at_s).instances]


def test_an_instance_that_was_seen_to_go_is_in_no_later_state(tmp_path: Path) -> None:
    """An instance exists until it was seen to be gone, and again after it comes back."""
    tree = TreeBuilder(tmp_path)
    tree.send("a", "m1", at=10)
    tree.send("b", "m2", at=10)
    now_s = tree.epoch(100)
    with closing(History(tmp_path, now=lambda: now_s)) as history:
        history.prepare()
        shutil.rmtree(tmp_path / "instances/a")
        history.prepare()
        assert who(history, tree.epoch(200)) == ["a", "b"]  # one look may be mistaken
        history.prepare()
        assert who(history, tree.epoch(99)) == ["a", "b"]
        assert who(history, tree.epoch(100)) == who(history, tree.epoch(200)) == ["b"]
        tree.send("a", "m3", at=150)
        history.prepare()
        assert who(history, tree.epoch(149)) == ["b"]
        assert who(history, tree.epoch(150)) == ["a", "b"]


def test_somebody_else_may_see_an_instance_go(tmp_path: Path) -> None:
    """The time passed to `note_gone` counts, not that of a later poll."""
    tree = TreeBuilder(tmp_path)
    tree.send("a", "m1", at=10)
    tree.send("b", "m2", at=20)
    now_s = tree.epoch(1000)
    with closing(History(tmp_path, now=lambda: now_s)) as history:
        history.prepare()
        shutil.rmtree(tmp_path / "instances/a")
        history.note_gone("a", tree.epoch(50))
        history.prepare()
        for _ in range(3):
            history.prepare()
            assert who(history, tree.epoch(49)) == ["a", "b"]
            assert who(history, tree.epoch(50)) == who(history, tree.epoch(2000)) == ["b"]


def test_an_audited_instance_stays_in_the_past_when_its_directory_goes(tmp_path: Path) -> None:
    """Only what was in the directory is gone from then on."""
    tree = TreeBuilder(tmp_path)
    tree.spawn("a", "Atlas", at=10)
    tree.send("a", "m1", at=20)
    with closing(History(tmp_path)) as history:
        history.prepare()
        shutil.rmtree(tmp_path / "instances/a")
        history.note_gone("a", tree.epoch(50))
        history.prepare()
        states = [history.state_at(tree.epoch(at)).instances[0] for at in (49, 50)]
    assert [(i.instance_name, len(i.open_requests)) for i in states] == [("Atlas", 1), ("Atlas", 0)]


def test_problems_and_clock_jumps_are_in_the_states_from_their_time_on(tmp_path: Path) -> None:
    """A bad line counts from the record before it; a problem with a whole file counts always."""
    tree = TreeBuilder(tmp_path)
    path = "instances/a/communication.jsonl"
    tree.send("a", "m1", at=1000)
    tree.line(path, b"broken\n")
    tree.send("a", "m2", at=2000)
    tree.send("a", "m3", at=1500)
    tree.line(path, b"[]\n")
    tree.line("orchestrator.log", b"")
    (tmp_path / "instances/a/tmux_output.log").mkdir()
    now_s = tree.epoch(9000)
    with closing(History(tmp_path, now=lambda: now_s)) as history:
        history.prepare()
        told = {at: history.state_at(tree.epoch(at)) for at in (999, 1000, 1499, 1500, 3000)}
        before = told[1499]
        tree.line(path, b"null\n")
        history.prepare()
        after = history.state_at(tree.epoch(1499))
        newest = history.state_at(tree.epoch(3000))
    lines = {at: state.problems.unreadable_lines for at, state in told.items()}
    assert lines == {999: 0, 1000: 1, 1499: 1, 1500: 2, 3000: 2}
    jumps = {at: state.anomalies.clock_jumps for at, state in told.items()}
    assert jumps == {999: 0, 1000: 0, 1499: 0, 1500: 1, 3000: 1}
    assert told[999].problems.files == ("instances/a/tmux_output.log",)
    assert after.problems.unreadable_lines == before.problems.unreadable_lines == 1
    assert newest.problems.unreadable_lines == 3


def test_a_gap_is_in_the_states_from_when_it_was_noticed(tmp_path: Path) -> None:
    """A gap counts from when it was noticed, as nothing tells when lines were lost."""
    tree = TreeBuilder(tmp_path)
    tree.send("a", "m1", at=10)
    with closing(History(tmp_path)) as history:
        history.prepare()
        os.truncate(tmp_path / "instances/a/communication.jsonl", 0)
        tree.send("a", "m2", at=20)
        before_s = time.time()
        history.prepare()
        gaps = [history.state_at(at_s).anomalies.gaps for at_s in (before_s - 1, time.time() + 1)]
    assert gaps == [0, 1]


def test_a_history_that_has_not_read_the_tree_says_so(tree: TreeBuilder) -> None:
    """Before `prepare` and after `close` there is an error, never an empty fleet."""
    tree.send("a", "m1", at=1)
    history = History(tree.root)
    questions: list[Callable[[], object]] = [
        lambda: history.state_at(tree.epoch(2)),
        lambda: history.usage_at(tree.epoch(2), ["a"]),
        lambda: history.groups_at(tree.epoch(2), "role"),
    ]
    for question in questions:
        with pytest.raises(HistoryError, match=r"call prepare\(\) first"):
            question()
    history.prepare()
    messages = history.state_at(tree.epoch(2)).messages
    history.close()
    for question in [*questions, history.prepare, lambda: messages[0]]:
        with pytest.raises(HistoryError, match="the history is closed"):
            question()


def test_questions_may_be_given_as_expressions(tree: TreeBuilder) -> None:
    """By the type of who asks, as in the dashboard's configuration."""
    tree.spawn("a", at=0)
    tree.frame("a", "shall we dance?\n", at=5)
    with pytest.raises(ValueError, match="prompt pattern"):
        History(tree.root, prompts={"*": ["("]})
    for questions, expected in ({}, State.IDLE), ({"*": [r"shall we \w+"]}, State.WAITING):
        with History(tree.root, prompts=questions) as history:
            history.prepare()
            assert history.state_at(tree.epoch(9)).instances[0].state is expected


def test_a_history_of_a_root_that_is_refused_leaves_nothing_open() -> None:
    """There is no temporary file before it is known what goes into it."""
    before = set(Path("/proc/self/fd").iterdir())
    with pytest.raises(ValueError, match="no such home") as refused:
        History("~nobody-of-that-name/logs")
    with pytest.raises(ValueError, match="null") as impossible:
        History("a\0b", in_subprocess=True)
    assert set(Path("/proc/self/fd").iterdir()) == before, (refused, impossible)


def test_what_is_shown_has_happened_at_its_moment_and_not_before(tmp_path: Path) -> None:
    """At each row of the timeline the state has it, and at what came before, within a second, not.

    The instance.log has whole seconds only, and may be read before the audit trail or after it.
    """
    tree = TreeBuilder(tmp_path)
    tree.spawn("a", "Atlas", at=0.1)
    tree.send("a", "m1", at=10.2)
    tree.receive("a", "m1", at=10.5)
    tree.terminate("a", at=10.7)
    tree.lifecycle("a", "Cleaned up", at=10.8)
    with closing(History(tmp_path)) as history:
        history.prepare()
        rows = [(row.time_s, row.text) for row in history.state_at(tree.epoch(99)).events]
        assert rows[-2:] == [
            (tree.epoch(10.7), "Instance terminated (force=False)"),
            (tree.epoch(10.999999), "Cleaned up"),
        ]
        for time_s, text in rows:
            assert time_s is not None
            shown = history.state_at(time_s).events
            assert (shown[-1].time_s, shown[-1].text) == (time_s, text)
        states = [history.state_at(tree.epoch(at)).instances[0].state for at in (10.3, 10.6, 10.7)]
    assert states == [State.BUSY, State.IDLE, State.TERMINATED]
