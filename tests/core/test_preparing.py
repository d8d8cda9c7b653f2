"""A history that another process prepares."""

from __future__ import annotations

import errno
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import pytest

from builders import TreeBuilder
from earlier import busy_tree, comparable
from logging_core import HistoryError, child
from logging_core.analyse.state import State
from logging_core.history import History
from logging_core.history.__main__ import main
from logging_core.history.preparing import WORTH_A_PROCESS, Request
from logging_core.history.spill import Spill

TIMEOUT_S = 30.0
NOW_S = TreeBuilder.epoch(9_000)

OPTIONS = {"since_s": None, "max_messages": 0, "by_time": False}

PARENT = """
import os, signal, sys, time
from logging_core import history

history.preparing.WORTH_A_PROCESS = 0

def hold(count):
    pid = past._preparing._process.pid
    os.kill(pid, signal.SIGSTOP)
    print(pid, flush=True)
    time.sleep(60)

past = history.History(sys.argv[1], in_subprocess=True)
past.prepare(hold)
"""
"""Waits for a process that is stopped."""

FULL = """
import resource, sys
from logging_core import history

history.preparing.WORTH_A_PROCESS = 0
past = history.History(sys.argv[1], in_subprocess=True)
most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, most[1]))
try:
    past.prepare()
except OSError as error:
    print(error.errno, flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, most)
past.prepare()
print(len(past.state_at(float("inf")).instances))
"""
"""May write no more than 10,000 bytes to a file, at first."""


@pytest.fixture
def tree(tmp_path: Path) -> TreeBuilder:
    """A fleet of five, some of whose logs are odd."""
    tree = busy_tree(tmp_path / "logs", 400)
    tree.line("instances/i0/communication.jsonl", b"broken\n")
    tree.lifecycle("i1", "Cleaned up", at=200.7)
    (tree.root / "instances/i9/tmux_output.log").mkdir(parents=True)
    (tree.root / "instances/linked").symlink_to(tree.root / "instances/i1")
    return tree


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary files go; nothing is left there."""
    directory = tmp_path / "scratch"
    directory.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(directory))
    monkeypatch.setenv("TMPDIR", str(directory))
    yield directory
    assert list(directory.iterdir()) == []


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process prepares the smallest tree, too."""
    monkeypatch.setattr("logging_core.history.preparing.WORTH_A_PROCESS", 0)


def elsewhere(root: Path, **options: Any) -> History:
    return History(root, now=lambda: NOW_S, in_subprocess=True, **options)


def here(root: Path, **options: Any) -> History:
    return History(root, now=lambda: NOW_S, **options)


def process_of(history: History) -> int:
    assert history._preparing is not None
    assert history._preparing._process is not None
    return history._preparing._process.pid


def who(history: History, at: float) -> list[str]:
    state = history.state_at(TreeBuilder.epoch(at))
    return [instance.instance_id for instance in state.instances]


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    """Whether a process has ended, if perhaps nobody has asked how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def assert_same(handed: History, made: History) -> None:
    """At every fifth second, and beyond both ends, both tell the same."""
    assert handed.span == made.span
    for at in [-1e6, *range(-60, 700, 5), 1e6]:
        at_s = TreeBuilder.epoch(at)
        assert comparable(handed.state_at(at_s)) == comparable(made.state_at(at_s)), at
        assert sums(handed, at_s) == sums(made, at_s), at


def sums(history: History, at_s: float) -> object:
    """What the sums of a moment are, as values that compare."""
    usage = history.usage_at(at_s, ["i0", "i3"])
    groups = history.groups_at(at_s, "role"), history.groups_at(at_s, "error", ["i1"])
    return msgspec.to_builtins((usage, groups))


@pytest.mark.parametrize("first", [400, 290, -50])
def test_it_tells_what_one_that_is_prepared_here_does(tree: TreeBuilder, first: int) -> None:
    """At any moment; also after more was written, newer or late, logs rotated, and one deleted."""
    with closing(elsewhere(tree.root)) as handed, closing(here(tree.root)) as made:
        for history in (handed, made):
            assert history.prepare()
        assert_same(handed, made)
        busy_tree(tree.root, 60, first=first, seed=7)
        log = tree.root / "instances/i2/communication.jsonl"
        log.rename(log.with_name("communication.jsonl.1"))
        tree.send("i2", "m-new", at=500)
        for history in (handed, made):
            assert history.prepare()
        assert_same(handed, made)
        shutil.rmtree(tree.root / "instances/i3")
        for history in (handed, made) * 2:
            assert history.prepare()
        assert_same(handed, made)


def test_a_tree_of_a_real_orchestrator_is_handed_over(real_tree: Path) -> None:
    """Its past is the same, wherever it is prepared."""
    with closing(elsewhere(real_tree)) as handed, closing(here(real_tree)) as made:
        handed.prepare()
        made.prepare()
        assert made.span is not None
        assert handed.span == made.span
        first_s, last_s = made.span
        for step in range(101):
            at_s = first_s + (last_s - first_s) * step / 100
            assert comparable(handed.state_at(at_s)) == comparable(made.state_at(at_s))


def test_what_was_handed_over_is_not_read_again(tree: TreeBuilder) -> None:
    """Preparing goes on after it, with nothing twice, and states do not change their numbers."""
    counts: list[int] = []
    with closing(elsewhere(tree.root)) as history:
        history.prepare(counts.append)
        before = history.state_at(NOW_S).reordered
        assert counts == sorted(counts)
        assert counts[-1] > 400
        tree.send("a", "m1", at=900)
        again: list[int] = []
        history.prepare(again.append)
        assert again == [1]
        assert history.state_at(NOW_S).reordered == before


def test_options_reach_the_other_process(tree: TreeBuilder) -> None:
    """What counts, what is stuck and what is a question are as they would be here."""
    tree.spawn("asks", at=300)
    tree.frame("asks", "shall we dance?\n", at=310)
    options: dict[str, Any] = {
        "since_s": tree.epoch(100),
        "stuck_after_s": 20.0,
        "max_messages": 9,
        "prompts": {"*": [r"shall we \w+"]},
    }
    with closing(elsewhere(tree.root, **options)) as handed:
        handed.prepare()
        with closing(here(tree.root, **options)) as made:
            made.prepare()
            assert_same(handed, made)
        states = {i.instance_id: i.state for i in handed.state_at(tree.epoch(320)).instances}
    assert states["asks"] is State.WAITING


def test_who_was_seen_to_go_before_is_gone_from_then_on(tree: TreeBuilder) -> None:
    """What was noted before the other process begins is part of what it prepares."""
    tree.send("gone", "m", at=10)
    with closing(elsewhere(tree.root)) as handed, closing(here(tree.root)) as made:
        most: list[int] = []
        for history in (handed, made):
            history.note_gone("gone", tree.epoch(350))
            counts: list[int] = []
            history.prepare(counts.append)
            most.append(counts[-1])
            assert "gone" in who(history, 349)
            assert "gone" not in who(history, 350)
        assert most[0] == most[1]
        shutil.rmtree(tree.root / "instances/gone")
        for history in (handed, made) * 2:
            history.prepare()
        assert_same(handed, made)


def test_who_is_seen_to_go_meanwhile_is_gone_from_then_on(tree: TreeBuilder) -> None:
    """What is noted while it works counts as well, and once: who comes back is there again."""
    tree.send("gone", "m", at=10)
    with closing(elsewhere(tree.root)) as history:

        def note(_: int) -> None:
            if not noted:
                noted.append("gone")
                history.note_gone("gone", tree.epoch(350))

        noted: list[str] = []
        history.prepare(note)
        assert noted
        shutil.rmtree(tree.root / "instances/gone")
        for _ in range(2):
            history.prepare()
            assert "gone" in who(history, 349)
            assert "gone" not in who(history, 350)
        tree.send("gone", "m", at=500)
        history.prepare()
        assert "gone" not in who(history, 499)
        assert "gone" in who(history, 9_100)


def test_a_small_tree_is_prepared_at_once(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for the start of another process where that takes longer than reading does."""
    monkeypatch.setattr("logging_core.history.preparing.WORTH_A_PROCESS", WORTH_A_PROCESS)
    monkeypatch.setattr(child, "start", None)
    with closing(elsewhere(tree.root)) as history:
        assert history.prepare()
        assert len(history.state_at(NOW_S).instances) > 3


def test_captures_count_for_less(tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are read much faster than lines are."""
    monkeypatch.setattr("logging_core.history.preparing.WORTH_A_PROCESS", 1 << 20)
    tree.frame("i1", "x" * (1 << 20), at=1)
    with closing(elsewhere(tree.root)) as history:
        assert history._preparing is None
    tree.line("orchestrator.log", b"x" * (1 << 20) + b"\n")
    with closing(elsewhere(tree.root)) as history:
        assert history._preparing is not None


def test_whoever_changes_their_mind_finds_it_further_on(tree: TreeBuilder) -> None:
    """Stopping does not end the process: the next call waits for the same one."""
    stop = Event()
    with closing(elsewhere(tree.root)) as history:
        assert not history.prepare(lambda _: stop.set(), stop=stop)
        pid = process_of(history)
        with pytest.raises(HistoryError, match="not prepared"):
            history.state_at(NOW_S)
        pids: list[int] = []
        assert history.prepare(lambda _: pids.append(process_of(history)) if not pids else None)
        assert pids == [pid]
        assert is_gone(pid)
        assert len(history.state_at(NOW_S).instances) > 3


def test_closing_ends_the_process(tree: TreeBuilder) -> None:
    """Whoever quits while history is read leaves nothing behind."""
    stop = Event()
    history = elsewhere(tree.root)
    assert not history.prepare(lambda _: stop.set(), stop=stop)
    pid = process_of(history)
    history.close()
    assert is_gone(pid)


def test_closing_while_the_process_is_about_to_begin_lets_none_begin(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever ends the program at that moment leaves no process behind."""
    begun: list[object] = []
    hand_over = Spill.hand_over

    def close_then(spill: Spill, known: object) -> int:
        end = hand_over(spill, known)
        history.close()
        return end

    monkeypatch.setattr(Spill, "hand_over", close_then)
    monkeypatch.setattr(child, "start", lambda *_, **__: begun.append(1))
    history = elsewhere(tree.root)
    with pytest.raises(ValueError, match="closed"):
        history.prepare()
    assert begun == []


def test_it_is_prepared_here_if_the_process_is_killed(tree: TreeBuilder) -> None:
    """As where memory ran out: it takes longer, and nothing is missing."""
    killed: list[int] = []

    def kill(_: int) -> None:
        if not killed:
            killed.append(process_of(history))
            os.kill(killed[0], signal.SIGKILL)

    with closing(elsewhere(tree.root)) as history, closing(here(tree.root)) as made:
        assert history.prepare(kill)
        made.prepare()
        assert_same(history, made)
    assert killed


def test_a_tree_that_goes_away_meanwhile_is_not_taken_for_an_empty_one(tree: TreeBuilder) -> None:
    """That is an error; once it is back, all of it is read."""
    aside = tree.root.with_name("aside")

    def take_away(_: int) -> None:
        if tree.root.exists():
            os.kill(process_of(history), signal.SIGKILL)
            tree.root.rename(aside)

    with closing(elsewhere(tree.root)) as history, closing(here(tree.root)) as made:
        with pytest.raises(OSError, match="does not exist"):
            history.prepare(take_away)
        with pytest.raises(HistoryError, match="not prepared"):
            history.state_at(NOW_S)
        aside.rename(tree.root)
        assert history.prepare()
        made.prepare()
        assert_same(history, made)


@pytest.mark.parametrize(
    "error", [OSError(errno.EIO, "it failed"), pickle.UnpicklingError(), AttributeError("new")]
)
def test_it_is_prepared_here_if_what_is_handed_over_is_of_no_use(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """As where the program was upgraded since this one began."""

    def fail(*_: object) -> object:
        raise error

    monkeypatch.setattr(Spill, "take_over", fail)
    with closing(elsewhere(tree.root)) as history:
        assert history.prepare()
        assert len(history.state_at(NOW_S).instances) > 3
        assert os.fstat(history._spill.file.fileno()).st_size == history._spill.end


def test_it_is_prepared_here_if_there_can_be_no_process(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where too many run already."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with closing(elsewhere(tree.root)) as history:
        assert history.prepare()
        assert len(history.state_at(NOW_S).instances) > 3


def test_it_is_prepared_here_alone_if_the_process_cannot_be_heard(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where no more files can be opened: the process ends before this one writes to the file."""
    pids: list[int] = []

    def fail(_: object) -> bool:
        pids.append(process_of(history))
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr("logging_core.history.preparing._is_readable", fail)
    with closing(elsewhere(tree.root)) as history:
        assert history.prepare(lambda _: pytest.fail("not alone") if not is_gone(pids[0]) else None)
        assert len(history.state_at(NOW_S).instances) > 3


@pytest.mark.fault("R67")
def test_no_room_is_said_and_nothing_is_lost(tree: TreeBuilder) -> None:
    """Without room for the file preparing fails, and once there is some it gives everything."""
    argv = [sys.executable, "-c", FULL, str(tree.root)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=TIMEOUT_S)
    assert done.stdout.split() == [str(errno.EFBIG), "5"], done.stderr


def test_the_process_ends_with_the_one_that_wants_it(tree: TreeBuilder) -> None:
    """If that is killed outright, the process notices, and nothing is left behind."""
    argv = [sys.executable, "-c", PARENT, str(tree.root)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
    os.kill(pid, signal.SIGCONT)
    until(lambda: is_gone(pid), "the process goes on")


def test_it_ends_whatever_it_does_then(tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it reads and while it puts in order it notices that nobody waits, in time."""
    monkeypatch.setattr("logging_core.read.session.BATCH", 1 << 14)
    codes: list[int] = []
    while 0 not in codes:
        parents = iter([1] * len(codes))
        monkeypatch.setattr("os.getppid", lambda left=parents: next(left, 2))
        with closing(Spill()) as spill:
            spill.hand_over(Request(tree.root, OPTIONS, []))
            codes.append(main(["1"], spill.file, BytesIO()))
    assert len(codes) > 5


def test_an_empty_tree_can_be_handed_over(tmp_path: Path) -> None:
    """There is nothing to put in order."""
    with closing(elsewhere(tmp_path / "absent")) as history:
        assert history.prepare()
        assert history.span is None
        assert history.state_at(NOW_S).instances == ()


def test_nothing_is_ever_given_a_name(tree: TreeBuilder, scratch: Path) -> None:
    """Not while it is prepared either: whoever is killed, no file stays."""
    found: list[Path] = []
    with closing(elsewhere(tree.root)) as history:
        history.prepare(lambda _: found.extend(scratch.iterdir()))
        found += scratch.iterdir()
    assert found == []
