"""Event types and errors by window: exactly what happened in it, or nothing at all is told."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from io import BytesIO
from itertools import product
from typing import NamedTuple, TypeAlias
from unittest import mock

import pytest
from exchanges import in_bulk
from hypothesis import given, settings
from hypothesis import strategies as st
from limits import small_limits

from builders import TreeBuilder
from logging_core.analyse import counts
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.state import Group
from logging_core.exchanges import AuditBlock
from logging_core.records import AuditEvent, Batch, LifecycleEvent

T = TreeBuilder.epoch(0)
HOUR = 3_600.0
EXCHANGE = "message_exchange"

Told: TypeAlias = dict[str | None, tuple[int, tuple[str, ...]]]
"""By label: how many, and whose."""


class Window(NamedTuple):
    """A question: from when (`None`: the beginning) to when, and of whom (`None`: all)."""

    from_s: float | None
    to_s: float
    ids: tuple[str, ...] | None


class Naive:
    """Keeps everything."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str | None, float | None]] = []
        self.errors: list[tuple[str, str | None, float | None]] = []
        self._last_s: float | None = None

    def take(self, event: AuditEvent) -> None:
        self._last_s = self._last_s if event.time_s is None else event.time_s
        self.events.append((event.event_type, event.instance_id, self._last_s))
        if event.error is not None:
            self.errors.append((event.error, event.instance_id, self._last_s))

    def take_bulk(self, events: Sequence[AuditEvent]) -> None:
        before_s = self._last_s
        for event in events:
            self.take(event)
        if before_s is not None and self._last_s is not None:
            self._last_s = max(before_s, self._last_s)

    def told(self, by: str, window: Window) -> Told:
        happened = self.events if by == "event_type" else self.errors
        found: defaultdict[str | None, Counter[str | None]] = defaultdict(Counter)
        for text, instance_id, at_s in happened:
            # An exchange without any time is in no sum by time, as in `FleetModel.usage_in`.
            from_s = 0.0 if text == EXCHANGE and window.from_s is None else window.from_s
            if at_s is None:
                is_in = from_s is None
            else:
                is_in = (-math.inf if from_s is None else from_s) <= at_s < window.to_s
            if is_in and (window.ids is None or instance_id in window.ids):
                found[text][instance_id] += 1
        return {
            text: (sum(times.values()), tuple(sorted(filter(None, times))))
            for text, times in found.items()
        }


def told(groups: Collection[Group]) -> Told:
    return {group.label: (group.usage.requests, group.instance_ids) for group in groups}


def ask(model: FleetModel, by: str, window: Window) -> Told | None:
    from_s, to_s, ids = window
    groups = model.groups_in(by, from_s=from_s, to_s=to_s, instance_ids=ids)
    return None if groups is None else told(groups)


def restarted(model: FleetModel) -> FleetModel:
    file = BytesIO()
    model.dump(file)
    file.seek(0)
    return FleetModel.load(file)


MOMENTS = st.integers(0, 40).map(lambda n: T + n * 600.0) | st.floats(T, T + 24_000)
EVENTS = st.builds(
    AuditEvent,
    time_s=st.one_of(MOMENTS, MOMENTS, MOMENTS, st.none()),
    event_type=st.sampled_from([EXCHANGE, "instance_spawn", "x", "y"]),
    instance_id=st.sampled_from(["a", "b", "c", None]),
    error=st.sampled_from([None, None, "broke", "refused"]),
)
WINDOWS = st.builds(
    Window,
    st.none() | MOMENTS,
    MOMENTS,
    st.none() | st.sets(st.sampled_from(["a", "b", "c", "nobody"])).map(lambda s: (*sorted(s),)),
)
STEPS = st.lists(
    st.lists(EVENTS, max_size=6) | st.just("restart") | st.just("in bulk"), max_size=14
)


def run(steps: Sequence[Sequence[AuditEvent] | str]) -> tuple[FleetModel, Naive]:
    model, naive = FleetModel(), Naive()
    in_blocks = False
    for step in steps:
        if step == "restart":
            model = restarted(model)
        elif step == "in bulk":
            in_blocks = True
        elif isinstance(step, list):
            bulk = [e for e in step if in_blocks and is_plain(e)]
            rest = [e for e in step if e not in bulk]
            if bulk:
                model.apply(Batch(blocks=(AuditBlock("audit/audit.jsonl", in_bulk(bulk)),)))
                naive.take_bulk(bulk)
            model.apply(Batch(records=tuple(rest)))
            for event in rest:
                naive.take(event)
            in_blocks = False
    return model, naive


def is_plain(event: AuditEvent) -> bool:
    return event.event_type == EXCHANGE and event.error is None and event.time_s is not None


@pytest.mark.timeout(240)
@given(STEPS, st.lists(WINDOWS, min_size=1, max_size=6))
@settings(max_examples=300, deadline=None)
def test_every_window_is_what_happened_in_it(
    steps: list[list[AuditEvent] | str], windows: list[Window]
) -> None:
    """Of any instances, in whatever order it came, and after any restart."""
    model, naive = run(steps)
    for window, by in product(windows, ("event_type", "error")):
        assert ask(model, by, window) == naive.told(by, window)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("limit", [8, 24])
@given(STEPS, st.lists(WINDOWS, min_size=1, max_size=6))
@settings(max_examples=300, deadline=None)
def test_no_window_is_told_wrong_however_little_is_kept(
    limit: int, steps: list[list[AuditEvent] | str], windows: list[Window]
) -> None:
    """It is exact or unknown, where most is known by the hour, or no longer by time at all."""
    with small_limits(limit):
        model, naive = run(steps)
        for window, by in product(windows, ("event_type", "error")):
            assert ask(model, by, window) in (None, naive.told(by, window))


def test_windows_without_a_cut_hour_are_known_for_good() -> None:
    """What is too much to be kept one by one is known by the hour, also from the beginning."""
    events = [
        AuditEvent(time_s=T + n * 60.0, event_type=f"e{n % 3}", instance_id=f"i{n % 2}")
        for n in range(600)
    ]
    naive = Naive()
    for event in events:
        naive.take(event)
    with small_limits(64), mock.patch.object(counts, "MAX_BY_HOUR", 512):
        model = FleetModel()
        for start in range(0, 600, 50):
            model.apply(Batch(records=tuple(events[start : start + 50])))
        for from_s, to_s in (
            (T, T + HOUR),
            (T + 3 * HOUR, T + 7 * HOUR),
            (T + 9 * HOUR + 1_234, T + 9 * HOUR + 2_345),
            (None, T + 2 * HOUR),
            (None, T + 9 * HOUR + 2_345),
        ):
            for ids in (None, ("i0",)):
                window = Window(from_s, to_s, ids)
                assert ask(model, "event_type", window) == naive.told("event_type", window)
        assert ask(model, "event_type", Window(T + 1_800, T + 7_200, None)) is None
        assert ask(model, "event_type", Window(None, T + 1_800, None)) is None


def test_what_is_kept_by_time_is_bounded() -> None:
    """However many errors there are, about however many instances; of no hour a part is told."""
    source, by_hour = random.Random(4), Counter[int]()
    with small_limits(256), mock.patch.object(counts, "MAX_COUNTED", 64):
        table = counts.Counts()
        for number in range(20_000):
            at_s = T + number * 120 + source.choice([0, 0, 0, -50_000])
            by_hour[int(at_s // HOUR)] += 1
            table.add(f"error {source.randrange(400)}", f"i{number % 7}", at_s)
        assert len(table._rows) <= 256
        assert len(table._hours) <= 256

    def number_in(from_s: float | None, to_s: float) -> int | None:
        groups = table.groups_in(from_s, to_s, None)
        return None if groups is None else sum(group.usage.requests for group in groups)

    known = [hour for hour in by_hour if number_in(hour * HOUR, hour * HOUR + HOUR) is not None]
    assert known == sorted(by_hour)[-len(known) :]
    assert len(known) > 10
    for hour in known:
        assert number_in(hour * HOUR, hour * HOUR + HOUR) == by_hour[hour]
        since = sum(by_hour[later] for later in known if later >= hour)
        assert number_in(None, hour * HOUR) == table.total - since == 20_000 - since


def test_texts_of_long_ago_are_together_in_a_window_too() -> None:
    """Of endlessly many errors the newest are told apart; the others are one row of the window."""
    with mock.patch.object(counts, "MAX_COUNTED", 2):
        table = counts.Counts()
        for number, text in enumerate(["one", "two", "one", "three", "four"]):
            table.add(text, "a", T + number)
        assert told(table.groups_in(T, T + 9, None) or ()) == {
            None: (3, ("a",)),
            "three": (1, ("a",)),
            "four": (1, ("a",)),
        }
        assert told(table.groups_in(None, T + 4, None) or ()) == {
            None: (3, ("a",)),
            "three": (1, ("a",)),
        }


def test_what_is_taken_back_is_in_no_table() -> None:
    """Of all time or of a window, also where only its hour is known by then."""
    with small_limits(8):
        table = counts.Counts()
        for n in range(40):
            table.add("as it was told first", "a", T + 600 * n)
            table.add("boom", "a", T + 600 * n)
        for n in range(40):
            table.take_back("as it was told first", "a", T + 600 * n)
        assert told(table.groups(None)) == {"boom": (40, ("a",))}
        assert told(table.groups_in(None, T + 1e6, None) or ()) == {"boom": (40, ("a",))}
        recent = table.groups_in(T + 39 * 600, T + 1e6, None)
        assert told(recent or ()) == {"boom": (1, ("a",))}
        assert table.total == 40


def test_any_table_can_be_of_a_window() -> None:
    """By what instances say of themselves as well; those with nothing in it are not there."""
    model = FleetModel()
    model.apply(
        Batch(
            records=(
                *(
                    AuditEvent(
                        time_s=T,
                        event_type="instance_spawn",
                        instance_id=instance_id,
                        details={"role": role, "parent_instance_id": "a"},
                    )
                    for instance_id, role in (("a", "lead"), ("b", "qa"), ("c", "dev"))
                ),
                *(
                    AuditEvent(time_s=T + at, event_type=EXCHANGE, instance_id=i, cost_usd=at)
                    for at, i in ((10, "a"), (20, "b"), (30, "b"), (40, "c"), (50, None))
                ),
            )
        )
    )
    window = Window(T + 15, T + 35, None)
    assert ask(model, "role", window) == {"qa": (2, ("b",))}
    assert ask(model, "parent", window) == {"a": (2, ("a", "b", "c"))}
    assert ask(model, "instance", Window(T + 35, T + 60, None)) == {"c": (1, ("c",)), None: (1, ())}
    assert ask(model, "event_type", Window(T + 35, T + 60, ("b", "c"))) == {EXCHANGE: (1, ("c",))}
    (spent,) = model.groups_in("model", from_s=T + 15, to_s=T + 35) or ()
    assert spent.usage.cost_usd == 50
    with pytest.raises(ValueError, match="cannot group by 'colour'"):
        model.groups_in("colour", from_s=T, to_s=T + 1)


def test_errors_of_other_files_are_in_their_windows() -> None:
    """An entry of an instance.log counts when it was written, not when it was read."""
    model = FleetModel()
    for at in (100, 50):
        failed = LifecycleEvent(instance_id="a", time_s=T + at, level="ERROR", text=f"failed {at}")
        model.apply(Batch(records=(failed,)))
    assert ask(model, "error", Window(T, T + 60, None)) == {"failed 50": (1, ("a",))}


def test_a_model_of_one_moment_keeps_nothing_by_time() -> None:
    """It tells all time, and costs no more than that."""
    model = FleetModel(by_time=False)
    event = AuditEvent(time_s=T, event_type="x", instance_id="a", error="broke")
    model.apply(Batch(records=(event,)))
    assert told(model.groups("error")) == {"broke": (1, ("a",))}
    assert ask(model, "error", Window(T - 1, T + 1, None)) == {}
