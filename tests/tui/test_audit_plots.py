"""The audit panel's plots: what is still under way, and scales that stay."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from audits import NOW_S, FakeModel, instances, latency, usage
from logging_core.analyse.state import FleetState, Slot, Usage
from madrox_tui import format as fmt
from madrox_tui.panels.audit.plots import AuditPlots
from madrox_tui.panels.audit.view import AuditView, make_audit_view
from madrox_tui.plot import steady_top

STEP_S = 60
GROUND = 8


def audit(costs: Sequence[float]) -> AuditView:
    """A minute for each cost; the last one is under way."""
    start_s = NOW_S - STEP_S * len(costs)
    slots = (
        Slot(start_s + STEP_S * n, Usage(1, 9, cost, 0, latency(1.0, 10)))
        for n, cost in enumerate(costs)
    )
    return AuditView(slots=tuple(slots), step_s=STEP_S)


def cost_rows(plots: AuditPlots, costs: Sequence[float], cells: int) -> list[list[tuple[str, str]]]:
    """The lines of the cost plot alone, without title, axis and edge."""
    lines = plots.draw(audit(costs), cells + GROUND, 4)
    return [[(word.text, word.style) for word in line[1:]] for line in lines[1:-1]]


def test_what_is_under_way_is_dimmed() -> None:
    """The minute that is not over has its height so far, but not the colour of those that are."""
    rows = cost_rows(AuditPlots(), [1.0, 1.0, 1.0, 0.1], 8)
    assert [style for _, style in rows[0]] == ["good", "muted"]
    assert rows[-1] == [("██████", "good"), ("▃▃", "muted")]
    assert rows[0][1][0] == "  "


def test_where_minutes_share_a_column_the_one_under_way_has_its_own() -> None:
    """A minute that has only begun makes no neighbour look cheaper, and what it cost is seen."""
    rows = cost_rows(AuditPlots(), [1.0, 1.0, 1.0, 0.0], 3)
    assert rows[-1] == [("██", "good"), (" ", "muted")]
    rows = cost_rows(AuditPlots(), [0.0, 0.0, 0.0, 0.0, 0.0, 1.0], 3)
    assert rows[-1] == [("  ", "good"), ("█", "muted")]


def test_response_times_are_bars_with_gaps_where_nothing_was_answered() -> None:
    """As the costs beside them are; the last quantile is of few replies yet, and so dimmed."""
    view = audit([1.0] * 4)
    unanswered = replace(view.slots[1], usage=Usage(1, 9, 1.0))
    view = replace(view, slots=(view.slots[0], unanswered, *view.slots[2:]))
    lines = AuditPlots().draw(view, 2 * (GROUND + 40) + 3, 4)
    edge, done, growing = lines[-2][-3:]
    assert edge.text == "     0s┤"
    assert (done.text, done.style) == ("█" * 10 + " " * 10 + "█" * 10, "accent")
    assert (growing.text, growing.style) == ("█" * 10, "muted")


def test_amounts_beside_an_axis_read_as_those_in_the_table() -> None:
    """All in the same words, and none of them cut."""
    for usd, text in ((0.0006, "$0.0400"), (5000.0, "$300k"), (90.0, "$6,000"), (0.3, "$20.00")):
        assert AuditPlots().draw(audit([usd] * 4), 40, 4)[1][0].text == f"{text:>7}┤"


def drawn(view: AuditView, width: int) -> list[str]:
    """The title, the plot and its axis as plain text."""
    lines = AuditPlots().draw(view, width, 4)
    return ["".join(word.text for word in line) for line in lines]


def test_an_axis_that_begins_on_another_day_says_so() -> None:
    """Its times of day would be taken for those of today; where there is no room, they are."""
    view = audit([1.0] * 60 * 18)  # from 20:30 on
    axis = drawn(view, 63)[-1]
    assert axis.startswith("       └11-22 20:30 ")
    assert axis.endswith(" 14:30")
    assert "11-22" not in drawn(view, 20)[-1]
    assert "11-23" not in drawn(audit([1.0] * 60), 63)[-1]


def test_no_axis_reaches_into_the_future() -> None:
    """The last step is not over: its time is that of the view, not when it will be."""
    view = replace(audit([1.0] * 4), at_s=NOW_S - STEP_S + 1, step_s=STEP_S * 10)
    assert drawn(view, 63)[-1].endswith(" 14:29")
    fleet = instances()
    state = FleetState(at_s=NOW_S, instances=fleet, usage=usage(3, 0.5))
    assert make_audit_view(FakeModel(fleet), state, fleet, usage=state.usage).at_s == NOW_S


@pytest.mark.parametrize(("window", "minutes"), [("1h", 60), ("5m", 5)])
def test_plots_are_of_the_window_of_the_table(window: str, minutes: int) -> None:
    """By the minute, each one that is in it, and the title says so in any width."""
    fleet = instances()
    state = FleetState(at_s=NOW_S, instances=fleet, usage=usage(3, 0.5))
    model = FakeModel(fleet)
    view = make_audit_view(model, state, fleet, usage=state.usage, window=window)
    assert view.slots[0].start_s == NOW_S - minutes * 60
    assert (len(view.slots), view.step_s) == (minutes + 1, 60)
    title, *_, axis = drawn(view, 100)
    assert f"cost $/h · last {window}" in title
    assert f"response time p95 · last {window}" in title
    assert axis.split()[0] == f"└{fmt.clock(NOW_S - minutes * 60)[:5]}"
    assert f"response time p95 · {window}" in drawn(view, 64)[0]
    model.series = lambda **_: (Slot(NOW_S - 60),)  # type: ignore[method-assign]
    idle = make_audit_view(model, state, fleet, usage=state.usage, window=window)
    assert drawn(idle, 63)[0].strip() == f"nothing in the last {window}"


def test_a_window_that_is_not_known_is_not_plotted() -> None:
    """Of long ago only whole hours are known: the plots stay those of all time."""
    fleet = instances()
    state = FleetState(at_s=NOW_S, instances=fleet, usage=usage(3, 0.5))
    model = FakeModel(fleet)
    whole = make_audit_view(model, state, fleet, usage=state.usage)
    model.usage_in = lambda *_, **__: None  # type: ignore[method-assign]
    view = make_audit_view(model, state, fleet, usage=state.usage, window="1h")
    assert [slot.start_s for slot in view.slots] == [slot.start_s for slot in whole.slots]
    assert "last 1h" not in drawn(view, 100)[0]


def test_an_empty_plot_says_since_when() -> None:
    """Nothing plotted is not nothing ever: the day of the last activity, or where it begins."""
    fleet = instances()
    model = FakeModel(fleet)
    model.series = lambda **_: (Slot(NOW_S - 60),)  # type: ignore[method-assign]
    long_ago = tuple(replace(i, last_activity_s=NOW_S - 40 * 86400) for i in fleet)
    for who, day in ((long_ago, "2026-10-14"), (fleet, "2026-11-23")):
        state = FleetState(at_s=NOW_S, instances=who, usage=usage(3, 0.5))
        view = make_audit_view(model, state, who, usage=state.usage)
        assert drawn(view, 63)[0].strip() == f"nothing since {day}"
    assert "nothing" not in drawn(audit([1.0]), 63)[0]


@pytest.mark.parametrize(
    ("most", "before", "top"),
    [
        (4.0, None, 4.0),
        (3.0, 4.0, 4.0),
        (1.4, 4.0, 4.0),
        (1.3, 4.0, 1.5),
        (4.1, 4.0, 5.0),
        (0.0, 4.0, 1.0),
    ],
)
def test_a_scale_stays_while_it_shows_the_values_well(
    most: float, before: float | None, top: float
) -> None:
    """It grows as soon as a value does not fit, and shrinks when the highest is below a third."""
    assert steady_top([None, most], before) == top


def test_the_scale_does_not_jump_from_look_to_look() -> None:
    """As minutes go by and columns are put together otherwise, the amount at the top stays."""
    plots = AuditPlots()
    tops = set()
    for minutes in range(20, 60):
        costs = [(0.3, 0.9, 0.5)[minute % 3] for minute in range(minutes)]
        tops.add(plots.draw(audit(costs), 30, 4)[1][0].text)
    assert len(tops) == 1
