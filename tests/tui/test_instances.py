"""The instances panel, alone: what a person sees of a fleet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from unittest import mock

import msgspec
import pytest
from textual.events import MouseScrollDown
from textual.pilot import Pilot

from alone import Alone, lines, marked
from fleets import ACTIVITY, NOW_S, instance, later, team, view
from keyboard import KEYS
from logging_core.analyse.state import State
from logging_core.codec.times import format_time_aware
from madrox_tui.filters import parse_filter
from madrox_tui.find import holds
from madrox_tui.panels.instances.panel import InstancesPanel
from madrox_tui.panels.instances.rows import Order
from madrox_tui.states import NEEDS_YOU
from madrox_tui.view import ACTIVITY_MINUTES, Narrowing, View
from madrox_tui.widgets.line_view import LineView

pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def panel_with(
    shown: View, size: tuple[int, int] = (160, 16)
) -> AsyncIterator[tuple[InstancesPanel, Pilot[None]]]:
    app = Alone(InstancesPanel(KEYS, id="instances"))
    async with app.run_test(size=size) as pilot:
        app.widget.view = shown
        await pilot.pause()
        yield app.widget, pilot


def row_of(pilot: Pilot[Any], name: str) -> str:
    return next(line for line in lines(pilot) if name in line)


def screen_lines(pilot: Pilot[Any]) -> list[str]:
    return [strip.text for strip in pilot.app.screen._compositor.render_strips()]


def names(panel: InstancesPanel) -> list[str]:
    return [row.instance.label for row in panel._rows]


async def test_each_instance_is_a_row() -> None:
    """State, age, name, open requests with the oldest one's age, sums, activity and reason."""
    async with panel_with(view(team(), ACTIVITY), (200, 16)) as (_, pilot):
        harbor = row_of(pilot, "harbor")
        for part in ("? waiting", "6m", "2 6m", "31", "402k", "$1.07", "21.4s", "Do you want to"):
            assert part in harbor
        assert "▅▆▃▂······" in harbor or "······" in harbor
        assert "codex/gpt-5-codex" in row_of(pilot, "mason")


async def test_money_is_honest() -> None:
    """What nobody priced is said, in short or in full, and never shown as nothing."""
    async with panel_with(view(team()), (200, 16)) as (_, pilot):
        assert "$4.12 + 3 unpriced" in row_of(pilot, "atlas")
        assert "unpriced" in row_of(pilot, "mason")
        await pilot.resize_terminal(100, 16)
        await pilot.pause()
        assert "$4.12+" in row_of(pilot, "atlas")
        assert "unpriced" in row_of(pilot, "mason")
        assert "$0.00" not in "".join(lines(pilot))


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 40), (200, 60)])
async def test_every_width_says_who_how_and_how_long(size: tuple[int, int]) -> None:
    """At any size of the contract a row has state, age and name."""
    async with panel_with(view(team()), size) as (_, pilot):
        harbor = row_of(pilot, "harbor")
        assert "? waiting" in harbor
        assert "6m" in harbor
        assert all(len(line) <= size[0] for line in lines(pilot))


async def test_twenty_cells_have_the_sign_the_age_and_the_name() -> None:
    """Where the state's name has no room, its sign stays: who it is matters more."""
    async with panel_with(view(team()), (20, 12)) as (_, pilot):
        assert row_of(pilot, "harbor").split() == ["?", "6m", "harbor"]
        assert lines(pilot)[1].split() == ["FOR", "NAME"]


async def test_a_maximised_list_has_every_number() -> None:
    """In 120 cells no reason is so long that it costs a number of the fleet."""
    async with panel_with(view(team(), ACTIVITY), (120, 16)) as (_, pilot):
        shown = {"OPEN", "REQ", "TOKENS", "COST", "P95", f"{ACTIVITY_MINUTES}m", "WHY"}
        assert shown <= set(lines(pilot)[1].split())
        await pilot.resize_terminal(180, 16)
        await pilot.pause()
        assert shown | {"ROLE", "MODEL", "SEEN"} <= set(lines(pilot)[1].split())


async def test_a_opens_the_branch_of_who_needs_you() -> None:
    """`a` finds an instance that is folded into its parent's row, and selects it there."""
    async with panel_with(view(team()), (120, 16)) as (panel, pilot):
        await pilot.press("t", "g", "h")
        assert "▸ atlas +6" in row_of(pilot, "atlas")
        panel.action_needy()
        await pilot.pause()
        assert panel.selected is not None
        assert panel.selected.state in NEEDS_YOU
        assert row_of(pilot, panel.selected.label)


async def test_e_opens_the_branch_of_a_problem() -> None:
    """Also of one who works on, and who is neither the parent nor the most urgent below it."""
    fleet = [
        instance("p", "lead", State.IDLE),
        instance("k", "kid", State.BUSY, parent_instance_id="p"),
        instance("f", "failed", State.IDLE, parent_instance_id="p", errors=2),
    ]
    async with panel_with(view(fleet), (120, 16)) as (panel, pilot):
        await pilot.press("t", "g", "h")
        assert "▸ lead +2" in row_of(pilot, "lead")
        panel.action_problem()
        await pilot.pause()
        assert panel.copy_text() == "f"
        assert row_of(pilot, "failed")


async def test_names_get_the_room_that_no_state_needs() -> None:
    """In a narrow panel a name of eleven is whole, unless somebody is just being started."""
    worker, rest = instance("w", "worker-0005", State.IDLE), instance("r", "probe", State.BUSY)
    starting = instance("s", "anvil", State.INITIALIZING)
    async with panel_with(view([worker, rest]), (36, 16)) as (panel, pilot):
        assert row_of(pilot, "worker-0005")
        panel.view = view([worker, rest, starting])
        await pilot.pause()
        assert "initializing" in row_of(pilot, "anvil")
        assert row_of(pilot, "work…0005")


@pytest.mark.parametrize("width", [49, 62, 75, 110])
async def test_a_name_is_cut_last(width: int) -> None:
    """A name of 18 cells is whole before there is any column that can be done without."""
    name = "payments-ledger-mi"
    fleet = [instance("p", name, State.BUSY, open_for=(90,), cost=1.0, reason="request m-1 open")]
    async with panel_with(view(fleet, ACTIVITY), (width, 12)) as (_, pilot):
        assert row_of(pilot, name)


async def test_one_long_name_does_not_cost_the_reason() -> None:
    """The last cells of a name come after the reason and the cost, but before all other numbers."""
    name = "payments-service-backend-refactor-1"
    fleet = [*team(), instance("p", name, State.IDLE)]
    async with panel_with(view(fleet, ACTIVITY), (75, 16)) as (_, pilot):
        assert {"COST", "WHY"} <= set(lines(pilot)[1].split())
        assert row_of(pilot, "payments-service-ba…or-1")
        await pilot.resize_terminal(140, 16)
        await pilot.pause()
        assert row_of(pilot, name)


async def test_costs_that_nobody_recorded_take_no_room() -> None:
    """Of a fleet without any, the column comes after all others, and tokens in its place."""
    fleet = [instance("p", "pixel", requests=3, unpriced=3), instance("q", "quill", requests=1)]
    async with panel_with(view(fleet, ACTIVITY), (80, 16)) as (_, pilot):
        assert {"OPEN", "TOKENS", "WHY"} <= set(lines(pilot)[1].split())
        assert "COST" not in lines(pilot)[1]
    fleet.append(instance("r", "relay", requests=1, cost=0.5))
    async with panel_with(view(fleet, ACTIVITY), (80, 16)) as (_, pilot):
        assert "COST" in lines(pilot)[1]
        assert "TOKENS" not in lines(pilot)[1]
        assert "unpriced" in row_of(pilot, "pixel")


async def test_the_reason_comes_before_the_other_numbers() -> None:
    """Where there is little room it is said for how long, what is asked, and what it cost."""
    async with panel_with(view(team(), ACTIVITY), (66, 16)) as (_, pilot):
        assert lines(pilot)[1].split() == ["STATE▴", "FOR", "NAME", "COST", "WHY"]
        assert "Do you want to ma…" in row_of(pilot, "harbor")
        await pilot.resize_terminal(200, 16)
        await pilot.pause()
        assert "Do you want to make this edit to routes" in row_of(pilot, "harbor")
        assert "REQ" in lines(pilot)[1]


@pytest.mark.parametrize("keys", [("s",) * 8, ("t",)], ids=["by cost", "tree"])
async def test_order_and_tree_leave_the_reason_where_it_was(keys: tuple[str, ...]) -> None:
    """No column takes more than what it shows needs."""
    fleet = [i for i in team() if i.usage.cost_usd is not None]
    async with panel_with(view(fleet, ACTIVITY), (84, 16)) as (_, pilot):
        await pilot.press(*keys)
        await pilot.pause()
        assert "WHY" in lines(pilot)[1]
        assert "Do you want to" in row_of(pilot, "harbor")


async def test_a_deep_name_is_whole_in_the_tree() -> None:
    """The tree's indent takes nothing of the name."""
    names = ("payments-migration", "auth-service-hardening", "schema-review")
    fleet = [
        instance(f"i{n}", name, State.BUSY, parent_instance_id=f"i{n - 1}" if n else None)
        for n, name in enumerate(names)
    ]
    async with panel_with(view(fleet), (75, 12)) as (_, pilot):
        await pilot.press("t")
        await pilot.pause()
        assert row_of(pilot, "  ▾ auth-service-hardening")
        assert row_of(pilot, "      schema-review")


async def test_s_and_r_sort() -> None:
    """`s` sorts by the next column, `r` the other way round; the heading says so."""
    async with panel_with(view(team())) as (panel, pilot):
        await pilot.press("s", "s")
        assert names(panel)[:2] == ["anvil", "atlas"]
        assert "NAME▴" in lines(pilot)[1]
        await pilot.press("r")
        assert names(panel)[:2] == ["sentry", "scout"]
        assert "NAME▾" in lines(pilot)[1]
        seen = set()
        for _ in range(20):
            seen.add(panel.order.key)
            await pilot.press("s")
        assert {"cost", "tokens", "requests", "p95", "open", "state"} <= seen


async def test_sorting_shows_what_comes_first() -> None:
    """From the first row one looks at the first again; a chosen instance stays chosen."""
    async with panel_with(view(team()), (75, 5)) as (panel, pilot):
        while panel.order.key != "cost":
            await pilot.press("s")
        await pilot.pause()
        assert row_of(pilot, "anvil")
        assert panel.selected is not None
        assert panel.selected.label == "anvil"
        await pilot.press("j")
        chosen = panel.selected.label
        await pilot.press("r")
        await pilot.pause()
        assert panel.selected.label == chosen
        assert row_of(pilot, chosen)


async def test_the_column_sorted_by_is_shown() -> None:
    """Where there is no room for costs, sorting by them makes some."""
    async with panel_with(view(team()), (52, 16)) as (panel, pilot):
        assert "TOKENS" not in lines(pilot)[1]
        while panel.order.key != "tokens":
            await pilot.press("s")
        await pilot.pause()
        assert "TOKENS▾" in lines(pilot)[1]
        assert "? waiting" in row_of(pilot, "harbor")


async def test_a_click_on_a_heading_sorts() -> None:
    """The first click sorts by the column, the second reverses."""
    async with panel_with(view(team())) as (panel, pilot):
        x = lines(pilot)[1].index("COST")
        await pilot.click(InstancesPanel, offset=(x + 4, 1))
        assert names(panel)[0] == "anvil"
        assert panel.order.mark == "▾"
        await pilot.click(InstancesPanel, offset=(x + 4, 1))
        assert names(panel)[0] == "probe"
        assert panel.order.mark == "▴"


async def test_a_double_click_chooses_once() -> None:
    """The row that is clicked is selected; a double click asks for its pane, once."""
    chosen: list[int] = []

    class Told(Alone[InstancesPanel]):
        def opened(self, view: LineView) -> None:
            chosen.append(view.cursor)

    async with Told(InstancesPanel(KEYS)).run_test(size=(120, 16)) as pilot:
        panel = pilot.app.query_one(InstancesPanel)
        panel.view = view(team())
        await pilot.pause()
        await pilot.click(InstancesPanel, offset=(6, 4))
        assert panel.cursor == 2
        assert chosen == []
        await pilot.double_click(InstancesPanel, offset=(6, 5))
        await pilot.pause()
        assert chosen == [3]


async def test_a_click_on_a_heading_selects_nobody_else() -> None:
    """In a list that was scrolled, too, the cursor stays on its instance."""
    fleet = [instance(f"i{n:02}", f"agent-{n:02}", cost=float(n)) for n in range(40)]
    async with panel_with(view(fleet), (120, 12)) as (panel, pilot):
        panel.select("i30")
        await pilot.pause()
        await pilot.click(InstancesPanel, offset=(lines(pilot)[1].index("COST") + 4, 1))
        assert panel.order.key == "cost"
        assert panel.selected is not None
        assert panel.selected.instance_id == "i30"


async def test_t_shows_a_tree_whose_branches_fold() -> None:
    """`t` indents children; `h` folds a branch into its sums, `l` unfolds it, `h` again goes up."""
    async with panel_with(view(team())) as (panel, pilot):
        await pilot.press("t")
        await pilot.pause()
        assert "  ▾ harbor" in row_of(pilot, "harbor")
        await pilot.press("h")
        await pilot.pause()
        assert "▸ harbor +2" in row_of(pilot, "harbor")
        assert "$2.09+" in row_of(pilot, "harbor")
        assert "probe" not in names(panel)
        await pilot.press("h")
        assert panel.selected is not None
        assert panel.selected.label == "atlas"
        panel.select("b2")
        await pilot.press("l")
        assert "probe" in names(panel)
        await pilot.press("t")
        assert names(panel)[0] == "harbor"


async def test_a_click_on_the_sign_folds() -> None:
    """In the tree the sign before a name folds and unfolds its branch; the name only selects."""
    async with panel_with(view(team())) as (panel, pilot):
        await pilot.press("t")
        await pilot.pause()
        x = screen_lines(pilot)[3].index("▾ harbor")
        await pilot.click(InstancesPanel, offset=(x + 4, 3))
        assert panel.selected is not None
        assert panel.selected.label == "harbor"
        assert "probe" in names(panel)
        await pilot.click(InstancesPanel, offset=(x, 3))
        assert "probe" not in names(panel)
        await pilot.click(InstancesPanel, offset=(x, 3))
        assert "probe" in names(panel)


async def test_the_selected_instance_inside_a_branch_that_folds_is_its_parent() -> None:
    """Folding from above never leaves the cursor on somebody else."""
    async with panel_with(view(team())) as (panel, pilot):
        await pilot.press("t")
        panel.select("a1")
        await pilot.press("h")
        assert panel.selected is not None
        assert panel.selected.instance_id == "a1"
        assert "▸ atlas +6" in panel.row_text(panel.cursor)


async def test_the_cursor_stays_on_its_instance() -> None:
    """When others need you more, the selected instance moves down with the cursor."""
    fleet = team()
    async with panel_with(view(fleet)) as (panel, pilot):
        panel.select("e5")
        fleet[0] = msgspec.structs.replace(fleet[0], state=State.STUCK)
        panel.view = view(fleet)
        await pilot.pause()
        assert panel.selected is not None
        assert panel.selected.instance_id == "e5"


def filtered(text: str) -> View:
    """The team, as a filter narrows it."""
    shown, narrowing = view(team()), Narrowing(parse_filter(text))
    chosen = narrowing.choose(shown.state.instances)
    return msgspec.structs.replace(shown, narrowing=narrowing, instances=chosen)


@pytest.mark.parametrize("filters", [("qa",), ("nobody",), ("prob", "probe x", "state:stuck")])
async def test_the_cursor_returns_to_whom_a_filter_left_out(filters: tuple[str, ...]) -> None:
    """Cleared, a filter leaves the pane of the instance that was selected before it was typed."""
    async with panel_with(view(team())) as (panel, pilot):
        panel.select("e5")
        for text in (*filters, ""):
            panel.view = filtered(text)
            await pilot.pause()
        assert panel.selected is not None
        assert panel.selected.instance_id == "e5"


@pytest.mark.parametrize("keys", [("G",), ("enter",), ("g",)])
async def test_the_cursor_stays_on_whom_one_chose_in_a_filtered_list(keys: tuple[str, ...]) -> None:
    """A move or Enter is a choice, even of the row that the filter put under the cursor."""
    async with panel_with(view(team())) as (panel, pilot):
        panel.select("e5")
        panel.view = filtered("state:stuck")
        await pilot.press(*keys)
        panel.view = filtered("")
        await pilot.pause()
        assert panel.selected is not None
        assert panel.selected.label == "mason"


async def test_the_cursor_returns_to_whom_was_hidden_with_the_dead() -> None:
    """`D` and `D` again change nothing about who is selected."""
    async with panel_with(view(team())) as (panel, pilot):
        panel.select("i9")
        labels = []
        for _ in range(2):
            await pilot.press("D")
            labels.append(panel.selected.label if panel.selected else "")
        assert labels == ["j0-7f3a", "anvil"]


async def test_the_selected_row_stays_in_sight() -> None:
    """Also in a list that was never scrolled: the pane shows whose row can be seen."""
    fleet = [instance(f"w{n}", f"worker-{n}", State.BUSY, open_for=(90,)) for n in range(30)]
    async with panel_with(view(fleet), (75, 16)) as (panel, pilot):
        await pilot.press("j")
        chosen = panel.selected
        assert chosen is not None
        at_rest = [
            instance(i.instance_id, i.label, State.IDLE) if i.label == chosen.label else i
            for i in fleet
        ]
        panel.view = view(at_rest)
        await pilot.pause()
        assert panel.selected is not None
        assert panel.selected.label == chosen.label
        assert "○ idle" in row_of(pilot, f"{chosen.label} ")


async def test_a_scrolled_list_does_not_jump() -> None:
    """The selected row keeps its line of the screen while others change places around it."""
    fleet = [instance(f"i{n:02}", f"agent-{n:02}", requests=n, cost=float(n)) for n in range(60)]
    async with panel_with(view(fleet), (120, 20)) as (panel, pilot):
        while panel.order.key != "cost":
            await pilot.press("s")
        panel.select("i20")
        await pilot.pause()
        line = next(y for y, text in enumerate(lines(pilot)) if "agent-20" in text)
        for cost in (100.0, 200.0, 300.0):
            place = int(cost) // 100
            fleet[place] = instance(f"i{place:02}", f"agent-{place:02}", cost=cost)
            panel.view = view(fleet)
            await pilot.pause()
            assert "agent-20" in lines(pilot)[line]
            assert panel.selected is not None
            assert panel.selected.instance_id == "i20"


async def test_a_and_e_go_to_whom_it_concerns() -> None:
    """`a` walks through those that need you, `e` through those with problems, round and round."""
    async with panel_with(view(team())) as (panel, pilot):
        walked = []
        for _ in range(4):
            panel.action_needy()
            walked.append(panel.selected.label if panel.selected else "")
        assert walked == ["mason", "probe", "harbor", "mason"]
        await pilot.press("e")
        assert panel.selected is not None
        assert panel.selected.label == "probe"
        await pilot.press("e")
        assert panel.selected.label == "mason"


async def test_d_hides_the_dead() -> None:
    """`D` leaves out the terminated ones and says how many; again brings them back."""
    async with panel_with(view(team())) as (panel, pilot):
        assert "anvil" in names(panel)
        await pilot.press("D")
        await pilot.pause()
        assert "anvil" not in names(panel)
        assert "1 terminated hidden" in lines(pilot)[0]
        panel.view = view([i for i in team() if i.state is State.TERMINATED])
        await pilot.pause()
        assert "press D to show them" in "".join(lines(pilot))
        await pilot.press("D")
        await pilot.pause()
        assert "anvil" in names(panel)


async def test_d_leaves_the_tree_true() -> None:
    """A dead parent of the living stays in the tree, and a folded branch is the same sum."""
    fleet = [
        instance("l", "lead", cost=1.0),
        instance("p", "parent", State.TERMINATED, cost=2.0, parent_instance_id="l"),
        instance("k", "kid", State.BUSY, cost=4.0, parent_instance_id="p"),
        instance("d", "dead", State.TERMINATED, cost=8.0, parent_instance_id="l", errors=1),
    ]
    async with panel_with(view(fleet)) as (panel, pilot):
        await pilot.press("t", "D")
        await pilot.pause()
        assert "1 terminated hidden" in lines(pilot)[0]
        assert names(panel) == ["lead", "parent", "kid"]
        muted = panel.cell_style("muted")
        assert [{part.style for part in panel.row(n)} == {muted} for n in range(3)] == [
            False, True, False
        ]  # fmt: skip
        await pilot.press("g", "h")
        await pilot.pause()
        folded = row_of(pilot, "▸ lead +3")
        assert "$15.00" in folded
        assert "hidden" not in lines(pilot)[0]
        await pilot.press("e")  # what failed has no row of its own
        assert names(panel) == ["lead"]
        await pilot.press("D")
        await pilot.pause()
        assert row_of(pilot, "▸ lead +3") == folded
        await pilot.press("e")
        assert panel.selected is not None
        assert panel.selected.label == "dead"


async def test_the_end_of_the_list_is_not_followed() -> None:
    """`G` and the wheel reach the last instance, and stay there when others come."""
    fleet = [instance(f"i{n:02}", f"agent-{n:02}") for n in range(40)]
    async with panel_with(view(fleet), (80, 12)) as (panel, pilot):
        for _ in range(40):
            await pilot._post_mouse_events([MouseScrollDown], InstancesPanel, offset=(5, 5))
        assert panel.cursor == 0
        panel.view = view([*fleet, instance("z0", "zenith")])
        await pilot.pause()
        assert panel.cursor == 0
        await pilot.press("G")
        panel.view = view([*fleet, instance("z0", "zenith"), instance("z1", "zephyr")])
        await pilot.pause()
        assert panel.selected is not None
        assert panel.selected.label == "zenith"


async def test_find_looks_through_what_is_not_shown() -> None:
    """A role or a reason is found where the panel has no room for it."""
    async with panel_with(view(team()), (40, 12)) as (panel, pilot):
        assert "devops" not in "".join(lines(pilot))
        panel.look_for("devops")
        assert panel.selected is not None
        assert panel.selected.label == "mason"
        await pilot.pause()
        assert "›" in row_of(pilot, "mason")
        assert "›" not in row_of(pilot, "atlas")


async def test_a_hit_in_cut_text_marks_where_it_is_cut() -> None:
    """The end of a reason that there is no room for is found, and its `…` shows why."""
    fleet = [instance("a1", "atlas", State.WAITING, reason=f"may I {'x' * 90} the needle?")]
    async with panel_with(view(fleet), (80, 8)) as (panel, _):
        panel.look_for("needle")
        assert list(panel.found.rows) == [0]
        assert marked(panel, 1) == "…"
        panel.look_for("may I")
        assert marked(panel, 1) == "may I"


async def test_find_goes_by_what_is_shown_now() -> None:
    """A search reflects the latest view, sort order and width."""
    fleet = [instance("b", requests=2), instance("a", requests=1)]
    async with panel_with(view(fleet), (160, 16)) as (panel, pilot):
        panel.order = Order("requests")
        panel.look_for("777")
        assert not panel.found.rows
        panel.view = view([instance("b", requests=777), instance("a", requests=1)])
        assert list(panel.find_rows("777")) == [0]
        panel.order = Order("requests", reverse=True)
        assert list(panel.find_rows("777")) == [1]
        await pilot.resize_terminal(40, 16)
        await pilot.pause()
        assert not panel.find_rows("777")


@pytest.mark.parametrize("typed", ["wo", "Wo", "wO"])
async def test_find_goes_on_with_each_letter(typed: str) -> None:
    """What is typed on narrows what was found; what is deleted, or typed anew, widens it again."""
    names = ["Worker", "worker", "world", "sword", "other"]
    async with panel_with(view([instance(name) for name in names]), (160, 16)) as (panel, _):
        steps = [typed, typed + "r", typed + "rk", typed, "o", "", "t", typed + "rld"]
        for text in steps:
            wanted = [n for n in range(panel.count) if holds(panel.whole_text(n), text)]
            assert list(panel.find_rows(text)) == wanted, text


def watch_drawing(panel: InstancesPanel, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lines that are drawn from now on."""
    drawn: list[int] = []
    draw = panel.render_line

    def counted(y: int) -> Any:
        drawn.append(y)
        return draw(y)

    monkeypatch.setattr(panel, "render_line", counted)
    return drawn


async def test_only_what_differs_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """An update that changes one of a hundred rows draws that one; an equal one draws nothing."""
    fleet = [instance(f"i{n:02}", requests=1) for n in range(40)]
    async with panel_with(view(fleet), (120, 50)) as (panel, pilot):
        drawn = watch_drawing(panel, monkeypatch)
        panel.view = view(list(fleet))
        await pilot.pause()
        assert drawn == []
        fleet[7] = instance("i07", requests=2)
        panel.view = view(list(fleet))
        await pilot.pause()
        assert drawn == [8]


async def test_an_age_is_drawn_when_it_reads_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """`6m` is redrawn once a minute, and only ages below a minute once a second."""
    fleet = [instance("near", since=50), instance("far", since=6 * 60 + 30)]
    shown = view(fleet)
    async with panel_with(shown, (120, 12)) as (panel, pilot):
        drawn = watch_drawing(panel, monkeypatch)
        for seconds, near, far, lines_drawn in (
            (1.5, "51s", "6m", [1]),
            (11.5, "1m", "6m", [1]),
            (29.0, "1m", "6m", []),
            (30.5, "1m", "7m", [2]),
            (75.0, "2m", "7m", [1]),
            (-40.0, "10s", "5m", [1, 2]),
        ):
            panel.view = later(shown, seconds)
            await pilot.pause()
            ages = [row_of(pilot, name).split()[2] for name in ("near", "far")]
            assert (*ages, drawn) == (near, far, lines_drawn)
            drawn.clear()


async def test_while_no_age_changes_no_row_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second in which nothing happens does not look at the rows at all."""
    shown = view([instance(f"i{n:02}", since=3600) for n in range(40)])
    async with panel_with(shown, (120, 50)) as (panel, pilot):
        making = mock.Mock()
        monkeypatch.setattr(panel, "row", making)
        for seconds in (1.0, 2.0, 3.0):
            panel.view = later(shown, seconds)
            await pilot.pause()
        making.assert_not_called()


async def test_a_row_that_is_scrolled_to_says_its_age_of_now() -> None:
    """Ages are up to date even if no visible row had to be redrawn since."""
    fleet = [instance(f"i{n:02}", since=3600) for n in range(30)]
    shown = view([*fleet, instance("newest", since=20)])
    async with panel_with(shown, (120, 12)) as (panel, pilot):
        panel.view = later(shown, 25.5)
        await pilot.press("G")
        await pilot.pause()
        assert row_of(pilot, "newest").split()[2] == "45s"


async def test_what_is_exported_are_values() -> None:
    """`x` writes each row's numbers as they are: unknown is empty, never zero."""
    async with panel_with(view(team())) as (panel, _):
        export = panel.export()
        rows = [dict(zip(export.columns, row, strict=True)) for row in export.rows]
        assert rows[0]["instance_name"] == "harbor"
        assert rows[0]["state"] == "waiting"
        assert rows[1]["cost_usd"] is None
        assert rows[1]["unpriced"] == 12
        assert rows[0]["last_activity"] == format_time_aware(NOW_S - 372)


async def test_folded_instances_are_exported_one_by_one() -> None:
    """`x` writes a row of its own for each instance, whatever is folded on the screen."""
    async with panel_with(view(team())) as (panel, pilot):
        flat = {row[0]: row for row in panel.export().rows}
        await pilot.press("t", "g", "h")
        assert panel.count < len(team())
        assert {row[0]: row for row in panel.export().rows} == flat


async def test_y_copies_the_id() -> None:
    """`y` copies the instance's id, which other commands take."""
    async with panel_with(view(team())) as (panel, pilot):
        await pilot.press("y")
        assert panel.app.clipboard == "b2"


async def test_the_panel_is_found_as_it_was_left() -> None:
    """Order and tree can be kept, hidden rows come back; nonsense changes nothing."""
    async with panel_with(view(team())) as (panel, pilot):
        await pilot.press("s", "s", "r", "t", "D")
        kept = panel.kept()
    async with panel_with(view(team())) as (panel, _):
        before = panel.kept()
        nonsense: list[dict[str, Any]] = [{}, {"sort": "beauty"}, {"sort": [1], "tree": "yes"}]
        for kept_by_mistake in nonsense:
            panel.restore(kept_by_mistake)
            assert panel.kept() == before
        panel.restore(kept)
        assert panel.kept() == kept
        assert "anvil" in names(panel)
        panel.restore({**kept, "dead": False})  # as older versions saved it
        assert "anvil" in names(panel)
        assert panel.order.mark == "▾"


async def test_while_the_tree_is_read_the_first_row_is_chosen() -> None:
    """The cursor stays on the first row until the tree is read, then on its instance."""

    def part(names: list[str], *, whole: bool) -> View:
        fleet = [instance(name, name, since=number) for number, name in enumerate(names)]
        shown = view(fleet)
        return msgspec.structs.replace(
            shown, state=msgspec.structs.replace(shown.state, caught_up=whole)
        )

    async with panel_with(part(["c", "d"], whole=False)) as (panel, pilot):
        for names_then, whole in ((["b", "c", "d"], False), (["a", "b", "c", "d"], True)):
            panel.view = part(names_then, whole=whole)
            await pilot.pause()
            assert panel.selected is not None
            assert panel.selected.instance_id == names(panel)[0]
        first = names(panel)[0]
        panel.view = part(["z", *"abcd"], whole=True)
        await pilot.pause()
        assert panel.selected is not None
        assert panel.selected.instance_id == first
