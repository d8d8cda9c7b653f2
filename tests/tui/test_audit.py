"""The audit panel: its figures, its plots and its table, at any size."""

from __future__ import annotations

from typing import Any
from unittest import mock

import msgspec
import pytest
from rich.cells import cell_len

from alone import Alone, marked, screen_of
from audits import NOW_S, fleet_view, usage
from fleets import instance, later, view
from keyboard import KEYS
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.state import FleetState, Group, Usage
from logging_core.records import AuditEvent, Batch
from madrox_tui import format as fmt
from madrox_tui.events.query import EventQuery
from madrox_tui.panels.audit.lines import audit_lines
from madrox_tui.panels.audit.panel import AuditPanel
from madrox_tui.panels.audit.plots import AuditPlots
from madrox_tui.panels.audit.view import AuditView, kept_grouping, make_audit_view
from madrox_tui.panels.instances.table import InstanceTable
from madrox_tui.view import Narrowing, View
from madrox_tui.widgets.line_view import LineView


def above(view: View, width: int, height: int) -> list[str]:
    """The lines above the table as plain text."""
    lines = audit_lines(view, 2, AuditPlots(), width, height)
    return ["".join(word.text for word in line) for line in lines]


# --- what is shown -------------------------------------------------------------


@pytest.mark.parametrize("height", range(1, 60, 3))
@pytest.mark.parametrize("width", [10, 36, 80, 200])
def test_what_is_above_the_table_fits(width: int, height: int) -> None:
    """At any size the totals are there, the table has its rows, and at 36 cells no line is cut."""
    lines = above(fleet_view(only="-quill"), width, height)
    assert lines[0].startswith("$19.80")
    assert len(lines) <= max(1, height - 3)
    assert width < 36 or all(cell_len(line.rstrip()) <= width for line in lines)


def test_money_is_honest_in_the_totals() -> None:
    """What is not priced is said beside what is, and filtered sums stand beside the fleet's."""
    totals, fleet, *_ = above(fleet_view(only="-quill"), 100, 40)
    assert "$19.80 + 12 unpriced" in totals
    assert fleet.startswith("fleet  $19.80 + 112 unpriced  979 req")
    state = FleetState(at_s=NOW_S, usage=Usage(3, unpriced=3))
    nothing = fleet_view()
    unpriced = View(state, nothing.narrowing, (), state.usage)
    text = "\n".join(above(unpriced, 100, 40))
    assert "unpriced" in text
    assert "$0.00" not in text


@pytest.mark.asyncio
async def test_a_part_says_since_when_it_counts() -> None:
    """While older events are still to be read, in the title; the past is told as a whole."""
    part = msgspec.structs.replace(fleet_view().audit, counted_from_s=NOW_S - 60)
    since = msgspec.structs.replace(fleet_view(), audit=part)
    past = msgspec.structs.replace(since, moment_s=NOW_S - 600)
    async with Alone(AuditPanel(KEYS)).run_test() as pilot:
        titles = []
        for shown in (since, past, fleet_view()):
            pilot.app.query_one(AuditPanel).view = shown
            titles.append(str(pilot.app.query_one(AuditPanel).border_title))
    assert titles == [f"Audit  since {fmt.since(NOW_S - 60, NOW_S)}", "Audit", "Audit"]


@pytest.mark.asyncio
async def test_a_part_is_no_whole_in_tables_and_files() -> None:
    """The costs are headed as lower bounds and an export is noted as one, until all is read."""
    part = msgspec.structs.replace(fleet_view().audit, counted_from_s=NOW_S - 600)
    since = msgspec.structs.replace(fleet_view(), audit=part)
    past = msgspec.structs.replace(since, moment_s=NOW_S - 600)
    recent = msgspec.structs.replace(part, window="5m", from_s=NOW_S - 300)
    window = msgspec.structs.replace(since, audit=recent)
    said = f"sums are of what was since {fmt.since(NOW_S - 600, NOW_S)}: older history is still to"
    async with Alone(AuditPanel(KEYS)).run_test(size=(100, 40)) as pilot:
        panel = pilot.app.query_one(AuditPanel)
        for shown, is_part in ((since, True), (past, False), (window, False)):
            panel.view = shown
            headings = "".join(segment.text for segment in panel.headings())
            assert ("≥COST" in headings) is is_part
            assert "COST" in headings
            assert panel.export().note.startswith(said) is is_part
    for shown, is_part in ((since, True), (past, False), (window, True)):
        table = InstanceTable(shown)
        titles = [column.title for column in table.at(120).columns]
        assert ("≥COST" in titles) is is_part
        assert table.export().note.startswith(said) is is_part


def test_rates_times_and_budget_have_their_lines() -> None:
    """Three rates, four quantiles with a histogram, and how far the budget goes."""
    text = "\n".join(above(fleet_view(), 120, 40))
    assert "$3.00/h 5m  $3.00/h 1h" in text
    assert "2.0s p50  5.0s p95  8.0s p99  10.0s max" in text
    assert "≈" in text
    assert "of $50.00" in text
    assert "reached in" in text


def test_a_budget_is_said_as_far_as_there_is_room() -> None:
    """At length with a bar, in short, or only how much is gone; never cut."""
    line = {
        width: next(text for text in above(fleet_view(), width, 40) if text.startswith("budget"))
        for width in (120, 60, 45, 32)
    }
    assert "░" in line[120]
    assert line[60].endswith("reached in 10h, 00:34")
    assert line[45].endswith("40%  10h left")
    assert line[32].endswith("40%")
    assert "spent" in above(fleet_view(budget_usd=5.0), 80, 40)[3]
    assert "not reached" in above(fleet_view(budget_usd=1e9), 80, 40)[3]


def exchanged(*costs: float | None) -> View:
    """A fleet of one, with an exchange a minute before now for each cost, and a budget of $10."""
    exchanges = (
        AuditEvent(
            time_s=NOW_S - 60 * (number + 10),
            event_type="message_exchange",
            instance_id="a1",
            message_id=f"m-{number}",
            cost_usd=cost,
        )
        for number, cost in enumerate(costs)
    )
    model = FleetModel()
    model.apply(Batch(records=tuple(exchanges)))
    state = model.state(NOW_S)
    shown, usage = state.instances, state.usage
    audit = make_audit_view(model, state, shown, usage=usage, budget_usd=10.0)
    return View(state, Narrowing(), shown, usage, audit=audit)


def test_nothing_is_said_of_a_budget_as_long_as_nothing_is_priced() -> None:
    """What is unknown is no $0.00, and no rate is known by which the budget lasts."""
    (line,) = (line for line in above(exchanged(None, None), 100, 40) if line[:6] == "budget")
    assert line == "budget unpriced of $10.00"
    (line,) = (line for line in above(exchanged(), 100, 40) if line[:6] == "budget")
    assert "$0.00 of $10.00" in line


def test_what_is_unpriced_in_all_of_the_last_hour_has_no_rate() -> None:
    """A budget is not called safe by a rate that nobody knows."""
    costs = *[None] * 50, 2.0
    (line,) = (line for line in above(exchanged(*costs), 100, 40) if line[:6] == "budget")
    assert "≥ $2.00 of $10.00" in line
    assert line.endswith("no rate yet")


def test_a_rate_is_a_lower_bound_where_something_is_unpriced() -> None:
    """Marked as costs are in the tables, in each window by itself."""
    text = "\n".join(above(exchanged(*[1.0] * 55, None), 100, 40))
    assert "$50.00/h 1h" in text
    assert "+/h all" in text
    text = "\n".join(above(exchanged(1.0, None), 100, 40))
    assert "$5.45+/h all" in text


def test_what_the_table_leaves_blank_the_plots_take() -> None:
    """On a large screen with few groups they grow, within reason; many groups come first."""

    def tall(groups: int, height: int) -> int:
        view = fleet_view()
        audit = msgspec.structs.replace(view.audit, groups=view.audit.groups[:1] * groups)
        lines = above(msgspec.structs.replace(view, audit=audit), 200, height)
        axis = next(place for place, line in enumerate(lines) if "└" in line)
        return axis - next(place for place, line in enumerate(lines) if "cost $/h" in line) - 1

    assert [tall(3, 60), tall(30, 60), tall(60, 60), tall(3, 30)] == [20, 20, 8, 17]


def test_plots_say_what_their_axes_are() -> None:
    """Side by side where there is room: dollars, seconds, and the clock at both ends."""
    lines = above(fleet_view(), 120, 40)
    title = next(line for line in lines if "cost $/h" in line)
    assert "response time p95" in title
    axis = lines[lines.index(title) + len(lines[lines.index(title) :]) - 2]
    assert axis.count("12:30") == axis.count("14:30") == 2
    narrow = "\n".join(above(fleet_view(), 50, 40))
    assert "cost $/h" in narrow
    assert "response time p95" not in narrow


@pytest.mark.asyncio
async def test_the_table_groups_by_what_is_asked_for() -> None:
    """`b` asks for the next way; the table then shows its groups, the unknown one by name."""
    wanted: list[str] = []

    class Listening(Alone[AuditPanel]):
        def on_audit_panel_grouped_by(self, event: AuditPanel.GroupedBy) -> None:
            wanted.append(event.by)
            self.widget.view = fleet_view(by=event.by)

    app = Listening(AuditPanel(KEYS))
    async with app.run_test(size=(100, 30)) as pilot:
        app.widget.view = fleet_view()
        app.widget.focus()
        await pilot.pause()
        assert "atlas" in screen_of(pilot)
        await pilot.press("b")
        await pilot.pause()
        assert wanted == ["role"]
        assert "ROLE" in screen_of(pilot)
        assert "unknown" in screen_of(pilot)
        await pilot.press(*"bbbbb")
        await pilot.pause()
        assert wanted[-1] == "error"
        assert "[red]timeout[/]" in screen_of(pilot)
        await pilot.press("b")
        assert wanted[-1] == "instance"


@pytest.mark.asyncio
async def test_what_is_chosen_is_of_the_table_that_was_asked_for() -> None:
    """Keys may be faster than sums: `b` twice and Enter open a row of the second grouping."""
    wanted: list[str] = []
    chosen: list[EventQuery | None] = []

    class Listening(Alone[AuditPanel]):
        def on_audit_panel_grouped_by(self, event: AuditPanel.GroupedBy) -> None:
            wanted.append(event.by)

        def opened(self, _view: LineView) -> None:
            chosen.append(self.widget.chosen)

    app = Listening(AuditPanel(KEYS))
    async with app.run_test(size=(100, 30)) as pilot:
        panel = app.widget
        panel.view = fleet_view()
        panel.focus()
        await pilot.press("b", "b", "enter")
        assert wanted == ["role", "model"]
        panel.view = fleet_view(by="role")
        await pilot.pause()
        assert chosen == []
        panel.view = fleet_view(by="model")
        await pilot.pause()
        assert [query and query.title for query in chosen] == [screen_row(panel)]
        panel.view = fleet_view(by="model")
        await pilot.press("enter")
        assert len(chosen) == 2


def screen_row(panel: AuditPanel) -> str:
    """What the first row is called."""
    return panel.row(0)[0].text.strip()


@pytest.mark.asyncio
@pytest.mark.parametrize("width", [56, 62, 80])
async def test_what_a_group_is_called_is_cut_last(width: int) -> None:
    """Two models that differ in the middle are told apart before there are bars."""
    names = ("claude-sonnet-4-5", "claude-haiku-4-5", "an-auth-service-hardening-model")
    app = Alone(AuditPanel(KEYS))
    async with app.run_test(size=(width, 20)) as pilot:
        audit = AuditView(by="model", groups=tuple(Group(n, usage(9, 0.5)) for n in names))
        app.widget.view = msgspec.structs.replace(fleet_view(), audit=audit)
        await pilot.pause()
        screen = screen_of(pilot)
        longest = next(word for word in screen.split() if word.startswith("an-auth-service-har"))
        assert longest.endswith("odel")
        assert all(name in screen for name in (*names[:2], "COST"))


@pytest.mark.parametrize(
    "kept", [{}, {"by": "luck"}, {"by": ["role"], "sort": ["cost"], "reverse": 1}, {"by": None}]
)
def test_nonsense_that_was_kept_changes_no_sums(kept: dict[str, Any]) -> None:
    """A saved grouping is restored only if it is a valid one."""
    assert kept_grouping({"by": "model"}) == "model"
    assert kept_grouping(kept) == "instance"
    panel = AuditPanel(KEYS)
    panel.restore(kept)
    assert panel.kept() == {"by": "instance", "sort": "", "reverse": False}


def shown(panel: AuditPanel) -> list[str]:
    """The labels of the rows from the top, and the heading that is marked."""
    head = panel.headings()[0].text.split()
    names = [panel.row_text(index).split()[0] for index in range(panel.count)]
    return [*names, *(title for title in head if title[-1] in "▾▴")]


@pytest.mark.asyncio
async def test_the_table_is_sorted_as_the_instances_are() -> None:
    """`s` sorts by the next column, `r` the other way round, a click by its heading."""
    app = Alone(AuditPanel(KEYS))
    async with app.run_test(size=(120, 40)) as pilot:
        panel = app.widget
        panel.focus()
        panel.view = fleet_view(3)
        await pilot.pause()
        assert shown(panel) == ["atlas", "harbor", "warden", "COST▾"]
        await pilot.press("j", "r")
        assert shown(panel) == ["warden", "harbor", "atlas", "COST▴"]
        assert panel.cursor == 1
        for key in ("P50▾", "P95▾", "MAX▾", "UNPRICED▾", "INSTANCE▴", "REQ▾"):
            await pilot.press("s")
            assert shown(panel)[-1] == key
        await pilot.press(*"ssssss")
        assert shown(panel) == ["warden", "harbor", "atlas", "UNPRICED▾"]
        x = panel.headings()[0].text.index("INSTANCE") + 3
        for names in (["atlas", "harbor", "warden", "INSTANCE▴"], ["warden", "harbor"]):
            await pilot.click(AuditPanel, offset=(x, panel.header_rows))
            assert shown(panel)[: len(names)] == names
        assert panel.kept() == {"by": "instance", "sort": "label", "reverse": True}


@pytest.mark.asyncio
async def test_an_order_is_kept_where_another_grouping_has_no_such_column() -> None:
    """Errors have no cost and are sorted by their number; instances are by their cost again."""
    app = Alone(AuditPanel(KEYS))
    async with app.run_test(size=(120, 40)) as pilot:
        panel = app.widget
        panel.restore({"by": "instance", "sort": "cost", "reverse": True})
        for by, mark in (("instance", "COST▴"), ("error", "TIMES▴"), ("role", "COST▴")):
            panel.view = fleet_view(3, by=by)
            await pilot.pause()
            assert shown(panel)[-1] == mark


@pytest.mark.asyncio
async def test_large_screens_are_used() -> None:
    """Bars grow, and names are not cut where there is room for them."""
    name = "an-auth-service-hardening-model-of-40-cells"
    app = Alone(AuditPanel(KEYS))
    async with app.run_test(size=(200, 60)) as pilot:
        audit = AuditView(by="model", groups=(Group(name, usage(9, 0.5)),))
        app.widget.view = msgspec.structs.replace(fleet_view(), audit=audit)
        await pilot.pause()
        assert f"{name}  {'█' * 40} " in screen_of(pilot)


@pytest.mark.asyncio
async def test_where_nothing_is_priced_it_is_said_once() -> None:
    """In the first line; rates and costs that nobody knows are not listed one by one."""
    groups = tuple(Group(name, usage(9, None, 9), (name,)) for name in ("atlas", "harbor"))
    seen = msgspec.structs.replace(
        fleet_view(), usage=usage(18, None, 18), audit=AuditView(groups=groups)
    )
    app = Alone(AuditPanel(KEYS))
    async with app.run_test(size=(120, 30)) as pilot:
        app.widget.view = seen
        await pilot.pause()
        screen = screen_of(pilot)
        assert screen.count("unpriced") == 1
        assert "UNPRICED" not in screen
        assert "5m" not in screen


@pytest.mark.asyncio
async def test_the_cursor_begins_on_the_first_group() -> None:
    """The cursor starts on the first group, even if some sums have no known instance."""
    app = Alone(AuditPanel(KEYS))
    async with app.run_test(size=(100, 30)):
        view = fleet_view()
        nobody = Group(None, usage(30, None, 30))
        audit = AuditView(groups=(*view.audit.groups, nobody))
        app.widget.view = View(view.state, view.narrowing, view.instances, view.usage, audit=audit)
        assert app.widget.cursor == 0


@pytest.mark.asyncio
async def test_the_cursor_stays_on_its_group_and_enter_opens_it() -> None:
    """When another group becomes the dearest, the chosen one stays chosen."""
    chosen: list[EventQuery | None] = []

    class Listening(Alone[AuditPanel]):
        def opened(self, _view: LineView) -> None:
            chosen.append(self.widget.chosen)

    app = Listening(AuditPanel(KEYS))
    async with app.run_test(size=(100, 30)) as pilot:
        panel = app.widget
        panel.view = view = fleet_view()
        panel.focus()
        await pilot.press("j")
        turned = AuditView(
            groups=tuple(
                msgspec.structs.replace(group, usage=usage(9, place))
                for place, group in enumerate(view.audit.groups)
            )
        )
        panel.view = View(view.state, view.narrowing, view.instances, view.usage, audit=turned)
        assert panel.cursor == 4
        await pilot.press("enter")
        await pilot.pause()
    assert chosen == [EventQuery("harbor", frozenset({"harbor-0001"}))]


@pytest.mark.asyncio
async def test_any_size_is_survived() -> None:
    """From one cell to a wall, the panel shows what fits."""
    app = Alone(AuditPanel(KEYS))
    async with app.run_test(size=(100, 30)) as pilot:
        app.widget.view = fleet_view(200)
        for size in [(36, 6), (1, 1), (200, 50), (3, 80), (12, 3)]:
            await pilot.resize_terminal(*size)
            await pilot.pause()
        await pilot.resize_terminal(60, 12)
        await pilot.pause()
        assert "req" in screen_of(pilot)
        assert "INSTANCE" in screen_of(pilot)


# --- the rows behind -----------------------------------------------------------


@pytest.mark.asyncio
async def test_where_nothing_is_priced_shares_are_of_requests() -> None:
    """Bars and shares are there also without a cost, and it is said what they are of."""
    fleet = [
        instance("a1", "atlas", requests=6, unpriced=6),
        instance("b2", "probe", requests=2, unpriced=2),
    ]
    groups = tuple(Group(i.instance_id, i.usage, (i.instance_id,)) for i in fleet)
    usage = Usage(requests=8, unpriced=8)
    seen = msgspec.structs.replace(view(fleet), usage=usage, audit=AuditView(groups=groups))
    app = Alone(AuditPanel(KEYS))
    async with app.run_test(size=(100, 20)):
        app.widget.view = seen
        rows = [app.widget.row_text(index) for index in range(2)]
        assert "75%" in rows[0]
        assert "25%" in rows[1]
        assert "██████████" in rows[0]
        assert str(app.widget.border_subtitle) == "by instance · share of requests"


def test_a_fleet_without_requests_has_no_empty_pictures() -> None:
    """Before the first exchange there is neither a plot nor a row of dashes."""
    lines = above(view([instance("a1", "atlas")]), 100, 40)
    assert [line.split() for line in lines if line.strip()] == [
        ["–", "0", "req", "2", "err", "–", "tok"]
    ]


@pytest.mark.asyncio
async def test_as_time_passes_only_the_budget_reads_otherwise() -> None:
    """As time passes only a budget's end changes; without a budget nothing is laid out again."""
    app = Alone(AuditPanel(KEYS, id="audit"))
    async with app.run_test(size=(120, 40)) as pilot:
        app.widget.view = shown = fleet_view()
        await pilot.pause()
        assert "reached in 10h" in screen_of(pilot)
        app.widget.view = later(shown, 2 * 3600)
        await pilot.pause()
        assert "reached in 8h" in screen_of(pilot)
        app.widget.view = shown = fleet_view(budget_usd=None)
        with mock.patch.object(AuditPanel, "show_rows") as showing:
            app.widget.view = later(shown, 2 * 3600)
            await pilot.pause()
        showing.assert_not_called()


@pytest.mark.asyncio
async def test_what_is_counted_is_shown_before_new_sums_are_there() -> None:
    """Totals, errors and names are those of each view; one that looks alike is not laid out."""
    app = Alone(AuditPanel(KEYS, id="audit"))
    async with app.run_test(size=(120, 40)) as pilot:
        app.widget.view = shown = fleet_view(budget_usd=None)
        await pilot.pause()
        with mock.patch.object(AuditPanel, "show_rows") as showing:
            state = msgspec.structs.replace(shown.state, dropped_messages=7)
            app.widget.view = shown = msgspec.structs.replace(shown, state=state)
        showing.assert_not_called()
        app.widget.view = shown = msgspec.structs.replace(shown, usage=usage(321, 5.0))
        await pilot.pause()
        assert "321 req" in screen_of(pilot)
        state = msgspec.structs.replace(shown.state, errors=77)
        app.widget.view = shown = msgspec.structs.replace(shown, state=state)
        await pilot.pause()
        assert "77 err" in screen_of(pilot)
        first, *others = shown.state.instances
        named = msgspec.structs.replace(first, instance_name="renamed")
        state = msgspec.structs.replace(shown.state, instances=(named, *others))
        app.widget.view = msgspec.structs.replace(shown, state=state)
        await pilot.pause()
        assert "renamed" in screen_of(pilot)


@pytest.mark.asyncio
async def test_a_hit_in_a_cut_label_is_found_and_marked() -> None:
    """A label that is cut in its middle is found by what is cut, and its `…` shows why."""
    shown = fleet_view()
    group = Group("reviewer-of-ledgers-and-books-17", usage(3, 1.0), ("a1",))
    audit = msgspec.structs.replace(shown.audit, groups=(group, *shown.audit.groups))
    async with Alone(AuditPanel(KEYS)).run_test(size=(40, 24)) as pilot:
        table = pilot.app.query_one(AuditPanel)
        table.view = msgspec.structs.replace(shown, audit=audit)
        await pilot.pause()
        table.look_for("books")
        assert len(table.found.rows) == 1
        assert marked(table, table.header_rows + table.found.rows[0]) == "…"
        table.look_for("17")
        assert marked(table, table.header_rows + table.found.rows[0]) == "17"
