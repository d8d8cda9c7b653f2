"""Exchanges in the two forms that a reader gives them in."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from logging_core.exchanges import UNKNOWN, Exchanges
from logging_core.records import AuditEvent


def in_bulk(events: Sequence[AuditEvent]) -> Exchanges:
    """Events, each with a time, as they come in blocks."""
    return Exchanges(
        [event.instance_id for event in events],
        [event.message_id for event in events],
        array("d", [event.time_s for event in events if event.time_s is not None]),
        array("q", [UNKNOWN if e.tokens is None else e.tokens for e in events]),
        array("d", [UNKNOWN if e.cost_usd is None else e.cost_usd for e in events]),
        array("d", [UNKNOWN if e.response_time_s is None else e.response_time_s for e in events]),
    )
