from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from builders import TreeBuilder
from faults import as_nobody
from logging_core.read.frames import read_frame
from logging_core.read.reader import TreeReader
from logging_core.records import (
    FrameRef,
    InstanceGone,
    InstanceSeen,
    Message,
)
from payloads import PAYLOADS
from reading import ids, only, problems, read, records


@pytest.fixture
def reader(tree: TreeBuilder) -> TreeReader:
    return TreeReader(tree.root)


# --- directories ---------------------------------------------------------------------


@pytest.mark.fault("R44")
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


@pytest.mark.fault("R39", "R40", "R42")
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


@pytest.mark.fault("R39", "R40")
def test_a_link_or_pipe_that_comes_back_is_a_problem_again(
    tree: TreeBuilder, reader: TreeReader
) -> None:
    """What was put right is no longer known, and so takes no memory either."""
    tree.send("a", "m1")
    link, pipe = tree.root / "instances/link", tree.root / "instances/a/instance.log"
    for _ in range(2):
        link.symlink_to("/")
        os.mkfifo(pipe)
        told = [problem.path for problem in problems(reader)]
        assert sorted(told) == ["instances/a/instance.log", "instances/link"]
        link.unlink()
        pipe.unlink()
        assert problems(reader) == []


@pytest.mark.fault("R42")
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


@pytest.mark.fault("R54")
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
    assert read_frame(tree.root, ref) == "pane"


@pytest.mark.fault("R54")
def test_a_name_that_is_no_utf8_is_shown_with_its_bytes(tree: TreeBuilder) -> None:
    """Two such names do not become one."""
    for raw in (b"id\xff", b"id\xfe"):
        tree.send(os.fsdecode(raw), "m1")
    seen = only(InstanceSeen, records(TreeReader(tree.root)))
    assert [instance.instance_id for instance in seen] == ["id\\xfe", "id\\xff"]


# --- the root ------------------------------------------------------------------------


@pytest.mark.fault("R42", "R45")
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


@pytest.mark.fault("R43")
@pytest.mark.parametrize("mode", [0o000, 0o444, 0o333])
def test_a_root_that_may_not_be_read_is_waited_for(
    tree: TreeBuilder, reader: TreeReader, mode: int
) -> None:
    """As if it were not there, until it may be listed and entered."""
    tree.send("a", "m1")
    tree.root.chmod(mode)
    with as_nobody(tree.root.parent):
        assert reader.poll().waiting == f"{tree.root} cannot be read: permission denied"
    tree.root.chmod(0o755)
    assert ids(reader.poll().records) == ["m1"]


@pytest.mark.fault("R46")
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


@pytest.mark.fault("R46")
def test_a_root_that_is_deleted_and_made_anew_is_read_anew(
    tree: TreeBuilder, reader: TreeReader
) -> None:
    """Even where the file system gives it the inode of the one that was deleted."""
    tree.send("a", "m1")
    read(reader)
    for name in "bc":
        shutil.rmtree(tree.root)
        TreeBuilder(tree.root).send(name, "m2")
        batch = reader.poll()
        assert batch.reset
        assert ids(batch.records) == ["m2"]
        assert only(InstanceSeen, batch.records) == [InstanceSeen(instance_id=name)]
        assert not reader.poll().reset


@pytest.mark.fault("R46")
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
