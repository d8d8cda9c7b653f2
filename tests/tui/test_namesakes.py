"""Instances that have one name, as a person tells them apart."""

from __future__ import annotations

import pytest

from builders import TreeBuilder
from driver import run_app
from fleets import instance, view
from logging_core.analyse.state import FleetState, State
from logging_core.read.disk import DiskUse, FileSize
from logging_core.records import Message
from madrox_tui.cli import main
from madrox_tui.events.event_list import EventList
from madrox_tui.events.export import EXPORTED
from madrox_tui.health.disk import DiskLooks
from madrox_tui.health.report import health_lines
from madrox_tui.names import names_of, told_apart
from madrox_tui.panels.instances.alarm import call

NOW_S = TreeBuilder.epoch(600)


def test_a_name_of_several_ends_as_their_ids_do() -> None:
    """As much of the end of the id is added as differs, and nothing to a name of only one."""
    labels = {"5f-aaaa1111": "worker", "6e-bbbb2222": "worker", "c3": "lead", "d4": "lead"}
    assert list(told_apart({**labels, "e5": "probe"}).values()) == [
        "worker#1111",
        "worker#2222",
        "lead#c3",
        "lead#d4",
        "probe",
    ]
    assert list(told_apart({"a-worker": "w", "b-worker": "w"}).values()) == [
        "w#a-worker",
        "w#b-worker",
    ]


def test_names_need_the_room_of_what_is_added() -> None:
    """A column is as wide as the longest name is then."""
    fleet = [instance("5f-aaaa1111", "worker"), instance("6e-bbbb2222", "worker")]
    assert view(fleet[:1]).name_width == len("worker")
    assert view(fleet).name_width == len("worker#1111")


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_every_panel_tells_them_apart(tree: TreeBuilder, size: tuple[int, int]) -> None:
    """Whom a row or the pane is about is clear, whatever their ids begin with."""
    for place, end in enumerate(("1111", "2222")):
        who = f"0b9f3c1e-{end}"
        tree.spawn(who, "worker", role="general", at=place)
        tree.send(who, f"m-{end}", f"ask {end}", at=60 + place)
        tree.receive(who, f"m-{end}", f"done {end}", at=70 + place, tokens=9, cost=0.5)
        tree.frame(who, f"pane {end}", at=80)
    async with run_app(tree.root, now_s=NOW_S, size=size) as person:
        await person.sees("● live")
        for key, panel in (("1", "instances"), ("3", "timeline"), ("4", "audit")):
            await person.press(key)
            for name in ("worker#1111", "worker#2222"):
                await person.until(lambda p=panel, n=name: n in person.panel(p), f"{panel} {name}")  # type: ignore[misc]
        await person.press("1", "g", "2")
        await person.sees("Pane  worker#")
        await person.press("3", "enter")
        await person.sees("← from worker#2222")
        await person.press("escape", "4", "enter")
        await person.sees("─ worker#1111 · 2026-11-23 ─")
        await person.press("x")
        await person.sees("Export events")
        events = person.app.screen_stack[-2].query_one(EventList)
        rows = [dict(zip(EXPORTED, row, strict=True)) for row in events.export().rows]
        assert {row["instance_name"] for row in rows} == {"worker"}


NAMESAKES = [
    instance("5f-aaaa1111", "worker", State.WAITING, reason="Go on? [y/N]"),
    instance("6e-bbbb2222", "worker", State.STUCK),
]


def test_whoever_is_called_knows_which_of_them() -> None:
    """What calls a person says the name that the panels have."""
    names = names_of(NAMESAKES)
    assert call(NAMESAKES[:1], names) == "worker#1111 waits: Go on? [y/N]"
    assert call(NAMESAKES, names) == "2 instances need you: worker#1111, worker#2222"


def test_the_health_report_tells_them_apart() -> None:
    """Whose messages are odd and whose files grow is clear."""
    odd = (Message(instance_id="6e-bbbb2222", event_type="message_sent", time_s=1.0),)
    state = FleetState(at_s=10.0, instances=tuple(NAMESAKES), messages=odd)
    looks = DiskLooks()
    for at_s, size in ((0.0, 1_000), (60.0, 9_000)):
        path = "instances/5f-aaaa1111/communication.jsonl"
        looks = looks.then(DiskUse(at_s=at_s, files={(1, 1): FileSize(path, size)}))
    lines = health_lines(state, looks, 100)
    text = "\n".join("".join(part for part, _ in line) for line in lines)
    assert "message without an id  worker#2222" in text
    assert "worker#1111: communication.jsonl" in text


@pytest.mark.parametrize("filter_text", ["", "id:2222"])
def test_the_plain_report_tells_them_apart(
    tree: TreeBuilder, capsys: pytest.CaptureFixture[str], filter_text: str
) -> None:
    """Also where a filter leaves only one of them: the name is that of the screen."""
    tree.spawn("5f-aaaa1111", "worker", at=0)
    tree.spawn("6e-bbbb2222", "worker", at=1)
    assert main([str(tree.root), "--once", "--filter", filter_text]) == 0
    assert "worker#2222" in capsys.readouterr().out


@pytest.mark.asyncio
async def test_whom_one_cannot_attach_to_is_said_by_that_name(tree: TreeBuilder) -> None:
    """As whatever is said of an instance in passing."""
    for place, end in enumerate(("1111", "2222")):
        tree.spawn(f"0b-{end}", "worker", at=place)
    async with run_app(tree.root, now_s=NOW_S) as person:
        await person.sees("worker#1111")
        await person.press("A")
        (told,) = person.notices
        assert told.message.startswith("cannot attach to worker#1111: ")
