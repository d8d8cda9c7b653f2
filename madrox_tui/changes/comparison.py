"""Comparing the fleet of two moments. Pure.

Sums only grow: where one is smaller at the later moment, it was counted anew, and what came to it
is unknown.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec

from logging_core.analyse.state import FleetState, InstanceState, State, Usage
from madrox_tui.changes.spells import Spell, goes_on
from madrox_tui.states import LOOKS, NEEDS_YOU
from madrox_tui.view import Narrowing

N = TypeVar("N", int, float)

SAME_USD = 1e-9
"""Costs that differ by no more are the same: sums are rounded."""


class Kind(enum.IntEnum):
    """What a change tells, the most telling first."""

    NEEDS = 0
    FAILED = 1
    NEEDED = 2
    LIFE = 3
    WORKED = 4


class Added(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What came to some sums.

    Attributes:
        usage: Exchanges, without their response times; `None`: unknown.
        errors: Errors; `None`: unknown.
    """

    usage: Usage | None = Usage()
    errors: int | None = 0

    @property
    def is_nothing(self) -> bool:
        """Whether nothing came, as far as that is known."""
        usage = self.usage
        if usage is None or self.errors != 0:
            return False
        return not (usage.requests or usage.tokens or usage.cost_usd)


class Change(msgspec.Struct, frozen=True, eq=False):
    """What became of an instance; or a time in between in which it needed somebody.

    Attributes:
        kind: What it tells.
        instance_id: Of whom.
        label: What a person calls it.
        at_s: When that began, in seconds since the epoch; `None` if that is unknown, or if it only
            went on.
        before: How it was; `None` if it was not there, or of a time in between.
        after: How it is; `None` if it is not there, or of a time in between.
        respawns: How many lives it began, its first one left out.
        added: What it did; nothing, of a time in between.
        spell: That time; of several in which it failed the last.
        times: How many such times the row is for.
    """

    kind: Kind
    instance_id: str
    label: str
    at_s: float | None
    before: InstanceState | None = None
    after: InstanceState | None = None
    respawns: int = 0
    added: Added = Added()
    spell: Spell | None = None
    times: int = 1


class Comparison(msgspec.Struct, frozen=True, eq=False):
    """What changed between two moments.

    Attributes:
        changes: The most telling first.
        compared: How many instances there were at one of them, or at both.
        unchanged: In how many of these nothing changed.
        added: What all of them did; if none is left out, with what is of no instance.
        problems: How many problems of reading the tree came; `None`: unknown.
    """

    changes: tuple[Change, ...] = ()
    compared: int = 0
    unchanged: int = 0
    added: Added = Added()
    problems: int | None = 0


def compare(
    then: FleetState,
    now: FleetState,
    spells: Sequence[Spell] = (),
    chosen: Narrowing = Narrowing(),
) -> Comparison:
    """Compare the fleet of two moments.

    Args:
        then: The earlier one.
        now: The later one.
        spells: Those that ended in between.
        chosen: Which instances to compare: as they are, or as they were if they are gone.
    """
    old = {i.instance_id: i for i in then.instances}
    there = {i.instance_id for i in now.instances}
    left = chosen.choose(now.instances)
    gone = [i for i in chosen.choose(then.instances) if i.instance_id not in there]
    compared = {i.instance_id for i in (*left, *gone)}
    interrupted = {spell.instance_id for spell in spells}
    found = [_gone(instance) for instance in gone]
    for after in left:
        who = after.instance_id
        if change := _change(old.get(who), after, then.at_s, was_interrupted=who in interrupted):
            found.append(change)
    needed = _needed([s for s in spells if not chosen or s.instance_id in compared])
    changes = tuple(sorted((*found, *needed), key=_order))
    return Comparison(
        changes,
        compared=len(compared),
        unchanged=len(compared - {change.instance_id for change in changes}),
        added=_sum(change.added for change in found) if chosen else _of_fleet(then, now),
        problems=_more(then.problems.total, now.problems.total),
    )


def _change(
    before: InstanceState | None, after: InstanceState, then_s: float, *, was_interrupted: bool
) -> Change | None:
    """What became of one that is there; `None` if nothing did."""
    added = Added(
        _used(before.usage if before else Usage(), after.usage),
        _more(before.errors if before else 0, after.errors),
    )
    respawns = _respawns(before, after, then_s)
    needs = after.state in NEEDS_YOU and (was_interrupted or _is_new(before, after, then_s))
    is_other = before is None or before.state is not after.state
    if needs:
        kind = Kind.FAILED if after.state is State.ERROR else Kind.NEEDS
    elif before is None or respawns or _has_ended(before) is not _has_ended(after):
        kind = Kind.LIFE
    elif is_other or not added.is_nothing or _open(before) != _open(after):
        kind = Kind.WORKED
    else:
        return None
    at_s = after.since_s if needs or is_other or respawns else None
    if kind is Kind.LIFE and not _has_ended(after) and (respawns or before is None):
        at_s = after.spawned_s[-1] if respawns else after.created_s
    return Change(kind, after.instance_id, after.label, at_s, before, after, respawns, added)


def _has_ended(instance: InstanceState) -> bool:
    return instance.state is State.TERMINATED


def _respawns(before: InstanceState | None, after: InstanceState, then_s: float) -> int:
    """How many lives began since, without the first that is known of it."""
    lives = sum(spawned_s > then_s for spawned_s in after.spawned_s)
    is_first = before is None or not before.spawned_s
    return max(0, lives - 1) if is_first else lives


def _is_new(before: InstanceState | None, after: InstanceState, then_s: float) -> bool:
    """Whether one needs somebody now for another reason than then, if it did then."""
    if before is None or not goes_on(before, after):
        return True
    return after.state is State.STUCK and after.since_s is not None and after.since_s > then_s


def _open(instance: InstanceState) -> list[str]:
    return [request.message_id for request in instance.open_requests]


def _gone(before: InstanceState) -> Change:
    added = Added(None, None)
    return Change(Kind.LIFE, before.instance_id, before.label, None, before, added=added)


def _needed(spells: Iterable[Spell]) -> Iterator[Change]:
    """Each time in between; but who fails again and again has one row."""
    failures: defaultdict[str, list[Spell]] = defaultdict(list)
    for spell in spells:
        if spell.state is State.ERROR:
            failures[spell.instance_id].append(spell)
        else:
            yield _needed_in(spell)
    for failed in failures.values():
        yield _needed_in(max(failed, key=lambda spell: spell.until_s), len(failed))


def _needed_in(spell: Spell, times: int = 1) -> Change:
    return Change(
        Kind.NEEDED, spell.instance_id, spell.label, spell.since_s, spell=spell, times=times
    )


def _order(change: Change) -> tuple[float | str, ...]:
    """Who waits longest, else what is newest, else who cost most, comes first in its kind."""
    at_s = change.at_s or 0.0
    usage = change.added.usage or Usage()
    if change.kind is Kind.NEEDS and change.after is not None:
        place = (float(LOOKS[change.after.state].rank), at_s)
    elif change.kind is Kind.WORKED:
        place = (-(usage.cost_usd or 0.0), -float(usage.requests))
    else:
        place = (-(change.spell.until_s if change.spell else at_s), 0.0)
    return change.kind, *place, change.label, change.instance_id


# --- sums ---------------------------------------------------------------------


def _of_fleet(then: FleetState, now: FleetState) -> Added:
    return Added(_used(then.usage, now.usage), _more(then.errors, now.errors))


def _more(old: int, new: int) -> int | None:
    return new - old if new >= old else None


def _used(old: Usage, new: Usage) -> Usage | None:
    """What came to the exchanges; `None` if that is unknown.

    Tokens and costs that none of the added ones has are unknown.
    """
    requests, unpriced = new.requests - old.requests, new.unpriced - old.unpriced
    tokens = (new.tokens or 0) - (old.tokens or 0)
    cost_usd = (new.cost_usd or 0.0) - (old.cost_usd or 0.0)
    if min(requests, unpriced, tokens, cost_usd + SAME_USD) < 0:
        return None
    is_priced = requests > unpriced or cost_usd > SAME_USD
    return Usage(requests, tokens or None, max(0.0, cost_usd) if is_priced else None, unpriced)


def _sum(parts: Iterable[Added]) -> Added:
    """What came to all of these; unknown if it is of one of them."""
    usage: Usage | None = Usage()
    errors: int | None = 0
    for part in parts:
        usage = None if usage is None or part.usage is None else _both(usage, part.usage)
        errors = None if errors is None or part.errors is None else errors + part.errors
    return Added(usage, errors)


def _both(one: Usage, other: Usage) -> Usage:
    return Usage(
        one.requests + other.requests,
        _plus(one.tokens, other.tokens),
        _plus(one.cost_usd, other.cost_usd),
        one.unpriced + other.unpriced,
    )


def _plus(one: N | None, other: N | None) -> N | None:
    """The sum of what is known of two numbers."""
    if one is None or other is None:
        return other if one is None else one
    return one + other
