"""Comparing the fleet of two moments: what is told, in which order, and what stays unknown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleets import NOW_S, instance, team
from logging_core.analyse.state import FleetState, InstanceState, OpenRequest, State, Usage
from logging_core.codec.times import format_time_aware
from madrox_tui import format as fmt
from madrox_tui.changes.absence import Absence
from madrox_tui.changes.columns import ChangeCells, heading, sums_line
from madrox_tui.changes.comparison import Comparison, Kind, compare
from madrox_tui.changes.export import changes_export
from madrox_tui.changes.spells import Spell
from madrox_tui.columns import fit_columns
from madrox_tui.filters import parse_filter
from madrox_tui.scope import Scope
from madrox_tui.view import Narrowing

THEN_S = NOW_S - 1500
EVERYONE = Narrowing()


def fleet(*instances: InstanceState, at_s: float = NOW_S, **more: Any) -> FleetState:
    return FleetState(at_s=at_s, instances=instances, caught_up=True, **more)


def compared(
    then: Sequence[InstanceState],
    now: Sequence[InstanceState],
    spells: Sequence[Spell] = (),
    narrowing: Narrowing = EVERYONE,
) -> Comparison:
    return compare(fleet(*then, at_s=THEN_S), fleet(*now), spells, narrowing)


def told(comparison: Comparison, now: FleetState | None = None) -> list[str]:
    """The rows as they are drawn, blanks run together."""
    shown = now or fleet()
    table = fit_columns(ChangeCells(comparison.changes, shown, lambda _: "", {}).columns(), 200)
    return [" ".join(table.text(change).split()) for change in comparison.changes]


def at(seconds_ago: float) -> str:
    return fmt.clock(NOW_S - seconds_ago)


def spell(who: str = "a1", state: State = State.WAITING, **fields: Any) -> Spell:
    values: dict[str, Any] = {
        "label": who,
        "reason": "Overwrite? [y/N]",
        "since_s": NOW_S - 900,
        "until_s": NOW_S - 600,
        "end": "answered",
        **fields,
    }
    return Spell(instance_id=who, state=state, **values)


IDLE = instance("a1", "atlas", since=1600, requests=4, tokens=400, cost=0.5, reason="ready")


def later(**fields: Any) -> InstanceState:
    """The same instance, changed."""
    return msgspec.structs.replace(IDLE, **fields)


@pytest.mark.parametrize(
    ("before", "after", "row"),
    [
        (IDLE, IDLE, None),
        (IDLE, later(frames=9, last_activity_s=NOW_S), None),
        (
            IDLE,
            later(state=State.WAITING, reason="Overwrite? [y/N]", since_s=NOW_S - 60),
            f"{at(60)} atlas ? waiting Overwrite? [y/N]",
        ),
        (
            IDLE,
            later(state=State.STUCK, reason="request m-1 open", since_s=NOW_S - 60),
            f"{at(60)} atlas ▲ stuck request m-1 open",
        ),
        (
            IDLE,
            later(state=State.ERROR, reason="tmux session lost", since_s=NOW_S - 60, errors=2),
            f"{at(60)} atlas ✗ error 2 tmux session lost",
        ),
        (None, later(created_s=NOW_S - 90), f"{at(90)} atlas spawned, idle 4 400 $0.50 ready"),
        (
            IDLE,
            later(state=State.TERMINATED, since_s=NOW_S - 9, reason="terminated (force=True)"),
            f"{at(9)} atlas idle → terminated killed",
        ),
        (
            later(state=State.TERMINATED),
            later(since_s=NOW_S - 9),
            f"{at(9)} atlas terminated → idle ready",
        ),
        (
            later(spawned_s=(THEN_S - 60,)),
            later(spawned_s=(THEN_S - 60, NOW_S - 90), since_s=NOW_S - 50),
            f"{at(90)} atlas respawned, idle ready",
        ),
        (
            later(spawned_s=(THEN_S - 60,), state=State.TERMINATED, since_s=THEN_S - 9),
            later(spawned_s=(NOW_S - 90, NOW_S - 60), state=State.TERMINATED, since_s=NOW_S - 9),
            f"{at(9)} atlas respawned 2×, terminated ready",
        ),
        (
            later(state=State.UNKNOWN),
            later(spawned_s=(NOW_S - 90,), since_s=NOW_S - 60),
            f"{at(60)} atlas unknown → idle ready",
        ),
        (
            None,
            later(spawned_s=(NOW_S - 90, NOW_S - 60), created_s=NOW_S - 90),
            f"{at(60)} atlas respawned, idle 4 400 $0.50 ready",
        ),
        (IDLE, None, "atlas deleted – – – –"),
        (
            IDLE,
            later(usage=Usage(9, 900, 0.75, 1), errors=1),
            "atlas idle 5 500 $0.25+ 1 ready",
        ),
        (IDLE, later(usage=Usage(9, 400, 0.5, 5)), "atlas idle 5 – unpriced ready"),
        (
            IDLE,
            later(open_requests=(OpenRequest("m-1", NOW_S - 60), OpenRequest("m-2", None))),
            "atlas idle 2 1m ready",
        ),
        (IDLE, later(usage=Usage(1, 10, 0.01)), "atlas idle – – – ready"),
        (later(errors=3), IDLE, "atlas idle – ready"),
        (IDLE, later(usage=Usage(5, None, None, 1)), "atlas idle – – – ready"),
        (later(usage=Usage()), later(usage=Usage(1, 10, 0.0)), "atlas idle 1 10 $0.00 ready"),
    ],
    ids=[
        "the same",
        "only seen",
        "waits",
        "stuck",
        "failed",
        "spawned",
        "terminated",
        "revived",
        "respawned",
        "respawned and ended again",
        "spawned at last",
        "came and was respawned",
        "deleted",
        "worked",
        "nobody priced it",
        "was asked",
        "counted anew",
        "errors counted anew",
        "no longer known",
        "for free",
    ],
)
def test_what_is_told_of_an_instance(
    before: InstanceState | None, after: InstanceState | None, row: str | None
) -> None:
    """Its state and what was added; what is not known is a dash, never a negative number."""
    comparison = compared([before] if before else [], [after] if after else [])
    assert told(comparison) == ([] if row is None else [row])
    assert (comparison.compared, comparison.unchanged) == (1, 0 if row else 1)


def needy(state: State, reason: str = "Overwrite? [y/N]", since: float = 1600) -> InstanceState:
    return later(state=state, reason=reason, since_s=NOW_S - since)


@pytest.mark.parametrize(
    ("before", "after", "spells", "kinds"),
    [
        (needy(State.WAITING), needy(State.WAITING), [], []),
        (needy(State.WAITING), needy(State.WAITING, since=5), [], []),
        (needy(State.WAITING), needy(State.WAITING, "Log in?", 5), [], [Kind.NEEDS]),
        (
            needy(State.WAITING),
            needy(State.WAITING, since=5),
            [spell()],
            [Kind.NEEDS, Kind.NEEDED],
        ),
        (needy(State.STUCK), needy(State.STUCK, "request m-1 open, 1 more"), [], []),
        (needy(State.STUCK), needy(State.STUCK, since=5), [], [Kind.NEEDS]),
        (needy(State.WAITING), needy(State.STUCK, since=5), [], [Kind.NEEDS]),
        (needy(State.ERROR), needy(State.ERROR), [], []),
        (needy(State.ERROR), needy(State.ERROR, "disk full", 5), [], [Kind.FAILED]),
        (IDLE, IDLE, [spell()], [Kind.NEEDED]),
    ],
    ids=[
        "the same question",
        "only its pane moved",
        "another question",
        "the same question again",
        "still stuck",
        "stuck again",
        "now stuck",
        "the same error",
        "another error",
        "answered in between",
    ],
)
def test_who_needs_you_anew_comes_first(
    before: InstanceState, after: InstanceState, spells: list[Spell], kinds: list[Kind]
) -> None:
    """Who needed you then and still does is no news; a new question, hang or error is."""
    assert [c.kind for c in compared([before], [after], spells).changes] == kinds


@pytest.mark.parametrize(
    ("ended", "row"),
    [
        (spell(), f"{at(900)} a1 waited 5m, answered {at(600)[:5]} Overwrite? [y/N]"),
        (
            spell(state=State.STUCK, reason="request m-1 open", end="replied"),
            f"{at(900)} a1 stuck 5m, replied {at(600)[:5]} request m-1 open",
        ),
        (
            spell(state=State.ERROR, reason="tmux session lost", end="back"),
            f"{at(900)} a1 failed 5m, back {at(600)[:5]} tmux session lost",
        ),
        (
            spell(since_s=None, end="deleted"),
            f"a1 waited, deleted {at(600)[:5]} Overwrite? [y/N]",
        ),
    ],
)
def test_who_needed_you_in_between(ended: Spell, row: str) -> None:
    """How long, for what, and how and when that ended."""
    assert told(compared([], [], [ended])) == [row]


def test_who_failed_again_and_again_has_one_row() -> None:
    """Of the last error, with their number: a hundred of one agent do not hide what others did."""
    failed = [
        spell(
            who, State.ERROR, reason=f"error {n}", since_s=NOW_S - n, until_s=NOW_S - n, end="back"
        )
        for n in (60, 240, 120)
        for who in ("a1", "b2")
    ]
    rows = told(compared([], [], [*failed[1:], spell(), spell()]))
    waited = f"{at(900)} a1 waited 5m, answered {at(600)[:5]} Overwrite? [y/N]"
    assert rows == [
        f"{at(60)} b2 failed 3×, back {at(60)[:5]} error 60",
        f"{at(120)} a1 failed 2×, back {at(120)[:5]} error 120",
        *(waited, waited),
    ]


def test_the_most_telling_comes_first() -> None:
    """Who waits, who is stuck, who failed, who recovered, who came and went, who spent most."""
    then = [instance(i.instance_id, i.instance_name, since=9000) for i in team()[:9]]
    now = [*team()[:9], instance("z9", "novice", created_s=NOW_S - 100)]
    spells = [spell("e5", label="quill"), spell("e5", until_s=NOW_S - 30)]
    labels = [change.label for change in compared(then, now, spells).changes]
    assert labels[:6] == ["harbor", "mason", "probe", "e5", "quill", "novice"]
    assert labels[6:] == ["anvil", "atlas", "relay", "sentry", "quill", "scout"]


@pytest.mark.parametrize(
    ("narrowing", "names"),
    [
        (Narrowing(parse_filter("role:qa")), {"probe"}),
        (Narrowing(scope=Scope("b2")), {"harbor"}),
        (Narrowing(parse_filter("relic")), {"relic"}),
    ],
)
def test_the_filter_applies(narrowing: Narrowing, names: set[str]) -> None:
    """Rows, counts and sums are of those that are shown; who is gone is judged as it was."""
    relic = instance("r1", "relic")
    spells = [spell("a1"), spell("nobody")]
    comparison = compared([relic], team(), spells, narrowing)
    assert {change.label for change in comparison.changes} == names
    assert (comparison.compared, comparison.unchanged) == (1, 0)
    usage = comparison.added.usage
    if names == {"probe"}:
        assert usage is not None
        assert (usage.requests, usage.tokens, usage.cost_usd) == (9, 51_000, 0.0421)
        assert comparison.added.errors == 2
    if names == {"relic"}:
        assert usage is None


def test_the_sums_are_of_the_whole_fleet() -> None:
    """Exchanges and errors of nobody included; beside them how many did not change."""
    then = fleet(IDLE, at_s=THEN_S, usage=Usage(4, 400, 0.5), errors=1)
    now = fleet(IDLE, usage=Usage(24, 2_400, 1.75, 2), errors=2)
    problems = msgspec.structs.replace(now.problems, unreadable_lines=3)
    now = msgspec.structs.replace(now, problems=problems)
    assert (
        sums_line(compare(then, now), "fleet")
        == "fleet $1.25+ · 20 requests · 1 error · 3 new problems · 1 of 1 unchanged"
    )
    assert (
        sums_line(compare(now, then), "fleet")
        == "fleet – · – requests · – errors · – new problems · 1 of 1 unchanged"
    )
    unpriced = fleet(IDLE, usage=Usage(5, 400, 0.5, 1), errors=1)
    assert sums_line(compare(then, unpriced), "fleet").startswith("fleet unpriced · 1 request · 0")


usages = st.builds(
    Usage,
    requests=st.integers(0, 9),
    tokens=st.none() | st.integers(0, 99),
    cost_usd=st.none() | st.floats(0, 9),
    unpriced=st.integers(0, 9),
)
times = st.none() | st.floats(NOW_S - 9_000, NOW_S)
instances = st.builds(
    InstanceState,
    instance_id=st.sampled_from("abcd"),
    instance_name=st.none() | st.text(max_size=3),
    state=st.sampled_from(State),
    reason=st.sampled_from(["reply m-1", "Go on?", ""]),
    since_s=times,
    created_s=times,
    usage=usages,
    open_requests=st.lists(st.builds(OpenRequest, st.just("m"), times), max_size=2).map(tuple),
    errors=st.integers(0, 3),
)
fleets = st.lists(instances, max_size=4, unique_by=lambda i: i.instance_id).map(
    lambda found: fleet(*found)
)


@given(fleets)
def test_a_state_compared_with_itself_is_no_change(state: FleetState) -> None:
    """No row, no sum; everyone is counted as unchanged."""
    comparison = compare(msgspec.structs.replace(state, at_s=NOW_S + 1), state)
    assert comparison.changes == ()
    assert comparison.unchanged == comparison.compared == len(state.instances)
    assert comparison.added.is_nothing
    assert comparison.problems == 0


@given(fleets, fleets)
def test_every_instance_is_told_once_or_counted(then: FleetState, now: FleetState) -> None:
    """Of any two fleets: no negative number, nobody is left out or told twice."""
    comparison = compare(then, now)
    ids = [change.instance_id for change in comparison.changes]
    everyone = {i.instance_id for i in (*then.instances, *now.instances)}
    assert len(ids) == len(set(ids)) == len(everyone) - comparison.unchanged
    for change in comparison.changes:
        usage = change.added.usage or Usage()
        numbers = (usage.requests, usage.tokens, usage.cost_usd, usage.unpriced)
        assert all(number is None or number >= 0 for number in numbers)
    assert len(told(comparison, now)) == len(ids)
    assert all(len(row) == 14 for row in changes_export(comparison.changes).rows)


def test_what_is_exported_are_values() -> None:
    """Times with their offset, numbers as numbers, unknown is nothing."""
    after = later(state=State.WAITING, reason="Go on?", since_s=NOW_S - 60)
    exported = changes_export(compared([IDLE], [after], [spell()]).changes)
    needs, needed = (dict(zip(exported.columns, row, strict=True)) for row in exported.rows)
    assert (needs["change"], needs["instance_name"], needs["why"]) == ("needs", "atlas", "Go on?")
    assert (needs["state_before"], needs["state"]) == ("idle", "waiting")
    assert (needs["requests_added"], needs["cost_usd_added"]) == (0, None)
    assert needed["began"] == format_time_aware(NOW_S - 900)
    assert needed["ended"] == format_time_aware(NOW_S - 600)
    assert (needed["state_before"], needed["state"]) == ("waiting", "answered")


def test_a_change_of_another_day_has_its_day() -> None:
    """A time of day alone would be taken for today's."""
    after = later(state=State.WAITING, since_s=NOW_S - 200_000)
    (row,) = told(compared([IDLE], [after]))
    assert row.startswith(f"{fmt.moment(NOW_S - 200_000)[5:16]} atlas")


# --- since when ---------------------------------------------------------------


def absence(*touched: float) -> Absence:
    there = Absence(NOW_S)
    for at_s in touched:
        there.touched(NOW_S + at_s)
    return there


@pytest.mark.parametrize(
    ("touched", "looked"),
    [
        ((), 0),
        ((10, 20, 139), 0),
        ((10, 20, 140), 20),
        ((300,), 0),
        ((10, 20, 1520, 1521), 20),
        ((10, 500, 510, 1000, 1001), 510),
    ],
)
def test_the_last_look_is_the_last_input_before_a_pause(
    touched: tuple[float, ...], looked: float
) -> None:
    """Two minutes without any input are a pause, and the newest counts; else the start does."""
    assert absence(*touched).looked_s == NOW_S + looked


def test_the_steps_lead_back_and_forth() -> None:
    """5, 15 and 60 minutes, the last look and the start, whatever their order; then no further."""
    there, now_s = absence(600, 3000), NOW_S + 3000
    moments, since_s = [], there.looked_s
    while (back := there.step(since_s, -1, now_s)) is not None:
        moments.append(back - NOW_S)
        since_s = back
    assert moments == [0, -600]
    while (forth := there.step(since_s, 1, now_s)) is not None:
        moments.append(forth - NOW_S)
        since_s = forth
    assert moments[2:] == [0, 600, 2100, 2700]


def test_the_title_says_since_when_and_how_long_that_is() -> None:
    """The time of day, and the age."""
    assert heading(NOW_S - 1500, NOW_S) == f"What changed since {at(1500)[:5]} (25m ago)"


def test_the_title_says_up_to_when_if_that_is_over() -> None:
    """At an earlier moment both ends are said."""
    then = fmt.moment(NOW_S)
    shown = heading(NOW_S - 1500, NOW_S, is_past=True)
    assert shown == f"What changed from {at(1500)[:5]} to {then}"


def test_changes_up_to_before_the_last_look_are_those_of_minutes() -> None:
    """Else those since the last look are shown at first."""
    there = absence(600, 3000)
    assert there.before(NOW_S + 3000) == there.looked_s
    assert there.before(there.looked_s) == there.looked_s - 300
