from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

from builders import TreeBuilder
from faults import as_nobody
from logging_core.read.sweep import Look, Sweep

DIRECTORY = "instances/a"
MESSAGES = f"{DIRECTORY}/communication.jsonl"


def much_later() -> int:
    """A clock for which every directory of a test has been left alone for long."""
    return time.time_ns() + 3600 * 10**9


@pytest.fixture
def settled(tree: TreeBuilder) -> Sweep:
    """A sweep that knows a tree which has been quiet."""
    tree.spawn("a")
    tree.send("a", "one")
    for directory in (tree.root / DIRECTORY, tree.root / "instances"):
        os.utime(directory, (1, 1))  # the times of directories are coarse, and tests are fast
    sweep = Sweep(tree.root, now_ns=much_later)
    assert MESSAGES in sweep.everything().changed
    assert sweep.everything().changed == {}
    return sweep


def append(path: Path) -> None:
    with path.open("a") as file:
        file.write("more\n")


def rewrite(path: Path) -> None:
    """Same size, and a time that goes backwards."""
    path.write_bytes(b"x" * path.stat().st_size)
    os.utime(path, (1, 1))


def replace(path: Path) -> None:
    """Same size and the same time, but another file."""
    status = path.stat()
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)


CHANGES = [append, rewrite, replace, Path.unlink, lambda path: path.rename(f"{path}.1")]


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_a_quiet_directory_is_seen(
    tree: TreeBuilder, settled: Sweep, change: Callable[[Path], object]
) -> None:
    """At the next sweep, whether or not the directory has to be listed for it."""
    change(tree.root / MESSAGES)
    assert list(settled.everything().changed) == [MESSAGES]
    assert settled.everything().changed == {}


def test_a_new_file_in_a_quiet_directory_is_seen(tree: TreeBuilder, settled: Sweep) -> None:
    """Its directory's time tells of it."""
    tree.frame("a", "pane")
    assert list(settled.everything().changed) == [f"{DIRECTORY}/tmux_output.log"]


def test_a_quiet_tree_is_not_listed_again(settled: Sweep) -> None:
    """Its files are looked at one by one, which costs half as much."""
    with mock.patch.object(os, "open") as opening:
        assert settled.everything() == Look()
    opening.assert_not_called()


@pytest.mark.fault("R59")
def test_the_time_of_a_busy_directory_is_not_believed(tree: TreeBuilder) -> None:
    """Two changes in a row may leave one time behind."""
    tree.send("a", "one")
    sweep = Sweep(tree.root)
    sweep.everything()
    status = (tree.root / DIRECTORY).stat()
    tree.frame("a", "pane")
    os.utime(tree.root / DIRECTORY, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert list(sweep.everything().changed) == [f"{DIRECTORY}/tmux_output.log"]


@pytest.mark.fault("R39")
def test_a_quiet_directory_that_becomes_a_link_is_not_entered(
    tree: TreeBuilder, settled: Sweep, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It is told, and what it leads to is left alone."""
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "a"
    (tree.root / DIRECTORY).rename(elsewhere)
    (tree.root / DIRECTORY).symlink_to(elsewhere)
    look = settled.everything()
    assert (DIRECTORY, "a symbolic link") in look.problems
    assert look.changed == {}


def test_who_is_there_is_not_listed_again_while_nobody_comes_or_goes(
    tree: TreeBuilder, settled: Sweep
) -> None:
    """Then it is: newcomers are seen, and who is missed twice is gone."""
    with mock.patch.object(os, "scandir") as listing:
        assert settled.everything() == Look()
    listing.assert_not_called()
    tree.send("b", "one")
    assert settled.everything().seen == ["b"]
    (tree.root / "instances/b").rename(tree.root.parent / "aside")
    assert [settled.everything().gone for _ in range(3)] == [[], ["b"], []]


def test_who_is_there_is_told_again_once_it_may_be_listed_again(tree: TreeBuilder) -> None:
    """Nobody is gone meanwhile, and who came is seen."""
    tree.send("a", "one")
    sweep = Sweep(tree.root, now_ns=much_later)
    sweep.everything()
    (tree.root / "instances").chmod(0)
    with as_nobody(tree.root.parent):
        told = [[path for path, _ in sweep.everything().problems] for _ in range(3)]
    assert told == [["instances", "instances/a"], [], []]
    (tree.root / "instances").chmod(0o755)
    tree.send("b", "one")
    look = sweep.everything()
    assert (look.seen, look.gone) == (["b"], [])


@pytest.mark.parametrize("seed", range(4))
def test_sweeps_in_turns_see_every_instance_within_one_round(tree: TreeBuilder, seed: int) -> None:
    """Looking into half of the instances at a time, two sweeps see each change, one of them."""
    names = [f"{seed}-{number}" for number in range(9)]
    for name in names:
        tree.spawn(name)
    sweep = Sweep(tree.root)
    sweep.everything()
    for name in names:
        tree.send(name, "more")
    first, second = sweep.everything(turns=2).changed, sweep.everything(turns=2).changed
    assert not first.keys() & second.keys()
    assert {f"instances/{name}/communication.jsonl" for name in names} == {
        path for path in first | second if path.endswith("communication.jsonl")
    }


def test_who_is_new_is_looked_into_at_once(tree: TreeBuilder) -> None:
    """Sweeps in turns do not wait for the turn of an instance that was not there before."""
    sweep = Sweep(tree.root)
    sweep.everything()
    names = [f"a{number}" for number in range(9)]
    for name in names:
        tree.send(name, "first")
    look = sweep.everything(turns=9)
    assert look.seen == names
    assert {f"instances/{name}/communication.jsonl" for name in names} <= look.changed.keys()


def test_who_was_told_of_is_looked_into_at_once(tree: TreeBuilder) -> None:
    """All files there are looked at, in whatever turn."""
    tree.spawn("a")
    sweep = Sweep(tree.root, now_ns=much_later)
    sweep.everything()
    for _ in range(9):
        metadata = tree.root / DIRECTORY / "metadata.json"
        metadata.write_text(metadata.read_text() + " ")
        assert list(sweep.everything([str(metadata)], turns=9).changed) == [
            f"{DIRECTORY}/metadata.json"
        ]


@pytest.mark.parametrize(
    ("name", "turns", "within"),
    [
        ("instance.log", 2, 2),
        ("communication.jsonl", 2, 2),
        ("instance.log.1", 2, 8),
        ("metadata.json", 2, 8),
        ("instance.log.1", 1, 1),
        ("metadata.json", 1, 1),
    ],
)
def test_what_grows_is_looked_at_in_each_round(
    tree: TreeBuilder, name: str, turns: int, within: int
) -> None:
    """A live log in each; a rotated part, or metadata written in place, in each fourth one.

    Where no notices come, and each sweep looks at everything, these are as well.
    """
    tree.spawn("a")
    tree.send("a", "one")
    tree.line(f"{DIRECTORY}/instance.log.1", b"an old one")
    os.utime(tree.root / DIRECTORY, (1, 1))
    sweep = Sweep(tree.root, now_ns=much_later)
    for _ in range(8):
        sweep.everything(turns=turns)
    with (tree.root / DIRECTORY / name).open("ab") as file:
        file.write(b"more\n")
    looks = [sweep.everything(turns=turns) for _ in range(within)]
    log = f"{DIRECTORY}/{name.removesuffix('.1')}"
    assert [path for look in looks for path in look.changed] == [log]
