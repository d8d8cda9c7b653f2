"""Directories of any name: each is shown, found again by what is shown, and kept in a cursor."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import TreeBuilder
from logging_core import cache
from logging_core.cache import FleetCache, read_fleet
from logging_core.history import History
from logging_core.read.frames import read_frame
from logging_core.read.messages import MessagePages
from logging_core.read.panes import PaneFile
from logging_core.read.raw import list_instances
from logging_core.read.reader import TreeReader
from logging_core.records import InstanceGone, InstanceSeen, Message
from logging_core.tree import LogTree, local_path, portable_path
from reading import ids, only, records

NAMES = {
    "no UTF-8": b"ag\xff",
    "Latin-1": b"caf\xe9",
    "what the shown name looks like": rb"ag\xff",
    "a backslash": rb"a\b",
    "letters": "é".encode(),
    "controls": b"a\x1b]0;x\x07",
    "a tab": b"a\tb",
    "a newline": b"a\nb",
}


@pytest.fixture(params=NAMES)
def directory(request: pytest.FixtureRequest) -> str:
    """A name, as the operating system's functions give it."""
    return os.fsdecode(NAMES[request.param])


@pytest.fixture
def strange(tree: TreeBuilder, directory: str) -> TreeBuilder:
    """A tree in which all files are those of one such directory."""
    tree.lifecycle(directory, "Instance created with role: general, type: claude")
    tree.send(directory, "m1", at=1)
    tree.frame(directory, "one", at=2)
    tree.frame(directory, "two", at=3)
    return tree


def shown_id(tree: TreeBuilder) -> str:
    """What the only instance is called."""
    (seen,) = only(InstanceSeen, records(TreeReader(tree.root)))
    return seen.instance_id


@pytest.mark.fault("R54")
@given(st.lists(st.binary(min_size=1), min_size=1))
def test_a_path_can_be_sent_and_comes_back(parts: list[bytes]) -> None:
    """Any path can be written as UTF-8, and is the same when it is read again."""
    path = os.fsdecode(b"/".join(parts))
    sent = orjson.dumps(portable_path(path)).decode()
    assert local_path(orjson.loads(sent)) == path


def test_usual_paths_are_sent_as_they_are() -> None:
    """Whoever reads a cursor or a frame's path sees the names that the files have."""
    for path in ("instances/a-1/tmux_output.log", "instances/é 1/metadata.json"):
        assert portable_path(path) == local_path(path) == path


@pytest.mark.fault("R54")
def test_two_names_never_become_one_path() -> None:
    """A byte that is no UTF-8 is told from a name that is written like it."""
    assert portable_path(os.fsdecode(b"ag\xff")) == r"ag\xff"
    assert portable_path(r"ag\xff") == r"ag\x5cxff"


@pytest.mark.fault("R54")
@pytest.mark.parametrize("codec", [msgspec.json, msgspec.msgpack])
def test_reading_goes_on_from_a_cursor_that_was_sent(
    strange: TreeBuilder, directory: str, codec: Any
) -> None:
    """A reader that is given it reads no record again, misses none, and sees what goes."""
    batch = TreeReader(strange.root).poll()
    assert batch.caught_up
    reader = TreeReader(strange.root, cursor=codec.decode(codec.encode(batch.cursor)))
    assert reader.poll().records == ()
    strange.send(directory, "m2", at=4)
    assert ids(records(reader)) == ["m2"]
    for path in (strange.root / "instances" / directory).iterdir():
        path.unlink()
    (strange.root / "instances" / directory).rmdir()
    looks = [reader.poll() for _ in range(2)]
    assert only(InstanceGone, looks[-1].records) != []
    assert looks[-1].cursor["instances"] == []
    assert looks[-1].cursor["logs"] == {}


@pytest.mark.fault("R54")
def test_frames_and_messages_are_found_by_the_id_that_is_shown(strange: TreeBuilder) -> None:
    """Whoever has a record finds what else there is of its instance."""
    instance_id = shown_id(strange)
    pane = PaneFile(strange.root, instance_id)
    first, second = pane.newest(9)
    assert [read_frame(strange.root, ref) for ref in (first, second)] == ["one", "two"]
    assert pane.before(second, 9) == [first]
    assert pane.after(first, 9) == [second]
    assert first.instance_id == instance_id
    assert ids(MessagePages(strange.root, [instance_id]).older(9)) == ["m1"]
    assert only(Message, MessagePages(strange.root).older(9))[0].instance_id == instance_id


def test_frames_and_messages_are_found_by_the_directory(
    strange: TreeBuilder, directory: str
) -> None:
    """Whoever has listed the tree finds the same."""
    assert len(PaneFile(strange.root, directory).newest(9)) == 2
    assert ids(MessagePages(strange.root, [directory]).older(9)) == ["m1"]


def test_a_directory_that_is_called_so_comes_first(tree: TreeBuilder) -> None:
    """Of two that are shown alike the one with that very name is meant."""
    for name in (b"ag\xff", rb"ag\xff"):
        tree.frame(os.fsdecode(name), f"pane of {len(name)} bytes")
    (ref,) = PaneFile(tree.root, r"ag\xff").newest(9)
    assert read_frame(tree.root, ref) == "pane of 6 bytes"


@pytest.mark.fault("R54")
def test_sums_are_kept_and_found_again(
    strange: TreeBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second start says what the first one said, and nothing else lies in the cache."""
    monkeypatch.setattr(cache, "WORTH_KEEPING", 0)
    states = []
    for _ in range(2):
        kept = FleetCache(strange.root, "test", tmp_path / "cache")
        states.append(read_fleet(strange.root, kept).state(strange.epoch(9)))
        assert kept.trouble is None
        assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".fleet"]
    assert kept.load() is not None
    assert msgspec.to_builtins(states[0].instances) == msgspec.to_builtins(states[1].instances)
    ref = states[1].instances[0].newest_frame
    assert ref is not None
    assert read_frame(strange.root, ref) == "two"


@pytest.mark.fault("R54")
def test_earlier_states_can_be_made(strange: TreeBuilder) -> None:
    """The instance, its message and its frame are in the state of their moment."""
    with closing(History(strange.root)) as history:
        history.prepare()
        state = history.state_at(strange.epoch(2))
        assert ids(state.messages) == ["m1"]
        (instance,) = state.instances
        assert instance.instance_id == shown_id(strange)
        assert instance.newest_frame is not None
        assert read_frame(strange.root, instance.newest_frame) == "one"


@pytest.mark.fault("R54")
def test_what_is_kept_of_a_tree_is_kept_wherever_the_tree_is(tmp_path: Path) -> None:
    """Its own path may be no UTF-8 either."""
    tree = TreeBuilder(Path(os.fsdecode(os.fsencode(tmp_path) + b"/logs\xff")))
    tree.send("a", "m1")
    kept = FleetCache(tree.root, "test", tmp_path / "cache")
    kept.save(read_fleet(tree.root), TreeReader(tree.root).poll().cursor)
    assert kept.trouble is None
    assert kept.load() is not None


def test_instances_are_listed_as_text_that_can_be_sent(
    strange: TreeBuilder, directory: str
) -> None:
    """The query API gives no text that JSON cannot hold."""
    (listed,) = orjson.loads(orjson.dumps(list_instances(LogTree(strange.root))))
    assert local_path(listed["instance_id"]) == directory
    assert Path(local_path(listed["log_directory"])).is_dir()
