"""Summaries: of one tree or of many together they tell what a model of all of it would tell."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Collection, Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from unittest import mock

import msgspec
import pytest
from exchanges import in_bulk
from hypothesis import example, given, settings
from hypothesis import strategies as st
from limits import small_limits

import logging_core.cache
from builders import TreeBuilder
from logging_core import (
    FleetSummary,
    Group,
    LogDirError,
    LoggingManager,
    Usage,
    summarize,
)
from logging_core.analyse import memento
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.forms import SUMS
from logging_core.analyse.latency import quantiles
from logging_core.analyse.tokens import Frames
from logging_core.exchanges import AuditBlock
from logging_core.read import session
from logging_core.read.reader import TreeReader
from logging_core.records import AuditEvent, Batch, Message

REAL = Path(__file__).parents[1] / "fixtures/orchestrator-written"
EXCHANGE = "message_exchange"
T = TreeBuilder.epoch(0)
HOUR = 3_600.0
BY = ("instance", "role", "model", "instance_type", "parent", "event_type", "error")

Teller: TypeAlias = FleetModel | FleetSummary
Place: TypeAlias = tuple[str, str]
"""The names of a tree and of a part of it."""


class Step(NamedTuple):
    """Some events of one part of a tree, as they come at once."""

    place: Place
    events: tuple[AuditEvent, ...]
    in_bulk: bool


class Window(NamedTuple):
    """A question: from when (`None`: the beginning) to when, and of whom (`None`: all)."""

    from_s: float | None
    to_s: float
    ids: tuple[str, ...] | None


def exchange(at: float, instance_id: str | None = "a", **fields: Any) -> AuditEvent:
    return AuditEvent(time_s=T + at, event_type=EXCHANGE, instance_id=instance_id, **fields)


def spawn(at: float, instance_id: str, **details: Any) -> AuditEvent:
    return AuditEvent(
        time_s=T + at, event_type="instance_spawn", instance_id=instance_id, details=details
    )


def model_of(*events: AuditEvent, bulk: bool = False) -> FleetModel:
    model = FleetModel()
    apply(model, events, bulk=bulk)
    return model


def apply(model: FleetModel, events: Sequence[AuditEvent], *, bulk: bool) -> None:
    def is_plain(event: AuditEvent) -> bool:
        return bulk and event.event_type == EXCHANGE and event.error is None

    found = list(filter(is_plain, events))
    rest = tuple(itertools.filterfalse(is_plain, events))
    blocks = (AuditBlock("audit/x", in_bulk(found)),) if found else ()
    model.apply(Batch(records=rest, blocks=blocks))


def summary_of(model: FleetModel, tree: str = "t", part: str = "", at_s: float = T) -> FleetSummary:
    return FleetSummary(model.summed(tree, part, at_s))


def sent(summary: FleetSummary) -> FleetSummary:
    """The same after its way to another machine."""
    return FleetSummary.from_bytes(summary.to_bytes())


# --- merged, and all in one --------------------------------------------------

MOMENTS = st.integers(0, 40).map(lambda n: n * 600.0) | st.floats(0, 24_000)
NUMBERS = st.none() | st.sampled_from([0.0, 0.5, 1e-7]) | st.floats(0, 100)
FACTS = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["qa", "dev"]),
        "model": st.sampled_from(["opus", "haiku"]),
        "instance_type": st.sampled_from(["claude", "codex"]),
        "parent_instance_id": st.sampled_from(["a", "b", "c"]),
    },
)


def events(message_ids: st.SearchStrategy[str | None]) -> st.SearchStrategy[AuditEvent]:
    """Events of any kind; ids of instances are the same on all machines."""
    return st.builds(
        AuditEvent,
        time_s=MOMENTS.map(lambda at: T + at),
        event_type=st.sampled_from([EXCHANGE, EXCHANGE, EXCHANGE, "instance_spawn", "x"]),
        instance_id=st.sampled_from(["a", "b", "c", None]),
        message_id=message_ids,
        tokens=st.none() | st.integers(0, 10**15),
        cost_usd=NUMBERS,
        response_time_s=NUMBERS,
        error=st.sampled_from([None, None, None, "broke", "refused"]),
        details=FACTS,
    ).filter(lambda event: event.event_type != "instance_spawn" or event.instance_id is not None)


def steps(
    places: Sequence[Place], message_ids: st.SearchStrategy[str | None]
) -> st.SearchStrategy[list[Step]]:
    some = st.lists(events(message_ids), max_size=6).map(tuple)
    return st.lists(st.builds(Step, st.sampled_from(places), some, st.booleans()), max_size=12)


TREES = [("x", ""), ("y", ""), ("z", "")]
PARTS = [("x", "1"), ("x", "2"), ("x", ""), ("y", "")]
NAMES = [f"{tree}/{instance_id}" for tree in "xy" for instance_id in "abc"]
WINDOWS = st.builds(
    Window,
    st.none() | MOMENTS.map(lambda at: T + at),
    MOMENTS.map(lambda at: T + at),
    st.none() | st.sets(st.sampled_from([*NAMES, "nobody"])).map(lambda s: (*sorted(s),)),
)


def named(tree: str, event: AuditEvent, known: Collection[tuple[str, str]]) -> AuditEvent:
    """An event as it would be in one tree in which ids are those of a summary."""
    if event.message_id is not None:
        event = msgspec.structs.replace(event, message_id=f"{tree}/{event.message_id}")
    if event.instance_id is None:
        return event
    details = dict(event.details)
    parent = details.get("parent_instance_id")
    if parent is not None:
        trees = [other for other, instance_id in known if instance_id == parent]
        where = trees[0] if len(trees) == 1 else tree
        details["parent_instance_id"] = f"{where}/{parent}"
    name = f"{tree}/{event.instance_id}"
    return msgspec.structs.replace(event, instance_id=name, details=details)


def told_apart(found: Sequence[Step]) -> list[Step]:
    """The same with moments that are all different, so that it is clear what is newest."""
    number = itertools.count()
    return [
        step._replace(
            events=tuple(
                msgspec.structs.replace(e, time_s=(e.time_s or 0) + next(number) / 1024)
                for e in step.events
            )
        )
        for step in found
    ]


def summed_apart(found: Sequence[Step]) -> list[FleetSummary]:
    """A summary of each part."""
    models: dict[Place, FleetModel] = {}
    for place, some, bulk in found:
        apply(models.setdefault(place, FleetModel()), some, bulk=bulk)
    return [summary_of(model, *place) for place, model in models.items()]


def summed_as_one(found: Sequence[Step]) -> FleetModel:
    """A model of all of it in one tree."""
    model = FleetModel()
    known = {(s.place[0], e.instance_id) for s in found for e in s.events if e.instance_id}
    for (tree, _), some, bulk in found:
        apply(model, [named(tree, event, known) for event in some], bulk=bulk)
    return model


def usage_of(teller: Teller, ids: Collection[str] | None) -> Usage:
    if isinstance(teller, FleetSummary):
        return teller.usage(ids)
    return teller.state(T).usage if ids is None else teller.usage_of(ids)


def errors_of(teller: Teller) -> int:
    return teller.errors if isinstance(teller, FleetSummary) else teller.state(T).errors


def in_window(teller: Teller, window: Window) -> Any:
    """What is told of a window: each answer is `None` if it is unknown."""
    from_s, to_s, ids = window
    answers: list[Any] = [
        teller.groups_in(by, from_s=from_s, to_s=to_s, instance_ids=ids) for by in BY
    ]
    if from_s is not None:
        answers.append(teller.usage_in(from_s=from_s, to_s=to_s, instance_ids=ids))
    return [msgspec.to_builtins(answer) for answer in answers]


def is_exact(told: Any, wanted: Any, name: str = "") -> bool:
    """Whether it is what is wanted; quantiles of long ago are within 0.03 %, or a microsecond."""
    if isinstance(wanted, dict):
        return all(is_exact(told[key], value, key) for key, value in wanted.items())
    if isinstance(wanted, list | tuple):
        return len(told) == len(wanted) and all(map(is_exact, told, wanted))
    if name in {"p50_s", "p95_s", "p99_s"} and wanted is not None:
        return math.isclose(told, wanted, rel_tol=3e-4, abs_tol=1e-6)
    return bool(told == wanted)


def look(teller: Teller, windows: Sequence[Window]) -> Any:
    """All that is told."""
    answers: list[Any] = [errors_of(teller)]
    for ids in (None, *(window.ids for window in windows)):
        answers += [usage_of(teller, ids), teller.first_exchange_s(ids)]
        answers += [teller.groups(by, ids) for by in BY]
        for step_s, to_s in ((60, T + 5_432.1), (3_600, T + 23_456.7)):
            answers.append(teller.series(from_s=T + 55, to_s=to_s, step_s=step_s, instance_ids=ids))
    return msgspec.to_builtins(answers), [in_window(teller, window) for window in windows]


@settings(max_examples=80, deadline=None)
@given(steps(TREES, st.sampled_from(["m1", "m2", "m3", None])), st.lists(WINDOWS, max_size=3))
def test_merged_trees_tell_what_one_tree_of_all_would(
    found: list[Step], windows: list[Window]
) -> None:
    """Of all time, by time and of any window; also where all machines use the same ids."""
    wanted = look(summed_as_one(found), windows)
    apart = summed_apart(found)
    assert look(FleetSummary().merge(*apart), windows) == wanted
    assert look(FleetSummary().merge(*map(sent, apart)), windows) == wanted


@settings(max_examples=80, deadline=None)
@given(steps(PARTS, st.none()), st.lists(WINDOWS, max_size=3))
def test_merged_parts_tell_what_the_tree_would(found: list[Step], windows: list[Window]) -> None:
    """An instance that is in several parts of a tree is one, and says of itself what is newest."""
    found = told_apart(found)
    apart = summed_apart(found)
    wanted = look(summed_as_one(found), windows)
    assert look(FleetSummary().merge(*apart), windows) == wanted
    assert look(sent(FleetSummary().merge(*apart)), windows) == wanted


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([8, 24]),
    steps(TREES, st.none()),
    st.lists(WINDOWS, min_size=1, max_size=5),
)
def test_no_window_is_told_wrong_however_little_is_kept(
    limit: int, found: list[Step], windows: list[Window]
) -> None:
    """Each machine keeps its own newest: what is told of all together is right or unknown."""
    model = summed_as_one(found)
    truth = [in_window(model, window) for window in windows]
    with small_limits(limit):
        merged = sent(FleetSummary().merge(*summed_apart(found)))
        answers = [in_window(merged, window) for window in windows]
    for told, wanted in zip(answers, truth, strict=True):
        for answer, exact in zip(told, wanted, strict=True):
            assert answer is None or is_exact(answer, exact)


@settings(max_examples=60, deadline=None)
@given(steps([*TREES, *PARTS], st.none()), st.permutations(range(6)), st.integers(0, 6))
def test_the_order_of_merging_does_not_matter(
    found: list[Step], order: list[int], middle: int
) -> None:
    """Whichever two come together first, to the last bit; nothing and a repetition add nothing."""
    apart = summed_apart(found)
    whole = FleetSummary().merge(*map(sent, apart)).to_bytes()
    shuffled = [sent(apart[n]) for n in order if n < len(apart)]
    left, right = (FleetSummary().merge(*some) for some in (shuffled[:middle], shuffled[middle:]))
    assert left.merge(right).to_bytes() == whole
    assert right.merge(left).to_bytes() == whole
    assert left.merge(FleetSummary(), right, left, sent(right)).to_bytes() == whole


# --- what is added up --------------------------------------------------------


def many(number: int, seed: int) -> list[AuditEvent]:
    source = random.Random(seed)
    return [
        exchange(n * 4.0, source.choice("ab"), response_time_s=source.lognormvariate(seed, 1))
        for n in range(number)
    ]


def test_quantiles_of_many_machines_are_within_two_percent() -> None:
    """Of all time and of windows; counts, means and maxima are exact."""
    machines = [many(20_000, seed) for seed in range(4)]
    merged = FleetSummary().merge(
        *(sent(summary_of(model_of(*e, bulk=True), f"t{n}")) for n, e in enumerate(machines))
    )
    for from_s, to_s in ((T, T + 24 * HOUR), (T + 1_234, T + 17 * HOUR + 567)):
        times = [
            e.response_time_s
            for e in itertools.chain.from_iterable(machines)
            if e.response_time_s is not None and from_s <= (e.time_s or 0) < to_s
        ]
        usage = merged.usage_in(from_s=from_s, to_s=to_s)
        assert usage is not None
        latency, exact = usage.latency, quantiles(times, (0.5, 0.95, 0.99))
        assert (latency.p50_s, latency.p95_s, latency.p99_s) == pytest.approx(exact, rel=0.02)
        assert (latency.count, latency.max_s) == (len(times), max(times))
        assert latency.mean_s == pytest.approx(sum(times) / len(times), rel=1e-12)


def test_what_is_unpriced_stays_so() -> None:
    """A machine that tells no cost adds none, and its exchanges count as unpriced."""
    priced = summary_of(model_of(exchange(1, cost_usd=0.1), exchange(2, cost_usd=0.2)), "x")
    silent = summary_of(model_of(exchange(3, tokens=5), exchange(4)), "y")
    usage = priced.merge(silent).usage()
    assert (usage.requests, usage.tokens, usage.cost_usd, usage.unpriced) == (4, 5, 0.3, 2)
    assert silent.usage().cost_usd is None
    assert FleetSummary().usage().cost_usd is None


def labels(groups: Sequence[Group] | None) -> list[tuple[str | None, int, tuple[str, ...]]]:
    return [(g.label, g.usage.requests, g.instance_ids) for g in groups or ()]


def test_each_tree_has_its_own_sums() -> None:
    """What is nobody's included; of some instances only, or of a window, those without are left."""
    x = summary_of(model_of(exchange(1), exchange(2, None), spawn(0, "b")), "x")
    merged = x.merge(summary_of(model_of(exchange(90), exchange(91), exchange(92)), "y"))
    assert labels(merged.groups("tree")) == [("y", 3, ("y/a",)), ("x", 2, ("x/a", "x/b"))]
    assert labels(merged.groups("tree", "x/a")) == [("x", 1, ("x/a",))]
    window: Any = {"from_s": T, "to_s": T + 91}
    assert labels(merged.groups_in("tree", **window)) == [
        ("x", 2, ("x/a", "x/b")),
        ("y", 1, ("y/a",)),
    ]
    assert labels(merged.groups_in("tree", from_s=None, to_s=T + 2)) == [("x", 1, ("x/a", "x/b"))]


def test_a_window_that_one_machine_does_not_know_is_unknown() -> None:
    """Nothing is made up for a part of an hour, nor left out."""
    with small_limits(8):
        busy = summary_of(model_of(*(exchange(n * 60) for n in range(200))), "x")
        merged = busy.merge(summary_of(model_of(exchange(1_900)), "y"))
        for by in ("tree", "instance"):
            assert merged.groups_in(by, from_s=T + 1_800, to_s=T + 7_200) is None
        assert merged.usage_in(from_s=T + 1_800, to_s=T + 7_200) is None
        known = merged.usage_in(from_s=T, to_s=T + 7_200)
        assert known is not None
        assert known.requests == 121


def test_a_child_on_another_machine_is_below_its_parent() -> None:
    """If only one instance has the id that it names; its own machine is looked at first."""
    x = summary_of(model_of(spawn(0, "lead"), exchange(1, "lead"), spawn(0, "twin")), "x")
    y = model_of(
        spawn(0, "child", parent_instance_id="lead"),
        exchange(2, "child"),
        spawn(0, "own", parent_instance_id="twin"),
        spawn(0, "twin"),
        spawn(0, "lost", parent_instance_id="nobody"),
        spawn(0, "self", parent_instance_id="self"),
    )
    merged = x.merge(summary_of(y, "y"))
    assert labels(merged.groups("parent")) == [
        ("x/lead", 2, ("x/lead", "y/child")),
        ("y/nobody", 0, ("y/lost",)),
        ("y/twin", 0, ("y/own", "y/twin")),
    ]
    assert merged.instances["y/child"] == {"parent_instance_id": "x/lead"}
    third = summary_of(model_of(spawn(0, "lead")), "z")
    assert merged.merge(third).instances["y/child"] == {"parent_instance_id": "y/lead"}


def test_a_parent_that_only_messages_name_counts_if_somebody_is_it() -> None:
    """Also on another machine."""
    model = FleetModel()
    asked = Message(instance_id="b", time_s=T, event_type="message_sent", parent_id="a")
    model.apply(Batch(records=(asked,)))
    alone = summary_of(model, "x")
    assert alone.instances == {"x/b": {}}
    assert alone.merge(summary_of(model_of(spawn(0, "a")), "y")).instances == {
        "x/b": {"parent_instance_id": "y/a"},
        "y/a": {},
    }


# --- taken again -------------------------------------------------------------


def test_a_tree_that_was_summed_again_counts_as_it_was_last() -> None:
    """Whichever of the two comes first, and if they were made at the very same moment."""
    before = summary_of(model_of(exchange(1)), "x", at_s=T + 1)
    after = summary_of(model_of(exchange(1), exchange(2)), "x", at_s=T + 2)
    other = summary_of(model_of(exchange(3)), "y", at_s=T)
    for merged in (before.merge(after, other), other.merge(after).merge(before)):
        assert merged.usage().requests == 3
        assert merged.trees == {"x": T + 2, "y": T}
    alike = [summary_of(model_of(*[exchange(1)] * n), "x") for n in (1, 2)]
    assert alike[0].merge(alike[1]).to_bytes() == alike[1].merge(alike[0]).to_bytes()


def test_a_tree_is_as_old_as_its_newest_part() -> None:
    """Its name comes once, whatever its parts are called."""
    parts = [summary_of(model_of(exchange(n)), "x", p, T + n) for n, p in ((2, "a"), (1, "b"))]
    assert parts[0].merge(parts[1]).trees == {"x": T + 2}


# --- trees -------------------------------------------------------------------


def day(tree: TreeBuilder, number: int) -> None:
    """A day's work of three instances, whose ids tell the machine."""
    lead, coder = f"lead-{number}", f"coder-{number}"
    tree.spawn(lead, "Lead", at=1)
    tree.audit("instance_spawn", coder, {"role": "dev", "parent_instance_id": lead}, at=2 + number)
    for n in range(30):
        details = {"message_id": f"m{n % 25}", "tokens": n, "cost": None if n % 7 else n / 8}
        details["response_time_seconds"] = n * 0.7 + number
        tree.audit(EXCHANGE, (lead, coder)[n % 2], details, at=100 * n + number)
    tree.orchestrator("the disk is full", at=50, level="ERROR", instance_id=coder)
    tree.audit("message_failed", coder, {"error": "the disk is full"}, at=50.5)
    tree.lifecycle(lead, "Instance failed: out of memory", at=60, level="ERROR")


def plain(groups: Sequence[Group], *, strip: bool = False) -> list[Any]:
    """Groups as values that compare, in any order; `strip`: with ids as they are in the trees."""

    def bare(name: str | None) -> str:
        return str(name).rpartition("/")[2] if strip else str(name)

    return sorted(
        (bare(g.label), sorted(map(bare, g.instance_ids)), repr(msgspec.to_builtins(g.usage)))
        for g in groups
    )


def test_summaries_of_trees_tell_what_the_tree_of_all_files_would(tmp_path: Path) -> None:
    """Written by two machines, or by one: messages, errors and lives included."""
    both = TreeBuilder(tmp_path / "both")
    summaries = []
    for number in range(2):
        own = TreeBuilder(tmp_path / f"machine-{number}")
        for tree in (own, both):
            day(tree, number)
        summaries.append(summarize(own.root, f"m{number}", now=lambda: T).to_bytes())
    merged = FleetSummary().merge(*map(FleetSummary.from_bytes, summaries))
    whole = summarize(str(both.root), "all", now=lambda: T)
    assert msgspec.to_builtins(merged.usage()) == msgspec.to_builtins(whole.usage())
    assert merged.errors == whole.errors == 4
    for by in BY:
        assert plain(merged.groups(by), strip=True) == plain(whole.groups(by), strip=True)
    window: Any = {"from_s": T + 77, "to_s": T + 1_234.5}
    assert msgspec.to_builtins(merged.series(**window)) == msgspec.to_builtins(
        whole.series(**window)
    )
    for by in BY:
        theirs, wanted = (s.groups_in(by, **window) for s in (merged, whole))
        assert theirs is not None
        assert wanted is not None
        assert plain(theirs, strip=True) == plain(wanted, strip=True)


def test_a_real_tree_has_the_sums_of_its_model() -> None:
    """Of what a real orchestrator wrote, also after it was sent."""
    model = FleetModel()
    model.apply(TreeReader(REAL).poll())
    summary = sent(summarize(REAL, "real"))
    assert usage_of(summary, None).requests == usage_of(model, None).requests > 0
    assert summary.errors == errors_of(model)
    for by in BY:
        assert plain(summary.groups(by), strip=True) == plain(model.groups(by), strip=True)


def test_what_was_read_before_need_not_be_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a cache, and the sums are the same."""
    monkeypatch.setattr(logging_core.cache, "WORTH_KEEPING", 1)
    tree = TreeBuilder(tmp_path / "logs")
    day(tree, 0)
    first = summarize(tree.root, "x", cache_dir=str(tmp_path / "cache"), now=lambda: T)
    tree.audit(EXCHANGE, "lead-0", {"message_id": "new"}, at=9_000)
    with mock.patch.object(logging_core.cache, "TreeReader", wraps=TreeReader) as reader:
        again = summarize(tree.root, "x", cache_dir=tmp_path / "cache", now=lambda: T + 1)
    assert reader.call_args.kwargs["cursor"]["logs"]
    assert again.usage().requests == first.usage().requests + 1
    assert again.usage().tokens == first.usage().tokens


def test_who_writes_can_sum_up_what_was_written(tmp_path: Path) -> None:
    """A summary has all that was logged before it was made."""
    manager = LoggingManager(tmp_path)
    with manager.instance("a", "Atlas", role="qa") as agent:
        agent.created()
        agent.received(agent.sent("hello"), "yes", tokens=5, cost=0.5)
        summary = summarize(tmp_path, "here")
    manager.close()
    assert (summary.usage().tokens, summary.usage().cost_usd) == (5, 0.5)
    assert summary.instances["here/a"]["role"] == "qa"


@pytest.mark.parametrize("name", ["", ".x", "a/b", "a b", "x" * 129, "ä", None, 7])
def test_a_tree_has_a_name_that_stands_before_ids(tmp_path: Path, name: Any) -> None:
    """Anything but a plain word is refused, before anything is read."""
    with pytest.raises(ValueError, match=r"tree is .*: use 1 to 128 of"):
        summarize(tmp_path / "nowhere", name)
    if name != "":
        with pytest.raises(ValueError, match=r"part is .*: use 1 to 128 of"):
            summarize(tmp_path / "nowhere", "x", part=name)


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """It is not taken for a tree without any instance."""
    with pytest.raises(LogDirError, match=r"cannot read logs in '.*nowhere'"):
        summarize(tmp_path / "nowhere", "x")


def test_a_directory_that_goes_away_meanwhile_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read of it by then is not taken for the whole tree."""
    monkeypatch.setattr(session, "_LOGS", 1)  # so that it takes many looks
    tree, poll = TreeBuilder(tmp_path / "logs"), TreeReader.poll
    day(tree, 0)

    def look(reader: TreeReader, **options: Any) -> Batch:
        batch = poll(reader, **options)
        if tree.root.exists():
            tree.root.rename(tmp_path / "aside")
        return batch

    monkeypatch.setattr(TreeReader, "poll", look)
    with pytest.raises(LogDirError, match=r"logs is gone"):
        summarize(tree.root, "x")


def test_what_means_nothing_is_refused() -> None:
    """Groupings, steps and moments, and ids that are none."""
    summary = summary_of(model_of(exchange(1)))
    with pytest.raises(ValueError, match="only by tree, instance, "):
        summary.groups("colour")
    with pytest.raises(ValueError, match="only by tree, instance, "):
        summary.groups_in("colour", from_s=T, to_s=T)
    with pytest.raises(ValueError, match="whole minutes"):
        summary.series(from_s=T, to_s=T, step_s=90)
    with pytest.raises(ValueError, match="from_s is nan"):
        summary.usage_in(from_s=float("nan"), to_s=T)
    with pytest.raises(ValueError, match="to_s is inf"):
        summary.series(from_s=T, to_s=float("inf"))
    with pytest.raises(TypeError, match="ids of instances"):
        summary.usage([None])  # type: ignore[list-item]  # which is what is tried


# --- bytes -------------------------------------------------------------------

UNREADABLE = "not a summary that can be read: "
SENT = FleetSummary().merge(
    *(summary_of(model_of(*many(50, n), spawn(0, "a", role="qa")), f"t{n}") for n in range(2))
)


@given(st.binary(max_size=60), st.integers(0, 10_000), st.integers(1, 255))
def test_damaged_bytes_are_refused(data: bytes, at: int, flip: int) -> None:
    """Whatever `to_bytes` did not give is a `ValueError`, never half a summary."""
    whole = SENT.to_bytes()
    damaged = bytearray(whole)
    damaged[at % len(whole)] ^= flip
    for given_bytes in (data, bytes(damaged), whole[: at % len(whole)], whole + b"\0", whole * 2):
        with pytest.raises(ValueError, match=UNREADABLE):
            FleetSummary.from_bytes(given_bytes)


def test_bytes_of_another_version_are_refused() -> None:
    """The message says that it is this, and not damage; so are those of a fleet model."""
    file = BytesIO()
    memento.dump([*SENT._parts], file, form=1)
    model = BytesIO()
    model_of(exchange(1)).dump(model)
    for other in (file, model):
        with pytest.raises(ValueError, match=f"^{UNREADABLE}written by another version"):
            FleetSummary.from_bytes(other.getvalue())


def forged(value: object) -> bytes:
    """Something else in the form of a summary, with the right checksum."""
    file = BytesIO()
    memento.dump(value, file, SUMS)
    return file.getvalue()


def test_something_else_in_the_form_of_a_summary_is_refused() -> None:
    """Sums without a name, without a time, or of something else than a tree."""
    model = model_of(exchange(1))
    wrong: list[object] = [
        None,
        {},
        [1],
        [model.summed("a/b", "", T)],
        [model.summed("a", "..", T)],
        [model.summed("a", "", float("nan"))],
        [model.summed("a", "", None)],  # type: ignore[arg-type]  # which is what is tried
    ]
    part = model.summed("a", "", T)
    other_fields: tuple[tuple[str, Any], ...] = (
        ("said", []),
        ("said", {"a": 1}),
        ("sums", 5),
        ("errors", "5"),
    )
    for name, value in other_fields:
        other = model.summed("a", "", T)
        setattr(other, name, value)
        wrong.append([part, other])
    for parts in wrong:
        with pytest.raises(ValueError, match=UNREADABLE):
            FleetSummary.from_bytes(forged(parts))


TOKENS = st.recursive(
    st.none() | st.integers(-(2**63), 2**64 - 1) | st.integers(0, 15) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4),
)


@given(st.lists(TOKENS, min_size=1, max_size=6))
@example([[5, 2**63, 0]])
@example([[6, "d", 1.5]])
@example([[1, 0]])
def test_whatever_stands_in_whole_frames_is_no_summary(tokens: list[Any]) -> None:
    """But for the list of no trees."""
    file = BytesIO()
    frames = Frames(file, SUMS)
    for token in tokens:
        frames.add(token)
    frames.end()
    found = FleetSummary()
    with suppress(ValueError):
        found = FleetSummary.from_bytes(file.getvalue())
    assert found.trees == {}


def test_texts_in_a_summary_are_safe_to_show() -> None:
    """Whoever wrote it: what would do something to a terminal is shown instead."""
    model = model_of(
        spawn(0, "a\x1b[31m", role="q\u202ea"),
        AuditEvent(time_s=T, event_type="x\x07", instance_id="a\x1b[31m", error="bad\x9b"),
    )
    summary = sent(summary_of(model))
    assert summary.instances == {"t/a␛[31m": {"role": "q‹U+202E›a"}}
    assert labels(summary.groups("error")) == [("bad‹9b›", 1, ("t/a␛[31m",))]
    assert {group.label for group in summary.groups("event_type")} == {"instance_spawn", "x␇"}


def test_a_hostile_tree_is_the_same_after_it_was_sent(tmp_path: Path) -> None:
    """What was made safe when it was read stays as it is."""
    tree = TreeBuilder(tmp_path)
    for text in ("\x1b[2J", "a\u0301" * 9 + "\u0301" * 9, "x\ud800", "👩\u200d💻", "\n\t\r\n|"):
        tree.audit("e" + text, "i" + text, {"error": text + "x" * 300, "role": text}, at=1)
    summary = summarize(tmp_path, "t")
    again = sent(summary)
    assert again.instances == summary.instances
    for by in BY:
        assert plain(again.groups(by)) == plain(summary.groups(by))
