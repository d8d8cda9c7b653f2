"""What is kept of a record that is too large: as much as the limit allows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logging_core import LoggingManager, PaneFile
from logging_core.codec.limit import encode_limited
from written import Clock, audit, life, orchestrator, said

LIMIT = 20_000
KINDS = ["x", "é", "\n", '"', "\x1b", "\x85", "\u2028", "😀", "\ud800"]


@pytest.fixture
def small(tmp_path: Path, clock: Clock) -> Iterator[LoggingManager]:
    manager = LoggingManager(tmp_path / "logs", clock=clock, max_record_bytes=LIMIT)
    yield manager
    manager.close()


@pytest.mark.parametrize("size", [LIMIT, LIMIT + 1000, 5 * LIMIT])
def test_a_text_just_above_the_limit_is_nearly_whole(small: LoggingManager, size: int) -> None:
    """Of text that needs no escapes, about as much as the limit allows is kept, in every file."""
    text = "x" * size
    small.log_communication("a", "outbound", "note", text)
    small.log_audit_event("x", "a", {"text": text})
    small.orchestrator_logger.info("%s", text)
    small.get_instance_logger("a").info(text)
    small.log_tmux_output("b", text)
    kept = [
        said(small, "a")[0]["content"],
        audit(small)[0]["details"]["text"],
        orchestrator(small)[-1]["message"],
        life(small, "a"),
        PaneFile(small.log_dir, "b").read(PaneFile(small.log_dir, "b").newest(1)[0]),
    ]
    assert [LIMIT - 700 < part.count("x") <= LIMIT for part in kept] == [True] * 5
    assert max(path.stat().st_size for path in small.instances_dir.rglob("*.*l*")) <= LIMIT


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 9000)), min_size=1, max_size=6))
def test_no_record_exceeds_the_limit(parts: list[tuple[str, int]]) -> None:
    """Whatever its characters take, a record of long texts is within the limit, and fills it."""
    texts = [kind * count for kind, count in parts]
    record: dict[str, Any] = {"first": texts[0], "details": {"more": texts[1:]}}
    whole = len(encode_limited(record, 1 << 30))
    line = encode_limited(record, 8000)
    assert len(line) <= 8000
    assert len(line) >= min(whole, 8000 - 8 * len(texts))


def test_only_the_longest_texts_are_cut() -> None:
    """Short texts stay whole; long ones are cut to the same size."""
    record = {"short": "s" * 500, "long": "l" * 9000, "longer": "m" * 90_000}
    cut = json.loads(encode_limited(record, 8000))
    assert cut["short"] == record["short"]
    assert len(cut["long"]) == pytest.approx(len(cut["longer"]), abs=2)
    assert cut["long"].endswith(f"[cut: 9000 characters, sha256 {sha256(b'l' * 9000).hexdigest()}]")


def test_what_a_cut_capture_adds_is_stored_alone(small: LoggingManager, clock: Clock) -> None:
    """Of a pane larger than the limit, the next capture stores the new lines, not all again."""
    lines = [f"line {number:05} and text" for number in range(2000)]
    small.log_tmux_output("a", "\n".join(lines) + "\n")
    clock.now_s += 1
    small.log_tmux_output("a", "\n".join([*lines, "new 1", "new 2"]) + "\n")
    pane = PaneFile(small.log_dir, "a")
    first, second = map(pane.read, pane.newest(2))
    note, *kept = first.splitlines()
    assert note.startswith("[cut: the last of 40000 characters, sha256 ")
    assert kept == lines[-len(kept) :]
    assert len(first) > LIMIT - 600
    assert second.splitlines() == [*lines[-50:], "new 1", "new 2"]
