"""What stands behind the sums of the audit panel: the events, and how they are listed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import pytest
from rich.style import Style

from alone import Alone, screen_of
from audits import NOW_S
from builders import TreeBuilder
from fleets import instance
from keyboard import KEYS
from logging_core.analyse.state import FleetState, Group, TimelineEvent, Usage
from logging_core.cache import read_fleet
from logging_core.history import History
from logging_core.read.events import newest_events
from logging_core.records import AuditEvent, Message
from madrox_tui.columns import fit_columns
from madrox_tui.events.columns import EventCells
from madrox_tui.events.event_list import EventList
from madrox_tui.events.query import EventQuery, Events, query_of, with_happened
from madrox_tui.events.requests import Requests
from madrox_tui.events.screen import PAGE, EventsScreen
from madrox_tui.panels.audit.panel import AuditPanel
from madrox_tui.panels.audit.rates import AuditModel
from madrox_tui.panels.audit.view import GROUPINGS
from madrox_tui.panels.timeline.message_source import Written


def behind(group: Group, by: str, **shown: Any) -> EventQuery:
    query = query_of(group, by, "x", **shown)
    assert query is not None
    return query


def test_a_group_knows_its_events() -> None:
    """Exchanges of the group's instances; of an event type or an error, the events themselves."""
    exchange = AuditEvent(event_type="message_exchange", instance_id="a1")
    failed = AuditEvent(event_type="instance_error", instance_id="a1", error="boom")
    group = Group("a1", Usage(), ("a1",))
    assert behind(group, "instance").matches(exchange)
    assert not behind(group, "instance").matches(failed)
    assert not behind(Group("b", Usage(), ("b2",)), "role").matches(exchange)
    assert behind(Group("instance_error", Usage(), ("a1",)), "event_type").matches(failed)
    assert behind(Group("boom", Usage(), ("a1",)), "error").matches(failed)
    assert not behind(Group("bang", Usage(), ("a1",)), "error").matches(failed)


def test_what_is_of_nobody_is_behind_its_row() -> None:
    """Exchanges that name no instance are behind 'unknown', and behind their type with others'."""
    nobodys = AuditEvent(event_type="message_exchange")
    of_a1 = AuditEvent(event_type="message_exchange", instance_id="a1")
    assert behind(Group(None, Usage()), "instance").matches(nobodys)
    assert not behind(Group(None, Usage()), "instance").matches(of_a1)
    by_type = Group("message_exchange", Usage(), ("a1",))
    assert behind(by_type, "event_type").matches(nobodys)
    filtered = behind(by_type, "event_type", shown=frozenset({"a1"}))
    assert (filtered.matches(nobodys), filtered.matches(of_a1)) == (False, True)


def test_behind_others_is_what_has_no_row() -> None:
    """Types without a row of their own are found by leaving out those that have one."""
    query = behind(Group(None, Usage()), "event_type", labels=("known", None))
    assert query.matches(AuditEvent(event_type="rare"))
    assert not query.matches(AuditEvent(event_type="known"))
    assert query_of(Group(None, Usage()), "error", "others") is None


def test_an_error_is_known_by_its_kind() -> None:
    """Whatever its ids and numbers are; an event that names no error is known by its type."""
    trace = AuditEvent(event_type="instance_error", error="no reply to m-12\nat line 1")
    silent = AuditEvent(event_type="spawn_failed", level="ERROR")
    for label, event in (("no reply to m-#", trace), ("spawn_failed", silent)):
        query = behind(Group(label, Usage()), "error")
        assert [query.matches(e) for e in (trace, silent)] == [event is trace, event is silent]


def test_a_repeated_exchange_is_listed_once(tree: TreeBuilder) -> None:
    """The first of those with one id, as it is the one that was counted; none is left out else."""
    for at, instance_id, message_id in (
        (1, "a", "m"), (2, "a", "n"), (3, "b", "m"), (4, "a", "m"), (5, "a", None), (6, "a", None),
    ):  # fmt: skip
        tree.audit("message_exchange", instance_id, {"message_id": message_id}, at=at)
    tree.audit("probe", "a", {"message_id": "m"}, at=7)

    def read(most: int) -> tuple[list[float], bool]:
        found, more = newest_events(tree.root, lambda _: True, most)
        return [(event.time_s or 0) - tree.epoch(0) for event in found], more

    assert read(9) == ([7, 6, 5, 3, 2, 1], False)
    assert read(6) == ([7, 6, 5, 3, 2, 1], False)
    assert read(5) == ([7, 6, 5, 4, 3], True)


def test_events_are_read_newest_first_across_days(tree: TreeBuilder) -> None:
    """The newest that match, over all files; and whether there are older ones."""
    for n in range(6):
        tree.audit("message_exchange", "ab"[n % 2], {"message_id": f"m-{n}"}, at=n * 30_000)
    tree.line("audit/audit_20261123.jsonl", b"no json\n")

    def read(most: int, scan: int = 100) -> tuple[list[str | None], bool]:
        found, more = newest_events(tree.root, lambda e: e.instance_id == "a", most, scan=scan)
        return [event.message_id for event in found], more

    assert read(9) == (["m-4", "m-2", "m-0"], False)
    assert read(2) == (["m-4", "m-2"], True)
    assert read(9, scan=3) == (["m-4"], True)
    assert newest_events(tree.root / "none", lambda _: True, 9) == ((), False)


class FakeEvents:
    """As many events as there are."""

    def __init__(self, there: int) -> None:
        self.there = there
        self.asked: list[int] = []

    async def events(self, query: EventQuery, most: int) -> Events:
        self.asked.append(most)
        number = min(most, self.there)
        found = tuple(
            AuditEvent(
                time_s=NOW_S - n,
                event_type="message_exchange",
                instance_id="atlas-0000",
                message_id=f"m-{n}",
                cost_usd=None if n else 0.25,
                response_time_s=1.5,
            )
            for n in range(number)
        )
        return Events(found, number < self.there)

    async def halves(self, event: AuditEvent, spawned: Sequence[float]) -> tuple[Message, ...]:
        raise NotImplementedError(event)

    async def line(self, message: Message) -> Written | None:
        raise NotImplementedError(message)

    async def told(self, error: TimelineEvent) -> TimelineEvent | None:
        raise NotImplementedError(error)


@pytest.mark.asyncio
async def test_the_rows_behind_a_sum_are_listed_and_older_ones_come_on_the_way() -> None:
    """Newest first, an unpriced one said to be so; more are read when the end comes near.

    An export, or a search, of those that are read until then says that these are not all.
    """
    source = FakeEvents(PAGE * 3)
    app = Alone(AuditPanel(KEYS))
    names = {"atlas-0000": "atlas"}
    state = FleetState(at_s=NOW_S, instances=(instance("atlas-0000", "atlas"),))
    async with app.run_test(size=(120, 30)) as pilot:
        await app.push_screen(EventsScreen(EventQuery("atlas"), source, KEYS, names, state))
        await pilot.pause()
        text = screen_of(pilot)
        assert "14:30:00" in text
        assert "─ atlas · 2026-11-23 ─" in text
        assert "$0.25" in text
        assert "unpriced" in text
        assert f"the newest {PAGE} exchanges" in text
        head = app.screen.query_one(EventList).header(0)[0].text
        assert head.split() == ["TIME▾", "COST", "TOOK", "MESSAGE"]
        assert source.asked == [PAGE]
        exported = app.screen.query_one(EventList).export()
        newest = dict(zip(exported.columns, next(iter(exported.rows)), strict=True))
        assert (newest["instance_name"], newest["cost_usd"]) == ("atlas", 0.25)
        assert (newest["message_id"], newest["response_time_s"]) == ("m-0", 1.5)
        assert exported.note == "without what is further down: scroll there to load it"
        assert app.screen.query_one(EventList).find_note == exported.note
        app.screen.query_one(EventList).cursor = PAGE - 1
        await pilot.pause()
        assert source.asked == [PAGE, 2 * PAGE]
        app.screen.query_one(EventList).cursor = 2 * PAGE - 1
        await pilot.pause()
        assert f"─ {PAGE * 3} exchanges" in screen_of(pilot)
        assert app.screen.query_one(EventList).export().note == ""
        await pilot.press("escape")
        await pilot.pause()
        assert not isinstance(app.screen, EventsScreen)


def told(*events: AuditEvent, query: str = "exchanges", asked: Requests | None = None) -> list[str]:
    """The title of a list, its headings, and its rows."""
    cells = EventCells(events, {"a": "atlas", "b": "probe"}, asked)
    table = fit_columns(cells.columns(), 160)
    rows = [" ".join(table.text(event).split()) for event in events]
    headings = table.header(Style())[0].text.split()
    return [cells.title(EventQuery(query)), " ".join(headings), *rows]


def test_what_is_the_same_in_all_rows_is_in_the_title() -> None:
    """Day, instance, type, and that nothing is priced; not what the title says, or always is so."""
    first = AuditEvent(
        time_s=NOW_S, event_type="message_exchange", instance_id="a", message_id="m-1"
    )
    later = msgspec.structs.replace(first, time_s=NOW_S + 1, message_id="m-2")
    assert told(first, later) == [
        "exchanges · atlas · unpriced · 2026-11-23",
        "TIME MESSAGE",
        "14:30:00 m-1",
        "14:30:01 m-2",
    ]
    assert told(first, query="atlas")[0] == "atlas · unpriced · 2026-11-23"
    other = msgspec.structs.replace(
        first, time_s=NOW_S + 86400, event_type="probe", instance_id="b", cost_usd=0.5
    )
    assert told(first, other)[:2] == ["exchanges", "TIME INSTANCE EVENT COST MESSAGE"]
    assert told() == ["exchanges", "TIME INSTANCE EVENT COST"]


def test_a_row_says_what_was_asked() -> None:
    """In one line, in place of the id; of two lives with one id, what was asked in its own."""
    sent = [
        Message(
            instance_id="a", time_s=NOW_S + at, direction="outbound", message_id="m", content=text
        )
        for at, text in ((0, "first\n  line"), (50, "second life"))
    ]
    events = [
        AuditEvent(time_s=NOW_S + at, event_type="message_exchange", instance_id="a", message_id=m)
        for at, m in ((9, "m"), (59, "m"), (60, "n"))
    ]
    asked = [row.partition(" ")[2] for row in told(*events, asked=Requests(sent))[1:]]
    assert asked == ["REQUEST", "first line", "second life", "n"]
    lives = {"a": (NOW_S + 5, NOW_S + 40)}
    asked = [row.partition(" ")[2] for row in told(*events, asked=Requests(sent, lives))[1:]]
    assert asked == ["REQUEST", "m", "second life", "n"]


def test_errors_from_elsewhere_are_among_the_rows() -> None:
    """An error of orchestrator.log stands beside those of the audit trail, none of them twice."""
    audited = AuditEvent(time_s=NOW_S - 19, event_type="spawn", instance_id="a", error="disk full")

    def error(
        at_s: float, text: str, instance_id: str = "", *, counts: bool = True
    ) -> TimelineEvent:
        return TimelineEvent(instance_id, NOW_S + at_s, text, is_error=True, counts=counts)

    happened = [
        error(-29, "disk full"),
        error(-20, "disk full", "a"),  # what the audit trail reports once more
        error(-9, "disk full\nTraceback"),
        error(-8, "disk full", counts=False),  # from an instance.log
        error(-7, "no tmux", "a"),
    ]
    query = EventQuery("disk full", event_type=None, error="disk full")
    rows = with_happened(Events((audited,)), query, happened, 9).rows
    assert [(event.time_s, event.instance_id) for event in rows] == [
        (NOW_S - 9, None),
        (NOW_S - 20, "a"),
        (NOW_S - 29, None),
    ]
    older = with_happened(Events((audited,)), query, happened[2:], 9).rows
    assert [event.time_s for event in older] == [NOW_S - 9, NOW_S - 19]
    assert with_happened(Events((audited,)), query, happened, 1).more
    assert with_happened(Events((audited,)), EventQuery("all"), happened, 9).rows == (audited,)


def test_an_error_without_a_time_is_listed_once() -> None:
    """It counts as of the event before it, but it is the same one."""
    timeless = AuditEvent(event_type="spawn", instance_id="a", error="disk full")
    before = msgspec.structs.replace(timeless, time_s=NOW_S - 9)
    happened = [TimelineEvent("a", NOW_S - 9, "disk full", is_error=True, counts=True)] * 2
    query = EventQuery("errors", event_type=None, failed=True)
    assert len(with_happened(Events((timeless, before)), query, happened, 9).rows) == 2


def test_behind_an_error_are_those_of_the_instances_shown() -> None:
    """With a filter, an error is listed if it is about one of them, else also those of nobody."""
    ours = AuditEvent(event_type="spawn", instance_id="a1", error="boom")
    theirs = AuditEvent(event_type="spawn", instance_id="b2", error="boom")
    nobodys = AuditEvent(event_type="spawn", error="boom")
    everyones = AuditEvent(
        event_type="manager_daemon_failure",
        instance_id="orchestrator",
        details={"affected_instances": ["a1", "b2"]},
        error="boom",
    )
    for query, expected in (
        (behind(Group("boom", Usage(), ("a1", "b2")), "error"), [True] * 4),
        (
            behind(Group("boom", Usage(), ("a1",)), "error", shown=frozenset({"a1"})),
            [True, False, False, True],
        ),
    ):
        assert [query.matches(e) for e in (ours, theirs, nobodys, everyones)] == expected


def test_behind_an_end_in_error_are_no_other_ends() -> None:
    """An end is listed among the errors only if it was one."""
    group = Group("terminated (final_state=error)", Usage(), ("a1",))
    for final_state, expected in (("error", True), ("terminated", False)):
        end = AuditEvent(
            event_type="instance_terminate",
            instance_id="a1",
            details={"final_state": final_state},
        )
        assert behind(group, "error").matches(end) == expected


def listed(
    root: Path,
    model: AuditModel,
    state: FleetState,
    since_s: float | None = None,
    until_s: float | None = None,
) -> dict[str, int]:
    """By row of each grouping: how many more events are listed behind it than it counts."""

    def number(query: EventQuery) -> int:
        query = query.within(since_s, until_s)
        found = Events(*newest_events(root, query.matches, 10_000))
        return len(with_happened(found, query, state.events, 10_000).rows)

    differences = {
        "errors": number(EventQuery("errors", event_type=None, failed=True)) - state.errors,
        "requests": number(EventQuery("exchanges")) - state.usage.requests,
    }
    for by in GROUPINGS:
        groups = model.groups(by)
        for group in groups:
            query = behind(group, by, labels=[other.label for other in groups])
            differences[f"{by} {group.label}"] = number(query) - group.usage.requests
    return differences


def test_what_is_listed_adds_up_to_its_row(real_tree: Path) -> None:
    """Of a real orchestrator's tree, whatever it is grouped by: now, back then, and with since."""
    with closing(History(real_tree)) as history:
        history.prepare()
        first_s, last_s = history.span or (0.0, 0.0)
        middle_s = (first_s + last_s) / 2
        then = history.state_at(middle_s)
        live, since = read_fleet(real_tree), read_fleet(real_tree, since_s=middle_s)
        back = mock.Mock(groups=partial(history.groups_at, middle_s))
        for differences in (
            listed(real_tree, live, live.state(last_s)),
            listed(real_tree, back, then, until_s=middle_s),
            listed(real_tree, since, since.state(last_s), since_s=middle_s),
        ):
            assert len(differences) > 15
            assert {row: n for row, n in differences.items() if n} == {}


@pytest.mark.asyncio
async def test_a_sum_without_rows_says_so() -> None:
    """An empty list says that nothing was found."""
    app = Alone(AuditPanel(KEYS))
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(
            EventsScreen(EventQuery("atlas"), FakeEvents(0), KEYS, {}, FleetState(at_s=NOW_S))
        )
        await pilot.pause()
        assert "not in the audit trail" in screen_of(pilot)


@pytest.mark.asyncio
async def test_a_number_that_is_nothing_has_nothing_missing() -> None:
    """Behind an instance without requests no file is said to be lost."""
    query = query_of(Group("b2", Usage(), ("b2",)), "instance", "probe")
    assert query is not None
    app = Alone(AuditPanel(KEYS))
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(EventsScreen(query, FakeEvents(0), KEYS, {}, FleetState(at_s=NOW_S)))
        await pilot.pause()
        assert "none: nothing was counted here" in screen_of(pilot)


def test_reading_a_tree_changes_nothing(real_tree: Path) -> None:
    """The events of a real orchestrator's tree are all there, newest first."""
    found, more = newest_events(real_tree, EventQuery("all").matches, 10_000)
    times = [event.time_s or 0 for event in found]
    assert not more
    assert times == sorted(times, reverse=True)
    assert {event.event_type for event in found} == {"message_exchange"}
