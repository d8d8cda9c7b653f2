from __future__ import annotations

import json
import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entries import EXCHANGE, MESSAGE, WHEN, lifecycle, orchestrator
from logging_core.codec.decode import (
    decode_audit,
    decode_message,
    decode_metadata,
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


VALUES = [
    *(None, True, 0, -1, 1e308, float("nan"), 10**400, "", "12", "-1", "1e999", WHEN, "\ud800"),
    *("\x1b[2J", [], {}, [1, [2]], {"a": {"b": None}}, "0001-01-01T00:00:00+23:59", "2026-W01-1"),
]
PIECES = [
    b"{",
    b"}",
    b'"',
    b"[" * 500,
    b"\\",
    b"\0",
    b"\xff",
    b"\xf0\x9f",
    b"\xe2\x80\xa8",
    b"1e999",
]


@pytest.mark.fault("R17")
def test_ten_thousand_mutants_raise_nothing() -> None:
    """Records with some fields left out, some new, and some with a value of any kind."""
    chance = random.Random(4)
    for number in range(10_000):
        record = dict(MESSAGE if number % 2 else EXCHANGE)
        for key in chance.sample([*record, "details", "new"], chance.randint(1, 4)):
            record[key] = chance.choice(VALUES)
        if chance.random() < 0.5:
            record.pop(chance.choice(list(record)))
        line = json.dumps(record).encode()
        for decode in DECODERS:
            decode(line)


@pytest.mark.fault("R15", "R17")
def test_ten_thousand_random_lines_raise_nothing() -> None:
    """Noise, and good lines with noise in them."""
    chance = random.Random(5)
    line = json.dumps(EXCHANGE).encode()
    for _ in range(10_000):
        at, noise = chance.randrange(len(line)), chance.randbytes(chance.randrange(40))
        for decode in DECODERS:
            decode(line[:at] + noise + chance.choice(PIECES) + line[at:])


@pytest.mark.fault("R17")
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
