"""Finding a text in the timeline's rows."""

from __future__ import annotations

from unittest import mock

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fleets import NOW_S, instance, view
from logging_core.analyse.state import State, TimelineEvent
from logging_core.records import Message
from madrox_tui import format as fmt
from madrox_tui.panels.timeline.entries import Day, Quiet, Row
from madrox_tui.panels.timeline.find import Search, holding, texts
from madrox_tui.panels.timeline.outcome import Outcome

VIEW = view(
    [
        instance("a1", "Atlas", State.BUSY, open_for=(42,)),
        instance("b2", "probe"),
    ]
)
ROWS: list[Row] = [
    Day(NOW_S - 100),
    Message(
        instance_id="a1",
        time_s=NOW_S - 42,
        event_type="message_sent",
        message_type="chat",
        direction="outbound",
        message_id="m-42",
        content="first line\nNeedle here",
    ),
    Message(
        instance_id="b2",
        time_s=NOW_S - 30,
        event_type="message_received",
        direction="inbound",
        message_id="q-7",
        content="no",
        response_time_s=76.0,
        tokens=1234,
        cost_usd=0.0236,
    ),
    Quiet(NOW_S - 20, 700),
    TimelineEvent("a1", NOW_S - 10, "a needle in a log"),
    TimelineEvent("", NOW_S - 5, "disk full", is_error=True),
]


def said(index: int) -> Outcome | None:
    """The first request is open."""
    return Outcome("◷ open 42s", "◷ 42s", "warn", is_open=True) if index == 1 else None


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("needle", [1, 4]),
        ("Needle", [1]),
        ("atlas", [1, 4]),
        ("Atlas", [1, 4]),
        ("b2", [2]),
        ("fleet", [5]),
        ("m-42", [1]),
        ("message_received", [2]),
        ("chat", [1]),
        ("1m16s", [2]),
        ("1.2k tok", [2]),
        ("$0.0236", [2]),
        ("open 42s", [1]),
        ("12 min quiet", [3]),
        ("── ", [0]),
        ("nowhere", []),
    ],
)
def test_what_a_row_shows_is_found(wanted: str, found: list[int]) -> None:
    """A name, an id, a kind of event, a number or any of the text leads to its rows."""
    assert holding(ROWS, wanted, VIEW, said) == found


def test_a_time_of_day_is_found() -> None:
    """The clock at the beginning of a row is as good as any text."""
    clock = next(text for text in texts(ROWS[2], VIEW, None) if text.count(":") == 2)
    assert holding(ROWS, clock, VIEW, said) == [2]


AMOUNTS = st.none() | st.floats(0, 1e7) | st.sampled_from([0.0, 0.00001, 0.0427, 59.94, 4275.1])


@st.composite
def replies(draw: st.DrawFn) -> Message:
    """A message with any time and numbers."""
    return Message(
        instance_id="b2",
        time_s=draw(st.none() | st.floats(0, NOW_S)),
        response_time_s=draw(AMOUNTS),
        tokens=draw(st.none() | st.integers(0, 10**9)),
        cost_usd=draw(AMOUNTS),
    )


@given(replies(), st.data())
def test_every_part_of_a_number_is_found(reply: Message, data: st.DataObject) -> None:
    """As it is shown, or in small letters: a time of day, and what a reply took."""
    text = data.draw(st.sampled_from([text for text in texts(reply, VIEW, None) if text]))
    start = data.draw(st.integers(0, len(text) - 1))
    part = text[start : data.draw(st.integers(start + 1, len(text)))]
    assume(any(character.isdigit() for character in part))
    assert holding([reply], part, VIEW, said) == [0]
    assert holding([reply], part.lower(), VIEW, said) == [0]


@pytest.mark.parametrize("wanted", ["42751", "4275", "98765 tok"])
def test_a_text_that_is_in_no_number_is_sought_in_none(wanted: str) -> None:
    """Whoever types a long number waits no longer than for a word: none is formatted for it."""
    reply = Message(instance_id="b2", time_s=NOW_S, response_time_s=7.0, tokens=7, cost_usd=7.0)
    with mock.patch.multiple(fmt, duration=None, tokens=None, dollars=None, clock=None):
        assert holding([reply] * 9, wanted, VIEW, lambda _: None) == []


@given(st.data())
def test_rows_that_came_since_are_found(data: st.DataObject) -> None:
    """However rows come and go at both ends, what is found is the same as if all were searched."""
    rows, search = list(ROWS), Search("e")
    for _ in range(4):
        assert list(search.rows_with(rows, VIEW, said)) == holding(rows, "e", VIEW, said)
        del rows[: data.draw(st.integers(0, 3))]
        del rows[len(rows) - data.draw(st.integers(0, min(3, len(rows)))) :]
        rows[:0] = data.draw(st.lists(st.sampled_from(ROWS), max_size=3))
        rows += data.draw(st.lists(st.sampled_from(ROWS), max_size=3))


@pytest.mark.parametrize("at", [0, 1_000])
def test_only_rows_that_came_since_are_searched(at: int) -> None:
    """Of a long timeline only what is new is looked through, at its end or above it."""
    looked: list[int] = []

    def watched(index: int) -> Outcome | None:
        looked.append(index)
        return None

    rows: list[Row] = [Message(instance_id="b2", time_s=NOW_S, content="no") for _ in range(1_000)]
    search = Search("12:")
    search.rows_with(rows, VIEW, watched)
    assert len(looked) == 1_000
    looked.clear()
    rows[at:at] = [Message(instance_id="b2", time_s=NOW_S, content="at 12:30")]
    rows[at:at] = [Message(instance_id="b2", time_s=NOW_S, content="new")]
    assert at + 1 in search.rows_with(rows, VIEW, watched)
    assert looked == [at]
