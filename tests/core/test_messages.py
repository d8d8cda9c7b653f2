from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import TreeBuilder
from logging_core.codec.decode import decode_message
from logging_core.read import message_search, messages
from logging_core.read.messages import MessagePages
from logging_core.read.reader import TreeReader
from logging_core.records import Message
from reading import ids, only, records


def pages(source: MessagePages, count: int) -> list[Message]:
    """Everything, put together from its pages."""
    found: list[Message] = []
    while page := source.older(count):
        assert len(page) <= count
        found[:0] = page
    return found


def of(name: str, found: list[str | None]) -> list[str]:
    """Those ids that begin with a name."""
    return [one for one in found if one is not None and one.startswith(name)]


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=40),
    st.integers(1, 15),
)
@settings(max_examples=100, deadline=None)
def test_pages_together_are_all_messages_by_time(steps: list[tuple[str, int]], count: int) -> None:
    """Of all instances, in the order in which a reader of the whole tree hands them out."""
    with tempfile.TemporaryDirectory() as root:
        tree, at = TreeBuilder(Path(root)), 0.0
        for number, (instance_id, pause) in enumerate(steps):
            at += 0.5 + pause
            tree.send(instance_id, f"m{number}", at=at)
        whole = only(Message, records(TreeReader(tree.root)))
        assert pages(MessagePages(tree.root), count) == whole
        source = MessagePages(tree.root)
        moment = tree.epoch(at / 2)
        source.start_before(moment)
        assert pages(source, count) == [m for m in whole if (m.time_s or 0) < moment]


def test_some_instances_can_be_asked_for(tree: TreeBuilder) -> None:
    """One that is not there has no messages."""
    for number, name in enumerate("abcab"):
        tree.send(name, f"{name}{number}", at=number)
    source = MessagePages(tree.root, ["a", "c", "nobody", "../x"])
    assert ids(source.older(9)) == ["a0", "c2", "a3"]
    assert source.older(9) == []


def test_when_messages_begin(tree: TreeBuilder) -> None:
    """The earliest time in the first lines of all logs, however long they are, or compressed."""
    assert MessagePages(tree.root).begins_s() is None
    for number in range(300):
        tree.send("a", f"m{number}", "x" * 1000, at=100 + number)
    tree.send("b", "m1", at=50)
    tree.line("instances/c/communication.jsonl", b"not a message")
    tree.json("instances/c/communication.jsonl", {"event_type": "message_sent", "content": "when?"})
    assert MessagePages(tree.root).begins_s() == tree.epoch(50)
    assert MessagePages(tree.root, ["a"]).begins_s() == tree.epoch(100)
    assert MessagePages(tree.root, ["c", "nobody"]).begins_s() is None
    log = tree.root / "instances" / "a" / "communication.jsonl"
    with gzip.open(log.with_name("communication.jsonl.1.gz"), "wb") as rotated:
        rotated.write(log.read_bytes().replace(b"12:01:40", b"11:01:40"))
    assert MessagePages(tree.root, ["a"]).begins_s() == tree.epoch(100 - 3600)


def test_what_is_written_later_is_on_no_page(tree: TreeBuilder) -> None:
    """Pages only lead into the past."""
    for number in range(4):
        tree.send("a", f"m{number}", at=number)
    source = MessagePages(tree.root)
    assert ids(source.older(2)) == ["m2", "m3"]
    tree.send("a", "new", at=9)
    assert ids(source.older(9)) == ["m0", "m1"]
    source.start_before(None)
    assert ids(source.older(1)) == ["new"]


def test_rotated_and_compressed_parts_are_the_past(tree: TreeBuilder) -> None:
    """A page goes on in the part before."""
    for number in range(9):
        tree.send("a", f"m{number}", at=number)
    path = tree.root / "instances/a/communication.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.with_name(f"{path.name}.2.gz").write_bytes(gzip.compress(b"".join(lines[:3])))
    path.with_name(f"{path.name}.1").write_bytes(b"".join(lines[3:6]))
    path.write_bytes(b"".join(lines[6:]))
    assert ids(pages(MessagePages(tree.root), 4)) == [f"m{number}" for number in range(9)]


def test_a_rotation_between_two_pages_loses_nothing(tree: TreeBuilder) -> None:
    """The file is read on under its new name; a deleted one has no more messages."""
    for number in range(200):
        tree.send("a", f"m{number}", "x" * 500, at=number)
    tree.send("b", "early", at=-1)
    path = tree.root / "instances/a/communication.jsonl"
    source, doomed = MessagePages(tree.root), MessagePages(tree.root)
    assert ids(source.older(2)) == ids(doomed.older(2)) == ["m198", "m199"]
    path.rename(f"{path}.1")
    tree.send("a", "new", at=999)
    assert ids(pages(source, 50)) == ["early", *(f"m{number}" for number in range(198))]
    path.with_name(f"{path.name}.1").unlink()
    assert ids(pages(doomed, 50))[0] == "early"


def test_a_part_compressed_between_two_pages_loses_nothing(tree: TreeBuilder) -> None:
    """It is read on where it is now, also amid messages of one moment, each of them once."""
    for number in range(200):
        tree.send("a", f"m{number}", "x" * 500, at=number // 7)
    path = tree.root / "instances/a/communication.jsonl"
    for count in range(1, 20):
        source = MessagePages(tree.root)
        newest = source.older(count)
        packed = path.with_name(f"{path.name}.1.gz")
        data = path.read_bytes()
        packed.write_bytes(gzip.compress(data))
        path.unlink()
        tree.send("a", "new", at=999)
        assert ids([*pages(source, 50), *newest]) == [f"m{number}" for number in range(200)]
        packed.unlink()
        path.write_bytes(data)


def test_order_inside_a_file_is_kept(tree: TreeBuilder) -> None:
    """Even where its times run backwards, or there is none."""
    tree.send("a", "one", at=1)
    tree.send("a", "late", at=50)
    tree.send("a", "three", at=3)
    tree.json("instances/a/communication.jsonl", {"message_id": "timeless"})
    tree.send("b", "two", at=2)
    tree.send("a", "four", at=60)
    found = ids(pages(MessagePages(tree.root), 1))
    assert [name for name in found if name != "two"] == ["one", "late", "three", "timeless", "four"]


FOREVER_AGO, A_YEAR_AHEAD = 10 - TreeBuilder.epoch(0), 365 * 86400.0


WRONG = st.dictionaries(
    st.integers(6, 36) | st.just(39),
    st.sampled_from([FOREVER_AGO, A_YEAR_AHEAD]),
    max_size=3,
)


@given(WRONG, WRONG, st.sampled_from([1, 600, 9000]))
@settings(max_examples=50, deadline=None)
def test_a_few_mistaken_times_move_no_other_message(
    wrong_a: dict[int, float], wrong_b: dict[int, float], apart: int
) -> None:
    """A clock that is wrong for some lines does not take what is older in the file along."""
    with tempfile.TemporaryDirectory() as root:
        tree, right = TreeBuilder(Path(root)), list[str]()
        for number in range(40):
            for name, wrong in (("a", wrong_a), ("b", wrong_b)):
                at = apart * (number + (0.5 if name == "b" else 0))
                tree.send(name, f"{name}{number}", at=wrong.get(number, at))
                if number not in wrong:
                    right.append(f"{name}{number}")
        found = ids(pages(MessagePages(tree.root), 7))
    assert [one for one in found if one in right] == right
    for name in "ab":
        assert of(name, found) == [f"{name}{n}" for n in range(40)]


TIMES = st.one_of(st.none(), st.floats(0, 20_000), st.sampled_from([FOREVER_AGO, A_YEAR_AHEAD]))


@given(st.lists(st.tuples(st.sampled_from("abc"), TIMES), max_size=60), st.floats(0, 20_000))
@settings(max_examples=100, deadline=None)
def test_whatever_the_times_all_messages_come_once(
    lines: list[tuple[str, float | None]], before: float
) -> None:
    """In the order of each file; those before a moment are all up to some line of it."""
    with tempfile.TemporaryDirectory() as root:
        tree, written = TreeBuilder(Path(root)), dict[str, list[str]](a=[], b=[], c=[])
        for number, (name, at) in enumerate(lines):
            line = {"event_type": "message_sent", "message_id": f"{name}{number}"}
            if at is not None:
                line["timestamp"] = tree.when(at)
            tree.json(f"instances/{name}/communication.jsonl", line)
            written[name].append(f"{name}{number}")
        source = MessagePages(tree.root)
        found = ids(pages(source, 7))
        source.start_before(tree.epoch(before))
        early = ids(pages(source, 7))
    for name, of_file in written.items():
        assert of(name, found) == of_file
        part = of(name, early)
        assert part == of_file[: len(part)]


@pytest.mark.parametrize("back_s", [90, 3600, 86400])
def test_a_clock_that_is_set_back_is_believed(tree: TreeBuilder, back_s: int) -> None:
    """What was written before that stands no later than what was written after it."""
    for number in range(50):
        tree.send("a", f"a{number}", at=10_000 + 10 * number - (back_s if number >= 30 else 0))
    tree.send("b", "before", at=10_300 - back_s - 1)
    tree.send("b", "after", at=10_300 - back_s + 1)
    found = ids(pages(MessagePages(tree.root), 7))
    assert found.index("after") == found.index("a30") + 1
    early = found[: found.index("before")]
    assert early == [f"a{number}" for number in range(30) if 10 * number < 299 - back_s]


def test_no_more_is_read_than_a_page_and_a_few_lines_of_each(tree: TreeBuilder) -> None:
    """However long the files are, and however far apart their messages."""
    for number in range(200):
        for name in "abc":
            tree.send(name, f"{name}{number}", at=9000 * number)
    source = MessagePages(tree.root)
    with mock.patch(f"{messages.__name__}.decode_message", wraps=decode_message) as decode:
        assert len(source.older(30)) == 30
    assert decode.call_count < 30 + 3 * 20


def test_lines_that_are_no_messages_are_left_out(tree: TreeBuilder) -> None:
    """And a giant one is cut, with its true size told."""
    tree.line("instances/a/communication.jsonl", b"nonsense\n\n[1]\n")
    tree.send("a", "big", "x" * 2_000_000)
    tree.line("instances/a/communication.jsonl", b'{"message_id": "torn')
    (message,) = MessagePages(tree.root).older(9)
    assert (message.content or "").endswith("… [cut: 2,000,134 bytes]")


def test_a_moment_long_ago_is_found_without_reading_what_came_after(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is nearly in time order is halved until the moment is near."""
    monkeypatch.setattr(message_search, "_NEAR", 2000)
    monkeypatch.setattr(message_search, "_PROBE", 1000)
    for number in range(500):
        tree.send("a", f"m{number}", "x" * 300, at=100 * number)
    source = MessagePages(tree.root)
    with mock.patch(f"{messages.__name__}.decode_message", wraps=decode_message) as decode:
        source.start_before(tree.epoch(1000))
        assert ids(source.older(2)) == ["m8", "m9"]
    assert decode.call_count < 60
    for number in (1, 250, 499):
        source.start_before(tree.epoch(100 * number))
        assert ids(source.older(1)) == [f"m{number - 1}"]


def test_a_moment_is_found_in_a_compressed_part(tree: TreeBuilder) -> None:
    """Not all of it is looked through, nor for when it begins."""
    path = tree.root / "instances/a/communication.jsonl"
    for number in range(4000):
        tree.send("a", f"m{number}", "x" * 300, at=100 * number)
    path.with_name(f"{path.name}.1.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    source = MessagePages(tree.root)
    with mock.patch(f"{messages.__name__}.decode_message", wraps=decode_message) as decode:
        assert source.begins_s() == tree.epoch(0)
        for number in (1, 1000, 3998):
            source.start_before(tree.epoch(100 * number))
            assert ids(source.older(1)) == [f"m{number - 1}"]
    assert decode.call_count < 3000


@pytest.mark.parametrize(
    "ahead",
    [range(240, 260), range(120, 380), range(20, 480), [*range(80, 130), *range(240, 260)]],
)
def test_a_moment_is_found_behind_lines_dated_far_ahead(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch, ahead: Sequence[int]
) -> None:
    """They do not hide what was written after them, and little is read to find that."""
    monkeypatch.setattr(message_search, "_NEAR", 2000)
    monkeypatch.setattr(message_search, "_PROBE", 1000)
    for number in range(500):
        at = 10_000 * number + (A_YEAR_AHEAD if number in ahead else 0)
        tree.send("a", f"m{number}", "x" * 300, at=at)
    source = MessagePages(tree.root)
    moments = {*range(5, 500, 35), ahead[-1] + 2, 499}
    for number in moments.difference(ahead, (one + 1 for one in ahead)):
        with mock.patch(f"{messages.__name__}.decode_message", wraps=decode_message) as decode:
            source.start_before(tree.epoch(10_000 * number))
            assert ids(source.older(1)) == [f"m{number - 1}"]
        assert decode.call_count < 60
        assert len(source.older(500)) == number - 1


def test_a_missing_tree_has_no_messages(tmp_path: Path) -> None:
    """It may come later: begin anew then."""
    assert MessagePages(tmp_path / "none").older(5) == []


@pytest.mark.fault("R04")
def test_the_line_of_a_message_is_found_again(tree: TreeBuilder) -> None:
    """Byte by byte, in whatever part it is by now; not of a message that was never there."""
    for number in range(300):
        tree.send("a", f"m{number}", "x" * 2000, at=number * 60)
    odd = b'{"timestamp": "2026-11-23T17:00:00", "message_id": "m", "content": "caf\xe9"}'
    tree.line("instances/a/communication.jsonl", odd + b"\n" + b'{"message_id": "timeless"}\n')
    pages = MessagePages(tree.root)
    messages = {m.message_id: m for m in pages.older(999)}
    assert pages.line_of(messages["m"]) == odd
    assert pages.line_of(messages["timeless"]) == b'{"message_id": "timeless"}'
    path = tree.root / "instances/a/communication.jsonl"
    path.with_name(f"{path.name}.1.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    line = pages.line_of(messages["m7"])
    assert line is not None
    assert json.loads(line)["message_id"] == "m7"
    path.with_name(f"{path.name}.1.gz").unlink()
    assert pages.line_of(messages["m7"]) is None
    assert pages.line_of(Message(instance_id="nobody")) is None


def test_pages_end_at_a_moment_and_tell_by_which_time_each_stands(tree: TreeBuilder) -> None:
    """Those times never fall, also where clocks jumped; by them pages begin and end."""
    for number, at in enumerate([0, 10, 20, 15, 30, -500_000, 40]):
        tree.send("a", f"a{number}", at=at)
    tree.send("b", "b0", at=17)
    source = MessagePages(tree.root)
    found = source.older(99)
    assert ids(found) == ["a0", "a1", "a2", "a3", "b0", "a4", "a5", "a6"]
    stands = [0, 10, 15, 15, 17, 30, 30, 40]
    assert source.times == [tree.epoch(at) for at in stands]
    for from_at in stands:
        for to_at in (*stands, 41):
            source.start_before(tree.epoch(to_at))
            page = source.older(99, since_s=tree.epoch(from_at))
            within = [from_at <= at < to_at for at in stands]
            assert page == [one for one, is_in in zip(found, within, strict=True) if is_in]
            assert source.older(99, since_s=tree.epoch(from_at)) == []
