"""A message and its other half, whole."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from msgspec.structs import replace
from textual.app import App
from textual.pilot import Pilot

from keyboard import KEYS
from logging_core.analyse.state import TimelineEvent
from logging_core.anomalies import AnomalyKind
from logging_core.records import AuditEvent, Message
from madrox_tui import format as fmt
from madrox_tui.colours.themes import THEMES
from madrox_tui.events.halves import event_entry
from madrox_tui.panels.timeline.entries import entry_text
from madrox_tui.panels.timeline.message_half import MAX_JSON_CHARS, pretty
from madrox_tui.panels.timeline.message_screen import MessageScreen
from madrox_tui.panels.timeline.message_source import Written
from madrox_tui.widgets.text_view import TextView

REQUEST = Message(
    instance_id="a1",
    time_s=1_795_435_200.0,
    direction="outbound",
    content='{"task": "draw", "steps": [1, 2]}',
    message_id="m-1",
)
REPLY = Message(
    instance_id="a1",
    time_s=1_795_435_210.0,
    direction="inbound",
    content="drawn\nand signed\n",
    message_id="m-1",
    tokens=1200,
    cost_usd=0.5,
    response_time_s=10.0,
)


class ScreenApp(App[None]):
    def __init__(self, screen: MessageScreen) -> None:
        super().__init__()
        self.first = screen
        self.copied = ""

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(THEMES[0].variables)

    def on_mount(self) -> None:
        self.push_screen(self.first)

    def copy_to_clipboard(self, text: str) -> None:
        self.copied = text

    @property
    def lines(self) -> list[str]:
        return [strip.text for strip in self.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@asynccontextmanager
async def opened(
    screen: MessageScreen, *, width: int = 140
) -> AsyncIterator[tuple[ScreenApp, Pilot[None]]]:
    app = ScreenApp(screen)
    async with app.run_test(size=(width, 40), notifications=True) as pilot:
        await pilot.pause()
        yield app, pilot


def row_of(app: ScreenApp, text: str) -> int:
    return next((i for i, line in enumerate(app.lines) if text in line), -1)


@pytest.mark.asyncio
@pytest.mark.parametrize("width", [140, 80])
async def test_both_halves_are_shown(width: int) -> None:
    """Side by side, the request first, below each other where it is narrow; with all facts."""
    async with opened(MessageScreen(REPLY, "atlas", KEYS, other=REQUEST), width=width) as (app, _):
        request, reply = row_of(app, "→ to atlas"), row_of(app, "← from atlas")
        assert request >= 0
        assert request == reply if width == 140 else request < reply
        for fact in ("m-1", "took 10.0s", "1.2k tok", "$0.50", "and signed", '"steps": ['):
            assert fact in app.text


@pytest.mark.asyncio
async def test_the_halves_are_a_key_apart() -> None:
    """What was opened has the focus; p goes to the other half, y copies the one that has it."""
    async with opened(MessageScreen(REPLY, "atlas", KEYS, other=REQUEST)) as (app, pilot):
        await pilot.press("y")
        assert app.copied == "drawn\nand signed"
        await pilot.press("p", "y")
        assert app.copied == REQUEST.content
        await pilot.press("p", "y")
        assert app.copied == "drawn\nand signed"


@pytest.mark.asyncio
async def test_y_copies_what_is_selected_of_a_message() -> None:
    """Else all of it: a part is what one has dragged over in the half that has the focus."""
    async with opened(MessageScreen(REPLY, "atlas", KEYS, other=REQUEST)) as (app, pilot):
        text = app.screen.query(TextView).last()
        await pilot.mouse_down(text, offset=(0, 0))
        await pilot.hover(text, offset=(4, 0))
        await pilot.mouse_up(text, offset=(4, 0))
        await pilot.press("y")
        assert app.copied == "drawn"
        await pilot.click(text, offset=(1, 1))
        await pilot.press("y")
        assert app.copied == "drawn\nand signed"


@pytest.mark.asyncio
@pytest.mark.parametrize("width", [200, 140, 80, 30])
async def test_a_long_name_leaves_the_clock_in_the_title(width: int) -> None:
    """Of a name that is too long, beginning and end stay, and behind it the time is read."""
    clock = fmt.clock(REPLY.time_s)
    screen = MessageScreen(REPLY, f"worker-{'a' * 300}-0007", KEYS, other=REQUEST)
    async with opened(screen, width=width) as (app, pilot):
        assert re.search(rf"← from [^ ]+…[^ ]+  {clock} ", app.text)
        assert re.search(rf"→ to [^ ]+…[^ ]+  {fmt.clock(REQUEST.time_s)} ", app.text)
        await pilot.resize_terminal(64, 40)
        await pilot.pause()
        assert re.search(rf"← from worker-a+…0007  {clock} ", app.text)


@pytest.mark.asyncio
async def test_on_a_narrow_terminal_the_texts_get_the_room() -> None:
    """Below each other, ids that both halves share are said once; side by side, in both."""
    message_id = "3065654a-59de-48ae-a7a0-7439e4bb0c4c"
    halves = (replace(half, message_id=message_id) for half in (REPLY, REQUEST))
    reply, request = halves
    async with opened(MessageScreen(reply, "atlas", KEYS, other=request)) as (app, pilot):
        assert app.text.count(message_id) == app.text.count("instance atlas  a1") == 2
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert app.text.count(message_id) == app.text.count("instance atlas  a1") == 1
        assert row_of(app, message_id) < row_of(app, "← from")
        assert app.text.count("Esc closes") == 2  # both frames end on the screen
    other = replace(request, instance_id="b2")
    async with opened(MessageScreen(reply, "atlas", KEYS, other=other), width=80) as (app, _):
        assert "instance atlas  a1" in app.text
        assert "instance b2" in app.text


@pytest.mark.asyncio
async def test_who_took_part_is_said_by_name() -> None:
    """The instance and who is at the other end; their ids follow, as far as there is room."""
    whole = "986e86cb-0ab8-4b67-a26b-7f62b1852f27"
    message = replace(REPLY, parent_id=whole)
    screen = MessageScreen(message, "atlas", KEYS, names={whole: "lead", "a1": "atlas"})
    async with opened(screen) as (app, pilot):
        assert "instance atlas  a1 " in app.text
        assert f"parent   lead  {whole}" in app.text
        await pilot.resize_terminal(40, 24)
        await pilot.pause()
        assert "parent   lead  986e86cb" in app.text
        assert app.text.count("f62b1852f27") == 0


@pytest.mark.asyncio
async def test_the_border_says_what_the_keys_do() -> None:
    """Those that can do something here, as many as fit."""
    screen = MessageScreen(REPLY, "atlas", KEYS, other=REQUEST, lines=Lines())
    async with opened(screen) as (app, pilot):
        assert app.text.count("Esc closes · y copies · p other half · b bytes") == 2
        await pilot.resize_terminal(46, 24)
        await pilot.pause()
        assert app.text.count("Esc closes · y copies · p other half ─") == 2
        await pilot.resize_terminal(30, 24)
        await pilot.pause()
        assert app.text.count("Esc closes · y copies ─") == 2
    async with opened(MessageScreen(REPLY, "atlas", KEYS)) as (app, _):
        assert "y copies ─" in app.text


@pytest.mark.asyncio
async def test_an_id_for_a_name_is_short_in_the_title() -> None:
    """Who has no name is called by both ends of the id, and the facts have the whole of it."""
    whole = "986e86cb-0ab8-4b67-a26b-7f62b1852f27"
    screen = MessageScreen(replace(REPLY, instance_id=whole), whole, KEYS)
    async with opened(screen) as (app, _):
        assert re.search(r"← from 986e86cb[^ ]*…[^ ]*2f27  ", app.text)
        assert f"instance {whole}" in app.text


@pytest.mark.asyncio
async def test_a_message_alone_says_why() -> None:
    """Without another half there is one frame that says what is known of it, and so does p."""
    for alone in ("no reply by 14:05:00: ◷ open 6m", "no reply"):
        async with opened(MessageScreen(REQUEST, "atlas", KEYS, alone=alone)) as (app, pilot):
            assert app.text.count(alone) == 1
            assert row_of(app, "← from") == -1
            await pilot.press("p")
            await pilot.pause()
            assert app.text.count(alone) == 2
    event = TimelineEvent("a1", REPLY.time_s, "agent process exited", is_error=True)
    alone = "an event has no other half"
    async with opened(MessageScreen(event, "atlas", KEYS, alone=alone)) as (app, pilot):
        assert alone not in app.text
        await pilot.press("p")
        await pilot.pause()
        assert alone in app.text


@pytest.mark.asyncio
async def test_a_failed_request_is_shown_beside_its_failure() -> None:
    """Whichever of the two was opened, the request stands first."""
    failure = TimelineEvent(
        "a1", REPLY.time_s, "TimeoutError: no reply", is_error=True, message_id="m-1"
    )
    for entry, other in ((failure, REQUEST), (REQUEST, failure)):
        async with opened(MessageScreen(entry, "atlas", KEYS, other=other)) as (app, _):
            assert row_of(app, "→ to atlas") == row_of(app, "✗ atlas") >= 0
            line = app.lines[row_of(app, "→ to atlas")]
            assert line.index("→ to") < line.index("✗ atlas")
            assert "TimeoutError: no reply" in app.text
            assert app.text.count("message  m-1") == 2


class Lines:
    """The lines of the messages above, of which one is garbled and has a key twice."""

    LINE = b'{"message_id": "m-1", "content": "caf\xe9", "content": "drawn"}'

    async def line(self, message: Message) -> Written | None:
        if message.direction == "inbound":
            return Written(self.LINE, ("content",))
        return None

    async def told(self, error: TimelineEvent) -> TimelineEvent | None:
        return TimelineEvent("", error.time_s, 'tool_failed\n{\n  "exit_code": 137\n}')


@pytest.mark.fault("R04", "R12")
@pytest.mark.asyncio
async def test_what_is_odd_is_said_and_the_bytes_are_a_key_away() -> None:
    """What the record knows, and what only its line shows; b shows that in hex, and text again."""
    odd = msgspec.structs.replace(REPLY, suspect=("tokens", AnomalyKind.LOSSY, AnomalyKind.TORN))
    screen = MessageScreen(odd, "atlas", KEYS, other=REQUEST, lines=Lines())
    async with opened(screen, width=200) as (app, pilot):
        said = "suspect: tokens, not all UTF-8, cut off, content twice  b shows its bytes"
        while said not in app.text:
            await pilot.pause()
        await pilot.press("b")
        await pilot.pause()
        assert "66 e9 22" in app.text
        assert "000020  " in app.text
        assert 'caf."' in app.text
        await pilot.press("y")
        assert app.copied == "drawn\nand signed"
        await pilot.press("b")
        await pilot.pause()
        assert "and signed" in app.text
        assert "66 e9 22" not in app.text
        await pilot.press("p", "b")
        await pilot.pause()
        assert "its line is not found" in app.text


@pytest.mark.asyncio
async def test_no_row_of_bytes_is_wrapped() -> None:
    """Beside the other half there are fewer bytes in a row; as many as fit where there is room."""
    screen = MessageScreen(REPLY, "atlas", KEYS, other=REQUEST, lines=Lines())
    async with opened(screen, width=160) as (app, pilot):
        while screen._first._written is None:
            await pilot.pause()
        await pilot.press("b")
        await pilot.pause()
        assert len([line for line in app.lines if re.search(r"0000[0-9a-f]{2}  ", line)]) == 8
        await pilot.resize_terminal(90, 40)  # one below the other
        await pilot.pause()
        assert len([line for line in app.lines if re.search(r"0000[0-9a-f]{2}  ", line)]) == 4


@pytest.mark.fault("R12")
@pytest.mark.asyncio
async def test_an_event_says_what_is_odd_about_it() -> None:
    """As a message does."""
    event = AuditEvent(instance_id="a1", event_type="x", suspect=("cost", AnomalyKind.REPEATED))
    async with opened(MessageScreen(event_entry(event), "atlas", KEYS)) as (app, _):
        assert "suspect: cost, a key twice" in app.text


@pytest.mark.asyncio
async def test_an_error_is_shown_whole() -> None:
    """What happened between messages opens as a message does."""
    event = TimelineEvent("", 1_795_435_200.0, "disk full\nTraceback …", is_error=True)
    async with opened(MessageScreen(event, "fleet", KEYS)) as (app, pilot):
        assert "✗ fleet" in app.text
        assert "Traceback" in app.text
        await pilot.press("escape")
        await pilot.pause()
        assert not isinstance(app.screen, MessageScreen)


@pytest.mark.asyncio
async def test_all_that_the_audit_trail_says_of_an_error_is_shown() -> None:
    """Below its text, once it is found; y copies both."""
    event = TimelineEvent("", 1_795_435_200.0, "disk full\nTraceback …", is_error=True)
    async with opened(MessageScreen(event, "fleet", KEYS, lines=Lines())) as (app, pilot):
        while '"exit_code": 137' not in app.text:
            await pilot.pause()
        assert row_of(app, "Traceback") < row_of(app, "tool_failed")
        await pilot.press("y")
        assert app.copied.startswith("disk full")
        assert '"exit_code": 137' in app.copied


@pytest.mark.asyncio
async def test_content_that_is_no_text_is_shown_as_json() -> None:
    """What a writer passes as an object is neither blank nor left out."""
    message = msgspec.structs.replace(REQUEST, content=None, extra={"content": {"task": ["é"]}})
    assert entry_text(message) == '{"task": ["é"]}'
    async with opened(MessageScreen(message, "atlas", KEYS)) as (app, _):
        assert '"task": [' in app.text
        assert "(no text)" not in app.text


@pytest.mark.asyncio
async def test_a_long_text_scrolls() -> None:
    """What does not fit is reached with the keys of every list."""
    long = Message(instance_id="a1", content="\n".join(f"line {n}." for n in range(500)))
    async with opened(MessageScreen(long, "atlas", KEYS)) as (app, pilot):
        assert "line 0." in app.text
        assert "line 499." not in app.text
        await pilot.press("G")
        await pilot.pause()
        assert "line 499." in app.text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            '{"a":1.0,"b":12345678901234567890123}',
            '{\n  "a": 1.0,\n  "b": 12345678901234567890123\n}',
        ),
        (' ["x"]\n', '[\n  "x"\n]'),
        ('{"a": "\\u001b[31m"}', '{\n  "a": "\\u001b[31m"\n}'),
        ('{"a": ', '{"a": '),
        ("[not json]", "[not json]"),
        ("12", "12"),
        (
            '{"a":[NaN,-Infinity],"b":"NaN"}',
            '{\n  "a": [\n    NaN,\n    -Infinity\n  ],\n  "b": "NaN"\n}',
        ),
        ('{"a":["~NaN",NaN]}', '{\n  "a": [\n    "~NaN",\n    NaN\n  ]\n}'),
        (
            'so:\n```json\n{"a":1}\n```\nor\n```\n{"a":1}\n```',
            'so:\n```json\n{\n  "a": 1\n}\n```\nor\n```\n{"a":1}\n```',
        ),
        ('```json\n{"a":\n```', '```json\n{"a":\n```'),
        ("", ""),
    ],
)
def test_json_is_indented_and_nothing_else_is_touched(text: str, shown: str) -> None:
    """Numbers and escapes stay as written; what is no JSON stays as it is."""
    assert pretty(text) == shown


def test_json_of_any_depth_or_size_is_shown() -> None:
    """Neither a deeply nested nor a huge text is more than text."""
    assert pretty("[" * 100_000) == "[" * 100_000
    huge = "[" + "1," * MAX_JSON_CHARS + "1]"
    assert pretty(huge) == huge
