"""A whole tree, read by another process."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from io import BytesIO
from pathlib import Path
from subprocess import PIPE, Popen
from typing import IO, Any

import pytest

from builders import TreeBuilder
from logging_core import child
from logging_core.cache import read_whole
from logging_core.summing import Summing, main


@pytest.fixture
def long(tree: TreeBuilder) -> TreeBuilder:
    """A tree with a request that was never answered, and much after it."""
    tree.send("a", "never-answered", at=0)
    for number in range(1, 400):
        tree.send("a", f"m{number}", at=number)
        tree.receive("a", f"m{number}", at=number + 0.5, cost=0.25)
    return tree


def leftovers(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    directory = tmp_path / "scratch"
    directory.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(directory))
    return directory


def test_all_of_a_tree_is_summed(long: TreeBuilder, scratch: Path) -> None:
    """The model knows what stands at the beginning of long logs, and nothing is left behind."""
    job = Summing(long.root, None)
    assert job.run()
    opened = job.load()
    assert opened is not None
    (instance,) = opened.model.state(long.epoch(1000)).instances
    assert [request.message_id for request in instance.open_requests] == ["never-answered"]
    assert instance.usage.requests == 399
    assert leftovers(scratch) == []


def test_what_comes_after_it_can_be_read_on(long: TreeBuilder) -> None:
    """Its reader continues where it ended, with nothing twice."""
    job = Summing(long.root, None)
    assert job.run()
    opened = job.load()
    assert opened is not None
    long.send("a", "later", at=500)
    found = [record for _ in range(2) for record in opened.reader.poll().records]
    assert [getattr(record, "message_id", None) for record in found] == ["later"]


def test_only_what_counts_is_summed(long: TreeBuilder) -> None:
    """`since_s` reaches the other process."""
    job = Summing(long.root, long.epoch(390))
    assert job.run()
    opened = job.load(since_s=long.epoch(390))
    assert opened is not None
    assert opened.model.state(long.epoch(1000)).usage.requests == 10


def test_it_is_known_how_far_it_is(long: TreeBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    """From nothing of the tree, over parts of it, to all."""
    job = Summing(long.root, None)
    assert job.share == 0
    assert job.run()
    assert job.share == 1
    job.close()
    monkeypatch.setattr("os.nice", lambda _: 0)
    monkeypatch.setattr("logging_core.read.session.BATCH", 1)
    progress = BytesIO()
    assert main([str(os.getppid()), str(long.root)], BytesIO(), progress) == 0
    shares = [float(line) for line in progress.getvalue().splitlines()]
    assert 0 < shares[0] < shares[-1] == 1
    assert shares == sorted(shares)


def test_it_can_be_stopped(long: TreeBuilder, scratch: Path) -> None:
    """Stopping ends it at once, even before it runs, and leaves nothing behind."""
    job = Summing(long.root, None)
    job.stop()
    assert not job.run()
    job.close()
    assert leftovers(scratch) == []


def test_a_run_that_is_under_way_can_be_stopped(long: TreeBuilder) -> None:
    """The process is gone when `run` returns."""
    os.mkfifo(long.root / "audit" / "never-read")
    job = Summing(long.root, None)
    results: list[bool] = []
    thread = threading.Thread(target=lambda: results.append(job.run()))
    thread.start()
    job.stop()
    thread.join(30)
    assert results == [False]
    job.close()


@pytest.mark.parametrize("when", ["before", "meanwhile", "after"])
def test_what_was_read_is_let_go_whenever_it_is_closed(
    long: TreeBuilder, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Whoever ends the program does not wait until it has been read, and leaves no file open."""
    made: list[IO[bytes]] = []
    make, begin = tempfile.TemporaryFile, child.start

    def remember(**options: Any) -> IO[bytes]:
        made.append(make(**options))
        return made[-1]

    def start(*arguments: Any, **options: Any) -> Popen[bytes]:
        process = begin(*arguments, **options)
        if when == "meanwhile":
            job.close()
        return process

    monkeypatch.setattr("tempfile.TemporaryFile", remember)
    monkeypatch.setattr("logging_core.child.start", start)
    job = Summing(long.root, None)
    if when == "before":
        job.close()
    assert job.run() is (when == "after")
    if when == "after":
        job.close()
    assert [file.closed for file in made] == [True]
    assert job.load() is None


def test_no_room_is_no_crash(
    long: TreeBuilder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without a place for temporary files there is nothing to load: why is known, not raised."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    job = Summing(long.root, None)
    assert not job.run()
    assert job.trouble == "no such file or directory"
    assert job.load() is None
    job.close()


def test_why_the_other_process_failed_is_known(
    long: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it says so itself, its interpreter does, or it was killed."""
    for program, why in (
        ("import sys; sys.exit('no space left on device')", "no space left on device"),
        ("raise MemoryError", "MemoryError"),
        ("import os; os.kill(os.getpid(), 9)", "its process was ended by signal 9"),
    ):

        def start(*_: object, output: IO[bytes], program: str = program) -> Popen[bytes]:
            return Popen([sys.executable, "-c", program], stdout=output, stderr=PIPE)

        monkeypatch.setattr("logging_core.child.start", start)
        job = Summing(long.root, None)
        assert not job.run()
        assert job.trouble == why
        job.close()


def test_the_other_process_says_why_it_fails(
    long: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In words, as the last it says."""
    monkeypatch.setattr("os.nice", lambda _: 0)
    progress = BytesIO()
    with Path("/dev/full").open("wb", buffering=0) as full:
        assert main([str(os.getppid()), str(long.root)], full, progress) == 1
    assert progress.getvalue().splitlines()[-1] == b"no space left on device"


def test_it_ends_with_the_one_that_wants_it(
    long: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process whose parent is gone hands nothing over, whenever that has gone."""
    monkeypatch.setattr("os.nice", lambda _: 0)
    monkeypatch.setattr("logging_core.read.session.BATCH", 1)
    for looks in range(2):
        parents = iter([1] * looks)
        monkeypatch.setattr("os.getppid", lambda left=parents: next(left, 2))
        output = BytesIO()
        assert main(["1", str(long.root)], output, BytesIO()) == 1
        assert output.getvalue() == b""


def test_nothing_has_a_name_that_could_be_left_behind(long: TreeBuilder, scratch: Path) -> None:
    """Not while it is read either, nor until it is loaded: whoever is killed, nothing stays."""
    job = Summing(long.root, None)
    assert job.run()
    assert leftovers(scratch) == []
    job.close()
    assert job.load() is None


def test_a_tree_that_is_not_there_is_no_endless_wait(tmp_path: Path) -> None:
    """Reading it whole gives an empty model."""
    opened = read_whole(tmp_path / "absent", wanted=lambda _: True)
    assert opened is not None
    assert opened.model.state(0).instances == ()
