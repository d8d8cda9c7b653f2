"""The audit panel: honest sums, what they look like over time, and what stands behind them."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import pytest
from rich.cells import cell_len
from textual import on
from textual.pilot import Pilot

from alone import Alone
from audits import NOW_S, FakeModel, fleet_view, instances, usage
from builders import TreeBuilder
from fleets import instance, later, view
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.state import FleetState, Group, TimelineEvent, Usage
from logging_core.cache import read_fleet
from logging_core.history import History
from logging_core.read.events import newest_events
from logging_core.records import AuditEvent, Batch, Message
from madrox_tui.audit_lines import audit_lines
from madrox_tui.audit_plots import AuditPlots, axis_dollars
from madrox_tui.audit_sums import AuditSums
from madrox_tui.audit_view import GROUPINGS, AuditModel, AuditView, kept_grouping, make_audit_view
from madrox_tui.exchanges import EventQuery, Events, query_of, with_happened
from madrox_tui.filters import Filter
from madrox_tui.messages import Written
from madrox_tui.money import Rate, make_budget, make_rate
from madrox_tui.panels.audit import AuditPanel
from madrox_tui.screens.rows import PAGE, RowsScreen
from madrox_tui.view import View
from madrox_tui.widgets.event_list import EventList
from madrox_tui.widgets.line_view import LineView

Panel = Alone[AuditPanel]


def screen_of(pilot: Pilot[None]) -> str:
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text for strip in strips)


def above(view: View, width: int, height: int) -> list[str]:
    """The lines above the table as plain text."""
    lines = audit_lines(view, 2, AuditPlots(), width, height)
    return ["".join(word.text for word in line) for line in lines]


# --- money ---------------------------------------------------------------------


def test_rates_are_by_the_hour_and_never_invented() -> None:
    """A window's cost is scaled to an hour; all unpriced is unknown, and no use costs nothing."""
    assert make_rate("5m", usage(3, 0.5), 300).usd_per_hour == pytest.approx(6.0)
    assert make_rate("5m", usage(3, None, 3), 300).usd_per_hour is None
    assert make_rate("5m", Usage(), 300).usd_per_hour == 0.0
    assert make_rate("5m", Usage(), 300, is_priced=False).usd_per_hour is None
    assert make_rate("all", usage(3, 0.5), None).usd_per_hour is None


def rates(view: View) -> dict[str, float | None]:
    return {rate.window: rate.usd_per_hour for rate in view.audit.rates}


@pytest.mark.parametrize(
    ("age_s", "all_time"),
    [(299, None), (300, 1.0), (3600, 1.0), (7200, 0.5), (36_000, 0.1)],
)
def test_one_exchange_is_no_pace(age_s: float, all_time: float | None) -> None:
    """A window is never taken for shorter than it is; of all time, nothing is said too soon."""
    fleet = (
        msgspec.structs.replace(instances(1)[0], created_s=NOW_S - age_s, usage=usage(1, 1.0)),
    )
    model = FakeModel(fleet)
    model.usage_in = lambda **_: usage(1, 1.0)  # type: ignore[method-assign]
    state = FleetState(at_s=NOW_S, instances=fleet, usage=usage(1, 1.0))
    view = View(state, Filter(), None, fleet, state.usage)
    audit = make_audit_view(model, state, fleet, usage=state.usage)
    assert rates(msgspec.structs.replace(view, audit=audit)) == {
        "5m": pytest.approx(12.0),
        "1h": pytest.approx(1.0),
        "all": None if all_time is None else pytest.approx(all_time),
    }


def spent(*costs: tuple[float, float], since_s: float | None = None) -> FleetModel:
    """A fleet that began 90 minutes ago; costs are so many seconds before now, and US dollars."""
    model = FleetModel(since_s=since_s)
    spawn = AuditEvent(time_s=NOW_S - 5400, event_type="instance_spawn", instance_id="a1")
    exchanges = (
        AuditEvent(
            time_s=NOW_S - ago_s,
            event_type="message_exchange",
            instance_id="a1",
            message_id=f"m-{ago_s}",
            cost_usd=cost_usd,
        )
        for ago_s, cost_usd in costs
    )
    model.apply(Batch(records=(spawn, *exchanges)))
    return model


COSTS = ((5399.0, 32.0), (3600.0, 16.0), (3599.9, 8.0), (300.0, 4.0), (299.9, 2.0), (0.0, 1.0))
"""Just outside and just inside of the windows that end now, and in the very first second."""


def rates_at(model: FleetModel, at_s: float, *, back: bool = False) -> tuple[float | None, ...]:
    """The rates over 5 minutes, an hour and all time, as of `at_s`; `back`: as it was then."""
    state = model.state(at_s)
    if not back:
        audit = make_audit_view(model, state, state.instances, usage=state.usage)
    else:
        costs = [usd for ago_s, usd in COSTS if NOW_S - ago_s <= at_s]
        state = msgspec.structs.replace(state, usage=Usage(len(costs), cost_usd=sum(costs)))
        sums = AuditSums(budget_usd=None, clock=lambda: 0.0)
        audit = sums.look_back(model, state, state.instances, state.usage, lambda *_: ())
    return tuple(rate.usd_per_hour for rate in audit.rates)


def test_a_rate_is_what_was_spent_in_its_window() -> None:
    """In the 5 minutes and the hour up to now, exactly, and of all time over all of it."""
    assert rates_at(spent(*COSTS), NOW_S) == pytest.approx((3 * 12, 15, 63 / 1.5))
    assert rates_at(spent(*COSTS), NOW_S + 0.5) == pytest.approx((1 * 12, 7, 63 / (5400.5 / 3600)))


def test_a_rate_of_the_past_has_nothing_that_was_spent_later() -> None:
    """Not even what was spent in the same minute."""
    model = spent(*COSTS)
    assert rates_at(model, NOW_S - 0.1, back=True) == pytest.approx(
        (6 * 12, 30, 62 / 1.5), rel=1e-4
    )
    assert rates_at(model, NOW_S - 299.95, back=True) == pytest.approx(
        (48, 28, 60 / 1.4167), rel=1e-3
    )


def test_a_plot_of_the_past_ends_at_its_moment() -> None:
    """Its last slot has nothing that was spent later, either."""
    model = spent(*COSTS)
    state = model.state(NOW_S - 299.95)
    audit = make_audit_view(model, state, state.instances, usage=state.usage)
    assert sum(slot.usage.cost_usd or 0 for slot in audit.slots) == 60


def test_all_of_a_young_fleets_cost_is_in_its_windows() -> None:
    """Of a fleet of 6 minutes, what it spent in the first is in the hour, but no longer in 5m."""
    model = spent((5399, 3.09))
    assert rates_at(model, NOW_S - 5400 + 290) == pytest.approx((37.08, 3.09, None), nan_ok=True)
    assert rates_at(model, NOW_S - 5400 + 360) == pytest.approx((0.0, 3.09, 3.09))


@pytest.mark.parametrize(
    ("since_s", "expected"),
    [
        (6000, (36, 15, 63 / 1.5)),
        (3600, (36, 15, 31)),
        (1800, (36, 14, 14)),
        (300, (36, 84, 84)),
        (299, (None, None, None)),
    ],
)
def test_what_is_not_counted_is_in_no_rate(
    since_s: float, expected: tuple[float | None, ...]
) -> None:
    """With `--since`, windows and all time begin no earlier; of too short a time there is none."""
    assert rates_at(spent(*COSTS, since_s=NOW_S - since_s), NOW_S) == pytest.approx(expected)


def test_a_rate_is_unknown_where_only_whole_hours_are_known() -> None:
    """No rate is made up from exchanges that are no longer known one by one."""
    model = FakeModel(instances())
    model.usage_in = lambda **_: None  # type: ignore[method-assign]
    assert rates(fleet_view(model=model))["1h"] is None


def test_where_nobody_knows_a_creation_the_first_exchange_begins_the_time() -> None:
    """A total that is known has a rate beside it."""
    model = FleetModel()
    exchanges = (
        AuditEvent(
            time_s=NOW_S - 3 * 3600 + n,
            event_type="message_exchange",
            instance_id="a1",
            message_id=f"m-{n}",
            cost_usd=1.5,
        )
        for n in range(4)
    )
    model.apply(Batch(records=tuple(exchanges)))
    state = model.state(NOW_S)
    assert state.instances[0].created_s is None
    audit = make_audit_view(model, state, state.instances, usage=state.usage)
    hours = 3 + (NOW_S % 3600) / 3600  # since the hour that it was in began
    assert audit.rates[2].usd_per_hour == pytest.approx(6.0 / hours)
    assert audit.slots[0].start_s <= NOW_S - 3 * 3600
    empty = FleetModel().state(NOW_S)
    nothing = make_audit_view(FleetModel(), empty, (), usage=empty.usage)
    assert nothing.rates[2].usd_per_hour is None


def test_a_budget_says_when_it_will_be_gone() -> None:
    """At the rate of the last hour; not at all without a rate, and not once it is gone."""
    budget = make_budget(50.0, usage(3, 20.0, 1), Rate("1h", 10.0), NOW_S)
    assert (budget.used, budget.unpriced) == (0.4, 1)
    assert budget.reached_s == NOW_S + 3 * 3600
    for spent, rate in ((20.0, 0.0), (20.0, None), (60.0, 10.0), (20.0, 1e-9)):
        assert make_budget(50.0, usage(3, spent), Rate("1h", rate), NOW_S).reached_s is None


def test_a_view_asks_for_the_instances_that_are_shown() -> None:
    """Rates, series and groups are of what the filter leaves; the budget is the whole fleet's."""
    model = FakeModel(instances())
    view = fleet_view(only="atlas", model=model)
    assert [ids for _, _, ids in model.windows] == [{"atlas-0000"}, {"atlas-0000"}, None]
    assert [group.label for group in view.audit.groups] == ["atlas-0000"]
    assert view.audit.budget is not None
    assert view.audit.budget.spent_usd == view.state.usage.cost_usd
    assert fleet_view(model=model, budget_usd=None).audit.budget is None
    assert model.windows[-1][2] is None


@pytest.mark.parametrize(
    ("age_s", "span_s", "step_s"),
    [
        (10, 900, 60),
        (3600, 3600, 60),
        (7200, 7320, 120),
        (80_000, 81_000, 900),
        (10**9, 31 * 86_400, 21_600),
    ],
)
def test_the_series_holds_the_whole_life_in_a_hundred_steps(
    age_s: float, span_s: int, step_s: int
) -> None:
    """From a quarter of an hour to a month, ending with the step that is now."""
    model = FakeModel(instances(age_s=age_s))
    fleet_view(model=model, age_s=age_s)
    ((from_s, to_s, step),) = model.spans
    assert step == step_s
    assert (NOW_S // step + 1) * step - from_s == span_s
    assert to_s == pytest.approx(NOW_S)
    assert to_s > NOW_S


# --- what is shown -------------------------------------------------------------


@pytest.mark.parametrize("height", range(1, 60, 3))
@pytest.mark.parametrize("width", [10, 36, 80, 200])
def test_what_is_above_the_table_fits(width: int, height: int) -> None:
    """At any size the totals are there, the table has its rows, and at 36 cells no line is cut."""
    lines = above(fleet_view(only="-quill"), width, height)
    assert lines[0].startswith("$19.80")
    assert len(lines) <= max(1, height - 3)
    assert width < 36 or all(cell_len(line) <= max(width, 90) for line in lines)


def test_money_is_honest_in_the_totals() -> None:
    """What is not priced is said beside what is, and filtered sums stand beside the fleet's."""
    totals, fleet, *_ = above(fleet_view(only="-quill"), 100, 40)
    assert "$19.80 + 12 unpriced" in totals
    assert fleet.startswith("fleet  $19.80 + 112 unpriced  979 req")
    state = FleetState(at_s=NOW_S, usage=Usage(3, unpriced=3))
    nothing = fleet_view()
    unpriced = View(state, nothing.filter, None, (), state.usage)
    text = "\n".join(above(unpriced, 100, 40))
    assert "unpriced" in text
    assert "$0.00" not in text


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


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (0.0015, "$.0015"),
        (0.04, "$.0400"),
        (0.1, "$0.10"),
        (50.0, "$50.00"),
        (6000.0, "$6,000"),
        (15_000.0, "$15.0k"),
        (300_000.0, "$300k"),
    ],
)
def test_no_amount_beside_an_axis_is_cut(usd: float, text: str) -> None:
    """Amounts beside an axis fit its six cells."""
    assert axis_dollars(usd) == text


def test_plots_say_what_their_axes_are() -> None:
    """Side by side where there is room: dollars, seconds, and the clock at both ends."""
    lines = above(fleet_view(), 120, 40)
    title = next(line for line in lines if "cost $/h" in line)
    assert "response time p95" in title
    axis = lines[lines.index(title) + len(lines[lines.index(title) :]) - 2]
    assert axis.count("12:30") == axis.count("14:32") == 2
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

    app = Listening(AuditPanel())
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
@pytest.mark.parametrize("width", [56, 62, 80])
async def test_what_a_group_is_called_is_cut_last(width: int) -> None:
    """Two models that differ in the middle are told apart before there are bars."""
    names = ("claude-sonnet-4-5", "claude-haiku-4-5", "an-auth-service-hardening-model")
    app = Alone(AuditPanel())
    async with app.run_test(size=(width, 20)) as pilot:
        audit = AuditView(by="model", groups=tuple(Group(n, usage(9, 0.5)) for n in names))
        app.widget.view = msgspec.structs.replace(fleet_view(), audit=audit)
        await pilot.pause()
        screen = screen_of(pilot)
        assert all(name in screen for name in (*names[:2], "COST", "an-auth-service-har…odel"))


@pytest.mark.parametrize("kept", [{}, {"by": "luck"}, {"by": ["role"]}, {"by": None}])
def test_nonsense_that_was_kept_changes_no_sums(kept: dict[str, Any]) -> None:
    """A saved grouping is restored only if it is a valid one."""
    assert kept_grouping({"by": "model"}) == "model"
    assert kept_grouping(kept) == "instance"
    panel = AuditPanel()
    panel.restore(kept)
    assert panel.kept() == {"by": "instance"}


@pytest.mark.asyncio
async def test_the_cursor_begins_on_the_first_group() -> None:
    """The cursor starts on the first group, even if some sums have no known instance."""
    app = Alone(AuditPanel())
    async with app.run_test(size=(100, 30)):
        view = fleet_view()
        nobody = Group(None, usage(30, None, 30))
        audit = AuditView(groups=(*view.audit.groups, nobody))
        app.widget.view = View(
            view.state, view.filter, None, view.instances, view.usage, audit=audit
        )
        assert app.widget.cursor == 0


@pytest.mark.asyncio
async def test_the_cursor_stays_on_its_group_and_enter_opens_it() -> None:
    """When another group becomes the dearest, the chosen one stays chosen."""
    chosen: list[EventQuery | None] = []

    class Listening(Alone[AuditPanel]):
        @on(LineView.Chosen)
        def _choose(self) -> None:
            chosen.append(self.widget.chosen)

    app = Listening(AuditPanel())
    async with app.run_test(size=(100, 30)) as pilot:
        panel = app.widget
        panel.view = view = fleet_view()
        panel.focus()
        await pilot.press("j")
        turned = AuditView(groups=view.audit.groups[::-1])
        panel.view = View(view.state, view.filter, None, view.instances, view.usage, audit=turned)
        assert panel.cursor == 4
        await pilot.press("enter")
        await pilot.pause()
    assert chosen == [EventQuery("harbor", frozenset({"harbor-0001"}))]


@pytest.mark.asyncio
async def test_any_size_is_survived() -> None:
    """From one cell to a wall, the panel shows what fits."""
    app = Panel(AuditPanel())
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


def test_an_error_is_known_by_its_first_line() -> None:
    """A label is the first line, maybe cut; an event that names no error is known by its type."""
    trace = AuditEvent(event_type="instance_error", error="out of memory\nat line 1")
    silent = AuditEvent(event_type="spawn_failed", level="ERROR")
    for label, event in (
        ("out of memory", trace),
        ("out of me…", trace),
        ("spawn_failed", silent),
    ):
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

    async def halves(self, event: AuditEvent) -> tuple[Message, ...]:
        raise NotImplementedError(event)

    async def line(self, message: Message) -> Written | None:
        raise NotImplementedError(message)


@pytest.mark.asyncio
async def test_the_rows_behind_a_sum_are_listed_and_older_ones_come_on_the_way() -> None:
    """Newest first, an unpriced one said to be so; more are read when the end comes near."""
    source = FakeEvents(PAGE * 3)
    app = Panel(AuditPanel())
    async with app.run_test(size=(120, 30)) as pilot:
        await app.push_screen(RowsScreen(EventQuery("atlas"), source, {"atlas-0000": "atlas"}))
        await pilot.pause()
        text = screen_of(pilot)
        assert "2026-11-23 14:30:00" in text
        assert "$0.25" in text
        assert "unpriced" in text
        assert f"the newest {PAGE} exchanges" in text
        head = app.screen.query_one(EventList).header(0)[0].text
        assert head.split() == ["TIME", "INSTANCE", "EVENT", "COST", "TOOK", "MESSAGE"]
        assert source.asked == [PAGE]
        exported = app.screen.query_one(EventList).export()
        newest = dict(zip(exported.columns, next(iter(exported.rows)), strict=True))
        assert (newest["instance_name"], newest["cost_usd"]) == ("atlas", 0.25)
        assert (newest["message_id"], newest["response_time_s"]) == ("m-0", 1.5)
        app.screen.query_one(EventList).cursor = PAGE - 1
        await pilot.pause()
        assert source.asked == [PAGE, 2 * PAGE]
        await pilot.press("escape")
        await pilot.pause()
        assert not isinstance(app.screen, RowsScreen)


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
    app = Panel(AuditPanel())
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(RowsScreen(EventQuery("atlas"), FakeEvents(0), {}))
        await pilot.pause()
        assert "not in the audit trail" in screen_of(pilot)


def test_reading_a_tree_changes_nothing(real_tree: Path) -> None:
    """The events of a real orchestrator's tree are all there, newest first."""
    found, more = newest_events(real_tree, EventQuery("all").matches, 10_000)
    times = [event.time_s or 0 for event in found]
    assert not more
    assert times == sorted(times, reverse=True)
    assert {event.event_type for event in found} == {"message_exchange"}


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
    app = Alone(AuditPanel())
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
    app = Panel(AuditPanel(id="audit"))
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
