"""A number opens the rows behind it: the figures above the audit panel's table."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from alone import Alone
from audits import NOW_S, FakeModel, fleet_view, instances
from builders import TreeBuilder
from driver import run_app
from keyboard import KEYS
from logging_core.analyse.state import TimelineEvent, Usage
from logging_core.records import AuditEvent
from madrox_tui.events.event_list import EventList
from madrox_tui.events.query import EventOrder, EventQuery, Events, Ranking, with_happened
from madrox_tui.events.screen import EventsScreen
from madrox_tui.panels.audit.figure_query import figure_query
from madrox_tui.panels.audit.figures import figures
from madrox_tui.panels.audit.lines import audit_lines
from madrox_tui.panels.audit.panel import AuditPanel
from madrox_tui.panels.audit.plots import AuditPlots
from madrox_tui.widgets.line_view import LineView


def exchange(
    name: str,
    cost_usd: float | None = None,
    *,
    took_s: float | None = 1.0,
    ago_s: float = 0,
    tokens: int | None = None,
) -> AuditEvent:
    return AuditEvent(
        time_s=NOW_S - ago_s,
        event_type="message_exchange",
        instance_id="atlas-0000",
        message_id=name,
        cost_usd=cost_usd,
        tokens=tokens,
        response_time_s=took_s,
    )


def ranked(query: EventQuery, events: Iterable[AuditEvent]) -> tuple[AuditEvent, ...]:
    ranking = Ranking(query, 9)
    for event in events:
        ranking.offer(event)
    return ranking.rows


CHEAP = exchange("cheap", 0.1, took_s=4.0, tokens=90)
DEAR = exchange("dear", 2.0, took_s=12.0, ago_s=400, tokens=9)
FREE = exchange("free", took_s=None, ago_s=4000)
FAILED = AuditEvent(time_s=NOW_S, event_type="spawn_failed", level="ERROR")
EVERYTHING = (CHEAP, FAILED, DEAR, FREE)


@pytest.mark.parametrize(
    ("figure", "listed"),
    [
        ("cost", ["dear", "cheap"]),
        ("unpriced", ["free"]),
        ("requests", ["cheap", "dear", "free"]),
        ("errors", [None]),
        ("tokens", ["cheap", "dear"]),
        ("5m", ["cheap"]),
        ("1h", ["cheap", "dear"]),
        ("all", ["cheap", "dear", "free"]),
        ("p50", ["dear", "cheap"]),
        ("p95", ["dear"]),
        ("max", ["dear", "cheap"]),
        ("plotted cost", ["dear", "cheap"]),
        ("plotted times", ["dear", "cheap"]),
    ],
)
def test_a_figure_knows_its_events(figure: str, listed: list[str | None]) -> None:
    """What a figure is made of, in the order in which one looks for what made it so large."""
    query = figure_query(figure, fleet_view())
    assert [event.message_id for event in ranked(query, EVERYTHING)] == listed


def test_every_figure_above_the_table_can_be_opened() -> None:
    """Totals, rates, quantiles and plots, each from its own place; of what the filter leaves."""
    view = fleet_view(only="-quill")
    shown = figures(audit_lines(view, 2, AuditPlots(), 120, 40))
    assert [figure.opens for figure in shown] == [
        *("cost", "unpriced", "requests", "errors", "tokens"),
        *("5m", "1h", "all"),
        *("p50", "p95", "p99", "max"),
        *("plotted cost", "plotted times"),
    ]
    for figure in shown:
        ids = figure_query(figure.opens, view).instance_ids
        assert ids == frozenset(view.by_id)


def test_a_figure_knows_whether_it_is_of_anything() -> None:
    """Where it is not, nothing is missing from the list of its events."""
    model = FakeModel(instances())
    view = fleet_view(model=model)
    assert all(figure_query(opens, view).is_counted for opens in ("5m", "errors", "p95"))
    model.spent = 0.0
    quiet = fleet_view(model=model)
    state = replace(quiet.state, errors=0)
    quiet = replace(quiet, state=state, usage=Usage(3, cost_usd=1.0))
    for opens in ("5m", "1h", "errors", "tokens", "p95"):
        assert not figure_query(opens, quiet).is_counted
    assert figure_query("requests", quiet).is_counted
    unpriced = tuple(replace(rate, unpriced=2) for rate in quiet.audit.rates)
    assert figure_query("5m", replace(quiet, audit=replace(quiet.audit, rates=unpriced))).is_counted
    silent = replace(quiet, usage=Usage())
    assert not any(figure_query(opens, silent).is_counted for opens in ("requests", "cost"))


def test_errors_of_others_are_none_behind_a_number_of_those_shown() -> None:
    """Whom the filter leaves out may have failed: that is not missing from the list of the rest."""
    view = fleet_view(only="harbor")
    assert view.state.errors
    for number in (0, 1):
        shown = tuple(replace(one, errors=number) for one in view.instances)
        assert figure_query("errors", replace(view, instances=shown)).is_counted == (number > 0)


def test_a_query_keeps_to_the_time_that_is_shown() -> None:
    """Behind a sum of an earlier moment is nothing later, and nothing that does not count."""
    query = EventQuery("all").within(NOW_S - 500, NOW_S - 100)
    assert list(filter(query.matches, EVERYTHING)) == [DEAR]
    window = EventQuery("1h", from_s=NOW_S - 450).within(NOW_S - 9000, None)
    assert list(filter(window.matches, EVERYTHING)) == [CHEAP, DEAR]
    undated = AuditEvent(event_type="message_exchange")
    assert EventQuery("all").within(None, None).matches(undated)
    assert not query.matches(undated)


def test_all_errors_are_behind_their_number() -> None:
    """Those of orchestrator.log, too."""
    query = figure_query("errors", fleet_view())
    happened = [
        TimelineEvent("", NOW_S, "spawn_failed", is_error=True, counts=True),
        TimelineEvent("", NOW_S - 1, "no tmux", is_error=True, counts=True),
        TimelineEvent("", NOW_S - 2, "started"),
    ]
    rows = with_happened(Events((FAILED,)), query, happened, 9).rows
    assert [event.event_type for event in rows] == ["spawn_failed", "error"]


def test_equal_events_stay_in_their_order() -> None:
    """Of those that cost the same, the newest are kept and first; one met twice counts once."""
    same = [exchange(f"m-{n}", 1.0, ago_s=n) for n in range(4)]
    ranking = Ranking(EventQuery("x", order=EventOrder.DEAREST), 3)
    for event in [exchange("less", 0.5), *same, *same, exchange("none")]:
        ranking.offer(event)
    assert [event.message_id for event in ranking.rows] == ["m-0", "m-1", "m-2"]
    assert ranking.found == 5 + 1  # the one that was dropped has been forgotten


def test_a_repeated_exchange_is_ranked_by_the_first_of_its_id() -> None:
    """Read backwards, the older one takes the place of the newer, as only it is counted."""
    events = [exchange("m", 9.0), exchange("n", 2.0, ago_s=1), exchange("m", 1.0, ago_s=2)]
    ranking = Ranking(EventQuery("x", order=EventOrder.DEAREST), 9)
    for event in [*events, *events]:
        ranking.offer(event)
    assert [event.cost_usd for event in ranking.rows] == [2.0, 1.0]
    assert ranking.found == 2


def test_of_one_moment_the_first_in_the_file_counts() -> None:
    """Backwards that is the one that comes last, also if its times do not tell them apart."""
    events = [exchange("m", 9.0), exchange("m", 1.0)]
    assert [e.cost_usd for e in ranked(EventQuery("x", order=EventOrder.DEAREST), events)] == [1.0]


def test_a_spawn_out_of_the_order_of_time_ends_no_ranking() -> None:
    """An exchange is known by the life that it was taken for when it came."""
    spawn = AuditEvent(time_s=NOW_S + 50, event_type="instance_spawn", instance_id="atlas-0000")
    ranking = Ranking(EventQuery("x", order=EventOrder.DEAREST), 1)
    for event in (exchange("m-1", 1.0), spawn, exchange("m-2", 5.0, ago_s=1)):
        ranking.offer(event)
    assert [event.message_id for event in ranking.rows] == ["m-2"]


def here(panel: AuditPanel) -> tuple[str | None, str]:
    return panel.figure, panel._titles[1].plain


@pytest.mark.asyncio
async def test_the_cursor_goes_from_the_rows_up_to_the_figures() -> None:
    """Up from the first row, sideways, and down again; the border says what Enter lists."""
    chosen: list[str] = []

    class Listening(Alone[AuditPanel]):
        def opened(self, _view: LineView) -> None:
            query = self.widget.chosen
            chosen.append(query.in_words if query else "")

    app = Listening(AuditPanel(KEYS))
    async with app.run_test(size=(120, 40)) as pilot:
        panel = app.widget
        panel.focus()
        panel.view = fleet_view()
        await pilot.pause()
        await pilot.press("j", "k", "enter", "k")
        assert panel.figure == "plotted cost"
        await pilot.press("l")
        assert panel.figure == "plotted times"
        await pilot.press("k", "l", "l", "l", "l", "enter")
        assert panel._titles[1].plain == "Enter: exchanges, slowest first"
        panel.view = fleet_view()
        assert panel.figure == "max"
        await pilot.press("k", "k", "k", "h", "h", "h", "h", "h", "h", "enter")
        assert panel.figure == "cost"
        await pilot.press("j", "j", "j", "j", "enter")
        assert here(panel) == (None, "by instance")
        await pilot.click(AuditPanel, offset=(3, 3), times=2)
        assert panel.figure == "p50"
        panel.view = fleet_view(budget_usd=None)
        await pilot.resize_terminal(30, 6)
        await pilot.pause()
        assert here(panel) == (None, "by instance")
    assert chosen[:4] == [
        "atlas",
        "exchanges, slowest first",
        "exchanges, dearest first",
        "atlas",
    ]
    assert chosen[4].startswith("exchanges of 2.0s (p50)")


@pytest.mark.asyncio
@pytest.mark.parametrize(("key", "row"), [("g", 0), ("G", 5)])
async def test_g_leads_from_the_figures_to_the_rows(key: str, row: int) -> None:
    """To the first row, or the last; in a table of one row it does not lead away from there."""
    async with Alone(AuditPanel(KEYS)).run_test(size=(120, 40)) as pilot:
        panel = pilot.app.query_one(AuditPanel)
        panel.focus()
        panel.view = fleet_view()
        await pilot.pause()
        await pilot.press("j", "k", "k", "k")
        assert here(panel)[0] == "p95"
        await pilot.press(key)
        assert (*here(panel), panel.cursor) == (None, "by instance", row)
        panel.view = fleet_view(only="harbor")
        await pilot.press(key)
        assert (panel.figure, panel.cursor) == (None, 0)


@pytest.mark.asyncio
async def test_the_slowest_are_listed_first(tree: TreeBuilder) -> None:
    """Enter on the longest response time lists all exchanges by how long they took."""
    tree.spawn("a1", "atlas", at=0)
    for number, took in enumerate((3.0, 9.0, 6.0)):
        tree.send("a1", f"m-{number}", "go on", at=10 + number)
        tree.receive("a1", f"m-{number}", "done", at=20 + number, response_time=took, cost=None)
    async with run_app(tree.root, now_s=TreeBuilder.epoch(600), size=(160, 48)) as person:
        await person.sees("3 req", "9.0s max")
        await person.press("4", "k", "k", "l", "l", "l")
        await person.sees("Enter: exchanges, slowest first")
        await person.press("enter")
        await person.until(lambda: isinstance(person.app.screen, EventsScreen), "the rows")
        listed = person.app.screen.query_one(EventList)
        await person.until(lambda: listed.count == 3, "three rows")
        assert [event.response_time_s for event in listed.shown.rows] == [9.0, 6.0, 3.0]


@pytest.mark.asyncio
async def test_the_rows_behind_a_sum_can_be_listed_by_each_column(tree: TreeBuilder) -> None:
    """`s`, or a click on a heading, puts the dearest first, or what took longest, and so on."""
    tree.spawn("a1", "atlas", at=0)
    for number, (tokens, cost, took) in enumerate(((9, 0.1, 3.0), (1, 0.3, 9.0), (5, 0.2, 6.0))):
        tree.send("a1", f"m-{number}", "go on", at=10 + number)
        tree.receive(
            "a1", f"m-{number}", at=20 + number, tokens=tokens, cost=cost, response_time=took
        )
    async with run_app(tree.root, now_s=TreeBuilder.epoch(600), size=(160, 48)) as person:
        await person.sees("3 req")
        await person.press("4", "enter")
        await person.sees("TIME▾", "s sorts")
        listed = person.app.screen.query_one(EventList)

        async def lists(*ids: str) -> None:
            def are() -> bool:
                return [event.message_id for event in listed.shown.rows] == [*ids]

            await person.until(are, f"{ids}")

        await lists("m-2", "m-1", "m-0")
        await person.press("j", "s")
        await person.sees("TOKENS▾")
        await lists("m-0", "m-2", "m-1")
        assert listed.cursor == 0
        await person.press("s", "s")
        await person.sees("TOOK▾")
        await lists("m-1", "m-2", "m-0")
        await person.press("s")
        await person.sees("TIME▾")
        await lists("m-2", "m-1", "m-0")
        x = listed.header(0)[0].text.index("COST")
        await person.pilot.click(listed, offset=(x, 0))
        await person.sees("COST▾")
        await lists("m-1", "m-2", "m-0")


@pytest.mark.asyncio
async def test_a_filter_makes_no_more_errors_than_the_fleet_has(tree: TreeBuilder) -> None:
    """One that is about the whole team is about each in it; still it is one."""
    team = [f"i{n}" for n in range(9)]
    for instance_id in team:
        tree.spawn(instance_id, at=0)
    details = {"affected_instances": team, "failure_reason": "gone"}
    tree.audit("manager_daemon_failure", None, details, at=20, level="ERROR")
    now_s = TreeBuilder.epoch(600)
    async with run_app(tree.root, now_s=now_s, size=(160, 48), filter_text="errors>0") as person:
        await person.sees("Instances 9 of 9", "fleet  –  0 req  1 err")
        await person.sees("│ –  0 req  1 err")


@pytest.mark.asyncio
async def test_errors_are_listed_by_time_alone(tree: TreeBuilder) -> None:
    """They have no other numbers: nothing offers to sort them."""
    tree.spawn("a1", "atlas", at=0)
    for at in (20, 30):
        tree.audit("instance_error", "a1", {"error": f"lost {at}"}, at=at, level="ERROR")
    async with run_app(tree.root, now_s=TreeBuilder.epoch(600), size=(160, 48)) as person:
        await person.sees("2 err")
        await person.press("4", "b", "b", "b", "b", "b", "b", "enter")
        await person.sees("TIME▾", "lost 30", "Enter opens · Esc closes")
        await person.press("s")
        await person.sees("TIME▾", "lost 30")


@pytest.mark.asyncio
async def test_a_paused_sum_lists_what_it_was_made_of(tree: TreeBuilder) -> None:
    """Paused, Enter lists the exchanges of the sum on the screen, not those that came since."""
    tree.spawn("a1", "atlas", at=0)
    tree.receive("a1", "m-0", at=20)
    async with run_app(tree.root, now_s=TreeBuilder.epoch(600), size=(160, 48)) as person:
        await person.sees("1 req")
        await person.press("space")
        tree.receive("a1", "m-1", at=601)
        await person.sees("paused", "2 req")
        await person.press("4", "k", "k", "enter")
        await person.until(lambda: isinstance(person.app.screen, EventsScreen), "the rows")
        listed = person.app.screen.query_one(EventList)
        await person.until(lambda: listed.count > 0, "rows")
        assert [event.message_id for event in listed.shown.rows] == ["m-0"]
