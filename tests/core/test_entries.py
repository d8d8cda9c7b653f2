from __future__ import annotations

import json
from typing import Any

import pytest

from builders import TreeBuilder
from entries import lifecycle, orchestrator
from logging_core.codec.entries import (
    MAX_LINES,
    LifecycleEntries,
    OrchestratorEntries,
    Stray,
    Unreadable,
)
from logging_core.records import (
    LifecycleEvent,
    OrchestratorEvent,
)

WHEN = "2026-11-23T12:00:00.500000"


# --- instance.log ----------------------------------------------------------------


def test_lifecycle_entries_keep_their_continuation_lines() -> None:
    """Lines that begin with no time belong to the entry before."""
    found = lifecycle(
        b"2026-11-23 12:00:00 - INFO - Sending: please\n"
        b'and "report"\n\n  - twice\n'
        b"2026-11-23 12:00:01 - ERROR - boom\n"
    )
    assert found == [
        LifecycleEvent(
            instance_id="abc",
            time_s=TreeBuilder.epoch(0),
            text='Sending: please\nand "report"\n\n  - twice',
        ),
        LifecycleEvent(instance_id="abc", time_s=TreeBuilder.epoch(1), level="ERROR", text="boom"),
    ]


def test_the_indent_of_our_own_writer_is_taken_off_again() -> None:
    """A message with newlines comes back as it was logged."""
    (event,) = lifecycle(b"2026-11-23 12:00:00 - INFO - a\n    b\n      c\n    \n    d\n")
    assert isinstance(event, LifecycleEvent)
    assert event.text == "a\nb\n  c\n\nd"


def test_a_line_before_the_first_entry_is_a_problem_where_a_file_begins() -> None:
    """Where reading starts mid-file such a line is dropped; where it resumes it is kept."""
    text = b"stray\n2026-11-23 12:00:00 - INFO - a\n"
    refused, dropped, joined = (
        lifecycle(text, stray) for stray in (Stray.REFUSE, Stray.DROP, Stray.JOIN)
    )
    assert refused[0] == Unreadable(0, "not a log entry", b"stray")
    assert [event.text for event in dropped if isinstance(event, LifecycleEvent)] == ["a"]
    assert [event.text for event in joined if isinstance(event, LifecycleEvent)] == ["stray", "a"]


def test_an_entry_that_is_handed_out_early_is_followed_by_its_late_lines() -> None:
    """An entry written in two pieces is complete, and its late lines have its time."""
    entries = LifecycleEntries("abc", raw=False, stray=Stray.REFUSE)
    found = list(entries.add(0, b"2026-11-23 12:00:00 - ERROR - a"))
    found += entries.flush(final=False)
    found += entries.add(40, b"b")
    found += entries.add(42, b"c")
    found += entries.flush(final=False)
    assert found == [
        LifecycleEvent(instance_id="abc", time_s=TreeBuilder.epoch(0), level="ERROR", text="a"),
        LifecycleEvent(instance_id="abc", time_s=TreeBuilder.epoch(0), text="b\nc"),
    ]
    assert entries.start is None


@pytest.mark.fault("R23")
def test_an_endless_entry_is_cut_and_the_rest_counted() -> None:
    """Lines beyond a thousand are problems, and the next entry is read."""
    text = b"2026-11-23 12:00:00 - INFO - a\n" + b"x\n" * (MAX_LINES + 4)
    found = lifecycle(text + b"2026-11-23 12:00:01 - INFO - b\n")
    assert sum(isinstance(item, Unreadable) for item in found) == 5
    assert [event.text for event in found if isinstance(event, LifecycleEvent)][-1] == "b"


# --- orchestrator.log --------------------------------------------------------------


def pasted(message: str, **extra: Any) -> bytes:
    """A line of the writer that pastes the message in."""
    more = "".join(f", {json.dumps(key)}: {json.dumps(value)}" for key, value in extra.items())
    return (
        f'{{"timestamp": "{WHEN}", "level": "ERROR", "logger": "orchestrator.x", '
        f'"message": "{message}", "module": "m", "function": "<module>", "line": 46{more}}}\n'
    ).encode()


def test_a_valid_entry_is_read_and_not_marked_as_recovered() -> None:
    """A line of our own writer needs no guessing."""
    line = json.dumps(
        {"timestamp": WHEN, "level": "WARNING", "logger": "o", "message": "a\nb", "n": 1}
    )
    assert orchestrator(line.encode()) == [
        OrchestratorEvent(
            time_s=TreeBuilder.epoch(0.5), level="WARNING", logger="o", text="a\nb", extra={"n": 1}
        )
    ]


@pytest.mark.parametrize(
    "text",
    [
        'pane "dead"\nsecond line',
        'no "prompt" seen',
        "C:\\users\\x",
        'a", "module": "forged", "function": "f", "line": 1} tail',
        'echo {"timestamp": "x", "message": "y", "module": "m", "function": "f", "line": 3}',
        "\n\n{\n  pretty: true\n}",
        '"',
    ],
)
def test_a_pasted_message_is_recovered_exactly(text: str) -> None:
    """Quotes, newlines and backslashes in a message break its line and are read all the same."""
    (event,) = orchestrator(pasted(text, instance_id="abc", error=text))
    assert isinstance(event, OrchestratorEvent)
    assert (event.text, event.error) == (text, text)
    assert (event.level, event.logger, event.instance_id) == ("ERROR", "orchestrator.x", "abc")
    assert event.time_s == TreeBuilder.epoch(0.5)
    assert event.recovered
    assert event.extra == {"module": "m", "function": "<module>", "line": 46}


@pytest.mark.fault("R23")
def test_a_traceback_belongs_to_the_entry_before_it() -> None:
    """Lines after an entry are its exception, be the entry broken or not."""
    trace = 'Traceback (most recent call last):\n  File "x.py", line 45\nRuntimeError: "dead"\nmore'
    for entry in (
        pasted('it is "dead"'),
        json.dumps({"timestamp": WHEN, "level": "INFO"}).encode() + b"\n",
    ):
        (event,) = orchestrator(entry + trace.encode() + b"\n")
        assert isinstance(event, OrchestratorEvent)
        assert event.exception == trace


def test_only_what_cannot_be_read_is_a_problem() -> None:
    """A torn line is counted once, and the entries around it are there."""
    good = json.dumps({"timestamp": WHEN, "message": "good"}).encode() + b"\n"
    found = orchestrator(b"garbage\n" + good + b'{"timestamp": "2026-11-23T12\n' + good)
    assert [type(item) for item in found] == [
        Unreadable,
        OrchestratorEvent,
        Unreadable,
        OrchestratorEvent,
    ]


def test_a_broken_entry_waits_for_its_end_and_a_whole_one_does_not() -> None:
    """Only an entry that is known to be unfinished is held back, for one poll."""
    first, second, _ = pasted('a "quoted"\nmessage').split(b"\n")
    entries = OrchestratorEntries(raw=False, stray=Stray.REFUSE)
    assert list(entries.add(0, first)) == []
    assert list(entries.flush(final=False)) == []
    assert entries.start == 0
    assert list(entries.add(len(first) + 1, second)) == []
    (event,) = entries.flush(final=False)
    assert isinstance(event, OrchestratorEvent)
    assert event.text == 'a "quoted"\nmessage'


def test_a_message_with_endless_look_alike_ends_is_read_in_no_time() -> None:
    """Reading a broken entry takes time in proportion to its size."""
    (event,) = orchestrator(pasted('a "b" c' + '", "module": "' * 70_000))
    assert isinstance(event, OrchestratorEvent)
    assert event.recovered
