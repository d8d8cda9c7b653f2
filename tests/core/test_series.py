"""Sums by time, tables of sums, and the pulse of an instance."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import islice, product
from typing import Any

import msgspec
import pytest
from exchanges import in_bulk

from builders import TreeBuilder
from logging_core.analyse import older, series
from logging_core.analyse.activity import PULSE_MINUTES
from logging_core.analyse.counts import MAX_COUNTED
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.latency import quantiles
from logging_core.analyse.state import Group, Slot, Usage
from logging_core.exchanges import AuditBlock
from logging_core.records import (
    AuditEvent,
    Batch,
    FrameRef,
    Message,
    Metadata,
    OrchestratorEvent,
    Record,
)

T = TreeBuilder.epoch(0)
"""Noon; times in these tests are seconds after it."""
DAY = 86_400.0


def exchange(at: float, instance_id: str | None = "a", **fields: Any) -> AuditEvent:
    return AuditEvent(
        time_s=T + at, event_type="message_exchange", instance_id=instance_id, **fields
    )


def spawn(at: float, instance_id: str, **details: Any) -> AuditEvent:
    return AuditEvent(
        time_s=T + at, event_type="instance_spawn", instance_id=instance_id, details=details
    )


def model_of(*records: Record, blocks: bool = False, **options: Any) -> FleetModel:
    model = FleetModel(**options)
    if not blocks:
        model.apply(Batch(records=records))
        return model
    events = [r for r in records if isinstance(r, AuditEvent)]
    bulk = in_bulk([event for event in events if event.event_type == "message_exchange"])
    rest = tuple(event for event in events if event.event_type != "message_exchange")
    model.apply(Batch(records=rest, blocks=(AuditBlock("audit/audit.jsonl", bulk),)))
    return model


def usage_of(
    model: FleetModel, from_s: float, to_s: float, instance_ids: Sequence[str] | None = None
) -> Usage:
    usage = model.usage_in(from_s=from_s, to_s=to_s, instance_ids=instance_ids)
    assert usage is not None
    return usage


def many(count: int, days: float, *, seed: int = 1) -> list[AuditEvent]:
    source = random.Random(seed)
    moments = sorted(source.uniform(0, days * DAY) for _ in range(count))
    return [
        exchange(
            at,
            source.choice("abc"),
            message_id=f"m-{number}",
            tokens=source.choice([None, 10, 2_000]),
            cost_usd=source.choice([None, 0.0, 0.000125, 0.5]),
            response_time_s=source.choice([None, source.lognormvariate(1, 1)]),
        )
        for number, at in enumerate(moments)
    ]


def expected(events: Sequence[AuditEvent], from_s: float, to_s: float) -> tuple[object, ...]:
    inside = [e for e in events if e.time_s is not None and from_s <= e.time_s < to_s]
    costs = [e.cost_usd for e in inside if e.cost_usd is not None]
    tokens = [e.tokens for e in inside if e.tokens is not None]
    times = [e.response_time_s for e in inside if e.response_time_s is not None]
    return (
        len(inside),
        sum(tokens) if tokens else None,
        pytest.approx(sum(costs)) if costs else None,
        len(inside) - len(costs),
        len(times),
        max(times, default=None),
        pytest.approx(sum(times) / len(times)) if times else None,
    )


def found(slot: Slot) -> tuple[object, ...]:
    usage, latency = slot.usage, slot.usage.latency
    sums = (usage.requests, usage.tokens, usage.cost_usd, usage.unpriced)
    return (*sums, latency.count, latency.max_s, latency.mean_s)


@pytest.mark.parametrize("blocks", [False, True], ids=["singly", "in bulk"])
@pytest.mark.parametrize("step_s", [60, 300, 5_400, DAY])
def test_a_series_has_every_slot_with_what_lies_in_it(step_s: float, blocks: bool) -> None:
    """Each slot of the fleet's series sums the exchanges of its stretch; empty ones are there."""
    events = many(800, 1.5)
    model = model_of(*events, blocks=blocks)
    from_s, to_s = T + 1_800, T + 1_800 + 36 * 3_600
    slots = model.series(from_s=from_s, to_s=to_s, step_s=step_s)
    assert [slot.start_s for slot in slots] == [
        from_s + n * step_s for n in range(-(-36 * 3_600 // int(step_s)))
    ]
    for slot in slots:
        end_s = min(slot.start_s + step_s, to_s)
        assert found(slot) == expected(events, slot.start_s, end_s)


@pytest.mark.parametrize("blocks", [False, True], ids=["singly", "in bulk"])
def test_some_instances_have_their_own_series(blocks: bool) -> None:
    """Of its newest exchanges, the series of some instances is exact to the minute."""
    events = many(600, 0.9)
    model = model_of(*events, blocks=blocks)
    theirs = [event for event in events if event.instance_id in {"a", "c"}]
    slots = model.series(from_s=T, to_s=T + 0.9 * DAY, step_s=60, instance_ids=["a", "c", "nobody"])
    assert sum(slot.usage.requests for slot in slots) == len(theirs)
    for slot in slots:
        assert found(slot) == expected(theirs, slot.start_s, slot.start_s + 60)


@pytest.fixture
def few_singly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the newest thousand exchanges are kept one by one."""
    monkeypatch.setattr(series, "MAX_SINGLY", SINGLY)
    monkeypatch.setattr(series, "MAX_PENDING", 64)


SINGLY = 1_024


@pytest.mark.usefixtures("few_singly")
@pytest.mark.parametrize("instance_ids", [None, ["a"], ["a", "c"]])
def test_what_is_more_than_the_newest_is_known_by_the_hour(
    instance_ids: list[str] | None,
) -> None:
    """Older exchanges count where their hour begins; none is lost, of the fleet or of one."""
    events = many(3 * SINGLY, 40)
    model = model_of(*events, blocks=True)
    theirs = [e for e in events if instance_ids is None or e.instance_id in instance_ids]
    slots = model.series(from_s=T, to_s=T + 41 * DAY, step_s=3_600, instance_ids=instance_ids)
    for slot in slots:
        assert found(slot) == expected(theirs, slot.start_s, slot.start_s + 3_600)


@pytest.mark.usefixtures("few_singly")
def test_days_may_be_read_in_any_order() -> None:
    """The newest day first or last: its exchanges are known to the minute, all by the hour."""
    events = [event for event in many(8 * SINGLY, 10) if event.instance_id == "a"]
    halves = [events[:700], events[700:]]
    for order in (halves, halves[::-1]):
        model = FleetModel()
        for part in order:
            model.apply(Batch(blocks=(AuditBlock("audit/audit.jsonl", in_bulk(part)),)))
        for instance_ids in (None, ["a"]):
            slots = model.series(
                from_s=T, to_s=T + 10 * DAY, step_s=3_600, instance_ids=instance_ids
            )
            for slot in slots:
                assert found(slot) == expected(events, slot.start_s, slot.start_s + 3_600)
            newest = events[-SINGLY + 64 :]
            minute_s = 60 * ((newest[0].time_s or 0) // 60 + 1)
            usage = usage_of(model, minute_s, T + 11 * DAY, instance_ids)
            assert usage.requests == expected(newest, minute_s, T + 11 * DAY)[0]


@pytest.mark.usefixtures("few_singly")
def test_more_exchanges_than_are_kept_one_by_one_are_all_counted() -> None:
    """A burst of many thousand exchanges in one minute adds up in that hour, nothing lost."""
    events = [exchange(60 + n / 1_000, "a", tokens=1) for n in range(6 * SINGLY)]
    model = FleetModel()
    for start in range(0, len(events), 1_000):
        model.apply(Batch(records=tuple(events[start : start + 1_000])))
    usage = usage_of(model, T, T + 3_600, ["a"])
    assert (usage.requests, usage.tokens) == (len(events), len(events))
    assert usage_of(model, T, T + 3_600).requests == len(events)


@pytest.mark.usefixtures("few_singly")
@pytest.mark.parametrize("newest_first", [False, True])
def test_of_instances_what_is_still_older_is_known_by_the_day(
    monkeypatch: pytest.MonkeyPatch, *, newest_first: bool
) -> None:
    """With very many hours of instances, older sums are of days; the fleet keeps its hours."""
    monkeypatch.setattr(older, "MAX_BY_HOUR", 300)
    events = many(3 * SINGLY, 20)
    model = FleetModel()
    days = [events[start : start + 256] for start in range(0, len(events), 256)]
    for part in reversed(days) if newest_first else days:
        model.apply(Batch(blocks=(AuditBlock("audit/audit.jsonl", in_bulk(part)),)))
    mine = [event for event in events if event.instance_id == "a"]
    midnight = T - T % DAY
    for instance_ids, theirs, step_s in ((["a"], mine, DAY), (None, events, 3_600)):
        slots = model.series(
            from_s=midnight, to_s=midnight + 21 * DAY, step_s=step_s, instance_ids=instance_ids
        )
        for slot in slots:
            assert found(slot) == expected(theirs, slot.start_s, slot.start_s + step_s)
    from_s, to_s = midnight + DAY + 3_600, midnight + DAY + 7_200
    assert usage_of(model, from_s, to_s).requests == expected(events, from_s, to_s)[0]
    assert model.usage_in(from_s=from_s, to_s=to_s, instance_ids=["a"]) is None
    assert model.groups_in("instance", from_s=from_s, to_s=to_s) is None
    assert model.first_exchange_s(["a"]) == midnight
    whole = usage_of(model, midnight + DAY, midnight + 2 * DAY, ["a"])
    assert whole.requests == expected(mine, midnight + DAY, midnight + 2 * DAY)[0]


def test_a_month_of_the_fleet_is_known_to_the_minute() -> None:
    """Any window of a fleet with few exchanges is exact, and the whole misses none."""
    events = many(2_000, 60)
    model = model_of(*events, blocks=True)
    recent = usage_of(model, T + 40 * DAY + 60 * 17, T + 60 * DAY)
    assert recent.requests == expected(events, T + 40 * DAY + 60 * 17, T + 60 * DAY)[0]
    whole = usage_of(model, T - DAY, T + 61 * DAY)
    assert whole.requests == len(events)
    old = usage_of(model, T + 2 * DAY, T + 9 * DAY)
    assert old.requests == expected(events, T + 2 * DAY, T + 9 * DAY)[0]


def test_a_clock_that_jumped_ahead_costs_no_detail() -> None:
    """One exchange from the far future leaves what happened today known to the minute."""
    events = many(1_500, 0.5)
    stray = exchange(9_000 * DAY, "a", message_id="stray")
    model = model_of(stray, *events, blocks=True)
    for instance_ids, theirs in (
        (None, events),
        (["a"], [e for e in events if e.instance_id == "a"]),
    ):
        slots = model.series(from_s=T, to_s=T + DAY / 2, step_s=60, instance_ids=instance_ids)
        for slot in slots:
            assert found(slot) == expected(theirs, slot.start_s, slot.start_s + 60)


@pytest.mark.usefixtures("few_singly")
@pytest.mark.parametrize("instance_ids", [None, ["a"]])
def test_a_clock_from_before_all_clocks_costs_no_more(instance_ids: list[str] | None) -> None:
    """Exchanges of 1960 are counted in 1960, and what is of today as ever."""
    long_ago = [exchange(-24_000 * DAY + n, tokens=1) for n in range(2 * SINGLY)]
    model = model_of(*long_ago, exchange(5, tokens=3), blocks=True)
    assert usage_of(model, T - 24_001 * DAY, T - 23_999 * DAY, instance_ids).tokens == 2 * SINGLY
    assert usage_of(model, T, T + 60, instance_ids).tokens == 3


@pytest.mark.parametrize("blocks", [False, True], ids=["singly", "in bulk"])
@pytest.mark.parametrize("instance_ids", [None, ["a"]])
def test_a_window_is_exact(instance_ids: list[str] | None, blocks: bool) -> None:
    """From any moment to before any other, in whatever order the exchanges were written."""
    events = [e for e in many(900, 0.3) if e.instance_id == "a"]
    random.Random(3).shuffle(events)
    model = model_of(*events, blocks=blocks)
    times = sorted(event.time_s or 0.0 for event in events)
    for from_s, to_s in ((times[3], times[40]), (T + 7_000.25, T + 14_400.5), (T, times[-1])):
        usage = usage_of(model, from_s, to_s, instance_ids)
        assert usage.requests == expected(events, from_s, to_s)[0]


@pytest.mark.parametrize("blocks", [False, True], ids=["singly", "in bulk"])
@pytest.mark.parametrize("instance_ids", [None, ["a"]])
def test_the_last_slot_ends_in_time(instance_ids: list[str] | None, blocks: bool) -> None:
    """What is later than the end of a series is not in it, even in the minute that it ends in."""
    model = model_of(exchange(70), exchange(80), exchange(90), blocks=blocks)
    slots = model.series(from_s=T, to_s=T + 90, step_s=60, instance_ids=instance_ids)
    assert [slot.usage.requests for slot in slots] == [0, 2]


@pytest.mark.usefixtures("few_singly")
@pytest.mark.parametrize("instance_ids", [None, ["a"]])
def test_a_window_that_cuts_an_hour_of_long_ago_is_unknown(
    instance_ids: list[str] | None,
) -> None:
    """Where only the sum of an hour is kept, none is made up for a part of it."""
    count = 3 * SINGLY
    events = [exchange(n * 14_400 / count, cost_usd=1.0) for n in range(count)]
    model = model_of(*events, blocks=True)

    def requests(from_s: float, to_s: float) -> int | None:
        usage = model.usage_in(from_s=T + from_s, to_s=T + to_s, instance_ids=instance_ids)
        return None if usage is None else usage.requests

    assert requests(1_800, 7_200) is None
    assert requests(0, 1_800) is None
    assert requests(0, 14_400) == count
    assert requests(14_000, 14_400) == expected(events, T + 14_000, T + 14_400)[0]
    assert requests(-1_800, 20_000) == count


@pytest.mark.parametrize("instance_ids", [None, ["a"]])
def test_no_window_is_told_wrong_whatever_comes_late(
    monkeypatch: pytest.MonkeyPatch, instance_ids: list[str] | None
) -> None:
    """It is exact or unknown, also where a clock was wrong and old exchanges come after newer."""
    monkeypatch.setattr(series, "MAX_SINGLY", 32)
    monkeypatch.setattr(series, "MAX_PENDING", 8)
    source, told = random.Random(9), 0
    events = [exchange(n * 300 - source.choice([0, 0, 0, 15_000])) for n in range(120)]
    model = FleetModel()
    for number, event in enumerate(events, 1):
        model.apply(Batch(records=(event,)))
        from_s = T + source.uniform(0, 300 * number)
        to_s = from_s + source.uniform(0, 20_000)
        usage = model.usage_in(from_s=from_s, to_s=to_s, instance_ids=instance_ids)
        if usage is not None:
            told += 1
            assert usage.requests == expected(events[:number], from_s, to_s)[0]
    assert told > 60


def test_quantiles_of_a_window_are_within_two_percent() -> None:
    """p50, p95 and p99 of a long stretch are within 2 % of the exact ones."""
    source = random.Random(5)
    times = [source.lognormvariate(1, 1) for _ in range(20_000)]
    events = [exchange(n * 4.0, "a", response_time_s=s) for n, s in enumerate(times)]
    model = model_of(*events, blocks=True)
    for instance_ids in (None, ["a"]):
        latency = usage_of(model, T, T + DAY, instance_ids).latency
        exact = quantiles(times, (0.5, 0.95, 0.99))
        assert (latency.p50_s, latency.p95_s, latency.p99_s) == pytest.approx(exact, rel=0.02)


def test_a_repeated_exchange_counts_once_by_time_too() -> None:
    """The same message id a second time adds nothing to the series."""
    twice = [exchange(10, message_id="m", tokens=5), exchange(20, message_id="m", tokens=5)]
    for blocks in (False, True):
        model = model_of(*twice, blocks=blocks)
        assert usage_of(model, T, T + 60).tokens == 5


def test_only_what_counts_is_in_the_series() -> None:
    """With `since_s`, exchanges from before are in no sum by time."""
    model = model_of(exchange(10), exchange(100), since_s=T + 60)
    assert usage_of(model, T, T + 120).requests == 1


@pytest.mark.parametrize("step_s", [0, -60, 59, 90, 61])
def test_a_step_that_is_no_whole_minutes_is_refused(step_s: float) -> None:
    """A slot is one or more whole minutes."""
    with pytest.raises(ValueError, match="whole minutes"):
        FleetModel().series(from_s=T, to_s=T + 600, step_s=step_s)


def test_a_window_that_ends_before_it_begins_is_empty() -> None:
    """An empty window has no slots and no usage."""
    model = model_of(exchange(10))
    assert model.series(from_s=T + 60, to_s=T, step_s=60) == ()
    assert usage_of(model, T + 60, T).requests == 0


# --- groups ------------------------------------------------------------------


def labels(groups: Sequence[Group]) -> list[tuple[str | None, int, tuple[str, ...]]]:
    return [(group.label, group.usage.requests, group.instance_ids) for group in groups]


FLEET = (
    spawn(0, "a", role="qa", model="opus"),
    spawn(1, "b", role="qa", parent_instance_id="a"),
    spawn(2, "c", parent_instance_id="b"),
    exchange(10, "a", cost_usd=1.0),
    exchange(11, "b", cost_usd=4.0),
    exchange(12, "c"),
    exchange(13, "c"),
    exchange(14, None),
)


def test_groups_by_instance_are_dearest_first_and_nobodys_is_shown() -> None:
    """One group each; those without a cost come last, the busiest first; nobody's has no label."""
    groups = model_of(*FLEET).groups("instance")
    assert labels(groups) == [
        ("b", 1, ("b",)),
        ("a", 1, ("a",)),
        ("c", 2, ("c",)),
        (None, 1, ()),
    ]
    assert labels(model_of(*FLEET).groups("instance", ["c", "x"])) == [("c", 2, ("c",))]


def test_groups_by_what_instances_say_of_themselves() -> None:
    """Roles and models are summed over their instances; those that do not say are one group."""
    model = model_of(*FLEET)
    assert labels(model.groups("role")) == [("qa", 2, ("a", "b")), (None, 2, ("c",))]
    assert labels(model.groups("model")) == [(None, 3, ("b", "c")), ("opus", 1, ("a",))]


def test_groups_by_parent_are_whole_subtrees() -> None:
    """A parent's group is itself and everyone below it; a leaf has none."""
    assert labels(model_of(*FLEET).groups("parent")) == [
        ("a", 4, ("a", "b", "c")),
        ("b", 3, ("b", "c")),
    ]


def test_parents_in_a_loop_end_somewhere() -> None:
    """Two instances that name one another as parents are each one group of both."""
    model = model_of(spawn(0, "a", parent_instance_id="b"), spawn(1, "b", parent_instance_id="a"))
    assert labels(model.groups("parent")) == [("a", 0, ("a", "b")), ("b", 0, ("a", "b"))]


@pytest.mark.parametrize("blocks", [False, True], ids=["singly", "in bulk"])
def test_groups_by_event_type_count_events(blocks: bool) -> None:
    """Every event type has its number of events; exchanges have their sums too."""
    groups = model_of(*FLEET, blocks=blocks).groups("event_type")
    assert labels(groups) == [
        ("message_exchange", 5, ("a", "b", "c")),
        ("instance_spawn", 3, ("a", "b", "c")),
    ]
    assert groups[0].usage.cost_usd == 5.0


@pytest.mark.parametrize("blocks", [False, True], ids=["singly", "in bulk"])
def test_events_from_before_are_in_no_group(blocks: bool) -> None:
    """With `since_s`, event types count from that moment on."""
    model = model_of(*FLEET, blocks=blocks, since_s=T + 2)
    assert labels(model.groups("event_type")) == [
        ("message_exchange", 5, ("a", "b", "c")),
        ("instance_spawn", 1, ("c",)),
    ]
    assert labels(model_of(*FLEET, blocks=blocks, since_s=T + 99).groups("event_type")) == []


def test_groups_by_error_are_the_most_frequent_first() -> None:
    """The first line of an error is its label; errors of no instance count as well."""
    errors = [
        OrchestratorEvent(time_s=T, level="ERROR", text="dead\nTraceback", instance_id=i)
        for i in ("a", "b", None)
    ]
    other = AuditEvent(time_s=T, event_type="x", instance_id="a", error="refused")
    assert labels(model_of(*errors, other).groups("error")) == [
        ("dead", 3, ("a", "b")),
        ("refused", 1, ("a",)),
    ]


def test_every_event_counts_however_many_instances_there_are() -> None:
    """A thousand instances with six types of events each are all in the table."""
    types = [f"type-{n}" for n in range(6)]
    model = model_of(
        *(
            AuditEvent(time_s=T, event_type=event_type, instance_id=f"i{n}")
            for event_type in types
            for n in range(1_000)
        )
    )
    groups = model.groups("event_type")
    assert [(g.label, g.usage.requests, len(g.instance_ids)) for g in groups] == [
        (event_type, 1_000, 1_000) for event_type in types
    ]


@pytest.mark.parametrize("newest_first", [False, True])
def test_errors_of_long_ago_are_counted_together(*, newest_first: bool) -> None:
    """Of endlessly many errors the newest are told apart; the rest are one row, none is lost.

    Also where the newest are read first, as they are of many days.
    """
    different = product("ghijklmn", repeat=5)
    texts = ["".join(letters) for letters in islice(different, MAX_COUNTED + 100)]
    errors = [
        AuditEvent(time_s=T + 10 * n, event_type="x", instance_id=f"i{n % 2}", error=text)
        for n, text in enumerate(texts)
    ]
    half = len(errors) // 2
    model = model_of(*errors[half:], *errors[:half]) if newest_first else model_of(*errors)
    others, *newest = model.groups("error")
    forgotten = others.usage.requests
    assert (others.label, others.instance_ids) == (None, ("i0", "i1"))
    assert MAX_COUNTED * 7 // 8 <= len(newest) <= MAX_COUNTED
    assert {group.label for group in newest} == {*texts[forgotten:]}
    assert abs(model.groups("error", ["i1"])[0].usage.requests - forgotten / 2) < 1


def test_an_unknown_grouping_is_refused() -> None:
    """The message lists what can be grouped by."""
    with pytest.raises(
        ValueError, match="only by instance, instance_type, model, role, parent, event_type, error"
    ):
        FleetModel().groups("colour")


# --- activity ----------------------------------------------------------------


def test_activity_counts_records_of_any_kind_by_minute() -> None:
    """Messages, events and exchanges count in their minute; the current minute is the last."""
    said = Message(instance_id="a", time_s=T + 5, event_type="message_sent", message_id="m")
    model = model_of(said, spawn(10, "a"), exchange(130, "a"))
    assert model.activity("a", now_s=T + 150, minutes=4) == (0, 2, 0, 1)
    assert model.activity("x", now_s=T + 150, minutes=3) == (0, 0, 0)


def test_a_file_that_is_written_anew_is_no_record_more() -> None:
    """A metadata.json counts nothing, and a capture once, however often they are read."""
    metadata = Metadata(instance_id="a", created_s=T + 5)
    capture = FrameRef(
        instance_id="a", time_s=T + 7, path="p", offset=0, body_offset=9, end=20, digest=1
    )
    grown = msgspec.structs.replace(capture, end=30, digest=2)
    model = model_of(metadata, metadata, capture, grown)
    assert model.activity("a", now_s=T + 30, minutes=1) == (1,)
    assert model.state(T + 30).instances[0].last_activity_s == T + 7


def test_activity_of_exchanges_in_bulk_is_that_of_single_ones() -> None:
    """Read in bulk or one by one, the newest minutes show the same number of records."""
    events = many(3_000, 0.2)
    now_s = T + 0.2 * DAY
    for instance_id in "abc":
        singly, bulk = (
            model_of(*events, blocks=blocks).activity(
                instance_id, now_s=now_s, minutes=PULSE_MINUTES - 1
            )
            for blocks in (False, True)
        )
        assert sum(singly) > 100
        assert singly == bulk


def test_older_exchanges_read_later_leave_the_pulse_as_it_is() -> None:
    """The days before, read after today, neither hide its newest minutes nor change them."""
    today, before = many(3_000, 0.2), [exchange(-DAY + n, "a") for n in range(5_000)]
    now_s = T + 0.2 * DAY
    model = model_of(*today, blocks=True)
    pulse = model.activity("a", now_s=now_s, minutes=PULSE_MINUTES)
    model.apply(Batch(blocks=(AuditBlock("audit/yesterday", in_bulk(before)),)))
    assert model.activity("a", now_s=now_s, minutes=PULSE_MINUTES) == pulse


def test_the_first_exchange_is_known_of_all_and_of_each() -> None:
    """Exactly, whatever the order they came in; of an instance that had none, nothing is."""
    model = model_of(exchange(90.5, "b"), exchange(30.25, "a"), exchange(60, "a"), spawn(0, "c"))
    assert model.first_exchange_s() == T + 30.25
    assert model.first_exchange_s(["b", "c"]) == T + 90.5
    assert model.first_exchange_s(["c"]) is None
    assert model_of().first_exchange_s() is None


@pytest.mark.usefixtures("few_singly")
@pytest.mark.parametrize("instance_ids", [None, ["a"]])
def test_of_a_first_exchange_long_ago_the_hour_is_known(instance_ids: list[str] | None) -> None:
    """Where only hours are kept, it is taken for as old as its hour."""
    events = (exchange(600 + n, "a", message_id=f"m-{n}") for n in range(SINGLY + 1))
    assert model_of(*events, blocks=True).first_exchange_s(instance_ids) == T
