from __future__ import annotations

import gzip
import json
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from builders import TreeBuilder
from logging_core.codec.lenient import load_object
from logging_core.read import backwards, raw
from logging_core.read.raw import list_instances, read_audit, read_tail_lines
from logging_core.tree import LogTree

LOG = "instances/a/instance.log"


@pytest.fixture
def where(tree: TreeBuilder) -> LogTree:
    return LogTree(tree.root)


def numbers(entries: list[dict[str, Any]]) -> list[int]:
    return [entry["details"]["n"] for entry in entries]


# --- lines of an instance ----------------------------------------------------------


def test_the_newest_lines_come_oldest_first(tree: TreeBuilder, where: LogTree) -> None:
    """`tail` lines from the end, without their newlines."""
    tree.line(LOG, b"".join(b"line %d\n" % number for number in range(10)))
    assert read_tail_lines(where, "a", "instance", 3) == ["line 7", "line 8", "line 9"]
    assert read_tail_lines(where, "a", "instance", 50) == [f"line {n}" for n in range(10)]


@pytest.mark.parametrize("block", [1, 2, 3, 7, 64])
def test_lines_are_the_same_for_any_block_size(
    tree: TreeBuilder, where: LogTree, block: int
) -> None:
    """Blank lines, long lines and a missing last newline are no matter of luck."""
    lines = ["", "a", "", "", "long " * 20, "é", "end"]
    tree.line(LOG, "\n".join(lines).encode())
    with mock.patch.object(backwards, "_BLOCK", block):
        for tail in range(1, len(lines) + 1):
            assert read_tail_lines(where, "a", "instance", tail) == lines[-tail:]
        assert read_tail_lines(where, "a", "instance", 0) == lines


def test_all_lines_span_rotated_and_compressed_parts(tree: TreeBuilder, where: LogTree) -> None:
    """`tail=0` is everything there is; a tail reaches as far back as it must."""
    tree.line(f"{LOG}.3.gz", gzip.compress(b"1\n2\n"))
    tree.line(f"{LOG}.2", b"3\n4\n")
    tree.line(f"{LOG}.1", b"5\n")
    tree.line(LOG, b"6\r\n7\n")
    assert read_tail_lines(where, "a", "instance", 0) == list("1234567")
    assert read_tail_lines(where, "a", "instance", 4) == list("4567")
    assert read_tail_lines(where, "a", "instance", 6) == list("234567")


def test_other_log_types_have_their_files(tree: TreeBuilder, where: LogTree) -> None:
    """`communication` and `tmux_output` are read the same way."""
    tree.send("a", "m1")
    tree.frame("a", "hello")
    (line,) = read_tail_lines(where, "a", "communication", 0)
    assert json.loads(line)["message_id"] == "m1"
    assert read_tail_lines(where, "a", "tmux_output", 1) == ["hello"]


def test_an_instance_without_logs_has_no_lines(tree: TreeBuilder, where: LogTree) -> None:
    """Neither has an instance that does not exist, nor one with an empty file."""
    tree.line(LOG, b"")
    assert read_tail_lines(where, "a", "instance", 5) == []
    assert read_tail_lines(where, "nobody", "instance", 5) == []


@pytest.mark.parametrize(
    ("instance_id", "log_type", "tail"),
    [("../x", "instance", 1), ("", "instance", 1), ("a", "audit", 1), ("a", "instance", -1)],
)
def test_a_senseless_request_for_lines_is_refused(
    where: LogTree, instance_id: str, log_type: str, tail: int
) -> None:
    """With a `ValueError` that says what to use."""
    with pytest.raises(ValueError, match="use"):
        read_tail_lines(where, instance_id, log_type, tail)


def test_the_end_of_a_large_file_is_read_without_the_rest(
    tree: TreeBuilder, where: LogTree
) -> None:
    """The work does not grow with the file."""
    tree.line(LOG, b"first\n")
    with (tree.root / LOG).open("r+b") as file:
        file.truncate(1 << 34)
        file.seek(1 << 34)
        file.write(b"\nlast\n")
    assert read_tail_lines(where, "a", "instance", 1) == ["last"]
    assert read_tail_lines(where, "a", "instance", 0) == ["first", "", "last"]


# --- audit -------------------------------------------------------------------------


def write_audit(tree: TreeBuilder, name: str, *entries: tuple[float, int]) -> None:
    for at, number in entries:
        record = {"timestamp": tree.when(at), "event_type": "x", "details": {"n": number}}
        tree.json(f"audit/{name}", record)


def test_the_newest_entries_come_oldest_first(tree: TreeBuilder, where: LogTree) -> None:
    """`limit` counts from the newest, over all days."""
    write_audit(tree, "audit_20261122.jsonl", (0, 0), (1, 1))
    write_audit(tree, "audit_20261123.jsonl", (2, 2), (3, 3))
    assert numbers(read_audit(where, None, 3)) == [1, 2, 3]
    assert numbers(read_audit(where, None, 100)) == [0, 1, 2, 3]
    assert read_audit(where, None, 0) == []


def test_an_entry_is_as_old_as_its_timestamp_says(tree: TreeBuilder, where: LogTree) -> None:
    """Whatever file it stands in: days may go on in a file with yesterday's name."""
    write_audit(tree, "audit_20261123.jsonl", (10, 3), (20, 5))
    write_audit(tree, "audit_20261123.jsonl.2026-11-23", (0, 0), (1, 1), (2, 2))
    write_audit(tree, "audit_20261124.jsonl", (15, 4))
    assert numbers(read_audit(where, None, 100)) == [0, 1, 2, 3, 4, 5]
    assert numbers(read_audit(where, None, 4)) == [2, 3, 4, 5]


@pytest.mark.usefixtures("in_berlin")
def test_since_is_inclusive_and_may_have_an_offset(tree: TreeBuilder, where: LogTree) -> None:
    """Naive times are local; a date alone is its midnight."""
    write_audit(tree, "audit_20261123.jsonl", *((number, number) for number in range(5)))
    assert numbers(read_audit(where, tree.when(3), 100)) == [3, 4]
    for aware in (tree.when(3) + "+01:00", tree.when(3 - 3600) + "Z"):
        assert numbers(read_audit(where, aware, 100)) == [3, 4]
    assert len(read_audit(where, "2026-11-23", 100)) == 5
    assert read_audit(where, "2026-11-24", 100) == []
    assert numbers(read_audit(where, tree.when(1), 2)) == [3, 4]


@pytest.mark.parametrize(("since", "limit"), [("yesterday", 1), ("", 1), ("2026", 1), (None, -1)])
def test_a_senseless_audit_query_is_refused(where: LogTree, since: str | None, limit: int) -> None:
    """With a `ValueError` that says what to use."""
    with pytest.raises(ValueError, match="use"):
        read_audit(where, since, limit)


def test_lines_that_are_no_entries_are_left_out(tree: TreeBuilder, where: LogTree) -> None:
    """A torn line, an array and a blank line cost nothing but themselves."""
    write_audit(tree, "audit_20261123.jsonl", (0, 0))
    tree.line("audit/audit_20261123.jsonl", b'{"timestamp": "2026-1\n[]\n\n\xff\n')
    write_audit(tree, "audit_20261123.jsonl", (1, 1))
    assert numbers(read_audit(where, None, 10)) == [0, 1]


def test_an_entry_without_a_time_stays_behind_the_one_before_it(
    tree: TreeBuilder, where: LogTree
) -> None:
    """It is neither lost nor taken for the newest."""
    write_audit(tree, "audit_20261123.jsonl", (0, 0))
    tree.json("audit/audit_20261123.jsonl", {"details": {"n": 1}})
    write_audit(tree, "audit_20261123.jsonl", (5, 3))
    write_audit(tree, "audit_20261123.jsonl.2026-11-23", (2, 2))
    assert numbers(read_audit(where, None, 10)) == [0, 1, 2, 3]
    assert numbers(read_audit(where, tree.when(1), 10)) == [2, 3]


def test_compressed_audit_files_count(tree: TreeBuilder, where: LogTree) -> None:
    """Archived days are found without unpacking them first."""
    write_audit(tree, "audit_20261122.jsonl", (0, 0), (1, 1))
    path = tree.root / "audit/audit_20261122.jsonl"
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    write_audit(tree, "audit_20261123.jsonl", (2, 2))
    assert numbers(read_audit(where, None, 2)) == [1, 2]


def test_entries_are_just_as_written(tree: TreeBuilder, where: LogTree) -> None:
    """Keys, order and control characters are the writer's."""
    record = {"b": 1, "timestamp": tree.when(0), "a": {"text": "\x1b[2J\n"}}
    tree.json("audit/audit_20261123.jsonl", record)
    (entry,) = read_audit(where, None, 1)
    assert entry == record
    assert list(entry) == list(record)


def test_newest_entries_agree_with_sorting_everything(tree: TreeBuilder, where: LogTree) -> None:
    """For any spread of times over files, and any limit and start."""
    chance = random.Random(7)
    times = sorted(chance.sample(range(10_000), 300))
    for number, at in enumerate(times):
        write_audit(tree, f"audit_2026112{chance.randrange(4)}.jsonl", (at, number))
    for limit in (1, 10, 299, 1000):
        assert numbers(read_audit(where, None, limit)) == list(range(300))[-limit:]
    for since in chance.sample(range(10_000), 20):
        expected = [number for number, at in enumerate(times) if at >= since][-50:]
        assert numbers(read_audit(where, tree.when(since), 50)) == expected


def test_entries_of_several_writers_are_in_order_of_time(tree: TreeBuilder, where: LogTree) -> None:
    """Lines that stand a little out of order do not make the answer so, nor do they miss it."""
    chance = random.Random(7)
    for day in (2, 3):
        times = [at for at in range(0, 9_000, 30) for _ in range(2)]
        late = [(at + chance.choice([0, 0, 900, 3600]), at) for at in times]
        entries = [(at + 86_400 * day, at + 86_400 * day) for _, at in sorted(late)]
        write_audit(tree, f"audit_2026112{day}.jsonl", *entries)
    everything = sorted(numbers(read_audit(where, None, 2000)))
    assert len(everything) == 1200
    for limit in (1, 5, 100, 599, 601, 2000):
        assert numbers(read_audit(where, None, limit)) == everything[-limit:]


def test_the_order_of_time_is_not_bought_by_reading_everything(
    tree: TreeBuilder, where: LogTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a file a bounded number of lines is read beyond those asked for, of an older day one."""
    for day in (2, 3):
        entries = [(at + 86_400 * day, at) for at in range(2_000)]
        write_audit(tree, f"audit_2026112{day}.jsonl", *entries)
    read: list[bytes] = []

    def load(line: bytes) -> object:
        read.append(line)
        return load_object(line)

    monkeypatch.setattr(raw, "load_object", load)
    assert numbers(read_audit(where, None, 3)) == [1997, 1998, 1999]
    assert len(read) < 300


def test_the_real_trees_audit_agrees_with_jq(real_tree: Path) -> None:
    """All events, in the order of their timestamps."""
    files = sorted(map(str, (real_tree / "audit").iterdir()))
    command = ["jq", "-s", "-c", "sort_by(.timestamp)", *files]
    expected = subprocess.run(command, capture_output=True, check=True).stdout
    assert read_audit(LogTree(real_tree), None, 1000) == json.loads(expected)


# --- instances ---------------------------------------------------------------------


def test_every_directory_of_an_instance_counts(tree: TreeBuilder, where: LogTree) -> None:
    """Metadata as written; without any, the id and what is known of it."""
    tree.metadata("b", "beta", role="qa")
    (tree.root / "instances/a").mkdir()
    (tree.root / "instances/.hidden").mkdir()
    (tree.root / "instances/file").write_text("x")
    (tree.root / "instances/link").symlink_to(tree.root)
    bare, known = list_instances(where)
    assert bare == {
        "instance_id": "a",
        "instance_name": None,
        "created_at": None,
        "log_directory": str(tree.root / "instances/a"),
    }
    written = json.loads((tree.root / "instances/b/metadata.json").read_text())
    assert known == written


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff"])
def test_an_instance_with_broken_metadata_counts(
    tree: TreeBuilder, where: LogTree, damage: bytes
) -> None:
    """It is listed with its id."""
    tree.line("instances/a/metadata.json", damage)
    assert [entry["instance_id"] for entry in list_instances(where)] == ["a"]


def test_a_missing_tree_has_nothing(tmp_path: Path) -> None:
    """Neither instances nor events; that is no error."""
    nowhere = LogTree(tmp_path / "nowhere")
    queries: list[Callable[[], object]] = [
        lambda: list_instances(nowhere),
        lambda: read_audit(nowhere, None, 5),
        lambda: read_tail_lines(nowhere, "a", "instance", 5),
    ]
    assert [query() for query in queries] == [[], [], []]
