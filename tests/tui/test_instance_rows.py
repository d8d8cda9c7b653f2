"""Which instances are rows, and in what order."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleets import NOW_S, instance, team, view
from logging_core.analyse.state import InstanceState, OpenRequest, State
from madrox_tui.panels.instances.columns import Cells, model
from madrox_tui.panels.instances.rows import ORDERS, Order, Row, flat, forest


def names(rows: list[Row]) -> list[str]:
    return [row.instance.label for row in rows]


def test_those_that_need_you_are_first() -> None:
    """Waiting, stuck, error; then who works, who rests, the unknown, and the dead last."""
    assert names(flat(team(), Order())) == [
        "harbor", "mason", "probe", "atlas", "relay", "scout", "sentry", "quill", "j0-7f3a", "anvil"
    ]  # fmt: skip


def test_numbers_begin_with_the_largest_and_unknown_is_last() -> None:
    """The dearest first; reversed, the cheapest; what nobody priced is last either way."""
    dearest = names(flat(team(), Order("cost")))
    assert dearest[:3] == ["anvil", "atlas", "harbor"]
    cheapest = names(flat(team(), Order("cost", reverse=True)))
    assert cheapest[:2] == ["probe", "quill"]
    assert dearest[-3:] == cheapest[-3:] == ["mason", "scout", "j0-7f3a"]


@pytest.mark.parametrize("key", ORDERS)
@pytest.mark.parametrize("reverse", [False, True])
def test_no_order_loses_anyone(key: str, reverse: bool) -> None:
    """Sorting by any column, either way, shows every instance once."""
    order = Order(key, reverse)
    assert sorted(names(flat(team(), order))) == sorted(i.label for i in team())
    assert order.mark != Order(key, not reverse).mark


@pytest.mark.parametrize(
    ("key", "mark", "order"), [("since", "▾", "cab"), ("seen", "▴", "bac"), ("open", "▾", "acb")]
)
def test_ages_are_sorted_as_they_are_shown(key: str, mark: str, order: str) -> None:
    """`▾` stands over ages that fall; of open requests it is the age of the oldest one too."""
    fleet = [
        instance("a", since=90, open_for=[80]),
        instance("b", since=5),
        instance("c", since=300, open_for=[20, 10, 5]),
    ]
    assert Order(key).mark == mark
    assert "".join(names(flat(fleet, Order(key)))) == order


def test_models_are_sorted_as_they_are_shown() -> None:
    """By what the column says: by type first, where that is not in the model's name."""
    fleet = [
        instance("a", instance_type="codex", model="gpt-5"),
        instance("b"),
        instance("c", instance_type="codex"),
        instance("d", instance_type="claude", model="opus"),
        instance("e", instance_type="claude", model="claude-haiku-4-5"),
    ]
    rows = flat(fleet, Order("model"))
    shown = [model(row)[0] for row in rows]
    assert shown == ["claude-haiku-4-5", "claude/opus", "codex", "codex/gpt-5", "–"]


def test_children_are_below_their_parents() -> None:
    """The tree is indented by who spawned whom; a branch is placed by who in it needs you most."""
    rows = forest(team(), Order(), frozenset())
    assert [(row.depth, row.instance.label) for row in rows] == [
        (0, "atlas"), (1, "harbor"), (2, "probe"), (2, "relay"), (1, "mason"), (1, "quill"),
        (1, "anvil"), (0, "scout"), (0, "sentry"), (0, "j0-7f3a"),
    ]  # fmt: skip


def test_a_folded_branch_is_its_sum() -> None:
    """It adds requests, tokens, cost and what is unpriced, and keeps the oldest open request."""
    row = next(
        r for r in forest(team(), Order(), frozenset({"b2"})) if r.instance.label == "harbor"
    )
    assert row.ids == ("b2", "d4", "f6")
    assert row.folded == 2
    usage = row.shown.usage
    assert (usage.requests, usage.tokens, usage.unpriced) == (62, 763_000, 1)
    assert usage.cost_usd == pytest.approx(2.0921)
    assert usage.latency.p95_s is None
    assert [r.message_id for r in row.shown.open_requests] == ["m-400", "m-380", "m-8"]


@pytest.mark.parametrize(
    ("times", "p95_s"),
    [
        ((1.0, 10.0, 100.0), None),
        ((1.0, 10.0, None), None),
        ((1.0, None, None), 1.0),
        ((None, None, 100.0), 100.0),
    ],
)
def test_quantiles_of_a_branch_are_known_if_they_are_of_one_instance(
    times: tuple[float | None, ...], p95_s: float | None
) -> None:
    """However deep the branch is: what several took together cannot be told from each one's."""
    chain = [
        instance(i, parent_instance_id=parent, requests=int(time_s is not None), p95=time_s)
        for i, parent, time_s in zip("abc", (None, "a", "b"), times, strict=True)
    ]
    (row,) = forest(chain, Order(), frozenset({"a"}))
    latency = row.shown.usage.latency
    assert (latency.count, latency.p95_s) == (row.shown.usage.requests, p95_s)


def family() -> list[InstanceState]:
    """A lead with a dead child that had one alive and one dead, and a dead root with a dead one."""
    return [
        instance("lead", state=State.IDLE, requests=1, cost=1.0),
        instance("dead", state=State.TERMINATED, requests=2, cost=2.0, parent_instance_id="lead"),
        instance("kid", state=State.BUSY, requests=3, cost=4.0, parent_instance_id="dead"),
        instance("late", state=State.TERMINATED, requests=4, cost=8.0, parent_instance_id="dead"),
        instance("old", state=State.TERMINATED, requests=5, cost=16.0),
        instance("older", state=State.TERMINATED, requests=6, cost=32.0, parent_instance_id="old"),
    ]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("folded", [frozenset(), frozenset({"p"})])
def test_a_branch_whose_p95_is_unknown_is_last(reverse: bool, folded: frozenset[str]) -> None:
    """By p95, either way, those come first of whom it is known; below a parent, its children."""
    fleet = [
        instance("p", requests=1, p95=50.0),
        instance("c", requests=1, p95=1.0, parent_instance_id="p"),
        instance("d", requests=1, p95=2.0, parent_instance_id="p"),
        instance("slow", requests=1, p95=90.0),
        instance("fast", requests=1, p95=10.0),
    ]
    shown = names(forest(fleet, Order("p95", reverse), folded))
    alone, kids = (["fast", "slow"], ["c", "d"]) if reverse else (["slow", "fast"], ["d", "c"])
    assert shown == [*alone, "p", *([] if folded else kids)]


def test_who_is_dead_stays_above_who_is_not() -> None:
    """The tree without the dead says who spawned whom; what is all dead is left out."""
    rows = forest(family(), Order(), frozenset(), with_dead=False)
    shown = [(row.depth, row.instance.label) for row in rows]
    assert shown == [(0, "lead"), (1, "dead"), (2, "kid")]
    assert [row.branch for row in rows] == [True, True, False]


@pytest.mark.parametrize(
    ("folded", "requests", "cost"), [("lead", 10, 15.0), ("dead", 9, 14.0), ("kid", 3, 4.0)]
)
def test_a_folded_branch_is_the_sum_of_its_dead_too(
    folded: str, requests: int, cost: float
) -> None:
    """What was spent does not shrink when the dead are hidden."""
    for with_dead in True, False:
        rows = forest(family(), Order(), frozenset({folded}), with_dead=with_dead)
        usage = next(row.shown.usage for row in rows if row.instance.label == folded)
        assert (usage.requests, usage.cost_usd) == (requests, cost)


def test_a_branch_that_only_the_dead_are_in_folds_as_before() -> None:
    """Where they are hidden, too, it can be folded into its sums, and unfolded again."""
    fleet = [
        instance("p", state=State.IDLE, requests=1),
        instance("c", state=State.TERMINATED, requests=2, parent_instance_id="p"),
    ]
    (row,) = forest(fleet, Order(), frozenset(), with_dead=False)
    assert (row.branch, row.folded, row.shown.usage.requests) == (True, 0, 1)
    (row,) = forest(fleet, Order(), frozenset({"p"}), with_dead=False)
    assert (row.branch, row.folded, row.shown.usage.requests) == (True, 1, 3)


def test_a_folded_branch_hides_nobody_who_needs_you() -> None:
    """A busy parent shows the state of the one below it that waits, and names it."""
    row = forest(team(), Order(), frozenset({"a1"}))[0]
    assert row.instance.label == "atlas"
    assert row.shown.state is State.WAITING
    assert row.shown.reason == "harbor: Do you want to make this edit to routes.py?"


def test_a_folded_branch_with_work_in_it_is_not_idle() -> None:
    """It shows the most urgent state in it, and is placed by that, as is one whose root ended."""
    for state in State.IDLE, State.TERMINATED, State.UNKNOWN:
        fleet = [
            instance("s", "solo", State.IDLE),
            instance("p", "lead", state),
            instance("k", "kid", State.BUSY, parent_instance_id="p"),
        ]
        first, second = forest(fleet, Order(), frozenset({"p"}))
        assert (first.instance.label, first.shown.state) == ("lead", State.BUSY)
        assert second.instance.label == "solo"


def test_a_folded_branch_says_what_the_one_that_leads_it_works_on() -> None:
    """In its WHY stands a name and what was asked, never the id of a message."""
    asked = (OpenRequest("m-1260", NOW_S - 1260, "Roll out the new runners."),)
    atlas, mason = (i for i in team() if i.instance_id in {"a1", "c3"})
    fleet = [atlas, msgspec.structs.replace(mason, open_requests=asked)]
    cells = Cells(view(fleet), tree=True)
    (row,) = forest(fleet, Order(), frozenset({"a1"}))
    assert cells.why(row)[0] == "mason: Roll out the new runners."
    (calm,) = forest([fleet[0], team()[4]], Order(), frozenset({"a1"}))
    assert calm.lead is calm.instance
    assert cells.why(calm)[0] == "request m-42 open"  # whose text is not known


def test_unpriced_branches_stay_unpriced() -> None:
    """A branch of which no cost and no tokens are known has none: unknown is not zero."""
    fleet = [
        instance("p", requests=2, unpriced=2),
        instance("c", requests=1, unpriced=1, parent_instance_id="p"),
    ]
    usage = forest(fleet, Order(), frozenset({"p"}))[0].shown.usage
    assert (usage.cost_usd, usage.tokens, usage.unpriced) == (None, None, 3)


IDS = "abcdefgh"


@given(
    st.lists(st.none() | st.sampled_from(IDS), min_size=8, max_size=8),
    st.frozensets(st.sampled_from(IDS)),
    st.sampled_from(sorted(ORDERS)),
)
def test_whoever_is_whose_parent_each_is_there_once(
    parents: list[str | None], folded: frozenset[str], key: str
) -> None:
    """Circles, orphans and instances that are their own parent neither hang nor hide anyone."""
    fleet = [instance(i, parent_instance_id=p) for i, p in zip(IDS, parents, strict=True)]
    rows = forest(fleet, Order(key), folded)
    assert sorted(i for row in rows for i in row.ids) == list(IDS)
