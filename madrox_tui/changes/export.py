"""Exporting changes. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from logging_core.analyse.state import InstanceState
from madrox_tui.changes.comparison import Change
from madrox_tui.export import Export, Value, iso_time
from madrox_tui.panels.instances.reasons import why

EXPORTED = (
    "change",
    "instance_id",
    "instance_name",
    "began",
    "ended",
    "state_before",
    "state",
    "why",
    "requests_added",
    "tokens_added",
    "cost_usd_added",
    "unpriced_added",
    "errors_added",
    "open_requests",
)
"""The exported columns; times are ISO 8601 with their offset."""


def changes_export(changes: Sequence[Change]) -> Export:
    """Export changes, in the order listed; unknown is `None`.

    Args:
        changes: The changes.
    """
    return Export("changes", EXPORTED, map(_values, changes))


def _values(change: Change) -> tuple[Value, ...]:
    before, after, spell = change.before, change.after, change.spell
    reason = spell.reason if spell else why(after) if after else None
    return (
        change.kind.name.lower(),
        change.instance_id,
        change.label,
        iso_time(change.at_s),
        iso_time(spell.until_s) if spell else None,
        spell.state.value if spell else _state(before),
        spell.end if spell else _state(after),
        reason,
        *_added(change),
        len(after.open_requests) if after else None,
    )


def _added(change: Change) -> tuple[Value, ...]:
    usage, errors = change.added.usage, change.added.errors
    if usage is None:
        return None, None, None, None, errors
    return usage.requests, usage.tokens, usage.cost_usd, usage.unpriced, errors


def _state(instance: InstanceState | None) -> str | None:
    return None if instance is None else instance.state.value
