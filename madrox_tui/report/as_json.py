"""The fleet's state as one JSON object, for scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from logging_core.analyse.state import FleetState, InstanceState, Latency, Usage
from logging_core.text import safe_line
from madrox_tui.export import clean, iso_time

SCHEMA = 1
"""Incremented when a key of the JSON report changes meaning or is removed."""

_NAMES = ("instance_name", "role", "instance_type", "model", "parent_instance_id")


def to_json(
    state: FleetState, log_dir: str, metadata: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """Build the JSON report from dicts, lists, strings, numbers and `None` only.

    `None` is unknown. Times are ISO 8601 with their offset, costs are US dollars, response times
    are seconds. `problems.files` lists the paths, relative to `log_dir`, of files in which
    something could not be read, or is missing.

    Args:
        state: The fleet; its texts are safe to show.
        log_dir: Where it was read from.
        metadata: Of instances, by the id in `state`, as written: their ids and names are given as
            they are in there, so that they can be joined with the tree. Not safe to show.
    """
    metadata = metadata or {}
    return {
        "schema": SCHEMA,
        "log_dir": safe_line(log_dir),
        "generated_at": iso_time(state.at_s),
        "instances": [_instance(i, metadata.get(i.instance_id, {})) for i in state.instances],
        "totals": {
            "instances": len(state.instances),
            **_usage(state.usage),
            "errors": state.errors,
            "response_time_s": _latency(state.usage.latency),
        },
        "problems": {
            "unreadable_lines": state.problems.unreadable_lines,
            "files": [safe_line(path) for path in state.problems.files],
        },
    }


def _instance(instance: InstanceState, metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "instance_id": metadata.get("instance_id", instance.instance_id),
        **{name: _as_written(getattr(instance, name), metadata.get(name)) for name in _NAMES},
        "state": instance.state.value,
        "reason": instance.reason,
        "state_since": iso_time(instance.since_s),
        "created_at": iso_time(instance.created_s),
        "last_activity": iso_time(instance.last_activity_s),
        **_usage(instance.usage),
        "response_time_s": _latency(instance.usage.latency),
        "open_requests": len(instance.open_requests),
        "frames": instance.frames,
        "errors": instance.errors,
        "last_error": instance.last_error,
    }


def _as_written(shown: str | None, written: object) -> str | None:
    """Return a name as it is written, if it is the one that is shown."""
    return written if isinstance(written, str) and safe_line(written) == shown else shown


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "requests": usage.requests,
        "tokens": usage.tokens,
        "cost_usd": clean(usage.cost_usd),
        "unpriced": usage.unpriced,
    }


def _latency(latency: Latency) -> dict[str, Any]:
    return {
        "count": latency.count,
        "mean": latency.mean_s,
        "p50": latency.p50_s,
        "p95": latency.p95_s,
        "p99": latency.p99_s,
        "max": latency.max_s,
    }
