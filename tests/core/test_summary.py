"""What audit events add up to."""

from __future__ import annotations

import math
import random
import statistics
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import TreeBuilder
from logging_core.analyse.columns import Numbers
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.latency import EXACT_VALUES, LatencySketch, quantiles
from logging_core.analyse.recent import Recent
from logging_core.analyse.seen import MAX_PAST_LIVES, Seen
from logging_core.analyse.state import Usage
from logging_core.analyse.summary import Tally, Totals
from logging_core.event_types import EXCHANGE
from logging_core.read.events import newest_events
from logging_core.read.reader import TreeReader
from logging_core.records import AuditEvent, Batch


def exchange(message_id: str | None = None, instance_id: str = "a", **fields: Any) -> AuditEvent:
    return AuditEvent(
        event_type="message_exchange", instance_id=instance_id, message_id=message_id, **fields
    )


def totals(*exchanges: AuditEvent) -> Totals:
    summed = Totals()
    for event in exchanges:
        summed.add(event)
    return summed


def usage(*exchanges: AuditEvent) -> Usage:
    return totals(*exchanges).total().usage()


def of_whom(summed: Totals, *instance_ids: str) -> Usage:
    return summed.of(instance_ids).usage()


def test_nothing_is_no_requests_and_nothing_known() -> None:
    """Without exchanges there are 0 requests, and tokens, cost and response times are unknown."""
    total = usage()
    assert (total.requests, total.tokens, total.cost_usd, total.unpriced) == (0, None, None, 0)
    assert total.latency.count == 0
    assert total.latency.mean_s is total.latency.p50_s is total.latency.max_s is None


def test_exchanges_add_up() -> None:
    """Requests, tokens, cost and response times of exchanges are summed."""
    total = usage(
        exchange("1", tokens=10, cost_usd=0.5, response_time_s=1.0),
        exchange("2", tokens=20, cost_usd=0.25, response_time_s=3.0),
    )
    assert (total.requests, total.tokens, total.cost_usd, total.unpriced) == (2, 30, 0.75, 0)
    assert (total.latency.count, total.latency.mean_s, total.latency.max_s) == (2, 2.0, 3.0)


def test_sums_are_made_once_until_more_is_counted() -> None:
    """Asked again, an instance's sums are the same object; what was counted since is in the next.

    That holds for merged sums, too.
    """
    summed = totals(exchange("1", tokens=10))
    first = of_whom(summed, "a")
    assert of_whom(summed, "a") is first
    summed.add(exchange("3", tokens=1))
    assert of_whom(summed, "a").tokens == 11
    merged = Tally()
    before = merged.usage()
    merged.merge(summed.total())
    assert (first.tokens, before.tokens, merged.usage().tokens) == (10, None, 11)


def test_only_exchanges_count() -> None:
    """The totals that a terminate event repeats are not added to the exchanges."""
    ended = AuditEvent(event_type="instance_terminate", instance_id="a", tokens=99, cost_usd=9.0)
    model = FleetModel()
    model.apply(Batch(records=(ended, exchange("1", tokens=1))))
    state = model.state(0)
    assert (state.usage.requests, state.usage.tokens, state.audit_events) == (1, 1, 2)


def test_unknown_cost_is_unpriced_never_zero() -> None:
    """A cost that no exchange tells is unknown; what some do not tell is counted as unpriced."""
    assert usage(exchange("1"), exchange("2")).cost_usd is None
    assert usage(exchange("1"), exchange("2")).unpriced == 2
    mixed = usage(exchange("1", cost_usd=0.0), exchange("2"), exchange("3", cost_usd=1.0))
    assert (mixed.cost_usd, mixed.unpriced) == (1.0, 1)
    assert usage(exchange("1", cost_usd=0.0)).cost_usd == 0.0


@pytest.mark.parametrize("cost", [-1.0, -0.01, math.nan, math.inf, -math.inf, 1e308, 1.1e9])
def test_unbelievable_costs_do_not_count(cost: float) -> None:
    """A negative, infinite or absurd cost leaves the sum as it is, and counts as unpriced."""
    total = usage(exchange("1", cost_usd=cost), exchange("2", cost_usd=2.0))
    assert (total.cost_usd, total.unpriced, total.requests) == (2.0, 1, 2)


def test_unbelievable_tokens_and_times_do_not_count() -> None:
    """Negative or absurd tokens and response times are left out of sums and means."""
    total = usage(
        exchange("1", tokens=-5, response_time_s=-1.0),
        exchange("2", tokens=10**18, response_time_s=math.inf),
        exchange("3", tokens=7, response_time_s=math.nan),
        exchange("4", response_time_s=2.0),
    )
    assert (total.tokens, total.latency.count, total.latency.max_s) == (7, 1, 2.0)


def test_a_repeated_message_id_of_an_instance_counts_once() -> None:
    """The same exchange written twice is one request; another instance's id is another's."""
    seen = Seen()
    assert seen.is_new(exchange("m", "a"))
    assert not seen.is_new(exchange("m", "a"))
    assert seen.is_new(exchange("m", "b"))


def test_a_repeated_message_counts_once_however_many_instances_there_are() -> None:
    """Also where a thousand instances come at once, and one of them is spawned again and again."""
    seen = Seen()
    known = [seen.is_new(exchange("m", f"i{n}")) for _ in range(2) for n in range(1000)]
    assert known == [True] * 1000 + [False] * 1000
    for life in range(2 * MAX_PAST_LIVES):
        assert seen.is_new(exchange("m", "i999"), float(life))
    assert not seen.is_new(exchange("m", "i0"))


def written_twice(tree: TreeBuilder) -> None:
    """Two lives of one instance, and one of its exchanges twice in the file."""
    for life in range(2):
        tree.audit("instance_spawn", "a", {"instance_name": "a"}, at=100 * life)
        for _ in range(1 + life):
            details = {"message_id": "msg-001", "cost": 1.0 + life, "tokens": 5}
            tree.audit("message_exchange", "a", details, at=100 * life + 10)


@pytest.mark.parametrize("blocks", [True, False])
def test_who_is_spawned_again_counts_its_messages_anew(tree: TreeBuilder, blocks: bool) -> None:
    """Ids that count from 1 in each life are other messages; in one life a repeated one is not."""
    written_twice(tree)
    reader, model = TreeReader(tree.root, blocks=blocks), FleetModel()
    model.apply(reader.poll())
    state = model.state(TreeBuilder.epoch(300))
    assert (state.usage.requests, state.usage.cost_usd) == (2, 3.0)
    rows, _ = newest_events(tree.root, lambda event: event.event_type == EXCHANGE, 10)
    assert [row.cost_usd for row in rows] == [2.0, 1.0]


@pytest.mark.parametrize("at_once", [True, False])
def test_who_is_spawned_hundreds_of_times_counts_each_message(*, at_once: bool) -> None:
    """Each of its lives may call its message by the same id, whether it is followed or not."""
    records: list[AuditEvent] = []
    for life in range(300):
        at_s = 1e9 + 60 * life
        records.append(AuditEvent(time_s=at_s, event_type="instance_spawn", instance_id="a"))
        records.append(exchange("msg-001", time_s=at_s + 5))
        records.append(exchange("msg-001", time_s=at_s + 6))
    model = FleetModel()
    for batch in [records] if at_once else [[record] for record in records]:
        model.apply(Batch(records=tuple(batch)))
    assert model.state(2e9).usage.requests == 300


def test_a_repeated_message_counts_once_however_its_file_is_read(tree: TreeBuilder) -> None:
    """Also at the very moment of a spawn: with it in one go, or before it is there."""
    details = {"message_id": "msg-001", "cost": 1.0}
    for at in (10, 20):
        tree.audit("message_exchange", "a", details, at=at)
    first, live = TreeReader(tree.root), FleetModel()
    live.apply(first.poll())
    tree.audit("instance_spawn", "a", {}, at=20)
    live.apply(first.poll())
    later = FleetModel()
    later.apply(TreeReader(tree.root, blocks=True).poll())
    assert live.state(0).usage.requests == later.state(0).usage.requests == 1


@pytest.mark.parametrize("blocks", [True, False])
def test_a_life_counts_anew_whichever_of_its_days_is_read_first(
    tree: TreeBuilder, blocks: bool
) -> None:
    """The newest day is read before the spawn of the day before, and what was before that."""
    day_s = 86_400
    first = "audit/audit_20261123.jsonl"
    for at in (10, day_s + 10):
        tree.audit(EXCHANGE, "a", {"message_id": "msg-001", "cost": 1.0}, at=at)
    tree.audit("instance_spawn", "a", {}, at=100)
    older = (tree.root / first).read_bytes()
    (tree.root / first).unlink()
    reader, model = TreeReader(tree.root, blocks=blocks), FleetModel()
    model.apply(reader.poll())
    assert model.state(0).usage.requests == 1
    tree.line(first, older)
    model.apply(reader.poll())
    assert model.state(0).usage.requests == 2
    tree.audit(EXCHANGE, "a", {"message_id": "msg-001", "cost": 1.0}, at=day_s + 20)
    model.apply(reader.poll())
    assert model.state(0).usage.requests == 2


def test_exchanges_without_an_id_all_count() -> None:
    """Exchanges that name no message cannot be told apart, so each one counts."""
    assert usage(exchange(None), exchange(None)).requests == 2


@given(st.lists(st.integers(0, 30), max_size=200), st.integers(1, 8))
def test_the_newest_ids_are_remembered_and_no_more(ids: list[int], window: int) -> None:
    """An id among the newest `window` different ones is always known; memory holds twice that."""
    recent = Recent(window)
    for position, number in enumerate(ids):
        seen = list(dict.fromkeys(reversed(ids[:position])))
        if number in seen[: window - 1]:
            assert str(number) in recent
        elif number not in seen:
            assert str(number) not in recent
        recent.add(str(number))
        assert len(recent._new) + len(recent._old) <= 2 * window


@given(
    st.lists(st.lists(st.one_of(st.none(), st.integers(0, 30)), max_size=9), max_size=20),
    st.integers(1, 8),
)
def test_many_ids_at_once_are_remembered_as_one_by_one(
    groups: list[list[int | None]], window: int
) -> None:
    """Ids that are new are remembered as if they had come singly; else nothing happens."""
    at_once, singly = Recent(window), Recent(window)
    for group in groups:
        keys = [None if number is None else str(number) for number in group]
        before = (list(at_once._new), list(at_once._old))
        if at_once.add_new(keys):
            for key in keys:
                assert key is not None
                assert key not in singly
                singly.add(key)
        else:
            assert (list(at_once._new), list(at_once._old)) == before
            distinct = {key for key in keys if key is not None}
            assert len(distinct) < len(keys) or any(key in singly for key in distinct)
        assert (list(at_once._new), list(at_once._old)) == (list(singly._new), list(singly._old))


def test_sums_do_not_drift() -> None:
    """A thousand times ten cents are a hundred dollars, and 0.1 + 0.2 is 0.3."""
    assert usage(exchange("1", cost_usd=0.1), exchange("2", cost_usd=0.2)).cost_usd == 0.3
    total = usage(*(exchange(str(i), cost_usd=0.1) for i in range(1000)))
    assert total.cost_usd == 100.0


@given(st.lists(st.decimals("0", "9", places=8), min_size=1, max_size=40), st.randoms())
def test_cost_is_the_decimal_sum_in_any_order(
    costs: list[Decimal], shuffler: random.Random
) -> None:
    """The sum of costs is what adding the written decimals gives, in whatever order."""
    shuffled = list(costs)
    shuffler.shuffle(shuffled)
    total = usage(*(exchange(str(i), cost_usd=float(cost)) for i, cost in enumerate(shuffled)))
    assert total.cost_usd == float(sum(costs))


seconds = st.floats(0, 1e6, allow_nan=False)


@given(st.lists(seconds, min_size=1, max_size=60))
def test_few_response_times_are_exact(values: list[float]) -> None:
    """Count, mean and maximum are exact, and so are the quantiles of up to 1,000 values."""
    sketch = LatencySketch()
    sketch.extend(values)
    latency = sketch.latency()
    assert latency.count == len(values)
    assert latency.max_s == max(values)
    assert latency.mean_s == pytest.approx(statistics.fmean(values), rel=1e-12, abs=1e-20)
    if len(values) > 1:
        cuts = statistics.quantiles(values, n=100, method="inclusive")
        found = (latency.p50_s, latency.p95_s, latency.p99_s)
        assert found == pytest.approx((cuts[49], cuts[94], cuts[98]), rel=1e-9, abs=1e-9)


def test_quantiles_interpolate_between_the_closest_ranks() -> None:
    """The 95th percentile of 1 to 5 seconds lies four fifths of the way from 4 to 5."""
    assert quantiles([5.0, 1.0, 4.0, 2.0, 3.0], (0.0, 0.5, 0.95, 1.0)) == [1.0, 3.0, 4.8, 5.0]
    assert quantiles([7.0], (0.5, 0.99)) == [7.0, 7.0]


def test_many_response_times_are_within_two_percent() -> None:
    """Of 100,000 lognormal response times, p50, p95 and p99 are within 2 % of the exact ones."""
    source = random.Random(7)
    values = [source.lognormvariate(1.0, 1.0) for _ in range(100_000)]
    sketch = LatencySketch()
    sketch.extend(values)
    latency = sketch.latency()
    exact = quantiles(values, (0.5, 0.95, 0.99))
    assert (latency.p50_s, latency.p95_s, latency.p99_s) == pytest.approx(exact, rel=0.02)
    assert (latency.count, latency.max_s) == (100_000, max(values))
    assert latency.mean_s == pytest.approx(math.fsum(values) / 100_000, rel=1e-14)


def test_asking_often_does_not_spoil_the_quantiles() -> None:
    """A panel that asks after every tenth value gets the same quantiles, within 2 %."""
    source = random.Random(8)
    values = [source.lognormvariate(0.0, 1.5) for _ in range(20_000)]
    sketch = LatencySketch()
    for start in range(0, len(values), 10):
        sketch.extend(values[start : start + 10])
        sketch.latency()
    latency = sketch.latency()
    exact = quantiles(values, (0.5, 0.95, 0.99))
    assert (latency.p50_s, latency.p95_s, latency.p99_s) == pytest.approx(exact, rel=0.02)


def test_no_quantile_exceeds_the_maximum() -> None:
    """A sketch of one repeated value shows that value and nothing beyond it."""
    sketch = LatencySketch()
    sketch.extend([0.1] * (EXACT_VALUES * 3))
    latency = sketch.latency()
    assert latency.p50_s == latency.p99_s == latency.max_s == 0.1
    assert latency.mean_s == 0.1


@pytest.mark.parametrize("size", [10, 700, 5_000])
def test_tallies_merge_into_the_whole(size: int) -> None:
    """The sums of two halves, merged, are the sums of the whole; the halves stay as they were."""
    source = random.Random(size)
    events = [
        exchange(
            str(i),
            tokens=source.randrange(1000),
            cost_usd=source.random(),
            response_time_s=source.lognormvariate(0, 1),
        )
        for i in range(size)
    ]
    whole, left, right = Tally(), Tally(), Tally()
    whole.extend(Numbers.of_events(events))
    left.extend(Numbers.of_events(events[::3]))
    right.extend(Numbers.of_events(events[1::3]))
    right.extend(Numbers.of_events(events[2::3]))
    before = right.usage()
    left.merge(right)
    merged, wanted = left.usage(), whole.usage()
    assert (merged.requests, merged.tokens, merged.cost_usd, merged.unpriced) == (
        wanted.requests,
        wanted.tokens,
        wanted.cost_usd,
        wanted.unpriced,
    )
    assert merged.latency.count == wanted.latency.count
    assert merged.latency.mean_s == wanted.latency.mean_s
    assert merged.latency.max_s == wanted.latency.max_s
    for mine, theirs in (
        (merged.latency.p50_s, wanted.latency.p50_s),
        (merged.latency.p95_s, wanted.latency.p95_s),
        (merged.latency.p99_s, wanted.latency.p99_s),
    ):
        assert mine == pytest.approx(theirs, rel=0.02)
    assert right.usage().requests == before.requests
    assert right.usage().latency.p50_s == before.latency.p50_s


def test_usage_of_some_instances() -> None:
    """Some instances' sums are theirs together; one that is not known adds nothing."""
    exchanges = [
        exchange(str(number), instance_id, tokens=1, response_time_s=float(number))
        for number, instance_id in enumerate("aabbc")
    ]
    summed = totals(*exchanges)
    both = of_whom(summed, "a", "c", "nobody")
    assert (both.requests, both.tokens, both.latency.max_s) == (3, 3, 4.0)
    assert of_whom(summed).requests == 0


def test_equal_response_times_have_themselves_as_quantiles() -> None:
    """Thousands of replies of 5 s have a median of 5 s, not of 4.999999999999999 s."""
    sketch = LatencySketch()
    sketch.extend([5.0] * 10_000)
    latency = sketch.latency()
    assert (latency.p50_s, latency.p95_s, latency.p99_s) == (5.0, 5.0, 5.0)
