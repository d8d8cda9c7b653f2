"""Instances that have one name, as a person tells them apart."""

from __future__ import annotations

import pytest

from builders import TreeBuilder
from driver import run_app
from fleets import instance, view
from madrox_tui.events.event_list import EventList
from madrox_tui.events.export import EXPORTED
from madrox_tui.view import told_apart

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
