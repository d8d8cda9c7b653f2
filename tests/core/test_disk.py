"""What a tree takes on the disk, and which files grow."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from builders import TreeBuilder
from logging_core.read.disk import (
    MAX_DEPTH,
    OTHER,
    DiskUse,
    FileSize,
    Growth,
    growth,
    measure_disk,
)


def put(root: Path, relative: str, size: int) -> Path:
    path = root / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


def test_sizes_are_summed_by_kind_and_instance(tree: TreeBuilder) -> None:
    """Rotated and compressed parts belong to their log; a stranger's file is other."""
    put(tree.root, "instances/a1/tmux_output.log", 1000)
    put(tree.root, "instances/a1/tmux_output.log.1.gz", 200)
    put(tree.root, "instances/a1/notes.txt", 30)
    put(tree.root, "instances/b2/communication.jsonl", 400)
    put(tree.root, "audit/audit_20261123.jsonl", 50)
    use = measure_disk(tree.root, now_s=7.0)
    assert (use.at_s, use.size, use.complete, len(use.files)) == (7.0, 1680, True, 5)
    assert use.by_kind == {"tmux_output": 1200, "communication": 400, "audit": 50, OTHER: 30}
    assert use.by_instance == {"a1": 1230, "b2": 400}
    assert use.allocated % 512 == 0


def test_links_are_not_followed_and_counted_once(tree: TreeBuilder, tmp_path: Path) -> None:
    """Neither a link to a directory, nor one to a file, nor a second name of a file adds bytes."""
    outside = put(tmp_path, "outside/big", 10_000)
    log = put(tree.root, "instances/a1/instance.log", 10)
    (tree.root / "instances" / "loop").symlink_to(tree.root)
    (tree.root / "instances" / "a1" / "away").symlink_to(outside)
    os.link(log, tree.root / "instances" / "a1" / "again")
    os.mkfifo(tree.root / "instances" / "a1" / "pipe")
    assert measure_disk(tree.root, now_s=0).size == 10


def test_a_limit_is_said(tree: TreeBuilder) -> None:
    """Of more files, or deeper ones, than are looked at, the sum says that it is not complete."""
    for n in range(5):
        put(tree.root, f"instances/a{n}/instance.log", 10)
    use = measure_disk(tree.root, now_s=0, most_files=3)
    assert (use.size, use.complete) == (30, False)
    assert measure_disk(tree.root, now_s=0, most_files=5).complete
    put(tree.root, "/".join("d" * (MAX_DEPTH + 1)) + "/deep", 10)
    assert not measure_disk(tree.root, now_s=0).complete


def test_a_closed_directory_is_said(tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    """What may not be listed is missing from the sum, which says so."""
    put(tree.root, "instances/a1/instance.log", 10)
    really, closed = os.scandir, str(tree.root / "instances" / "a1")

    def scandir(path: str) -> object:  # nothing is closed to root
        if os.fspath(path) == closed:
            raise PermissionError(13, "Permission denied", path)
        return really(path)

    monkeypatch.setattr(os, "scandir", scandir)
    use = measure_disk(tree.root, now_s=0)
    assert (use.size, use.complete) == (0, False)


def test_a_tree_that_is_not_there_takes_nothing(tmp_path: Path) -> None:
    """As long as the root does not exist, there is nothing, and that is complete."""
    use = measure_disk(tmp_path / "none", now_s=0)
    assert (use.size, use.complete) == (0, True)


def test_growth_follows_the_file_not_its_name() -> None:
    """Renaming is no growth; what was truncated or came new is, the fastest first."""
    before = DiskUse(
        0.0,
        files={
            (1, 1): FileSize("log", 1000),
            (1, 2): FileSize("slow", 100),
            (1, 3): FileSize("cut", 500),
        },
    )
    after = DiskUse(
        30.0,
        files={
            (1, 1): FileSize("log.1", 1000),
            (1, 4): FileSize("log", 40),
            (1, 2): FileSize("slow", 105),
            (1, 3): FileSize("cut", 20),
        },
    )
    assert growth(before, after) == (Growth("log", 80), Growth("cut", 40), Growth("slow", 10))
    assert growth(after, replace(after, at_s=30.0)) == ()
