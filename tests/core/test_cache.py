"""A second start reads only what is new, and never says anything else than a first one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import msgspec
import pytest

from builders import TreeBuilder
from logging_core import cache
from logging_core.analyse.fleet import FleetModel
from logging_core.cache import FleetCache, read_fleet
from logging_core.read.reader import TreeReader


@pytest.fixture(autouse=True)
def _keep_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "WORTH_KEEPING", 0)


def fill(tree: TreeBuilder, first: int, last: int) -> None:
    for n in range(first, last):
        name = f"i{n % 3}"
        tree.metadata(name, f"name {n % 3}")
        tree.send(name, f"m{n}", f"text {n}", at=n)
        tree.receive(name, f"m{n}", f"reply {n}", at=n + 0.5, tokens=n, cost=0.25)
        tree.frame(name, f"pane {n}", at=n)


def look(root: Path, kept: FleetCache | None) -> Any:
    """All that a report says."""
    model = read_fleet(root, kept)
    state = model.state(TreeBuilder.epoch(100_000))
    messages = sorted(str(message.content) for message in state.messages)
    bare = msgspec.structs.replace(state, messages=(), events=(), reordered=0)
    return msgspec.to_builtins(bare), messages, sorted(event.text for event in state.events)


class Kept:
    """A tree with a cache that was filled by a first start."""

    def __init__(self, directory: Path) -> None:
        self.tree = TreeBuilder(directory / "logs")
        self.root = self.tree.root
        self.directory = directory / "cache"
        fill(self.tree, 0, 30)
        self.look()

    def look(self) -> Any:
        return look(self.root, FleetCache(self.root, "test", self.directory))

    @property
    def file(self) -> Path:
        (file,) = self.directory.glob("*.fleet")
        return file

    def is_used(self) -> bool:
        return FleetCache(self.root, "test", self.directory).load() is not None


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def test_nothing_new_is_read_from_the_cache_alone(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second start gives the same report without decoding a single audit line again."""
    before = look(kept.root, None)
    assert kept.is_used()
    monkeypatch.setattr("logging_core.read.audit_log.decode_exchanges", None)
    assert kept.look() == before


def test_what_came_since_is_added(kept: Kept) -> None:
    """New records, of known and of new instances, are added to the cached model."""
    for step in range(3):
        fill(kept.tree, 30 + 10 * step, 40 + 10 * step)
        kept.tree.spawn(f"new{step}", at=step)
        assert kept.is_used()
        assert kept.look() == look(kept.root, None)


def test_an_instance_whose_directory_is_gone_is_not_kept(kept: Kept) -> None:
    """Also one that had nothing in it, or nothing but a metadata.json: no file that was counted."""
    kept.tree.metadata("gone", "name")
    (kept.root / "instances/empty").mkdir()
    assert kept.look() == look(kept.root, None)
    for name in ("gone", "empty"):
        shutil.rmtree(kept.root / "instances" / name)
        assert kept.look() == look(kept.root, None)


def audit_file(root: Path) -> Path:
    (file,) = (root / "audit").glob("*.jsonl")
    return file


def truncate(root: Path) -> None:
    os.truncate(audit_file(root), 5000)


def rewrite(root: Path) -> None:
    file = audit_file(root)
    file.write_bytes(file.read_bytes().replace(b"0.25", b"0.75"))


def replace(root: Path) -> None:
    file = audit_file(root)
    lines = file.read_bytes().splitlines(keepends=True)
    file.unlink()
    file.write_bytes(b"".join(reversed(lines)) + lines[0])


def delete(root: Path) -> None:
    audit_file(root).unlink()


def delete_instance(root: Path) -> None:
    shutil.rmtree(root / "instances/i1")


def shorten_messages(root: Path) -> None:
    file = root / "instances/i0/communication.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:3]))


def swap_tree(root: Path) -> None:
    root.rename(root.with_name("away"))
    fill(TreeBuilder(root), 100, 110)


HARM = [truncate, rewrite, replace, delete, delete_instance, shorten_messages, swap_tree]


@pytest.mark.parametrize("harm", HARM)
def test_a_tree_that_was_tampered_with_is_read_anew(
    kept: Kept, harm: Callable[[Path], None]
) -> None:
    """If files were truncated, rewritten, replaced or deleted, the tree is read again."""
    harm(kept.root)
    seen, expected = kept.look(), look(kept.root, None)
    assert seen == expected
    assert kept.look() == expected


def garbage(file: Path) -> None:
    file.write_bytes(b"garbage")


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size - 1)


def share(file: Path) -> None:
    file.chmod(0o666)


def link(file: Path) -> None:
    target = file.with_name("elsewhere")
    file.rename(target)
    file.symlink_to(target)


@pytest.mark.parametrize("harm", [garbage, flip, cut, share, link])
def test_a_cache_that_cannot_be_trusted_is_not_used(
    kept: Kept, harm: Callable[[Path], None]
) -> None:
    """A cache that is damaged, writable by others or a link is ignored."""
    harm(kept.file)
    assert not kept.is_used()
    assert kept.look() == look(kept.root, None)


def test_a_cache_belongs_to_its_user_alone(kept: Kept) -> None:
    """The directory is 0700 and the file 0600, and nothing is written into the tree."""
    assert kept.directory.stat().st_mode & 0o777 == 0o700
    assert kept.file.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in kept.root.iterdir()) == ["audit", "instances"]


@pytest.mark.fault("R67")
def test_without_a_place_for_it_nothing_else_changes(kept: Kept, tmp_path: Path) -> None:
    """Where the cache cannot be written, the report is the same, and one sentence says why."""
    (tmp_path / "file").write_text("")
    broken = FleetCache(kept.root, "test", tmp_path / "file" / "below")
    assert look(kept.root, broken) == look(kept.root, None)
    assert broken.trouble is not None
    assert "Not a directory" in broken.trouble


def test_a_little_tree_is_not_worth_a_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No cache is written for a tree that is read in a moment."""
    monkeypatch.undo()
    tree = TreeBuilder(tmp_path / "logs")
    fill(tree, 0, 3)
    look(tree.root, FleetCache(tree.root, "test", tmp_path / "cache"))
    assert not (tmp_path / "cache").exists()


def test_what_could_not_be_kept_leaves_nothing_behind(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever went wrong: the file from before stays, and no other lies beside it."""

    def fail(_: object, file: IO[bytes]) -> None:
        file.write(b"half of it")
        raise ValueError("not to be written")

    monkeypatch.setattr(FleetModel, "dump", fail)
    before = kept.file.read_bytes()
    with pytest.raises(ValueError, match="not to be written"):
        FleetCache(kept.root, "test", kept.directory).save(FleetModel(), {})
    assert [path.read_bytes() for path in kept.directory.iterdir()] == [before]


def test_a_new_tree_in_the_place_of_a_deleted_one_is_read(tmp_path: Path) -> None:
    """Also where its directory has the inode of the old one, and nothing tells the two apart."""
    tree = TreeBuilder(tmp_path / "logs")
    kept = FleetCache(tree.root, "test", tmp_path / "cache")
    tree.metadata("a", "the old name")
    kept.save(read_fleet(tree.root), TreeReader(tree.root).poll().cursor)
    shutil.rmtree(tree.root)
    tree.send("a", "m1")
    (instance,) = read_fleet(tree.root, kept).state(0).instances
    assert instance.instance_name is None
