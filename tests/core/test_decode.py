from __future__ import annotations

import json
from typing import Any

import pytest

from builders import TreeBuilder
from entries import EXCHANGE, MESSAGE, WHEN, lifecycle, orchestrator
from logging_core.anomalies import AnomalyKind
from logging_core.codec.decode import (
    decode_audit,
    decode_message,
    decode_metadata,
    strip_line,
)
from logging_core.codec.entries import (
    Unreadable,
)
from logging_core.codec.lenient import bad_bytes, repeated_keys
from logging_core.records import (
    IDENTITY_FIELDS,
    AuditEvent,
    Message,
    Metadata,
)
from payloads import PAYLOADS


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
    """Details that a writer turned into a string are kept."""
    event = audit_with(details="{'x': <object>}")
    assert event.details == {}
    assert event.suspect == ("details",)
    assert event.extra["details"] == "{'x': <object>}"


def test_an_unknown_event_type_is_kept() -> None:
    """What a newer writer writes is data, not an error."""
    assert audit_with(event_type="instance_cloned").event_type == "instance_cloned"
    assert message_with(event_type="whisper").event_type == "whisper"


@pytest.mark.fault("R16")
@pytest.mark.parametrize(
    ("cost", "expected"),
    [(0, 0.0), (1.5, 1.5), ("0.25", 0.25), ("12", 12.0), (None, None)],
)
def test_a_cost_is_a_number_or_the_text_of_one(cost: Any, expected: float | None) -> None:
    """Numbers from zero up count, also where a writer put them in quotes; null is unknown."""
    decoded = message_with(cost=cost)
    assert decoded.cost_usd == expected
    assert decoded.suspect == ()


@pytest.mark.fault("R16", "R17", "R18")
@pytest.mark.parametrize("cost", [-1, True, "free", "1e3", "١", [1], {"usd": 1}, 1.1e9, "-2"])
def test_a_value_that_is_no_cost_is_unknown_flagged_and_kept(cost: Any) -> None:
    """An invalid cost is unknown, not guessed, and its value can still be shown."""
    decoded = message_with(cost=cost)
    assert decoded.cost_usd is None
    assert decoded.suspect == ("cost",)
    assert decoded.extra == {"cost": cost}


@pytest.mark.fault("R14", "R15")
@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_a_number_that_is_none_costs_the_line_nothing_but_that_field(literal: str) -> None:
    """A number that JSON cannot hold is unknown and flagged; the rest of the line is read."""
    decoded = message(b'{"message_id": "m1", "cost": %b}' % literal.encode())
    assert (decoded.message_id, decoded.cost_usd) == ("m1", None)
    assert decoded.suspect == ("cost",)


@pytest.mark.fault("R16")
def test_tokens_are_whole_numbers() -> None:
    """A fraction of a token is cut off; an absurd count is unknown."""
    assert message_with(tokens=12.7).tokens == 12
    assert message_with(tokens="12").tokens == 12
    assert message_with(tokens=10**16).suspect == ("tokens",)


@pytest.mark.fault("R17")
def test_a_text_field_of_another_type_is_flagged() -> None:
    """A number is taken as text; what is no text at all is left among the other fields."""
    number, nested = message_with(message_id=7), message_with(message_id=["m"])
    assert (number.message_id, number.suspect) == ("7", ("message_id",))
    assert (nested.message_id, nested.suspect) == (None, ("message_id",))
    assert nested.extra == {"message_id": ["m"]}


@pytest.mark.fault("R20")
def test_a_time_that_cannot_be_read_is_unknown() -> None:
    """A line is shown whatever its timestamp holds."""
    unreadable: list[Any] = ["", "yesterday", 1795424188, None, "0001-01-01T00:00:00+23:59", []]
    for timestamp in unreadable:
        assert message_with(timestamp=timestamp).time_s is None


@pytest.mark.fault("R20")
def test_times_with_an_offset_are_read() -> None:
    """`Z` and offsets mean the same moment."""
    zulu = message_with(timestamp="2026-11-23T10:00:00Z").time_s
    assert zulu == message_with(timestamp="2026-11-23T12:00:00+02:00").time_s == 1795428000.0


@pytest.mark.fault("R04", "R19")
def test_invalid_utf8_and_lone_surrogates_become_replacement_characters() -> None:
    """A record can always be encoded again."""
    assert message(b'{"content": "a\xffb"}').content == "a\ufffdb"
    assert message(rb'{"content": "a\ud800b"}').content == "a\ufffdb"
    assert message(rb'{"content": "\ud83d\ude80"}').content == "🚀"


@pytest.mark.fault("R04")
def test_a_line_that_is_not_all_utf8_is_suspect() -> None:
    """The record is kept and says so; a U+FFFD that was written is as good as any character."""
    lossy = message(b'{"content": "a\xffb", "tokens": -1, "message_id": "m"}')
    assert (lossy.message_id, lossy.suspect) == ("m", (AnomalyKind.LOSSY, "tokens"))
    audited = decode_audit(b'{"event_type": "x", "details": {"tokens": -1, "\xc3": 1}}')
    assert isinstance(audited, AuditEvent)
    assert audited.suspect == (AnomalyKind.LOSSY, "tokens")
    for whole in ('"a\ufffdb"', '"a\\ud800b"', '"tab\t"', "NaN"):
        assert message(f'{{"content": {whole}}}'.encode()).suspect in {(), ("content",)}


@pytest.mark.fault("R04")
def test_the_first_bad_bytes_are_shown_in_hex() -> None:
    """With those around them, so that a person can tell which encoding it may have been."""
    assert bad_bytes(b'{"content": "caf\xe9 noir", "x": 1}') == (
        "74 22 3a 20 22 63 61 66 e9 20 6e 6f 69 72 22 2c 20"
    )
    assert bad_bytes(b"ab\xff") == "61 62 ff"
    assert bad_bytes("café".encode()) == ""


def test_raw_control_characters_in_a_string_are_read_and_shown() -> None:
    """Some writers do not escape control characters; their invalid JSON is read all the same."""
    assert message(b'{"content": "a\x1b[2Jb"}').content == "a␛[2Jb"


@pytest.mark.fault("R13", "R15")
@pytest.mark.parametrize(
    "line",
    [b"1", b"[]", b'"x"', b"null", b"", b"{", b'{"a": 1', b"[" * 200_000, b'{"a":' * 5000],
)
def test_a_line_that_is_no_object_gives_the_reason(line: bytes) -> None:
    """A broken line gives a sentence that says what is wrong, never an exception."""
    for reason in (decode_message(line, "abc"), decode_audit(line), decode_metadata(line, "abc")):
        assert isinstance(reason, str)
        assert reason


@pytest.mark.fault("R15")
@pytest.mark.parametrize("depth", [150, 900])
def test_an_object_nested_too_deeply_is_a_problem(depth: int) -> None:
    """An object nested so deeply that other code would fail on it is not handed out."""
    line = b'{"x":' * depth + b"1" + b"}" * depth
    assert decode_message(line, "abc") == "nested too deeply"
    assert decode_message(line, "abc", raw=True) == "nested too deeply"


@pytest.mark.fault("R12")
def test_of_a_repeated_key_the_last_one_counts() -> None:
    """The last of several equal keys counts, as in the JSON readers of the standard tools."""
    assert message(b'{"content": "a", "content": "b"}').content == "b"


@pytest.mark.fault("R12")
@pytest.mark.parametrize(
    ("line", "keys"),
    [
        (b'{"content": "a", "content": "b"}', ("content",)),
        (b'{"a" : 1, "a": {"b": [{"c": 1, "c": 2, "c": 3}]}}', ("c", "a")),
        (b'{"content": "{\\"a\\": 1, \\"a\\": 2}", "a": {"content": 1}}', ()),
        (b'{"a\xff": 1, "a\xff": NaN}', ("a\ufffd",)),
        (b'{"a": 1, "a": ', ()),
        (b'{"a":' * 5000, ()),
    ],
)
def test_keys_that_are_there_twice_are_found(line: bytes, keys: tuple[str, ...]) -> None:
    """In an object at any depth, and in no text; a line that is no JSON has none."""
    assert repeated_keys(line) == keys


@pytest.mark.fault("R05", "R09", "R10")
def test_what_stands_around_a_line_is_taken_off() -> None:
    """A byte order mark at the start of a file, one CR, and the NULs of a hole are no content."""
    assert strip_line(b"\xef\xbb\xbf{}\r\n", first=True) == b"{}"
    assert strip_line(b"\xef\xbb\xbf{}") == b"\xef\xbb\xbf{}"
    assert strip_line(b"\0\0\0{}\n") == b"{}"
    assert strip_line(b"{}\r\r\n") == b"{}\r"


@pytest.mark.fault("R11")
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


def test_names_and_ids_in_details_are_on_one_line() -> None:
    """They are shown as names and ids of instances are, which no newline breaks."""
    event = audit_with(
        details={"role": "q\na", "affected_instances": ["a\nb", 7, "c"], "note": "x\ny"}
    )
    assert event.details == {
        "role": "q␊a",
        "affected_instances": ["a␊b", 7, "c"],
        "note": "x\ny",
    }
    assert audit_with(details={"affected_instances": "a\nb"}).details == {
        "affected_instances": "a\nb"
    }


@pytest.mark.parametrize("name", IDENTITY_FIELDS)
def test_what_an_event_says_of_an_instance_is_on_one_line(name: str) -> None:
    """It stands in for what the metadata does not say: a session's name is copied to a shell."""
    assert audit_with(details={name: "a\nb"}).details == {name: "a␊b"}


def test_metadata_is_read_and_its_directory_names_the_instance() -> None:
    """The id is the directory's, whatever the file says."""
    data = json.dumps({"instance_id": "other", "created_at": WHEN, "role": "qa", "x": 1})
    assert decode_metadata(data.encode(), "abc") == Metadata(
        instance_id="abc",
        created_s=TreeBuilder.epoch(0.5),
        role="qa",
        extra={"instance_id": "other", "x": 1},
    )


def test_what_a_spawn_calls_an_instance_is_one_line() -> None:
    """Names, roles and models of audit details break no table, whatever they hold."""
    details = {"role": "qa\n\x1b[2J", "model": "a\tb", "note": "two\nlines"}
    event = decode_audit(json.dumps({"event_type": "instance_spawn", "details": details}).encode())
    assert isinstance(event, AuditEvent)
    assert event.details == {"role": "qa␊␛[2J", "model": "a   b", "note": "two\nlines"}
