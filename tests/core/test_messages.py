"""Messages of all instances, page by page towards the past."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import TreeBuilder
from logging_core.read.messages import MessagePages
from logging_core.records import Message

said = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 50), st.integers(1, 3000)), max_size=40
)


def fill(root: Path, messages: list[tuple[str, int, int]]) -> list[str]:
    """A tree of messages with the times as given, each instance's in order; what was said."""
    shutil.rmtree(root, ignore_errors=True)
    tree, texts = TreeBuilder(root), []
    for number, (name, at, size) in enumerate(sorted(messages, key=lambda m: m[1])):
        texts.append(f"{number} {name} {at} " + "x" * size)
        tree.send(name, f"m{number}", texts[-1], at=at)
    return texts


def contents(page: list[Message]) -> list[str]:
    return [str(message.content) for message in page]


def read_back(pages: MessagePages, count: int) -> list[list[str]]:
    found = []
    while page := pages.older(count):
        found.append(contents(page))
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said, st.integers(1, 9))
def test_pages_hold_every_message_once_in_the_order_of_time(
    tmp_path: Path, messages: list[tuple[str, int, int]], count: int
) -> None:
    """Put together backwards they are all there is, by time, each instance's in its order."""
    texts = fill(tmp_path / "logs", messages)
    pages = read_back(MessagePages(tmp_path / "logs"), count)
    found = [text for page in reversed(pages) for text in page]
    assert sorted(found) == sorted(texts)
    times = [int(text.split()[2]) for text in found]
    assert times == sorted(times)
    for name in "abc":
        own = [text for text in found if text.split()[1] == name]
        assert own == [text for text in texts if text.split()[1] == name]
    assert all(len(page) == count for page in pages[:-1])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said, st.integers(-1, 51))
def test_pages_begin_before_a_moment(
    tmp_path: Path, messages: list[tuple[str, int, int]], at: int
) -> None:
    """Only what is older than the moment is handed out."""
    texts = fill(tmp_path / "logs", messages)
    pages = MessagePages(tmp_path / "logs")
    pages.older(1)
    pages.start_before(TreeBuilder.epoch(at))
    found = [text for page in read_back(pages, 7) for text in page]
    assert sorted(found) == sorted(text for text in texts if int(text.split()[2]) < at)


def test_only_some_instances_may_be_asked_for(tmp_path: Path) -> None:
    """Others' messages are left out, and ids that are none are, too."""
    fill(tmp_path / "logs", [("a", 1, 5), ("b", 2, 5), ("a", 3, 5)])
    page = MessagePages(tmp_path / "logs", ["a", "nobody"]).older(9)
    assert [message.instance_id for message in page] == ["a", "a"]


def test_compressed_and_broken_files_are_read_as_far_as_they_go(tree: TreeBuilder) -> None:
    """A compressed part comes before the live one; lines that are none are passed over."""
    tree.send("a", "m1", "old", at=1)
    path = tree.root / "instances/a/communication.jsonl"
    path.with_name("communication.jsonl.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    tree.line("instances/a/communication.jsonl", b"nonsense\n\n[1]\n")
    tree.send("a", "m2", "new", at=2)
    tree.line("instances/a/communication.jsonl", b'{"content": "timeless"}\n{"content": "to')
    found = contents(MessagePages(tree.root).older(9))
    assert found == ["old", "new", "timeless"]


def test_a_far_away_moment_is_found_without_reading_what_is_after_it(tree: TreeBuilder) -> None:
    """Of a large file only the neighbourhood of the moment is read."""
    for number in range(2000):
        tree.send("a", f"m{number}", f"{number} " + "x" * 3000, at=number)
    pages = MessagePages(tree.root)
    pages.start_before(tree.epoch(500))
    before = read_bytes()
    found = contents(pages.older(10))
    assert [int(text.split()[0]) for text in found] == list(range(490, 500))
    assert read_bytes() - before < 3 << 20


def test_a_missing_tree_has_no_messages(tmp_path: Path) -> None:
    """Nothing there, nothing handed out."""
    assert MessagePages(tmp_path / "nowhere").older(5) == []


def read_bytes() -> int:
    """How much this process has read so far."""
    return int(Path(f"/proc/{os.getpid()}/io").read_text().split()[1])
