from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import TreeBuilder
from logging_core.codec.decode import (
    decode_audit,
    decode_message,
    decode_metadata,
    strip_line,
)
from logging_core.codec.entries import (
    MAX_LINES,
    Entries,
    LifecycleEntries,
    OrchestratorEntries,
    Stray,
    Unreadable,
)
from logging_core.records import (
    AuditEvent,
    LifecycleEvent,
    Message,
    Metadata,
    OrchestratorEvent,
)
from payloads import PAYLOADS

R = TypeVar("R")

WHEN = "2026-11-23T12:00:00.500000"
MESSAGE = {
    "timestamp": WHEN,
    "event_type": "message_received",
    "message_id": "m1",
    "direction": "inbound",
    "content": "hi",
    "tokens": 8,
    "cost": 0.25,
    "response_time": 2.5,
}
EXCHANGE = {
    "timestamp": WHEN,
    "level": "INFO",
    "event": "message_exchange",
    "logger": "orchestrator.audit",
    "event_type": "message_exchange",
    "instance_id": "abc",
    "details": {"message_id": "m1", "tokens": 8, "cost": 0.25, "response_time_seconds": 2.5},
}


def message(line: bytes, *, raw: bool = False) -> Message:
    decoded = decode_message(line, "abc", raw=raw)
    assert isinstance(decoded, Message), decoded
    return decoded


def message_with(**fields: Any) -> Message:
    return message(json.dumps({**MESSAGE, **fields}).encode())


def audit_with(**fields: Any) -> AuditEvent:
    decoded = decode_audit(json.dumps({**EXCHANGE, **fields}).encode())
    assert isinstance(decoded, AuditEvent), decoded
    return decoded


def orchestrator(text: bytes, stray: Stray = Stray.REFUSE) -> list[OrchestratorEvent | Unreadable]:
    return read_all(OrchestratorEntries(raw=False, stray=stray), text)


def lifecycle(text: bytes, stray: Stray = Stray.REFUSE) -> list[LifecycleEvent | Unreadable]:
    return read_all(LifecycleEntries("abc", raw=False, stray=stray), text)


def read_all(entries: Entries[R], text: bytes) -> list[R | Unreadable]:
    found: list[R | Unreadable] = []
    offset = 0
    for line in text.split(b"\n"):
        found.extend(entries.add(offset, line))
        offset += len(line) + 1
    found.extend(entries.flush(final=True))
    return found


# --- messages and audit events -------------------------------------------------


def test_a_message_is_read_field_by_field() -> None:
    """Every documented field of a communication line lands in its place."""
    decoded = message_with(message_type="task", parent_id="boss", message="summary", mood="good")
    assert decoded == Message(
        instance_id="abc",
        time_s=TreeBuilder.epoch(0.5),
        event_type="message_received",
        direction="inbound",
        content="hi",
        message_id="m1",
        tokens=8,
        cost_usd=0.25,
        response_time_s=2.5,
        message_type="task",
        parent_id="boss",
        text="summary",
        extra={"mood": "good"},
    )


def test_an_audit_event_is_read_field_by_field() -> None:
    """The measurements of an exchange come from its details, which are kept whole."""
    assert audit_with(host="h1") == AuditEvent(
        time_s=TreeBuilder.epoch(0.5),
        event_type="message_exchange",
        instance_id="abc",
        message_id="m1",
        tokens=8,
        cost_usd=0.25,
        response_time_s=2.5,
        details=EXCHANGE["details"],  # type: ignore[arg-type]
        extra={"host": "h1"},
    )


@pytest.mark.parametrize(
    ("details", "error"),
    [
        ({"error": "boom"}, "boom"),
        ({"error": {"code": 5}}, '{"code":5}'),
        ({"failure_reason": "gone"}, "gone"),
        ({"error": None, "failure_reason": "gone"}, "gone"),
        ({"error": None}, None),
        ({"error": ""}, None),
        ({}, None),
    ],
)
def test_the_error_of_an_event_is_what_its_details_say(
    details: dict[str, Any], error: str | None
) -> None:
    """`error`, else `failure_reason`, counts as an error unless it is empty."""
    assert audit_with(details=details).error == error


def test_details_that_are_no_object_are_kept_and_flagged() -> None:
    """A writer that turned its details into a text loses nothing."""
    event = audit_with(details="{'x': <object>}")
    assert event.details == {}
    assert event.suspect == ("details",)
    assert event.extra["details"] == "{'x': <object>}"


def test_an_unknown_event_type_is_kept() -> None:
    """What a newer writer writes is data, not an error."""
    assert audit_with(event_type="instance_cloned").event_type == "instance_cloned"
    assert message_with(event_type="whisper").event_type == "whisper"


@pytest.mark.parametrize(
    ("cost", "expected"),
    [(0, 0.0), (1.5, 1.5), ("0.25", 0.25), ("12", 12.0), (None, None)],
)
def test_a_cost_is_a_number_or_the_text_of_one(cost: Any, expected: float | None) -> None:
    """Numbers from zero up count, also where a writer put them in quotes; null is unknown."""
    decoded = message_with(cost=cost)
    assert decoded.cost_usd == expected
    assert decoded.suspect == ()


@pytest.mark.parametrize("cost", [-1, True, "free", "1e3", "١", [1], {"usd": 1}, 1.1e9, "-2"])
def test_a_value_that_is_no_cost_is_unknown_flagged_and_kept(cost: Any) -> None:
    """Nothing is made up of a strange cost, and it can still be shown."""
    decoded = message_with(cost=cost)
    assert decoded.cost_usd is None
    assert decoded.suspect == ("cost",)
    assert decoded.extra == {"cost": cost}


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_a_number_that_is_none_costs_the_line_nothing_but_that_field(literal: str) -> None:
    """What no JSON number can be is unknown and flagged; the rest of the line is read."""
    decoded = message(b'{"message_id": "m1", "cost": %b}' % literal.encode())
    assert (decoded.message_id, decoded.cost_usd) == ("m1", None)
    assert decoded.suspect == ("cost",)


def test_tokens_are_whole_numbers() -> None:
    """A fraction of a token is cut off; an absurd count is unknown."""
    assert message_with(tokens=12.7).tokens == 12
    assert message_with(tokens="12").tokens == 12
    assert message_with(tokens=10**16).suspect == ("tokens",)


def test_a_text_field_of_another_type_is_flagged() -> None:
    """A number is taken as text; what is no text at all is left among the other fields."""
    number, nested = message_with(message_id=7), message_with(message_id=["m"])
    assert (number.message_id, number.suspect) == ("7", ("message_id",))
    assert (nested.message_id, nested.suspect) == (None, ("message_id",))
    assert nested.extra == {"message_id": ["m"]}


def test_a_time_that_cannot_be_read_is_unknown() -> None:
    """A line is shown whatever its timestamp holds."""
    unreadable: list[Any] = ["", "yesterday", 1795424188, None, "0001-01-01T00:00:00+23:59", []]
    for timestamp in unreadable:
        assert message_with(timestamp=timestamp).time_s is None


def test_times_with_an_offset_are_read() -> None:
    """`Z` and offsets mean the same moment."""
    zulu = message_with(timestamp="2026-11-23T10:00:00Z").time_s
    assert zulu == message_with(timestamp="2026-11-23T12:00:00+02:00").time_s == 1795428000.0


def test_invalid_utf8_and_lone_surrogates_become_replacement_characters() -> None:
    """A record can always be encoded again."""
    assert message(b'{"content": "a\xffb"}').content == "a\ufffdb"
    assert message(rb'{"content": "a\ud800b"}').content == "a\ufffdb"
    assert message(rb'{"content": "\ud83d\ude80"}').content == "🚀"


def test_raw_control_characters_in_a_string_are_read_and_shown() -> None:
    """Some writers do not escape them, which is no JSON; the line is read all the same."""
    assert message(b'{"content": "a\x1b[2Jb"}').content == "a␛[2Jb"


@pytest.mark.parametrize(
    "line",
    [b"1", b"[]", b'"x"', b"null", b"", b"{", b'{"a": 1', b"[" * 200_000, b'{"a":' * 5000],
)
def test_a_line_that_is_no_object_gives_the_reason(line: bytes) -> None:
    """A broken line is told apart by a sentence, never by an exception."""
    for reason in (decode_message(line, "abc"), decode_audit(line), decode_metadata(line, "abc")):
        assert isinstance(reason, str)
        assert reason


@pytest.mark.parametrize("depth", [150, 900])
def test_an_object_nested_too_deeply_is_a_problem(depth: int) -> None:
    """What other code could only fail on is not handed out."""
    line = b'{"x":' * depth + b"1" + b"}" * depth
    assert decode_message(line, "abc") == "nested too deeply"
    assert decode_message(line, "abc", raw=True) == "nested too deeply"


def test_of_a_repeated_key_the_last_one_counts() -> None:
    """As in every JSON reader of the standard tools."""
    assert message(b'{"content": "a", "content": "b"}').content == "b"


def test_what_stands_around_a_line_is_taken_off() -> None:
    """A byte order mark at the start of a file, one CR, and the NULs of a hole are no content."""
    assert strip_line(b"\xef\xbb\xbf{}\r\n", first=True) == b"{}"
    assert strip_line(b"\xef\xbb\xbf{}") == b"\xef\xbb\xbf{}"
    assert strip_line(b"\0\0\0{}\n") == b"{}"
    assert strip_line(b"{}\r\r\n") == b"{}\r"


@pytest.mark.parametrize("name", PAYLOADS)
def test_no_payload_survives_in_any_field_of_a_record(name: str) -> None:
    """A text, a name, a key or a nested value: everything in a record is safe to print."""
    text = PAYLOADS[name].data.decode("utf-8", "replace")
    everywhere = dict.fromkeys((*MESSAGE, "message", "parent_id", "message_type"), text)
    line = json.dumps({**everywhere, text: {text: [text]}}).encode()
    details = {"details": {"error": text, text: [text], "message_id": text}}
    records = (
        decode_message(line, "abc"),
        decode_audit(json.dumps({**EXCHANGE, **details, "instance_id": text}).encode()),
        decode_metadata(json.dumps({"instance_name": text, "role": text}).encode(), "abc"),
        *orchestrator(json.dumps({"timestamp": WHEN, "message": text, "error": text}).encode()),
        *lifecycle(b"2026-11-23 12:00:00 - INFO - " + text.encode()),
    )
    for record in records:
        assert not isinstance(record, str | Unreadable)
        shown = str(record)
        assert shown.isprintable(), shown
        assert "\\x1b" not in shown
        assert "\\u202e" not in shown


def test_raw_records_hold_what_was_written() -> None:
    """A program that does not print may ask for the texts as they are."""
    decoded = message(rb'{"content": "\u001b[2J", "message_id": "a\nb"}', raw=True)
    assert (decoded.content, decoded.message_id) == ("\x1b[2J", "a\nb")


def test_metadata_is_read_and_its_directory_names_the_instance() -> None:
    """The id is the directory's, whatever the file says."""
    data = json.dumps({"instance_id": "other", "created_at": WHEN, "role": "qa", "x": 1})
    assert decode_metadata(data.encode(), "abc") == Metadata(
        instance_id="abc",
        created_s=TreeBuilder.epoch(0.5),
        role="qa",
        extra={"instance_id": "other", "x": 1},
    )


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["12", "-1", "1e5", WHEN, "\ud800", "\x1b[2J"]),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
    max_leaves=5,
)
DECODERS: list[Callable[[bytes], object]] = [
    lambda line: decode_message(line, "abc"),
    decode_audit,
    lambda line: decode_metadata(line, "abc"),
    orchestrator,
    lifecycle,
]


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_no_mutant_of_a_record_raises(data: st.DataObject) -> None:
    """Any field missing or of any type: a record comes out, with finite numbers from zero up."""
    for template in (MESSAGE, EXCHANGE):
        record = dict(template)
        for key in data.draw(st.lists(st.sampled_from([*record, "details", "new"]), max_size=4)):
            record[key] = data.draw(JSON)
        for key in data.draw(st.lists(st.sampled_from(list(record)), max_size=2)):
            record.pop(key, None)
        line = json.dumps(record).encode()
        for decode in DECODERS:
            decode(line)
        for decoded in (decode_message(line, "abc"), decode_audit(line)):
            assert not isinstance(decoded, str)
            for number in (decoded.tokens, decoded.cost_usd, decoded.response_time_s):
                assert number is None or (math.isfinite(number) and number >= 0)


@given(
    st.binary(max_size=200),
    st.sampled_from([json.dumps(MESSAGE).encode(), b""]),
    st.integers(0, 200),
)
@settings(max_examples=500, deadline=None)
def test_no_bytes_raise(noise: bytes, line: bytes, at: int) -> None:
    """Random bytes, alone or in the middle of a good line, give a record or a reason."""
    for decode in DECODERS:
        decode(line[:at] + noise + line[at:])


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
    """Where the reader began in the middle it is not, and where it went on it is kept."""
    text = b"stray\n2026-11-23 12:00:00 - INFO - a\n"
    refused, dropped, joined = (
        lifecycle(text, stray) for stray in (Stray.REFUSE, Stray.DROP, Stray.JOIN)
    )
    assert refused[0] == Unreadable(0, "not a log entry", b"stray")
    assert [event.text for event in dropped if isinstance(event, LifecycleEvent)] == ["a"]
    assert [event.text for event in joined if isinstance(event, LifecycleEvent)] == ["stray", "a"]


def test_an_entry_that_is_handed_out_early_is_followed_by_its_late_lines() -> None:
    """What was written in two pieces is all there, with the entry's time."""
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
    """What is plainly unfinished is held back for one look, nothing else is."""
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
