"""The events behind each figure above the audit panel's table. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from madrox_tui import format as fmt
from madrox_tui.events.query import EventOrder, EventQuery
from madrox_tui.panels.audit.rates import WINDOWS, window_start
from madrox_tui.view import View

_QUANTILES = ("p50", "p95", "p99", "max")


def figure_query(opens: str, view: View) -> EventQuery:
    """Return the query for the events behind a figure, of the instances shown.

    Args:
        opens: The figure's name.
        view: What the panel shows.

    Raises:
        KeyError: There is no such figure.
    """
    shown = frozenset(view.by_id) if view.narrowed else None
    query = _QUERIES[opens](view)
    return replace(query, instance_ids=shown, is_counted=_is_counted(opens, view))


def _is_counted(opens: str, view: View) -> bool:
    """Return whether a figure is of any event."""
    if opens == "errors":
        return view.errors > 0
    if opens == "tokens":
        return view.usage.tokens is not None
    if opens in _QUANTILES:
        return (view.audit.whole or view.usage).latency.count > 0
    rate = next((rate for rate in view.audit.rates if rate.window == opens), None)
    if rate is not None:
        return rate.usd_per_hour != 0 or rate.unpriced > 0
    return view.usage.requests > 0


def _latency(name: str) -> Callable[[View], EventQuery]:
    def query(view: View) -> EventQuery:
        usage = view.audit.whole or view.usage
        least_s: float | None = getattr(usage.latency, f"{name}_s")
        of = "" if name == "max" else f" of {fmt.duration(least_s)} ({name}) and more"
        window, from_s = view.audit.plotted_window, None
        if window is not None:
            of, from_s = f"{of} in the last {window}", view.audit.from_s
        least_s = None if name == "max" else least_s
        title, order = f"exchanges{of}", EventOrder.SLOWEST
        return EventQuery(title, from_s=from_s, least_s=least_s, order=order)

    return query


def _window(name: str, window_s: float) -> Callable[[View], EventQuery]:
    return lambda view: EventQuery(
        f"exchanges of the last {name}", from_s=window_start(view.state.at_s, window_s)
    )


def _plotted(order: EventOrder) -> Callable[[View], EventQuery]:
    def query(view: View) -> EventQuery:
        from_s = view.audit.slots[0].start_s
        since = fmt.since(from_s, view.state.at_s)
        return EventQuery(f"exchanges since {since}", from_s=from_s, order=order)

    return query


_QUERIES: Mapping[str, Callable[[View], EventQuery]] = {
    "cost": lambda _: EventQuery("exchanges", order=EventOrder.DEAREST),
    "unpriced": lambda _: EventQuery("exchanges without a cost", unpriced=True),
    "requests": lambda _: EventQuery("exchanges"),
    "errors": lambda _: EventQuery("errors", event_type=None, failed=True),
    "tokens": lambda _: EventQuery("exchanges", order=EventOrder.LARGEST),
    **{name: _window(name, window_s) for name, window_s in WINDOWS},
    "all": lambda _: EventQuery("exchanges"),
    **{name: _latency(name) for name in _QUANTILES},
    "plotted cost": _plotted(EventOrder.DEAREST),
    "plotted times": _plotted(EventOrder.SLOWEST),
}
