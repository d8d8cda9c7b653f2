from __future__ import annotations

import json
import math
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from entries import lifecycle, orchestrator
from logging_core.codec.decode import (
    decode_audit,
    decode_message,
    decode_metadata,
)

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
