from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

from builders import TreeBuilder
from logging_core.read.sweep import Sweep

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
    with mock.patch.object(Sweep, "_list") as listing:
        assert settled.everything().changed == {}
    listing.assert_not_called()


def test_the_time_of_a_busy_directory_is_not_believed(tree: TreeBuilder) -> None:
    """Two changes in a row may leave one time behind."""
    tree.send("a", "one")
    sweep = Sweep(tree.root)
    sweep.everything()
    status = (tree.root / DIRECTORY).stat()
    tree.frame("a", "pane")
    os.utime(tree.root / DIRECTORY, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert list(sweep.everything().changed) == [f"{DIRECTORY}/tmux_output.log"]


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
