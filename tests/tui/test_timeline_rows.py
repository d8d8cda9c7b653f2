"""The rows of the timeline: what is shown between what, and how they grow at both ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

import msgspec
import pytest

from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.state import FleetState
from logging_core.codec.times import LATEST_S
from logging_core.records import AuditEvent, Batch, LifecycleEvent, Message, Record
from logging_core.wall_clock import latest_reading
from madrox_tui import format as fmt
from madrox_tui.panels.timeline import rows as timeline_rows
from madrox_tui.panels.timeline.entries import Day, EventsEnd, Gaps, Quiet, Row, entry_text
from madrox_tui.panels.timeline.held import Known, Wanted
from madrox_tui.panels.timeline.message_source import Span
from madrox_tui.panels.timeline.rows import SLACK, TimelineRows

T = datetime(2026, 11, 23, 12).timestamp()
DAY_S = 86_400
ALL = Wanted()


def sent(at: float, text: str = "", instance_id: str = "a", message_id: str = "m") -> Message:
    return Message(
        instance_id=instance_id,
        time_s=T + at,
        event_type="message_sent",
        direction="outbound",
        message_id=message_id,
        content=text or f"at {at:g}",
    )


def reply(at: float, instance_id: str = "a", message_id: str = "m") -> Message:
    return Message(
        instance_id=instance_id,
        time_s=T + at,
        event_type="message_received",
        direction="inbound",
        message_id=message_id,
        content=f"at {at:g}",
    )


def spawn(at: float, instance_id: str = "a") -> AuditEvent:
    return AuditEvent(time_s=T + at, event_type="instance_spawn", instance_id=instance_id)


def failed(at: float, message_id: str | None = "m", instance_id: str = "a") -> AuditEvent:
    return AuditEvent(
        time_s=T + at,
        event_type="instance_failed",
        instance_id=instance_id,
        message_id=message_id,
        error=f"failed at {at:g}",
    )


def life(at: float, text: str = "ready", instance_id: str = "a") -> LifecycleEvent:
    return LifecycleEvent(instance_id=instance_id, time_s=T + at, text=text)


class Fleet:
    """A model, and the rows that follow it."""

    def __init__(self, *, max_messages: int = 20_000, max_events: int = 5_000) -> None:
        self.model = FleetModel(max_messages=max_messages, max_events=max_events)
        self.rows = TimelineRows()

    def state(self, *records: Record) -> FleetState:
        self.model.apply(Batch(records=records))
        return self.model.state(T + 10 * DAY_S)

    def add(
        self,
        *records: Record,
        wanted: Wanted = ALL,
        known: Known = Known.ALL,
        following: bool = True,
    ) -> int | None:
        return self.rows.update(self.state(*records), wanted, known, following=following)

    @property
    def texts(self) -> list[str]:
        return texts(self.rows.rows)


def texts(rows: Sequence[Row]) -> list[str]:
    names = {Day: "day", Quiet: "quiet", EventsEnd: "no events above", Gaps: "gaps above"}
    return [names.get(type(row)) or entry_text(row) for row in rows]


def test_days_and_silences_have_rows() -> None:
    """Each day begins with its row; more than ten minutes without a word are told."""
    fleet = Fleet()
    fleet.add(sent(0), sent(600), sent(1201), sent(DAY_S))
    assert fleet.texts == [
        *("day", "at 0", "at 600", "quiet", "at 1201", "quiet", "day", f"at {DAY_S}")
    ]
    quiet = fleet.rows.rows[3]
    assert isinstance(quiet, Quiet)
    assert quiet.seconds == 601


def test_a_silence_is_told_however_long_the_rows_are_there() -> None:
    """What was of the future when the first of them came is not for ever."""
    fleet, rows = Fleet(), TimelineRows()
    rows.update(msgspec.structs.replace(fleet.state(sent(0)), at_s=T), ALL, following=True)
    rows.update(fleet.state(sent(5000)), ALL, following=True)
    assert texts(rows.rows) == ["day", "at 0", "quiet", "at 5000"]


def test_no_silence_is_told_where_a_clock_jumped() -> None:
    """What came late by its time was not, and a time of the future tells of no silence."""
    fleet = Fleet()
    back, ahead = sent(-3000, "back"), sent(40 * DAY_S, "ahead", "b")
    fleet.add(sent(0), back, sent(100), ahead, sent(200, instance_id="b"), sent(900))
    assert [row.seconds for row in fleet.rows.rows if isinstance(row, Quiet)] == [800]


@pytest.mark.fault("R20")
@pytest.mark.usefixtures("farthest_east")
def test_the_last_moment_that_is_read_can_be_shown() -> None:
    """Its day, and where the day after it begins, are on the calendar in every zone."""
    fleet = Fleet()
    fleet.add(sent(LATEST_S - T, "at last"))
    assert fleet.texts == ["day", "at last"]
    assert fmt.moment(LATEST_S).startswith("9999-12-")
    assert latest_reading(LATEST_S, LATEST_S + 7200) == LATEST_S


def test_events_stand_between_messages_and_can_be_hidden() -> None:
    """What happened is shown where it happened, or not at all."""
    fleet = Fleet()
    fleet.add(sent(1), sent(5), life(3))
    assert fleet.texts == ["day", "at 1", "ready", "at 5"]
    assert fleet.add(wanted=Wanted(events=False)) is None
    assert fleet.texts == ["day", "at 1", "at 5"]
    assert fleet.rows.messages == 2


def test_what_comes_is_added_and_counted() -> None:
    """An update adds what is new at the end, and says how many messages that were."""
    fleet = Fleet()
    assert fleet.add(sent(1)) is None
    first = fleet.rows.rows
    assert fleet.add(sent(2), life(3), sent(4)) == 2
    assert fleet.rows.rows is first
    assert fleet.texts == ["day", "at 1", "at 2", "ready", "at 4"]
    assert fleet.add() == 0


def test_a_filter_holds_for_what_comes_too() -> None:
    """Only the wanted instances' messages are shown, then and later."""
    fleet = Fleet()
    only = Wanted(frozenset({"a"}))
    fleet.add(sent(1), sent(2, instance_id="b"), wanted=only)
    assert fleet.add(sent(3, instance_id="b"), sent(4), wanted=only) == 1
    assert fleet.texts == ["day", "at 1", "at 4"]


def test_a_state_of_another_time_makes_the_rows_anew() -> None:
    """A past state, whose rows only look like the next ones, is not taken for a continuation."""
    fleet = Fleet()
    fleet.add(sent(1), sent(2), sent(3))
    past = Fleet()
    assert fleet.rows.update(past.state(sent(1), sent(2)), ALL, following=True) is None
    assert fleet.texts == ["day", "at 1", "at 2"]
    assert fleet.rows.update(past.state(sent(7)), ALL, following=True) == 1


def test_memory_is_bounded_while_the_newest_is_followed() -> None:
    """Rows that left the state are dropped now and then, however long it runs."""
    fleet = Fleet(max_messages=100)
    for start in range(0, 4 * SLACK, 50):
        fleet.add(*(sent(at) for at in range(start, start + 50)))
        assert len(fleet.rows.rows) <= 100 + SLACK + 50 + 1
    assert fleet.texts[-1] == f"at {4 * SLACK - 1}"


def test_events_are_bounded_while_the_newest_is_followed() -> None:
    """Also where agents log much and say nothing."""
    fleet = Fleet(max_events=100)
    for start in range(0, 4 * SLACK, 50):
        fleet.add(*(life(at, f"step {at}") for at in range(start, start + 50)))
        assert len(fleet.rows.rows) <= 100 + SLACK + 50 + 1
    assert fleet.texts[-1] == f"step {4 * SLACK - 1}"


def test_looking_back_keeps_what_left_the_state() -> None:
    """Rows that are looked at stay although the state has let go of them."""
    fleet = Fleet(max_messages=10)
    fleet.add(*(sent(at) for at in range(10)))
    for start in range(10, 40, 5):
        fleet.add(*(sent(at) for at in range(start, start + 5)), following=False)
    assert fleet.texts == ["day", *(f"at {at}" for at in range(40))]


def test_more_than_the_state_holds_at_once_leaves_no_hidden_gap() -> None:
    """When messages came and went between two looks, the rows begin after the gap."""
    fleet = Fleet(max_messages=10)
    fleet.add(*(sent(at) for at in range(10)))
    assert fleet.add(*(sent(at) for at in range(10, 40)), following=False) is None
    assert fleet.texts == ["day", *(f"at {at}" for at in range(30, 40))]


def test_older_pages_fill_what_has_gaps() -> None:
    """Below the instance that reaches back least, a page replaces what was known, once each.

    Until then it is said where there are gaps, and no silence is told of above that.
    """
    fleet = Fleet()
    known = sent(-990), sent(30), life(31), sent(40, instance_id="b"), sent(50)
    fleet.add(*known, known=Known.OF_EACH)
    assert fleet.texts == ["day", "at -990", "at 30", "ready", "gaps above", "at 40", "at 50"]
    floor, floor_s = fleet.rows.floor()
    assert (texts(fleet.rows.rows)[floor], floor_s) == ("at 40", T + 40)
    fleet.rows.begin_older()
    add_older(fleet.rows, sent(20, instance_id="b"), sent(30), sent(35, instance_id="b"))
    assert fleet.texts == [
        *("day", "at -990", "gaps above", "at 20", "at 30", "ready", "at 35"),
        *("no events above", "at 40", "at 50"),
    ]
    add_older(fleet.rows, sent(-995), sent(-990))
    assert fleet.texts[:5] == ["day", "at -995", "at -990", "quiet", "at 20"]
    assert fleet.rows.messages == 7
    add_older(fleet.rows)
    assert fleet.rows.floor()[1] < 0
    assert fleet.add(sent(60), known=Known.OF_EACH) == 1
    assert fleet.texts[-1] == "at 60"


def test_no_gap_is_left_once_all_is_known() -> None:
    """What was hidden or had no silence told of it is as if it had been there from the first."""
    fleet = Fleet()
    fleet.add(life(-5000), sent(-990), sent(30), sent(40, instance_id="b"), known=Known.OF_EACH)
    assert fleet.texts == ["day", "at -990", "at 30", "gaps above", "at 40"]
    fleet.add(known=Known.ALL)
    assert fleet.texts == ["day", "ready", "quiet", "at -990", "quiet", "at 30", "at 40"]


def test_who_was_spawned_just_now_leaves_no_gap() -> None:
    """Of whom nothing is known but its life, nothing is missing; it had exchanges, there is."""
    lines = sent(30), sent(40), life(50, instance_id="b")
    fleet, busier = Fleet(), Fleet()
    fleet.add(*lines, known=Known.OF_EACH)
    assert fleet.texts == ["day", "at 30", "at 40", "ready"]
    exchange = AuditEvent(time_s=T + 45, event_type="message_exchange", instance_id="b")
    busier.add(*lines, exchange, known=Known.OF_EACH)
    assert busier.texts == ["day", "at 30", "at 40", "gaps above", "ready"]


def test_what_happened_is_shown_where_no_message_is_known() -> None:
    """Nobody looks at an empty panel until it is known whether there are any."""
    fleet = Fleet()
    fleet.add(life(1, "old"), life(5000, "less old"), known=Known.OF_EACH)
    assert fleet.texts == ["day", "old", "less old", "gaps above"]
    add_older(fleet.rows)
    assert fleet.texts == ["day", "old", "quiet", "less old"]


def test_what_happened_before_the_first_message_that_is_known_waits_for_older_ones() -> None:
    """Between events of long ago there may be messages: they come together, or with the last."""
    fleet = Fleet(max_messages=2)
    fleet.add(life(1, "old"), life(5000, "less old"), *(sent(at) for at in range(6000, 6004)))
    for at in range(7000, 7000 + 200):
        fleet.add(life(at, "since"))
    fleet.add(known=Known.NEWEST, wanted=Wanted(frozenset({"a"})))
    assert fleet.texts[:3] == ["day", "at 6002", "at 6003"]
    fleet.rows.begin_older()
    add_older(fleet.rows, sent(4000), sent(6000), sent(6001))
    assert fleet.texts[:5] == ["day", "at 4000", "quiet", "less old", "quiet"]
    add_older(fleet.rows)
    assert fleet.texts[:4] == ["day", "old", "quiet", "at 4000"]
    assert "no events above" not in fleet.texts


def test_an_older_page_repeats_no_row_where_clocks_jumped() -> None:
    """A message far ahead or far back in its file is there once, whatever a page brings again."""
    fleet = Fleet()
    ahead, back = sent(40 * DAY_S, "ahead"), sent(-400 * DAY_S, "back")
    lines = [sent(0), ahead, sent(2), back, sent(4), sent(5, instance_id="b")]
    fleet.add(*lines, known=Known.OF_EACH)
    read(fleet.rows, lines, at_once=2)
    shown = [row for row in fleet.rows.rows if isinstance(row, Message)]
    assert sorted(entry_text(row) for row in shown) == sorted(entry_text(line) for line in lines)
    assert fleet.rows.messages == len(lines)


def add_older(rows: TimelineRows, *page: Message) -> None:
    """Add a page of messages that are in the order of their times; an empty one is the last."""
    times = [one.time_s or 0.0 for one in page]
    rows.add_older(Span(list(page), times[0] if times else -math.inf, math.inf, times))


def read(rows: TimelineRows, written: Sequence[Message], *, at_once: int) -> None:
    """Read older pages to the beginning, as they are where all is merged by time."""
    until_s = rows.begin_older()
    left = sorted(
        (one for one in written if (one.time_s or 0.0) < until_s), key=lambda one: one.time_s or 0.0
    )
    while left:
        add_older(rows, *left[-at_once:])
        del left[-at_once:]
    add_older(rows)


@pytest.mark.parametrize("known", [Known.NEWEST, Known.OF_EACH])
@pytest.mark.parametrize("held", range(1, 13))
def test_no_message_of_one_moment_is_missing(held: int, known: Known) -> None:
    """Of whole seconds the state may hold some messages only, and of two that are alike one."""
    fleet = Fleet(max_messages=held)
    lines = [sent(at // 4, f"number {min(at, 9)}") for at in range(12)]
    fleet.add(*lines, known=known)
    read(fleet.rows, lines, at_once=3)
    assert [text for text in fleet.texts if "number" in text] == [m.content for m in lines]


def test_a_line_of_another_time_hides_none() -> None:
    """Nor does a first message that is dated long ago, or far ahead."""
    for other in (-20_000 * DAY_S, 400 * DAY_S):
        fleet = Fleet(max_messages=5)
        lines = [sent(at, f"number {at}") for at in range(20)]
        lines[15] = sent(other, "number 15")
        fleet.add(*lines, known=Known.NEWEST)
        assert fleet.texts[1] == "number 15"
        read(fleet.rows, lines, at_once=4)
        assert sorted(text for text in fleet.texts if "number" in text) == sorted(
            m.content or "" for m in lines
        )


def test_what_comes_after_pages_alone_is_spaced_like_all_else() -> None:
    """Where all rows were read from files, no day is told twice, and no silence is missing."""
    fleet = Fleet(max_messages=2)
    fleet.add(*(sent(at, instance_id="b") for at in range(4)), known=Known.NEWEST)
    fleet.add(known=Known.NEWEST, wanted=Wanted(frozenset({"a"})))
    fleet.rows.begin_older()
    add_older(fleet.rows, sent(-20), sent(-10))
    add_older(fleet.rows)
    wanted = Wanted(frozenset({"a"}))
    assert fleet.add(sent(3000), known=Known.NEWEST, wanted=wanted) == 1
    assert fleet.texts == ["day", "at -20", "at -10", "quiet", "at 3000"]


def test_long_texts_are_let_go_earlier(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded by what is said, too, not only by how many say something."""
    monkeypatch.setattr(timeline_rows, "MAX_CHARACTERS", 50_000)
    fleet = Fleet(max_messages=10)
    lines = [sent(at, f"number {at} ".ljust(1000, ".")) for at in range(400)]
    fleet.add(*lines, known=Known.NEWEST)
    fleet.rows.begin_older()
    for start in range(380, -10, -10):
        add_older(fleet.rows, *lines[start : start + 10])
        assert fleet.rows.messages <= 75
    assert fleet.rows.rows[-1] != lines[-1]
    while fleet.rows.is_cut:
        from_s, until_s = fleet.rows.span_after()
        end_s = min(until_s, from_s + 10)
        page = [m for m in lines if from_s <= (m.time_s or 0) < end_s]
        fleet.rows.add_newer(Span(page, from_s, end_s))
        assert fleet.rows.messages <= 75
    assert fleet.rows.rows[-1] == lines[-1]


def test_an_older_page_of_another_day() -> None:
    """Where an older page joins, days and silences are as if it had always been there."""
    fleet = Fleet()
    fleet.add(sent(DAY_S), sent(DAY_S + 1), known=Known.OF_EACH)
    add_older(fleet.rows, sent(0), sent(5))
    assert fleet.texts == [
        *("day", "at 0", "at 5", "no events above"),
        *("quiet", "day", f"at {DAY_S}", f"at {DAY_S + 1}"),
    ]
    whole = Fleet()
    whole.add(sent(0), sent(5), sent(DAY_S), sent(DAY_S + 1))
    assert [row for row in fleet.rows.rows if not isinstance(row, EventsEnd)] == whole.rows.rows


def test_the_other_half_is_the_nearest() -> None:
    """A request leads to its reply, a reply to its request, also where an id was used twice."""
    fleet = Fleet()
    fleet.add(sent(1), reply(2), sent(3, message_id="x"), sent(4), reply(5))
    fleet.add(reply(6, instance_id="b", message_id="x"))
    assert [fleet.rows.other_half(i) for i in range(7)] == [None, 2, 1, None, 5, 4, None]


def halves(fleet: Fleet) -> dict[str, str | None]:
    """The text of each row's other half, by its own."""
    rows = fleet.rows
    others = (rows.other_half(index) for index in range(len(rows.rows)))
    whole = [*fleet.texts, None]
    return {
        text: whole[-1 if other is None else other]
        for text, other in zip(fleet.texts, others, strict=True)
        if text != "day"
    }


def test_a_request_whose_id_comes_again_has_no_reply_of_the_next_one() -> None:
    """Who counts ids anew may have died with a request: the reply to the next is not its own."""
    fleet = Fleet()
    fleet.add(sent(1), sent(4), reply(5))
    assert halves(fleet) == {"at 1": None, "at 4": "at 5", "at 5": "at 4"}


def test_halves_are_of_one_life() -> None:
    """No reply of a later life belongs to a request, nor the other way round."""
    fleet = Fleet()
    fleet.add(sent(1), reply(5), spawn(3))
    assert halves(fleet) == {"at 1": None, "at 5": None}
    fleet.add(sent(7), reply(9), spawn(8, "b"))
    assert halves(fleet)["at 7"] == "at 9"


def test_a_clock_that_is_put_back_parts_no_halves() -> None:
    """A reply stands after its request in the file, whatever its time: a spawn parts them not."""
    fleet = Fleet()
    fleet.add(sent(100), reply(90), spawn(95))
    assert halves(fleet) == {"at 100": "at 90", "at 90": "at 100"}


def test_a_failure_is_the_other_half_of_a_request_without_a_reply() -> None:
    """It leads to its request and back; to a reply that comes late the request leads instead."""
    fleet = Fleet()
    fleet.add(sent(1), failed(3), sent(4), failed(5, None), failed(6, instance_id="b"))
    assert halves(fleet) == {
        "at 1": "failed at 3",
        "failed at 3": "at 1",
        "at 4": None,
        "failed at 5": None,
        "failed at 6": None,
    }
    fleet.add(reply(7))
    assert halves(fleet)["at 4"] == "at 7"
    late = Fleet()
    late.add(sent(1), failed(3), reply(5))
    assert halves(late) == {"at 1": "at 5", "failed at 3": "at 1", "at 5": "at 1"}


def failures(fleet: Fleet) -> dict[str, str]:
    """The failures that the rows know of their requests, by the text of these."""
    found = ((row, fleet.rows.failure(index)) for index, row in enumerate(fleet.rows.rows))
    return {entry_text(row): failure.text for row, failure in found if failure is not None}


def test_a_request_knows_its_failure_although_events_are_hidden() -> None:
    """Of requests with one id that one which failed, in its life, and before the next of its id."""
    fleet = Fleet()
    hidden = Wanted(events=False)
    fleet.add(sent(1), reply(2), sent(3), failed(4), sent(5), reply(6), sent(7), wanted=hidden)
    assert failures(fleet) == {"at 3": "failed at 4"}
    fleet.add(spawn(8), failed(9), wanted=hidden)
    assert failures(fleet) == {"at 3": "failed at 4"}
    fleet.add(sent(10), failed(11), wanted=hidden)
    assert failures(fleet) == {"at 3": "failed at 4", "at 10": "failed at 11"}
    fleet.add(wanted=ALL)
    assert failures(fleet) == {"at 3": "failed at 4", "at 10": "failed at 11"}


def test_where_events_end_is_said_once() -> None:
    """Older pages hold messages only: the first page with an unknown message says so, once.

    While a page brings what was known anyway, the events between its messages are there.
    """
    known = [sent(10), sent(20, instance_id="b")]
    fleet = Fleet()
    fleet.add(*known, known=Known.OF_EACH)
    fleet.rows.begin_older()
    add_older(fleet.rows, *known[:1])
    assert fleet.texts == ["day", "at 10", "at 20"]
    add_older(fleet.rows, sent(5))
    add_older(fleet.rows, sent(1))
    assert fleet.texts == ["day", "at 1", "at 5", "no events above", "at 10", "at 20"]
    fleet.add(wanted=Wanted(events=False), known=Known.OF_EACH)
    fleet.rows.begin_older()
    add_older(fleet.rows, sent(5), sent(10))
    assert fleet.texts == ["day", "at 5", "at 10", "at 20"]


def test_where_events_end_is_said_among_the_messages_of_a_state() -> None:
    """Above the first event that is still known errors may be missing, also on older pages."""
    fleet = Fleet(max_events=2)
    other = sent(25, instance_id="b")
    lines = sent(10), life(11, "gone"), sent(20), life(21), other, life(30)
    fleet.add(*lines, known=Known.OF_EACH)
    known = ["at 20", "no events above", "ready", "at 25", "ready"]
    assert fleet.texts == ["day", "at 10", *known[:3], "gaps above", *known[3:]]
    assert [fleet.rows.knows_failure(row) for row in (1, 6)] == [False, True]
    fleet.rows.begin_older()
    add_older(fleet.rows, sent(10), sent(15, instance_id="b"), sent(20))
    add_older(fleet.rows, sent(1))
    assert fleet.texts == ["day", "at 1", "at 10", "at 15", *known]
    fleet.add(wanted=Wanted(events=False))
    assert fleet.texts == ["day", "at 10", "at 20", "at 25"]
    late = Fleet(max_events=1)
    late.add(life(11, "gone"), life(21), sent(25))
    assert late.texts == ["day", "ready", "at 25"]


def test_a_row_is_found_again_after_the_rows_were_made_anew() -> None:
    """The same row if it is still there, else what followed it."""
    fleet = Fleet()
    fleet.add(sent(1), sent(2, instance_id="b"), sent(3))
    rows = fleet.rows.rows
    hidden, kept = rows[2], rows[3]
    fleet.add(wanted=Wanted(frozenset({"a"})))
    assert texts([fleet.rows.rows[fleet.rows.find(kept)]]) == ["at 3"]
    assert texts([fleet.rows.rows[fleet.rows.find(hidden)]]) == ["at 3"]
