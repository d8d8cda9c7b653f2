"""The timeline panel as a person meets it: alone on the screen, with a state that changes."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Self

import msgspec
import pytest
from paged import PagedMessages
from textual.app import App, ComposeResult

from alone import marked
from fleets import later
from keyboard import KEYS
from logging_core.analyse.fleet import FleetModel
from logging_core.records import (
    AuditEvent,
    Batch,
    LifecycleEvent,
    Message,
    Metadata,
    Record,
)
from madrox_tui.colours.themes import THEMES
from madrox_tui.filters import parse_filter
from madrox_tui.panels.timeline import message_source, older
from madrox_tui.panels.timeline import rows as timeline_rows
from madrox_tui.panels.timeline.entries import Entry
from madrox_tui.panels.timeline.message_source import MessageSource
from madrox_tui.panels.timeline.panel import TimelinePanel
from madrox_tui.scope import Scope
from madrox_tui.view import Narrowing, View
from onlooker import TIMEOUT_S, Onlooker

pytestmark = pytest.mark.asyncio

T = datetime(2026, 11, 23, 12).timestamp()


def message(at: float, text: str, instance_id: str = "a1", *, reply: bool = False) -> Message:
    """A request or a reply; those of the same text belong together."""
    return Message(
        instance_id=instance_id,
        time_s=T + at,
        event_type="message_received" if reply else "message_sent",
        direction="inbound" if reply else "outbound",
        message_id=text.partition("\n")[0],
        content=f"{'re: ' if reply else ''}{text}",
        response_time_s=2.5 if reply else None,
        tokens=1234 if reply else None,
        cost_usd=0.0123 if reply else None,
    )


def numbered(first: int, last: int) -> list[Message]:
    return [message(at, f"number {at}.") for at in range(first, last)]


class PanelApp(App[None]):
    """The panel, and nothing else."""

    def __init__(self, source: MessageSource | None) -> None:
        super().__init__()
        self.panel = TimelinePanel(KEYS, source, id="timeline")

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(THEMES[0].variables)

    def compose(self) -> ComposeResult:
        yield self.panel

    def on_mount(self) -> None:
        self.panel.focus()


class Person(Onlooker):
    """Presses keys, reads the panel, and makes things happen in the fleet."""

    app: PanelApp

    def __init__(self, app: PanelApp, press: Callable[..., Awaitable[None]], *, kept: int) -> None:
        self.app = app
        self.panel = app.panel
        self.press = press
        self.model = FleetModel(max_messages=kept, max_events=kept)
        self.narrowing = Narrowing()
        self.whole = False
        names = {"a1": "atlas", "b2": "probe"}
        known = (Metadata(instance_id=i, instance_name=n) for i, n in names.items())
        self.model.apply(Batch(records=tuple(known)))

    def happens(self, *records: Record, at: float = 3600, caught_up: bool = True) -> None:
        self.model.apply(Batch(records=records, caught_up=caught_up))
        state = self.model.state(T + at)
        shown = self.narrowing.choose(state.instances)
        self.panel.view = View(state, self.narrowing, shown, state.usage, is_whole=self.whole)

    def passes(self, seconds: float) -> None:
        assert self.panel.view is not None
        self.panel.view = later(self.panel.view, seconds)

    def filters(self, text: str) -> None:
        self.narrowing = Narrowing(parse_filter(text))
        self.happens()

    @property
    def lines(self) -> list[str]:
        strips = self.app.screen._compositor.render_strips()
        return [strip.text.rstrip(" ▁▂▃▄▅▆▇█") for strip in strips]  # without the scrollbar

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def title(self) -> str:
        return str(self.panel.border_title)

    @property
    def top_line(self) -> str:
        return self.lines[0]

    async def has_more_than(self, rows: int) -> None:
        await self.until(lambda: self.panel.count > rows, f"more than {rows} rows")


@asynccontextmanager
async def panel(
    *records: Record,
    size: tuple[int, int] = (100, 20),
    source: MessageSource | None = None,
    kept: int = 20_000,
    read: bool = True,
) -> AsyncIterator[Person]:
    app = PanelApp(source)
    async with app.run_test(size=size, notifications=True) as pilot:
        person = Person(app, pilot.press, kept=kept)
        person.happens(*records, caught_up=read)
        yield person


EXCHANGE = (
    message(0, "draw\n\n  the plan"),
    LifecycleEvent(instance_id="a1", time_s=T + 3, text="Instance came up"),
    message(5, "draw\n\n  the plan", reply=True),
    message(20, "test it", "b2"),
)


@pytest.mark.parametrize(
    ("width", "name", "shown"),
    [
        (47, "frontend-refactor", "→ frontend-refactor  draw t"),
        (80, "auth-service-hardening", "→ auth-service-hardening  draw the plan"),
        (40, "auth-service-hardening", "→ auth-servi…ning dr"),
    ],
)
async def test_a_name_is_whole_where_the_text_has_room_too(
    width: int, name: str, shown: str
) -> None:
    """Names have what the longest needs, up to two fifths of the panel."""
    async with panel(message(0, "draw the plan"), size=(width, 12)) as person:
        person.happens(Metadata(instance_id="a1", instance_name=name))
        await person.sees(shown)


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (40, "12:00 ← atlas  re: draw ↵ the plan"),
        (60, "12:00:05 ← atlas  re: draw ↵ the plan                 2.5s"),
        (80, "re: draw ↵ the plan                            2.5s  $0.0123"),
        (120, "re: draw ↵ the plan"),
        (200, "2.5s   1.2k tok  $0.0123"),
    ],
)
async def test_columns_give_way(width: int, expected: str) -> None:
    """When, which way, whose and what are on every screen; what it took where it fits."""
    async with panel(*EXCHANGE, size=(width, 12)) as person:
        await person.sees(expected, "── Mon 23 Nov 2026 ──")
        assert all(len(line) <= width for line in person.lines)


async def test_an_open_request_says_since_when() -> None:
    """A request without a reply shows its age; when the reply comes, no longer."""
    async with panel(*EXCHANGE) as person:
        person.happens(at=380)
        await person.sees("◷ open 6m")
        assert person.text.count("open") == 1
        person.passes(60)
        await person.sees("◷ open 7m")
        person.happens(message(390, "test it", "b2", reply=True), at=391)
        await person.misses("open")


@pytest.mark.parametrize("time_s", [None, T + 400 * 86_400])
@pytest.mark.parametrize(("width", "said"), [(100, "◷ open"), (40, "◷")])
async def test_an_open_request_of_an_unknown_moment_has_no_age(
    time_s: float | None, width: int, said: str
) -> None:
    """Without a readable time, or with one of the future, it is open, and no more is known."""
    odd = msgspec.structs.replace(message(0, "ask"), time_s=time_s)
    async with panel(message(-5, "before"), odd, size=(width, 12)) as person:
        await person.sees(said)
        (row,) = (line for line in person.lines if "ask" in line)
        assert row.endswith(f"  {said}")


def spawned(at: float) -> AuditEvent:
    return AuditEvent(time_s=T + at, event_type="instance_spawn", instance_id="a1")


def failure(at: float, message_id: str | None, error: str = "no reply in time") -> AuditEvent:
    return AuditEvent(
        time_s=T + at,
        event_type="instance_failed",
        instance_id="a1",
        message_id=message_id,
        error=error,
    )


async def test_of_requests_with_one_id_the_open_one_is_marked() -> None:
    """Who is spawned again may use ids again: what was answered before is not open."""
    lives = (message(1, "m"), message(3, "m", reply=True), spawned(10), message(11, "m"))
    async with panel(*lives, message(12, "n")) as person:
        person.happens(at=71)
        await person.sees("◷ open 1m")
        assert person.text.count("open") == 2
        person.happens(message(80, "m", reply=True), spawned(90), message(91, "m"), at=95)
        await person.sees("◷ open 4s")
        assert person.text.count("open") == 1


@pytest.mark.parametrize(
    ("width", "said"), [(100, "✗ failed after 2.3s"), (60, "✗ failed after 2.3s"), (40, "  ✗")]
)
async def test_a_failed_request_says_so(width: int, said: str) -> None:
    """Its row has a mark, beside which its failure and its request are a key apart."""
    async with panel(message(1, "m"), failure(3.3, "m"), size=(width, 12)) as person:
        await person.sees("no reply in time")
        (row,) = (line for line in person.lines if "→" in line)
        assert row.endswith(said)
        await person.press("g", "j", "p")
        assert person.panel.selected_time_s == T + 3.3
        await person.press("p")
        assert person.panel.selected_time_s == T + 1
        assert list(person.panel.find_rows("failed after")) == [1]


@pytest.mark.parametrize(
    ("width", "said"), [(100, "✗ agent ended"), (60, "✗ agent ended"), (40, "  ✗")]
)
async def test_what_an_ended_instance_never_answered_says_so(width: int, said: str) -> None:
    """Once it is terminated or spawned again; what it had answered before is not marked."""
    answered = (message(1, "n"), message(2, "n", reply=True))
    ended = AuditEvent(instance_id="a1", time_s=T + 9, event_type="instance_terminate")
    for end in (ended, spawned(9)):
        async with panel(*answered, message(3, "m"), size=(width, 12)) as person:
            await person.sees("◷")
            person.happens(end)
            await person.misses("◷")
            rows = [line.rstrip() for line in person.lines if "→" in line]
            assert [row.endswith(said) for row in rows] == [False, True]


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([message(1, "m")], "no reply by 13:00:00: ◷ open 59m"),
        ([message(1, "m"), spawned(5)], "no reply: ✗ agent ended"),
        ([message(1, "m"), spawned(5), message(6, "m", reply=True)], "no reply"),
        ([message(1, "m", reply=True)], "its request is not among the messages"),
        ([failure(1, "m")], "its request is not among the messages"),
        ([failure(1, None)], "an event has no other half"),
        ([msgspec.structs.replace(message(1, "m"), message_id=None)], "a message without an id"),
    ],
)
async def test_why_there_is_no_other_half_is_said(records: list[Record], said: str) -> None:
    """In words that stay true while they are read, and not that it is not loaded where all is."""
    async with panel(*records) as person:
        await person.press("g", "j")
        assert person.panel.chosen is not None
        other, alone = person.panel.beside(person.panel.chosen)
        assert other is None
        assert alone.startswith(said)
        await person.press("p")
        await person.sees(said)


async def test_where_events_are_too_old_a_failure_is_not_denied() -> None:
    """A request from before the errors that are still known may have failed, and p says so."""
    failures = (failure(at, name) for at, name in enumerate("mxy", start=2))
    async with panel(message(1, "m"), *failures, kept=2) as person:
        await person.press("g", "j", "p")
        await person.sees("no reply: too old to tell whether it failed")
        await person.sees("above: every message, not every event")


async def test_a_hidden_failure_is_told_by_its_request() -> None:
    """While events are hidden, p says how the request failed."""
    async with panel(message(1, "m"), failure(3.3, "m")) as person:
        await person.press("E", "g", "j", "p")
        await person.sees("no reply: ✗ failed after 2.3s")


async def test_who_is_at_the_other_end_is_said() -> None:
    """Of what was said to another instance, or by it, that one's name stands before the text."""
    said = msgspec.structs.replace(message(1, "report 4"), message_id=None, parent_id="b2")
    reported = msgspec.structs.replace(said, direction="inbound", time_s=T + 2)
    async with panel(said, reported) as person:
        await person.sees("→ atlas  from probe: report 4", "← atlas  to probe: report 4")
        assert list(person.panel.find_rows("probe")) == [1, 2]
    async with panel(reported, size=(40, 12)) as person:
        await person.sees("← atlas  report 4")


async def test_a_text_has_the_room_that_no_column_needs() -> None:
    """Only a reply took time, tokens and money: beside a request there is more of its text."""
    text = " ".join(f"word{number:02}" for number in range(20))
    sent, reply = message(0, text), message(5, text, reply=True)
    async with panel(sent, reply, size=(120, 12)) as person:
        await person.sees("2.5s   1.2k tok  $0.0123")
        (request,) = (line for line in person.lines if "→" in line)
        assert "word11" in request
    async with panel(sent, size=(120, 12)) as person:
        person.happens(at=380)
        await person.sees("word10", "…  ◷ open 6m")


async def test_what_happened_between_can_be_hidden() -> None:
    """The key E hides lifecycle lines and errors, which the title says, and shows them again."""
    async with panel(*EXCHANGE) as person:
        await person.sees("Instance came up")
        assert "hidden" not in person.title
        await person.press("E")
        await person.misses("Instance came up")
        assert person.title.endswith("  events hidden")
        await person.press("E")
        await person.sees("Instance came up")
        assert "hidden" not in person.title


async def test_the_other_half_and_problems_are_a_key_away() -> None:
    """The key p goes from a reply to its request and back; e to the next error, around the end."""
    failed = AuditEvent(time_s=T + 30, event_type="spawn", instance_id="b2", error="no tmux")
    async with panel(*EXCHANGE, failed) as person:
        await person.sees("no tmux")
        await person.press("g", "j", "p")
        assert person.panel.selected_time_s == T + 5
        await person.press("p")
        assert person.panel.selected_time_s == T
        await person.press("e")
        assert person.panel.selected_time_s == T + 30
        await person.press("k", "p")
        assert person.panel.selected_time_s == T + 20


async def test_looking_back_stands_still_and_counts_what_is_new() -> None:
    """Above the end nothing moves; the title counts what came; G shows it and follows again."""
    async with panel(*numbered(0, 200)) as person:
        await person.sees("number 199.")
        await person.press("pageup", "pageup")
        await person.misses("number 199.")
        before = person.lines
        person.happens(*numbered(200, 212))
        await person.until(lambda: "12 new" in person.title, person.title)
        assert person.lines == before
        await person.press("G")
        await person.sees("number 211.")
        assert "new" not in person.title
        person.happens(*numbered(212, 213))
        await person.sees("number 212.")


async def test_what_is_new_is_counted_of_those_shown() -> None:
    """Whoever filters while looking back is told of no news but those of the filter, and back."""
    async with panel(*numbered(0, 200)) as person:
        await person.sees("number 199.")
        await person.press("pageup", "pageup")
        person.happens(*numbered(200, 212), message(212, "question", "b2"))
        await person.until(lambda: person.title == "Timeline 213  13 new", person.title)
        person.filters("probe")
        await person.until(lambda: "Timeline 1" in person.title, person.title)
        assert "13 new" not in person.title
        person.filters("")
        await person.until(lambda: person.title == "Timeline 213  13 new", person.title)


async def test_history_that_is_read_is_not_new() -> None:
    """While a tree is read for the first time, only what is written since counts as new."""
    async with panel(*numbered(100, 200), read=False) as person:
        await person.press("pageup", "pageup")
        person.happens(*numbered(0, 100), caught_up=False)
        ahead = message(9000, "from a clock that runs ahead")
        person.happens(*numbered(200, 299), ahead, message(3700, "written since"), at=3800)
        await person.until(lambda: person.title == "Timeline 301  1 new", person.title)
        person.happens(message(3810, "and another"), at=3820)
        await person.until(lambda: person.title == "Timeline 302  2 new", person.title)
        person.model.succeed(person.model)  # the whole tree was read by another process
        person.happens(*numbered(300, 310), at=3830)
        await person.until(lambda: person.title == "Timeline 312  2 new", person.title)


async def test_the_title_says_whom_it_is_limited_to() -> None:
    """Where no other panel is on the screen, nothing else would tell."""
    async with panel(message(0, "ask"), message(1, "ask", "b2")) as person:
        await person.until(lambda: person.title == "Timeline 2", person.title)
        person.filters("probe")
        await person.until(lambda: person.title == "Timeline 1  filtered", person.title)
        person.narrowing = Narrowing(scope=Scope("a1"))
        person.happens()
        await person.until(lambda: person.title == "Timeline 1  only atlas", person.title)


async def test_a_name_takes_no_more_room_than_those_shown_need() -> None:
    """The messages of one instance begin next to its name, however long another one's is."""
    long_one = Metadata(instance_id="c3", instance_name="a-name-of-some-length")
    async with panel(message(0, "ask"), long_one) as person:
        await person.sees("→ atlas                  ask")
        person.filters("atlas")
        await person.sees("→ atlas  ask")


async def test_the_day_of_what_is_shown_is_told_where_it_is_not_today() -> None:
    """In the title, wherever the row that names it has scrolled away; of today it is known."""
    day_s = 86_400
    older = numbered(-day_s, 60 - day_s)
    async with panel(*older, *numbered(0, 60), size=(100, 12)) as person:
        await person.sees("number 59.")
        assert "2026-11" not in person.title
        await person.press("g")
        await person.sees("── Sun 22 Nov 2026 ──")
        assert "2026-11" not in person.title
        await person.press("pagedown", "pagedown")
        await person.until(lambda: person.title == "Timeline 120  2026-11-22", person.title)
        await person.press("G")
        await person.until(lambda: person.title == "Timeline 120", person.title)
        person.happens(at=2 * day_s)
        await person.until(lambda: person.title == "Timeline 120  2026-11-23", person.title)


async def test_the_cursor_stays_on_its_message_while_the_window_moves() -> None:
    """What is looked at keeps its place when the state lets go of older messages."""
    async with panel(*numbered(0, 50), kept=50) as person:
        await person.press("pageup")
        chosen, top = person.panel.chosen, person.top_line
        for at in range(50, 90, 10):
            person.happens(*numbered(at, at + 10))
        await person.until(lambda: "40 new" in person.title, person.title)
        assert person.panel.chosen is chosen
        assert person.top_line == top


@pytest.mark.parametrize("rows_up", [1, 3, 40, 41, 90])
async def test_the_cursor_returns_to_its_message_when_all_are_shown_again(rows_up: int) -> None:
    """Narrowed and back, cursor and screen are where they were, unless one moved in between."""
    both = [message(at, f"number {at}.", ("a1", "b2")[at % 3 == 0]) for at in range(100)]
    async with panel(*both) as person:
        await person.press(*["up"] * rows_up)
        chosen, top = person.panel.chosen, person.top_line
        person.filters("atlas")
        await person.until(lambda: person.panel.count < 80, "fewer rows")
        person.happens(message(200, "meanwhile."))
        person.filters("")
        await person.sees(top)
        assert person.panel.chosen is chosen
        assert person.top_line == top
        person.filters("probe")
        await person.press("up")
        other = person.panel.chosen
        person.filters("")
        assert person.panel.chosen is other


def goes_up(person: Person) -> None:
    """Scroll to the first row loaded, and no further."""
    person.panel.action_page(-200)


async def test_the_cursor_returns_to_a_message_that_was_read_from_files() -> None:
    """Also if it has to be read again."""
    everything = [message(at, f"number {at}.", ("a1", "b2")[at % 2]) for at in range(2000)]
    source = MessageSource(PagedMessages(everything).open)
    async with panel(*everything[-300:], source=source) as person:
        goes_up(person)
        await person.has_more_than(700)
        goes_up(person)
        await person.press("down", "down")
        chosen, top = person.panel.chosen, person.top_line
        assert chosen is not None
        person.filters("atlas")
        person.filters("")
        await person.until(lambda: person.panel.chosen == chosen, "the same message")
        await person.until(lambda: person.top_line == top, "the same place")


async def test_older_messages_come_as_one_scrolls_up() -> None:
    """At the top, older ones are read; what is looked at keeps its place; then comes the first."""
    everything = numbered(0, 3000)
    history = PagedMessages(everything)
    source = MessageSource(history.open)
    async with panel(*everything[-300:], source=source) as person:
        await person.sees("number 2999.")
        assert history.reads == 0
        goes_up(person)
        await person.sees("number 2700.")
        await person.has_more_than(760)
        await person.sees("number 2700.")
        chosen = person.panel.selected_time_s
        assert chosen is not None
        assert chosen <= T + 2700
        for _ in range(12):
            count = person.panel.count
            goes_up(person)
            if person.panel.selected_time_s == T:
                break
            await person.has_more_than(count)
        await person.sees("number 0.")
        assert person.panel.count == 3002  # a day, and where events end
        assert history.reads < 12


def spoken_rows(person: Person) -> list[str]:
    exported = person.panel.export()
    rows = (dict(zip(exported.columns, row, strict=True)) for row in exported.rows)
    return [str(row["text"]) for row in rows]


async def goes_to_older(person: Person) -> None:
    first = spoken_rows(person)[0]
    goes_up(person)
    await person.until(lambda: spoken_rows(person)[0] != first, "older ones")


async def goes_to_newer(person: Person) -> None:
    last = spoken_rows(person)[-1]
    person.panel.action_page(200)
    await person.until(lambda: person.panel.follow or spoken_rows(person)[-1] != last, "newer ones")


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """All is smaller: what is kept, the pages that are read, and how near one comes before."""
    monkeypatch.setattr(timeline_rows, "MAX_KEPT", 300)
    monkeypatch.setattr(older, "NEAR", 10)
    monkeypatch.setattr(message_source, "PAGE", 19)


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("filter_text", ["", "atlas"])
async def test_no_history_is_too_long_to_scroll_through(filter_text: str) -> None:
    """Up to its first message and back to the newest: what is far away is let go, and read again.

    No message is missing in between, or there twice; what is written meanwhile comes, too.
    """
    names = ("a1",) if filter_text else ("a1", "b2")
    told = [message(at // 2, f"number {at}.", ("a1", "b2")[at % 3 == 0]) for at in range(1200)]
    everything, written = told[:500], told[500:]
    happened = [
        LifecycleEvent(instance_id="a1", time_s=T + at + 0.25, text=f"step {at}")
        for at in range(0, 250, 25)
    ]
    history = PagedMessages(everything)
    async with panel(*everything, *happened, source=MessageSource(history.open), kept=31) as person:
        person.whole = True
        person.filters(filter_text)
        wanted = [message for message in told if message.instance_id in names]
        whole = [text for _, text in sorted(said_or_done(wanted, happened))]

        def loaded() -> list[str]:
            rows = spoken_rows(person)
            start = whole.index(rows[0])
            assert rows == whole[start : start + len(rows)]
            assert len(rows) < 400
            return rows

        while loaded()[0] != whole[0]:
            await goes_to_older(person)
        await person.press("g")
        await person.sees("step 0", "number 1.")
        assert person.panel.find_note == "goes on in what is newer"
        assert person.panel.export().note == "without what is newer"
        said = [text for text in loaded() if text.startswith("number")]
        assert person.title.split()[1] == f"{len(said)}+"
        history.messages += written
        for start in range(0, len(written), 25):
            person.happens(*written[start : start + 25], at=9000)
        new = sum(message in wanted for message in written)
        await person.until(lambda: f"  {new} new" in person.title, person.title)
        while loaded()[0] == whole[0]:
            await goes_to_newer(person)
        while loaded()[0] != whole[0]:
            await goes_to_older(person)
        while not person.panel.follow:
            await goes_to_newer(person)
            loaded()
        assert loaded()[-1] == whole[-1]
        await person.sees(whole[-1])
        assert "new" not in person.title
        person.happens(message(2000, "the latest."), at=9000)
        await person.sees("the latest.")


def said_or_done(
    messages: list[Message], happened: list[LifecycleEvent]
) -> list[tuple[tuple[float, int], str]]:
    said = [((m.time_s or 0.0, at), m.content or "") for at, m in enumerate(messages)]
    return [*said, *(((event.time_s or 0.0, 0), event.text) for event in happened)]


async def test_g_goes_to_the_first_message_of_all() -> None:
    """However many there are, without reading what is in between."""
    everything = numbered(0, 9000)
    history = PagedMessages(everything)
    async with panel(*everything, source=MessageSource(history.open), kept=300) as person:
        await person.sees("number 8999.")
        await person.press("g")
        await person.sees("number 0.", "number 1.")
        assert person.panel.cursor <= 1
        assert history.reads < 12
        assert person.panel.find_note == "goes on in what is newer"
        while not person.panel.follow:
            await goes_to_newer(person)
        await person.sees("number 8999.")
        assert spoken_rows(person) == [f"number {at}." for at in range(9000)]


async def test_keys_after_g_go_on_from_the_first_message() -> None:
    """However fast they are typed; but who goes to the newest then is there."""
    everything = numbered(0, 9000)
    async with panel(
        *everything, source=MessageSource(PagedMessages(everything).open), kept=300
    ) as person:
        person.panel.action_first()
        person.panel.action_move(1)
        await person.sees("number 0.")
        assert said(person) == "number 0."  # the first row is a day
        person.panel.action_last()
        await person.sees("number 8999.")
        person.panel.action_first()
        person.panel.action_last()
        await person.sees("number 8999.")
        person.happens(message(9000, "number 9000."))
        await person.sees("number 9000.")


@pytest.mark.parametrize("length", [10, 20_000])
async def test_what_is_read_pushes_out_nothing_that_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    """Page by page each message comes by, however few of that length are kept."""
    monkeypatch.setattr(timeline_rows, "MAX_KEPT", 700)
    monkeypatch.setattr(timeline_rows, "MAX_CHARACTERS", 100_000)
    monkeypatch.setattr(older, "NEAR", 30)
    everything = [message(at, f"number {at}.\n{'x' * length}") for at in range(3000)]
    async with panel(
        *everything, source=MessageSource(PagedMessages(everything).open), kept=50
    ) as person:
        await person.press("g")
        await person.sees("number 0.")
        for end, page in (("number 2999.", 1.0), ("number 0.", -1.0)):
            at = -1 if page > 0 else 3000
            while end not in person.text:
                person.panel.action_page(page)
                await asyncio.sleep(0)
                numbers = [int(n) for n in re.findall(r"number (\d+)\.", person.text)]
                first, last = numbers[0], numbers[-1]
                assert numbers == list(range(first, last + 1))
                assert first <= at + 1 if page > 0 else last >= at - 1
                at = last if page > 0 else first


async def test_g_goes_to_the_first_message_of_those_shown() -> None:
    """Also where the filter leaves out all that were before, and where few are left of many."""
    everything = [
        message(at, f"number {at}.", "b2" if at > 5000 and at % 100 == 0 else "a1")
        for at in range(9000)
    ]
    async with panel(
        *everything, source=MessageSource(PagedMessages(everything).open), kept=300
    ) as person:
        person.filters("probe")
        await person.sees("number 8900.")
        await person.press("g")
        await person.sees("number 5100.")
        assert spoken_rows(person) == [f"number {at}." for at in range(5100, 9000, 100)]


@pytest.mark.parametrize("changes", ["events", "filter"])
async def test_what_is_looked_at_stays_far_back(changes: str) -> None:
    """Whatever else is shown or hidden: it is read again, not all that came since."""
    everything = [message(at, f"number {at}.", ("a1", "b2")[at % 2]) for at in range(9000)]
    history = PagedMessages(everything)
    async with panel(*everything, source=MessageSource(history.open), kept=300) as person:
        for _ in range(6):
            await goes_to_older(person)
        chosen = person.panel.chosen
        assert chosen is not None
        assert (chosen.time_s or 0) < T + 6500
        history.reads = 0
        if changes == "events":
            await person.press("E")
        else:
            person.filters("name:atlas")
        await person.until(lambda: is_near(person, chosen), "what was there")
        assert history.reads < 12
        await person.until(lambda: len(spoken_rows(person)) > 300, "what was before it")
        assert "every message" not in person.text
        while not person.panel.follow:
            await goes_to_newer(person)
        rows = spoken_rows(person)
        assert rows[-1] == ("number 8999." if changes == "events" else "number 8998.")
        step = 1 if changes == "events" else 2
        first = int(rows[0].removeprefix("number ").removesuffix("."))
        assert rows == [f"number {at}." for at in range(first, 9000, step)]


def is_near(person: Person, entry: Entry) -> bool:
    """Whether the row under the cursor is an entry, or next to where that was."""
    time_s = person.panel.selected_time_s
    return time_s is not None and abs(time_s - (entry.time_s or 0)) <= 1


async def test_a_search_goes_on_in_what_is_not_loaded() -> None:
    """Towards the past and back; what is found is shown among what was said around it."""
    everything = numbered(0, 6000)
    for at, text in ((150, "first needle"), (3000, "second needle"), (5900, "third needle")):
        everything[at] = message(at, text)
    history = PagedMessages(everything)
    async with panel(*everything, source=MessageSource(history.open), kept=300) as person:
        person.panel.look_for("needle")
        await person.sees("third needle")
        assert person.panel.find_count == "1/1 goes on in what is older"
        for text, step in (("second", -1), ("first", -1), ("second", 1), ("third", 1)):
            await person.panel.action_find_next(step)
            await person.sees(f"{text} needle")
            await person.until(partial(is_amid, person, f"{text} needle"), text)
        history.reads = 0
        await person.panel.action_find_next(1)
        await person.until(lambda: said(person) is not None, "a match")
        assert history.reads == 0
        await person.press("G")
        person.panel.look_for("first needle")
        await person.panel.action_find_next(1)
        await person.until(partial(is_amid, person, "first needle"), "from the newest")
        person.panel.look_for("nowhere")
        await person.panel.action_find_next(-1)
        await person.until(lambda: history.reads > 9, "a search of all")
        await person.until(lambda: "searching" not in person.panel.find_count, "its end")
        assert person.panel.find_count.startswith("none ")


async def test_a_search_of_what_is_not_loaded_goes_on_while_more_is_said() -> None:
    """Who follows the newest finds what was said long ago; asking once more begins nothing anew."""
    everything = [*numbered(0, 4000), message(4000, "needle"), *numbered(4001, 9000)]
    history = PagedMessages(everything)
    async with panel(*everything, source=MessageSource(history.open), kept=300) as person:
        person.panel.look_for("needle")
        assert person.panel.follow
        await person.panel.action_find_next(-1)
        assert "searching" in person.panel.find_count
        for number in range(9000, 9010):
            person.happens(message(number, f"number {number}."))
            await person.panel.action_find_next(-1)
        assert "searching" in person.panel.find_count
        await person.until(partial(is_amid, person, "needle"), "what is sought")
        assert history.reads < 25
        assert "searching" not in person.panel.find_count


async def test_what_is_read_around_a_place_ends_no_search() -> None:
    """Rows that come above what is looked at move nobody, nor what is found far away."""
    everything = [message(0, "needle"), *numbered(1, 9000)]
    source = MessageSource(PagedMessages(everything).open)
    async with panel(*everything, source=source, kept=300) as person:
        person.panel.look_for("needle")
        goes_up(person)
        count = person.panel.count
        await person.panel.action_find_next(-1)
        await person.has_more_than(count)
        await person.until(lambda: said(person) == "needle", "what is sought")


async def test_a_search_of_what_is_not_loaded_ends_with_the_search() -> None:
    """Nobody waits for it who looks for something else, or for nothing."""
    everything = numbered(0, 30_000)
    history = PagedMessages(everything)
    async with panel(*everything, source=MessageSource(history.open), kept=300) as person:
        person.panel.look_for("nowhere")
        await person.panel.action_find_next(-1)
        await person.until(lambda: "searching" in person.panel.find_count, "a search")
        person.panel.look_for("")
        await person.until(lambda: not person.panel.find_count, "its end")
        reads = history.reads
        await person.press("up", "up", "down")
        assert history.reads <= reads + 2
        assert reads < 50


async def test_what_cannot_be_read_far_back_is_skipped() -> None:
    """The way to the first message and back ends, and says why something is missing."""
    everything = numbered(0, 3000)
    history = Gated(everything)
    async with panel(*everything, source=MessageSource(history.open), kept=300) as person:
        await person.press("g")
        await person.sees("number 0.")
        history.is_broken = True
        for _ in range(100):
            person.panel.action_page(200)
            await person.press("down")
            if person.panel.follow:
                break
        await person.sees("number 2999.", "cannot read older messages")


async def test_an_earlier_moment_holds_nothing_that_was_said_later() -> None:
    """Also where a file is out of order, so that pages before that moment hold some of it."""
    history = Unordered(numbered(0, 40))
    async with panel(*numbered(20, 30), source=MessageSource(history.open), kept=5) as person:
        person.panel.view = None
        state = person.model.state(T + 29)
        shown = state.instances
        person.panel.view = View(state, Narrowing(), shown, state.usage, moment_s=T + 29)
        await person.sees("number 15.")
        await person.press("g")
        await person.sees("number 0.")
        assert spoken_rows(person) == [f"number {at}." for at in range(30)]


class Unordered(PagedMessages):
    """Holds that all was said before any time that it is asked for."""

    def start_before(self, time_s: float) -> None:
        del time_s
        self._left = list(self.messages)


class Gated(PagedMessages):
    """Can be read until something breaks."""

    is_broken = False

    def older(self, count: int, *, since_s: float | None = None) -> list[Message]:
        if self.is_broken:
            raise PermissionError(13, "Permission denied")
        return super().older(count, since_s=since_s)


def is_amid(person: Person, text: str) -> bool:
    """Whether the cursor is on a text, with others above and below it."""
    panel = person.panel
    line = panel.cursor - panel.scroll_offset.y
    return said(person) == text and 5 < line < 15


def said(person: Person) -> str | None:
    chosen = person.panel.chosen
    return chosen.content if isinstance(chosen, Message) else None


async def test_the_other_half_is_a_key_away_also_if_it_is_not_loaded() -> None:
    """The request that was answered long after, and from there its reply; others stay."""
    asked = msgspec.structs.replace(message(10, "the question"), message_id="it")
    told = msgspec.structs.replace(message(8990, "the answer", reply=True), message_id="it")
    everything = [*numbered(0, 10), asked, *numbered(11, 8990), told, *numbered(8991, 9000)]
    source = MessageSource(PagedMessages(everything).open)
    async with panel(*everything, source=source, kept=300) as person:
        person.panel.action_move(-9)
        assert said(person) == "re: the answer"
        await person.press("p")
        await person.is_told("its request is not loaded")
        await person.until(lambda: said(person) == "the question", "the request")
        await person.press("p")
        await person.until(lambda: said(person) == "re: the answer", "the reply")


async def test_the_other_half_is_looked_for_where_it_can_be_while_somebody_waits() -> None:
    """Among the messages of its instance, and no longer than the cursor stays."""
    lone = msgspec.structs.replace(message(30_000, "the answer", reply=True), message_id="it")
    everything = [*numbered(0, 30_000), lone]
    history = Slow(everything)
    async with panel(*everything, source=MessageSource(history.open), kept=300) as person:
        person.panel.action_move(0)
        history.goes_on.clear()
        await person.press("p")
        await person.is_told("its request is not loaded")
        await person.until(lambda: history.opened == [["a1"]], "a search")
        await person.press("up")
        history.goes_on.set()
        await person.until(lambda: not person.panel.workers, "its end")
        assert history.reads < 5


async def test_it_is_told_that_there_is_no_other_half() -> None:
    """Whoever waits for a request or a reply that is nowhere is told once all has been read."""
    lone = msgspec.structs.replace(message(2000, "the answer", reply=True), message_id="it")
    everything = [*numbered(0, 2000), lone]
    source = MessageSource(PagedMessages(everything).open)
    async with panel(*everything, source=source, kept=300) as person:
        person.panel.action_move(0)
        await person.press("p")
        await person.is_told("its request is not loaded")
        await person.is_told("its request is not among the messages")


async def test_a_search_ends_with_who_moves_on() -> None:
    """What is not loaded is not read for nobody."""
    everything = numbered(0, 30_000)
    history = Slow(everything)
    async with panel(*everything, source=MessageSource(history.open), kept=300) as person:
        person.panel.look_for("nowhere")
        history.goes_on.clear()
        await person.panel.action_find_next(-1)
        await person.until(lambda: bool(history.opened), "a search")
        await person.press("up")
        history.goes_on.set()
        await person.until(lambda: "searching" not in person.panel.find_count, "its end")
        assert history.reads < 5


class Slow(PagedMessages):
    """Begins to be read when it may go on; notes whose messages were asked for."""

    def __init__(self, messages: list[Message]) -> None:
        super().__init__(messages)
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.opened: list[Collection[str] | None] = []

    def open(self, instance_ids: Collection[str] | None) -> Self:
        self.opened.append(instance_ids)
        return super().open(instance_ids)

    def older(self, count: int, *, since_s: float | None = None) -> list[Message]:
        self.goes_on.wait(TIMEOUT_S)
        return super().older(count, since_s=since_s)


async def test_the_newest_is_a_key_away_from_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key G goes there also if it was let go; the cursor goes where it went."""
    monkeypatch.setattr(timeline_rows, "MAX_KEPT", 1000)
    everything = numbered(0, 4000)
    source = MessageSource(PagedMessages(everything).open)
    async with panel(*everything, source=source, kept=300) as person:
        while "newer" not in person.panel.find_note:
            await goes_to_older(person)
        assert person.panel.find_note == "goes on in what is older and newer"
        await person.press("down")
        assert person.panel.chosen is not None
        assert person.panel.beside(person.panel.chosen).alone == "its reply is not loaded"
        await person.press("G")
        await person.sees("number 3999.")
        assert person.panel.follow
        assert person.panel.find_note == "goes on in what is older"
        person.happens(message(4000, "number 4000."))
        await person.sees("number 4000.")


async def test_what_is_not_loaded_is_said() -> None:
    """Count, search and export of the newest messages do not pass for all there are.

    An export has older events in it, and says from when on no message is missing.
    """
    everything = numbered(0, 400)
    source = MessageSource(PagedMessages(everything).open)
    async with panel(*everything[-300:], source=source) as person:
        await person.sees("number 399.")
        assert person.panel.view is not None
        person.panel.view = msgspec.structs.replace(person.panel.view, unread="reading history")
        await person.press("G")
        assert str(person.panel.border_title) == "Timeline 300+"
        assert person.panel.find_note == "goes on in what is older"
        assert person.panel.export().note == (
            "complete from 2026-11-23 12:01:40 on: scroll up to load what is older"
        )
        await person.press("g")
        await person.has_more_than(399)
        await person.press("g")
        await person.sees("number 0.")
        await person.until(lambda: person.title == "Timeline 400", "all of them")
        assert person.panel.find_note == person.panel.export().note == ""


async def test_no_problem_is_one_of_what_is_loaded() -> None:
    """Whoever looks for one is told where there may be more."""
    everything = [message(at, f"number {at}.", reply=True) for at in range(400)]
    source = MessageSource(PagedMessages(everything).open)
    async with panel(*everything, source=source, kept=300) as person:
        await person.sees("number 399.")
        person.panel.action_problem()
        older_ones = "without what is older: scroll up to load it"
        await person.is_told(f"no problems in the loaded rows, {older_ones}")


async def test_nothing_older_is_read_of_a_whole_tree() -> None:
    """Where the state is of the whole tree and let nothing go, there is nothing older."""
    everything = numbered(0, 300)
    history = PagedMessages(everything)
    async with panel(*everything, source=MessageSource(history.open)) as person:
        assert person.panel.view is not None
        person.panel.view = msgspec.structs.replace(person.panel.view, is_whole=True)
        await person.press("g")
        await person.sees("number 0.")
        assert str(person.panel.border_title) == "Timeline 300"
        assert history.reads == 0


async def test_older_messages_of_the_filtered_instances_only() -> None:
    """With a filter that leaves little, older messages of those instances fill the panel."""
    everything = [message(at, f"number {at}.", "b2" if at % 50 == 0 else "a1") for at in range(600)]
    source = MessageSource(PagedMessages(everything).open)
    async with panel(*everything[-100:], source=source) as person:
        await person.sees("number 599.")
        person.filters("probe")
        await person.sees("number 0.", "number 550.")
        await person.misses("atlas")
        assert "Timeline 12" in person.title


async def test_unreadable_history_is_told_once() -> None:
    """A file that cannot be read leaves what is there, and says so."""

    class Broken(PagedMessages):
        def older(self, count: int, *, since_s: float | None = None) -> list[Message]:
            self.reads += 1
            raise PermissionError(13, "Permission denied", "communication.jsonl")

    history = Broken([])
    async with panel(*numbered(0, 5), source=MessageSource(history.open)) as person:
        await person.sees("number 4.", "cannot read older messages")
        person.happens(*numbered(5, 6))
        await person.sees("number 5.")
        assert history.reads == 1


async def test_find_and_copy_know_the_whole_text() -> None:
    """Rows are found by text that is not on the line, and copied whole."""
    long = message(1, "first\n" + "filler " * 60 + "needle")
    async with panel(message(0, "nothing"), long) as person:
        await person.sees("first ↵ filler")
        assert "needle" not in person.text
        assert list(person.panel.find_rows("needle")) == [2]
        person.panel.look_for("needle")
        assert marked(person.panel, 2) == "…"
        await person.sees("open 59m")
        person.panel.look_for("first")
        assert marked(person.panel, 2) == "first"
        assert person.panel.copy_text().endswith("needle")


async def test_hostile_text_stays_on_its_line() -> None:
    """Markup, wide characters and many newlines neither style nor break the list."""
    nasty = ["[red]bold[/red]", "日本語" * 60, "\n" * 50 + "end", "[/]", ""]
    async with panel(
        *(message(at, text) for at, text in enumerate(nasty)), size=(60, 12)
    ) as person:
        await person.sees("[red]bold[/red]", "日本語", "end", "[/]")
        assert "12:00:04" in person.lines[5]


@pytest.mark.parametrize("size", [(1, 1), (5, 2), (20, 3)])
async def test_no_size_is_too_small(size: tuple[int, int]) -> None:
    """The smallest terminal shows what fits."""
    async with panel(*EXCHANGE, size=size) as person:
        await person.press("g", "j", "p", "E", "G")
        assert person.panel.count > 0


async def test_a_name_and_an_id_are_found_and_marked() -> None:
    """What a row shows besides its text is found, counted, and marked; ids at the row's end."""
    spoken = [message(0, "m-1"), message(1, "m-1", reply=True), message(2, "m-2", "b2")]
    async with panel(*spoken) as person:
        await person.sees("re: m-1")
        person.panel.look_for("probe")
        assert list(person.panel.found.rows) == [3]
        style = person.panel.cell_style("hit-here").bgcolor
        strip = person.panel.render_line(3)
        marked = "".join(s.text for s in strip if s.style and s.style.bgcolor == style)
        assert marked == "probe"
        person.panel.look_for("message_received")
        assert list(person.panel.found.rows) == [2]
        await person.sees("$0.0123›")


@pytest.mark.parametrize("reply", [False, True])
async def test_a_cut_name_is_marked_where_it_is_cut(reply: bool) -> None:
    """What is cut from a name is marked in its middle, and what is cut from a text at its end."""
    name = "reviewer-of-ledgers-and-books-17"
    said = message(1, "filler " * 60 + "needle", name, reply=reply)
    async with panel(message(0, "nothing"), said, size=(100, 12)) as person:
        await person.sees("filler")
        for wanted, mark in (("books", "…"), ("s-17", "s-17"), ("needle", "…")):
            person.panel.look_for(wanted)
            assert marked(person.panel, 2).startswith(mark), wanted


async def test_the_timeline_is_exported_as_values() -> None:
    """What `x` writes has whole texts and numbers, not the lines that fit on the screen."""
    long = message(2, "first\n" + "filler " * 60 + "end", reply=True)
    happened = LifecycleEvent(instance_id="a1", time_s=T + 1, text="Instance created")
    async with panel(message(0, "m-1"), happened, long) as person:
        await person.sees("first")
        exported = person.panel.export()
        rows = [dict(zip(exported.columns, row, strict=True)) for row in exported.rows]
        assert [row["event_type"] for row in rows] == ["message_sent", "event", "message_received"]
        assert [row["instance_name"] for row in rows] == ["atlas"] * 3
        assert rows[1]["text"] == "Instance created"
        assert str(rows[2]["text"]).endswith("filler end")
        told = {key: rows[2][key] for key in ("response_time_s", "tokens", "cost_usd", "direction")}
        assert told == {
            "response_time_s": 2.5,
            "tokens": 1234,
            "cost_usd": 0.0123,
            "direction": "inbound",
        }
        assert str(rows[0]["time"]).startswith("2026-11-23T12:00:00")
        before = person.panel.export()
        person.happens(failure(3, "m-1"))
        assert len(tuple(before.rows)) == 3
        *_, failed = person.panel.export().rows
        assert failed[3:6] == ("error", None, "m-1")
