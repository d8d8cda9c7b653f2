"""What the audit panel sums up: honest rates, budgets and series, now and back then."""

from __future__ import annotations

import msgspec
import pytest

from audits import NOW_S, FakeModel, fleet_view, instances, usage
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.state import Usage
from logging_core.records import AuditEvent, Batch
from madrox_tui.panels.audit.lines import audit_lines
from madrox_tui.panels.audit.money import Rate, make_budget, make_rate
from madrox_tui.panels.audit.plots import AuditPlots
from madrox_tui.panels.audit.sums import AuditSums
from madrox_tui.panels.audit.view import AuditView, make_audit_view
from madrox_tui.view import Narrowing, View


def test_rates_are_by_the_hour_and_never_invented() -> None:
    """A window's cost is scaled to an hour; all unpriced is unknown, and no use costs nothing."""
    assert make_rate("5m", usage(3, 0.5), 300).usd_per_hour == pytest.approx(6.0)
    assert make_rate("5m", usage(3, None, 3), 300).usd_per_hour is None
    assert make_rate("5m", Usage(), 300).usd_per_hour == 0.0


def rates(view: View) -> dict[str, float | None]:
    return {rate.window: rate.usd_per_hour for rate in view.audit.rates}


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [
        (0, {"all": 60}),
        (30, {"all": 60}),
        (120, {"all": 30}),
        (600, {"5m": 0, "all": 6}),
        (5400, {"5m": 0, "1h": 0, "all": 1 / 1.5}),
    ],
)
def test_a_rate_divides_by_the_time_that_passed(age_s: float, expected: dict[str, float]) -> None:
    """Since the first exchange, not since the creation; by a minute at least; nothing is twice."""
    exchange = AuditEvent(
        time_s=NOW_S - age_s,
        event_type="message_exchange",
        instance_id="a1",
        message_id="m",
        cost_usd=1.0,
    )
    assert rates_of(exchange) == pytest.approx(expected)


def test_a_fleet_of_ten_minutes_spends_at_the_same_pace_over_all_of_them() -> None:
    """What 5 minutes cost is not set against an hour that never was; a budget's end neither."""
    costs = [
        AuditEvent(
            time_s=NOW_S - minute * 60,
            event_type="message_exchange",
            instance_id="a1",
            message_id=f"m-{minute}",
            cost_usd=6.0,
        )
        for minute in range(11)
    ]
    assert rates_of(*costs) == pytest.approx({"5m": 5 * 6 * 12, "all": 66 * 6})
    audit = audit_of(*costs, budget_usd=66.0 + 33.0)
    assert audit.budget is not None
    assert audit.budget.reached_s == pytest.approx(NOW_S + 300)


def audit_of(*records: AuditEvent, budget_usd: float | None = None) -> AuditView:
    model = FleetModel()
    spawn = AuditEvent(time_s=NOW_S - 9000, event_type="instance_spawn", instance_id="a1")
    model.apply(Batch(records=(spawn, *records)))
    state = model.state(NOW_S)
    return make_audit_view(model, state, state.instances, usage=state.usage, budget_usd=budget_usd)


def rates_of(*records: AuditEvent) -> dict[str, float | None]:
    return {rate.window: rate.usd_per_hour for rate in audit_of(*records).rates}


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
    assert rates_at(spent(*COSTS), NOW_S) == pytest.approx((3 * 12, 15, 63 / (5399 / 3600)))
    assert rates_at(spent(*COSTS), NOW_S + 0.5) == pytest.approx((1 * 12, 7, 63 / (5399.5 / 3600)))


def test_a_rate_of_the_past_has_nothing_that_was_spent_later() -> None:
    """Not even what was spent in the same minute."""
    model = spent(*COSTS)
    assert rates_at(model, NOW_S - 0.1, back=True) == pytest.approx(
        (6 * 12, 30, 62 / (5398.9 / 3600))
    )
    assert rates_at(model, NOW_S - 299.95, back=True) == pytest.approx(
        (48, 28, 60 / (5099.05 / 3600))
    )


def test_a_plot_of_the_past_ends_at_its_moment() -> None:
    """Its last slot has nothing that was spent later, either."""
    model = spent(*COSTS)
    state = model.state(NOW_S - 299.95)
    audit = make_audit_view(model, state, state.instances, usage=state.usage)
    assert sum(slot.usage.cost_usd or 0 for slot in audit.slots) == 60


def test_all_of_a_young_fleets_cost_is_in_its_windows() -> None:
    """Of a fleet of 6 minutes, what it spent in the first is in all time, but no longer in 5m."""
    model = spent((5399, 3.09))
    assert rates_at(model, NOW_S - 5399 + 240) == pytest.approx((3.09 * 15,))
    assert rates_at(model, NOW_S - 5399 + 360) == pytest.approx((0.0, 3.09 * 10))


def cut(model: FleetModel, at_s: float = NOW_S) -> AuditView:
    model.is_cut = True
    state = model.state(at_s)
    return make_audit_view(model, state, state.instances, usage=state.usage, budget_usd=100.0)


@pytest.mark.parametrize(
    ("first_s", "rates"),
    [(299.0, {}), (300.0, {"5m": 12.0}), (3599.0, {"5m": 0.0}), (3600.0, {"5m": 0.0, "1h": 0.0})],
)
@pytest.mark.parametrize("since_s", [None, NOW_S - 4000])
def test_a_rate_is_of_a_window_that_was_read(
    first_s: float, rates: dict[str, float], since_s: float | None
) -> None:
    """While older exchanges are still to be read, there is none of what may have more of them."""
    audit = cut(spent((first_s, 1.0), (first_s - 0.1, 1.0), since_s=since_s))
    assert {rate.window for rate in audit.rates} == rates.keys()
    assert (audit.counted_from_s, audit.budget) == (NOW_S - first_s, None)


def test_a_plot_begins_where_what_was_read_does() -> None:
    """What is still to be read is not drawn as if nothing had happened then."""
    audit = cut(spent((1800.0, 1.0), (60.0, 1.0)))
    assert NOW_S - audit.slots[0].start_s < 1900
    assert cut(spent((1800.0, 1.0)), NOW_S - 3600).slots == ()


@pytest.mark.parametrize(
    ("since_s", "expected"),
    [
        (6000, {"5m": 36, "1h": 15, "all": 63 / (5399 / 3600)}),
        (4500, {"5m": 36, "1h": 15, "1h15m": 31 / 1.25}),
        (3600, {"5m": 36, "1h": 15}),
        (1800, {"5m": 36, "30m": 14}),
        (600, {"5m": 36, "10m": 42}),
        (330, {"5m": 36}),
        (240, {"4m": 15}),
        (59, {}),
    ],
)
def test_a_rate_is_called_what_it_is_of(since_s: float, expected: dict[str, float]) -> None:
    """With `--since`: windows that are counted as a whole, and the time that is; none twice."""
    model = spent(*COSTS, since_s=NOW_S - since_s)
    state = model.state(NOW_S)
    audit = make_audit_view(model, state, state.instances, usage=state.usage)
    assert {rate.window: rate.usd_per_hour for rate in audit.rates} == pytest.approx(expected)
    assert len(audit.rates) == len(expected)


@pytest.mark.parametrize(
    ("since_s", "told"),
    [
        (None, "reached in 50m, 15:20 at the rate of 5m"),
        (3600, "reached in 50m, 15:20 at the rate of 5m"),
        (600, "reached in 42m, 15:12 at the rate of 10m"),
        (240, "reached in 2h, 16:30 at the rate of 4m"),
        (59, "no rate yet"),
    ],
)
def test_a_budget_says_of_what_its_rate_is(since_s: float | None, told: str) -> None:
    """Its end is at the higher of the rates of 5 minutes and an hour, or of what is counted."""
    model = spent(*COSTS, since_s=None if since_s is None else NOW_S - since_s)
    state = model.state(NOW_S)
    limit_usd = (state.usage.cost_usd or 0.0) + 30.0
    audit = make_audit_view(model, state, state.instances, usage=state.usage, budget_usd=limit_usd)
    view = View(state, Narrowing(), state.instances, state.usage, audit=audit)
    lines = audit_lines(view, 0, AuditPlots(), 100, 20)
    (line,) = (line for line in lines if line and line[0].text == "budget ")
    assert line[-1].text.strip() == told


def test_when_a_budget_ends_is_said_before_at_which_rate() -> None:
    """As long as the date fits, it is not given up for a bar; nor is it where nothing ends it."""
    model = spent(*COSTS)
    state = model.state(NOW_S)
    for more_usd, told in ((30.0, "50m left"), (1e9, "not reached")):
        limit_usd = (state.usage.cost_usd or 0.0) + more_usd
        audit = make_audit_view(
            model, state, state.instances, usage=state.usage, budget_usd=limit_usd
        )
        view = View(state, Narrowing(), state.instances, state.usage, audit=audit)
        lines = audit_lines(view, 0, AuditPlots(), 54, 20)
        (line,) = (line for line in lines if line and line[0].text == "budget ")
        assert line[-1].text.strip() == told


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
    assert audit.rates[2].usd_per_hour == pytest.approx(2.0)
    assert audit.slots[0].start_s <= NOW_S - 3 * 3600
    empty = FleetModel().state(NOW_S)
    nothing = make_audit_view(FleetModel(), empty, (), usage=empty.usage)
    assert nothing.rates == ()


def test_a_budget_says_when_it_will_be_gone() -> None:
    """At the rate that is given; not at all without a rate, and not once it is gone."""
    budget = make_budget(50.0, usage(3, 20.0, 1), Rate("1h", 10.0), NOW_S)
    assert (budget.used, budget.unpriced) == (0.4, 1)
    assert budget.reached_s == NOW_S + 3 * 3600
    for spent, rate in ((20.0, 0.0), (20.0, None), (60.0, 10.0), (20.0, 1e-9)):
        assert make_budget(50.0, usage(3, spent), Rate("1h", rate), NOW_S).reached_s is None


@pytest.mark.parametrize(
    ("limit_usd", "told"),
    [
        (62.5, "spent since 14:30"),
        (62.0, "spent since 14:25"),
        (61.9, "spent since 14:25"),
        (50.0, "spent since 13:30"),
        (31.0, "spent since 13:00"),
    ],
)
@pytest.mark.parametrize("narrowed", [False, True])
def test_a_spent_budget_says_since_when(limit_usd: float, told: str, *, narrowed: bool) -> None:
    """To the minute, and of the whole fleet, whoever is shown."""
    model = spent(*COSTS)
    spawn = AuditEvent(time_s=NOW_S - 5000, event_type="instance_spawn", instance_id="b2")
    model.apply(Batch(records=(spawn,)))
    state = model.state(NOW_S)
    shown = state.instances[1:] if narrowed else state.instances
    audit = make_audit_view(model, state, shown, usage=state.usage, budget_usd=limit_usd)
    view = View(state, Narrowing(), shown, state.usage, audit=audit)
    lines = audit_lines(view, 0, AuditPlots(), 100, 20)
    (line,) = (line for line in lines if line and line[0].text == "budget ")
    assert line[-1].text.strip() == told


def test_of_a_budget_that_was_spent_before_the_plot_it_is_not_known_since_when() -> None:
    """The series goes back a month."""
    model = FleetModel()
    old = AuditEvent(
        time_s=NOW_S - 40 * 86400,
        event_type="message_exchange",
        instance_id="a1",
        message_id="m",
        cost_usd=9.0,
    )
    model.apply(Batch(records=(old,)))
    state = model.state(NOW_S)
    options = {"usage": state.usage, "budget_usd": 5.0}
    budget = make_audit_view(model, state, state.instances, **options).budget  # type: ignore[arg-type]  # of two kinds
    assert budget is not None
    assert (budget.used > 1, budget.spent_since_s) == (True, None)


def test_a_view_asks_for_the_instances_that_are_shown() -> None:
    """Rates, series and groups are of what the filter leaves; the budget is the whole fleet's."""
    model = FakeModel(instances())
    view = fleet_view(only="atlas", model=model)
    assert [ids for _, _, ids in model.windows] == [{"atlas-0000"}, {"atlas-0000"}, None, None]
    assert [group.label for group in view.audit.groups] == ["atlas-0000"]
    assert view.audit.budget is not None
    assert view.audit.budget.spent_usd == view.state.usage.cost_usd
    assert fleet_view(model=model, budget_usd=None).audit.budget is None
    assert model.windows[-1][2] is None


@pytest.mark.parametrize(
    ("age_s", "span_s", "step_s"),
    [
        (10, 900, 60),
        (3540, 3600, 60),
        (3600, 3720, 120),
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
