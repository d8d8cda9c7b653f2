"""A message dialog that is open while the other half comes."""

from __future__ import annotations

import pytest
from textual.widget import AwaitMount

from builders import TreeBuilder
from driver import Driver, run_app
from madrox_tui.panels.timeline.message_screen import MessageScreen
from madrox_tui.panels.timeline.panel import TimelinePanel
from madrox_tui.widgets.text_view import TextView

pytestmark = pytest.mark.asyncio

NOW_S = TreeBuilder.epoch(600)
LONG = "\n".join(f"step {n}." for n in range(200))


def asked(tree: TreeBuilder, text: str = "draw a plan") -> None:
    """A request without a reply."""
    tree.spawn("a1", "atlas", at=0)
    tree.send("a1", "m-1", text, at=60)


def views(person: Driver) -> list[TextView]:
    return list(person.app.screen.query(TextView))


@pytest.mark.parametrize("size", [(140, 40), (80, 24)])
async def test_a_reply_that_comes_is_shown_beside_its_request(
    tree: TreeBuilder, size: tuple[int, int]
) -> None:
    """The dialog of an open request gets its reply, and no longer says that there is none."""
    asked(tree)
    async with run_app(tree.root, now_s=NOW_S, size=size) as person:
        await person.sees("● live")
        await person.press("3", "G", "enter")
        await person.sees("no reply by", "◷ open 9m")
        tree.receive("a1", "m-1", "the plan is drawn", at=599, response_time=539.0)
        await person.sees("← from atlas", "the plan is drawn", "took 8m59s", "p other half")
        assert "no reply" not in person.text
        await person.press("p")
        assert views(person)[1].has_focus
        await person.press("escape")
        assert not isinstance(person.app.screen, MessageScreen)


async def test_what_is_read_stays_where_it_is_when_the_reply_comes(tree: TreeBuilder) -> None:
    """Focus and scroll position are those of before; a request that failed is told of, too."""
    asked(tree, LONG)
    async with run_app(tree.root, now_s=NOW_S, size=(140, 40)) as person:
        await person.sees("● live")
        await person.press("3", "G", "enter")
        await person.sees("→ to atlas", "step 0.")
        await person.press("pagedown")
        await person.misses("step 0.")
        (request,) = views(person)
        top = request.scroll_offset.y
        tree.audit("request_failed", "a1", {"message_id": "m-1", "error": "timed out"}, at=599)
        await person.sees("✗ atlas", "timed out")
        assert views(person)[0] is request
        assert request.has_focus
        assert request.scroll_offset.y == top > 0


async def test_another_message_is_no_other_half(tree: TreeBuilder) -> None:
    """What comes meanwhile and belongs to another request changes nothing."""
    asked(tree)
    async with run_app(tree.root, now_s=NOW_S) as person:
        await person.sees("● live")
        await person.press("3", "G", "enter")
        await person.sees("no reply by")
        tree.send("a1", "m-2", "and another", at=590)
        timeline = person.app.screen_stack[0].query_one(TimelinePanel)
        await person.until(lambda: len(timeline.find_rows("another")) == 1, "it is read")
        assert len(views(person)) == 1
        assert "no reply by" in person.text


async def test_a_reply_may_come_while_the_dialog_opens(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the timeline gets to know before there is a place for it is shown there, too."""
    asked(tree)
    async with run_app(tree.root, now_s=NOW_S, size=(140, 40)) as person:
        await person.sees("● live")
        main = person.app._main
        before = main.view
        tree.receive("a1", "m-1", "the plan is drawn", at=599, response_time=539.0)
        await person.sees("the plan is drawn")
        await person.press("space")
        after, main.view = main.view, before
        push = person.app.push_screen

        def push_late(screen: MessageScreen, then: None) -> AwaitMount:
            person.app.call_later(setattr, main, "view", after)
            return push(screen, then)

        monkeypatch.setattr(person.app, "push_screen", push_late)
        await person.press("3", "G", "enter")
        await person.sees("← from atlas", "took 8m59s", "p other half")
