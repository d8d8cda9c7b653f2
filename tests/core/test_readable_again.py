"""What cannot be read for a moment is a problem for that moment."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import aclosing
from io import BytesIO
from pathlib import Path

import pytest

from builders import TreeBuilder
from faults import as_nobody, as_root, reachable_by_nobody
from logging_core import follow
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.state import ProblemCount
from logging_core.read.reader import TreeReader
from logging_core.records import Batch, Problem
from reading import read

LOG, METADATA = "instances/a/communication.jsonl", "instances/a/metadata.json"


@pytest.fixture
def tree(tree: TreeBuilder) -> TreeBuilder:
    tree.send("a", "m")
    tree.metadata("a", "Ada")
    for path in (LOG, METADATA):
        reachable_by_nobody(tree.root / path)
    return tree


def spoil(path: Path) -> None:
    """Take the right away to read what is new in it."""
    path.chmod(0)
    if path.is_file():
        path.write_bytes(path.read_bytes() + b"\n")


def permit(path: Path) -> None:
    path.chmod(0o755)


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def look(model: FleetModel, reader: TreeReader) -> ProblemCount:
    """Two sweeps: what is gone for one may be there for the next."""
    for batch in [*read(reader), *read(reader)]:
        model.apply(batch)
    return model.state(0.0).problems


@pytest.mark.parametrize("end", [permit, remove])
@pytest.mark.parametrize("what", [LOG, METADATA, "instances/a", "instances", "audit", "."])
def test_what_can_be_read_again_is_no_problem(
    tree: TreeBuilder, what: str, end: Callable[[Path], None]
) -> None:
    """Nor is what was deleted; and of what could never be read it is told once more each time."""
    path, model, reader = tree.root / what, FleetModel(), TreeReader(tree.root)
    with as_nobody(tree.root.parent):
        for _ in range(2):
            with as_root():
                spoil(path)
            problems = look(model, reader)
            if what != ".":  # without a root there is nothing that could be one
                assert what in problems.files
                assert problems.total == len(problems.newest) == problems.unreadable_files > 0
            with as_root():
                permit(path)
            problems = look(model, reader)
            assert (problems.files, problems.total, problems.newest) == ((), 0, ())
        with as_root():
            spoil(path)
        look(model, reader)
        with as_root():
            end(path)
        assert look(model, reader).total == 0


@pytest.mark.parametrize("name", ["instances/a/tmux_output.log", "instances/linked"])
def test_a_strange_thing_that_is_gone_is_no_problem(tree: TreeBuilder, name: str) -> None:
    """Also if it goes with the directory it is in."""
    model, reader = FleetModel(), TreeReader(tree.root)
    for directory in (None, tree.root / "instances"):
        (tree.root / name).symlink_to(tree.root)
        assert look(model, reader).files == (name,)
        (tree.root / name).unlink() if directory is None else shutil.rmtree(directory)
        assert look(model, reader).total == 0


def test_a_problem_with_lines_stays(tree: TreeBuilder) -> None:
    """Lines that cannot be read are not there to be read later."""
    tree.line(LOG, b"broken\n")
    model, reader = FleetModel(), TreeReader(tree.root)
    assert look(model, reader).unreadable_lines == 1
    model.apply(Batch(problems=(Problem(path=LOG, reason="no"),)))
    model.apply(Batch(readable=(LOG, "nothing that was told of")))
    problems = model.state(0.0).problems
    assert (problems.files, problems.unreadable_lines, problems.unreadable_files) == ((LOG,), 1, 0)


def test_another_reader_tells_itself_what_it_cannot_read() -> None:
    """Who goes on with a model that was kept forgets what the one before could not read."""
    model, file = FleetModel(), BytesIO()
    model.apply(Batch(problems=(Problem(path=LOG, reason="no"),)))
    model.dump(file)
    file.seek(0)
    again = FleetModel.load(file)
    assert again.state(0.0).problems.unreadable_files == 1
    again.change_reader()
    assert again.state(0.0).problems.total == 0


@pytest.mark.asyncio
async def test_who_follows_is_told_although_nothing_else_is_new(tree: TreeBuilder) -> None:
    """A batch may say that alone."""
    with as_nobody(tree.root.parent):
        with as_root():
            (tree.root / "audit").chmod(0)
        async with aclosing(follow(tree.root, sweep_s=0.05, poll=True)) as batches:
            problems = (await anext(batches)).problems
            assert [problem.path for problem in problems] == ["audit"]
            with as_root():
                permit(tree.root / "audit")
            assert (await anext(batches)).readable == ("audit",)
