"""Lines that the writer makes: always one, always valid, whatever was logged."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logging_core.codec.encode import (
    audit_record,
    encode_document,
    encode_json,
    encode_lifecycle,
    message_record,
    text_of,
    with_extra,
)

STAMP = "2026-11-23T12:00:00.123456"
ENTRY = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d - [A-Z]+ - ")

any_text = st.text(st.characters(codec=None), max_size=20)
keys = any_text | st.integers() | st.booleans() | st.none() | st.floats() | st.tuples(any_text)
leaves = (
    any_text
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.none()
    | st.binary(max_size=5)
    | st.dates()
    | st.just(object())
    | st.just(2**70)
)
anything = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(keys, inner, max_size=3)
        | st.tuples(inner, inner)
        | st.frozensets(st.integers(), max_size=3)
    ),
    max_leaves=12,
)


class Colour(Enum):
    """Its members have values that JSON knows."""

    RED = (1, "b")


class Role(StrEnum):
    """Its members are texts, too."""

    LEAD = "lead"


class Broken(Enum):
    """Its members have no value."""

    ONE = 1

    @property
    def value(self) -> Any:
        raise ZeroDivisionError


class Hostile:
    """Nothing can be learnt of it as text."""

    def __str__(self) -> str:
        raise ZeroDivisionError

    __repr__ = __str__


@dataclass
class Point:
    x: int
    y: float


def refuse(literal: str) -> None:
    raise AssertionError(f"{literal} is not JSON")


def load(line: bytes) -> Any:
    """The record of a line that every JSON reader accepts."""
    assert line.endswith(b"\n")
    strict = orjson.loads(line)
    assert json.loads(line, parse_constant=refuse) == strict
    return strict


@given(st.dictionaries(any_text, anything, max_size=4))
def test_every_record_is_one_line_of_strict_json(record: dict[str, Any]) -> None:
    """Whatever is logged gives one line, at whatever characters a tool breaks lines."""
    line = encode_json(record)
    assert len(load(line)) == len(record)
    assert len(line.decode().splitlines()) == 1


@given(st.dictionaries(st.text(), st.text() | st.integers(-(2**63), 2**63) | st.booleans()))
def test_what_json_can_hold_comes_back_unchanged(record: dict[str, Any]) -> None:
    """Text, numbers and flags read back exactly as they were logged."""
    assert load(encode_json(record)) == record


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (float("nan"), None),
        (float("-inf"), None),
        (2**70, str(2**70)),
        ("caf\ud800é", "caf\\ud800é"),
        (Path("/var/log"), "/var/log"),
        (ValueError("no such model"), "no such model"),
        (b"raw", "b'raw'"),
        (Hostile(), "<Hostile>"),
        (10**5000, "<int>"),
        (Point(1, 2.5), {"x": 1, "y": 2.5}),
        (datetime.fromisoformat("2026-11-23T12:00:00+01:00"), "2026-11-23T12:00:00+01:00"),
        ({1: "a", "1": "b"}, {"1": "a", "extra_1": "b"}),
        ({None: 1, False: 2, (1, 2): 3}, {"null": 1, "false": 2, "(1, 2)": 3}),
        (("a", ["b"]), ["a", ["b"]]),
        (Colour.RED, [1, "b"]),
        ({Role.LEAD: Role.LEAD}, {"lead": "lead"}),
        ([Broken.ONE], ["Broken.ONE"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_that_json_lacks_has_a_set_form(value: object, read: object) -> None:
    """Each kind of value that JSON cannot hold is written in one known way."""
    assert load(encode_json({"value": value})) == {"value": read}


def test_only_the_value_that_cannot_be_written_is_replaced() -> None:
    """One bad value leaves everything beside it as it was."""
    details = {"bad": "\udc80", "when": Point(3, 4.0), "deep": {"n": 7, "big": -(2**65)}}
    assert load(encode_json({"details": details, "after": [1, 2]})) == {
        "details": {
            "bad": "\\udc80",
            "when": {"x": 3, "y": 4.0},
            "deep": {"n": 7, "big": str(-(2**65))},
        },
        "after": [1, 2],
    }


def test_a_value_may_change_what_it_stands_in() -> None:
    """What runs while a record is encoded, a `str()` or another thread, does not disturb it."""

    class Disturbing:
        def __init__(self, disturb: Callable[[], object]) -> None:
            self.disturb = disturb

        def __str__(self) -> str:
            self.disturb()
            return "disturbing"

    items: list[Any] = []
    items += [Disturbing(items.clear), *(f"item {number}" for number in range(1000))]
    fields: dict[str, Any] = {}
    fields |= {"a": Disturbing(fields.clear), **{str(number): number for number in range(1000)}}
    written = load(encode_json({"items": items, "fields": fields}))
    assert written["items"] == ["disturbing", *(f"item {number}" for number in range(1000))]
    assert list(written["fields"]) == ["a", *map(str, range(1000))]


def test_an_enum_may_change_what_it_stands_in() -> None:
    """The `value` of an enum's member is asked for while nothing else is read."""

    class Disturbing(Enum):
        A = 1

        @property
        def value(self) -> Any:
            items.clear()
            return "disturbing"

    items: list[Any] = [Disturbing.A, *(f"item {number}" for number in range(1000))]
    written = load(encode_json({"items": {"deep": items}}))["items"]["deep"]
    assert written == ["disturbing", *(f"item {number}" for number in range(1000))]


def test_a_cycle_is_cut_where_it_closes() -> None:
    """A record that contains itself is written once, with a marker where it recurs."""
    details: dict[str, Any] = {"name": "a"}
    details["self"] = details
    details["twice"] = [shared := ["x"], shared]
    expected = {"name": "a", "self": "<cycle>", "twice": [["x"], ["x"]]}
    assert load(encode_json({"details": details})) == {"details": expected}


def test_endless_depth_is_cut() -> None:
    """Ten thousand levels are written as far as a reader can follow."""
    value: list[Any] = []
    for _ in range(10_000):
        value = [value]
    line = encode_json({"value": value, "after": 1})
    assert b"nested too deeply" in line
    assert load(line)["after"] == 1


def test_characters_that_break_lines_or_drive_terminals_are_escaped() -> None:
    """Unicode line ends and C1 controls stand in a line as escapes, and read back as they were."""
    text = "a\u2028b\u2029c\x85d\x9b31me\x1bf\ng\rh“é─"
    line = encode_json({"text": text})
    assert load(line) == {"text": text}
    assert not set("\u2028\u2029\x85\x9b\x1b\r") & set(line.decode())


def test_a_document_is_indented_and_ends_in_a_newline() -> None:
    """A file that holds one object is easy to read for people."""
    assert encode_document({"a": 1, "b": None}) == b'{\n  "a": 1,\n  "b": null\n}\n'


@given(any_text)
def test_no_text_forges_a_lifecycle_entry(text: str) -> None:
    """Only the first line of an entry begins like one, and every other is indented."""
    first, *rest = encode_lifecycle(STAMP, "INFO", text).decode().removesuffix("\n").split("\n")
    assert first.startswith("2026-11-23 12:00:00 - INFO - ")
    assert all(line.startswith("    ") for line in rest)


def test_a_forged_lifecycle_entry_shows_as_text() -> None:
    """A message that looks like an entry stays a part of the entry that it is in."""
    entry = encode_lifecycle(STAMP, "INFO", "hi\r\n2026-11-23 12:00:01 - CRITICAL - forged\n")
    assert entry == (
        b"2026-11-23 12:00:00 - INFO - hi\n    2026-11-23 12:00:01 - CRITICAL - forged\n    \n"
    )


def test_lifecycle_text_is_safe_to_look_at() -> None:
    """Controls are shown, so that `cat instance.log` draws nothing but text; the rest stays."""
    entry = encode_lifecycle(STAMP, "INFO", "\x1b]52;c;x\x07 50%\r60% \x9b1m \u2028 \ud800 \té─")
    shown = "\\x1b]52;c;x\\x07 50%\\x0d60% \\x9b1m \\u2028 \\ud800 \té─"
    assert entry.decode() == f"2026-11-23 12:00:00 - INFO - {shown}\n"


def test_an_audit_line_has_its_keys_in_order() -> None:
    """Audit lines are as documented, down to the order of their keys."""
    record = audit_record(STAMP, "instance_spawn", "abc123", {"role": "general"})
    assert encode_json(record).decode() == (
        '{"timestamp":"2026-11-23T12:00:00.123456","level":"INFO","event":"instance_spawn",'
        '"logger":"orchestrator.audit","event_type":"instance_spawn","instance_id":"abc123",'
        '"details":{"role":"general"}}\n'
    )


def test_a_reply_has_its_keys_in_order_however_they_were_given() -> None:
    """Message lines are as documented, and a caller's own fields follow."""
    fields = {
        "note": "mine",
        "response_time": 2.3,
        "cost": 0.1,
        "content": "4",
        "tokens": 8,
        "direction": "inbound",
        "message_id": "m1",
        "timestamp": "never",
    }
    assert encode_json(message_record(STAMP, "message_received", fields)).decode() == (
        f'{{"timestamp":"{STAMP}","event_type":"message_received","message_id":"m1",'
        '"direction":"inbound","content":"4","tokens":8,"cost":0.1,"response_time":2.3,'
        '"note":"mine","extra_timestamp":"never"}\n'
    )


def test_what_a_reply_does_not_say_is_null() -> None:
    """A reply always has its measures, a request has none; both have a direction."""
    reply = message_record(STAMP, "message_received", {"content": "4"})
    assert list(reply) == [
        *("timestamp", "event_type", "message_id", "direction", "content"),
        *("tokens", "cost", "response_time"),
    ]
    assert (reply["direction"], reply["cost"]) == ("inbound", None)
    request = message_record(STAMP, "message_sent", {"content": "2+2?", "message_id": "m1"})
    assert list(request) == ["timestamp", "event_type", "message_id", "direction", "content"]
    assert request["direction"] == "outbound"


@given(st.dictionaries(st.sampled_from(["level", "extra_level", "extra_extra_level", "x"]), leaves))
def test_a_callers_fields_never_replace_ours(extra: dict[str, object]) -> None:
    """The format's own fields keep their meaning, and none of the caller's is lost."""
    record = with_extra({"level": "INFO"}, extra, frozenset({"x"}))
    assert record["level"] == "INFO"
    assert "x" not in record
    assert len(record) == 1 + len(extra)
    assert all(any(value is kept for kept in record.values()) for value in extra.values())


def test_empty_text_stays_empty() -> None:
    """An object whose `str()` is empty is written as an empty string, not as its type."""
    assert text_of("") == ""
    assert text_of(Hostile()) == "<Hostile>"
