"""When the audit panel's sums are made anew: not with every look, for they take their time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from logging_core.analyse.state import FleetState, InstanceState, Usage
from madrox_tui.panels.audit.rates import AuditModel
from madrox_tui.panels.audit.view import (
    GROUPINGS,
    NOTHING_SUMMED,
    TABLE_WINDOWS,
    AuditView,
    GroupsOf,
    make_audit_view,
)

SHARE = 0.1
"""The sums are made during this part of the time at most."""

_MINUTE_S = 60.0


class AuditSums:
    """Makes the audit view of each look, or finds that the one before still holds.

    A view holds while events, errors and the instances that are shown are the same, what these say
    of themselves is, and the minute. Where that changes all the time, 100 instances with 100,000
    exchanges take 40 ms, and the view before is shown until `SHARE` allows a new one: by the next
    tick at the latest.

    Args:
        budget_usd: The budget; `None` for none.
        clock: Seconds that only ever grow.
    """

    def __init__(
        self,
        *,
        budget_usd: float | None,
        clock: Callable[[], float],
    ) -> None:
        self.by = GROUPINGS[0]
        """What to group by: one of `GROUPINGS`."""
        self.window = TABLE_WINDOWS[0]
        """The window of the groups: one of `TABLE_WINDOWS`."""
        self._budget_usd = budget_usd
        self._clock = clock
        self._wanted: object = None
        self._known: object = None
        self._view = NOTHING_SUMMED
        self._is_current = False
        self._rested_s = float("-inf")

    @property
    def is_current(self) -> bool:
        """Whether nothing that the last look at the fleet brought has yet to be summed."""
        view = self._view
        return self._is_current and (view.by, view.window) == (self.by, self.window)

    def look(
        self,
        model: AuditModel,
        state: FleetState,
        instances: Sequence[InstanceState],
        usage: Usage,
    ) -> AuditView:
        """The sums behind a look at the fleet as it is now.

        Args:
            model: The live model.
            state: The whole fleet.
            instances: Those that are shown.
            usage: What these add up to.
        """
        ids = frozenset(i.instance_id for i in instances)
        wanted = self.by, self.window, ids, model.is_cut
        who = [(i.role, i.model, i.instance_type, i.parent_instance_id) for i in instances]
        known = state.usage, state.audit_events, state.errors, state.at_s // _MINUTE_S, who
        began_s = self._clock()
        if wanted == self._wanted and (known == self._known or began_s < self._rested_s):
            self._is_current = known == self._known
            return self._view
        self._view = self._make(model, state, instances, usage)
        self._wanted, self._known, self._is_current = wanted, known, True
        ended_s = self._clock()
        self._rested_s = ended_s + (ended_s - began_s) / SHARE
        return self._view

    def look_back(
        self,
        model: AuditModel,
        state: FleetState,
        instances: Sequence[InstanceState],
        usage: Usage,
        groups_of: GroupsOf,
    ) -> AuditView:
        """The sums behind a look at an earlier moment.

        Args:
            model: The live model, which knows sums by time.
            state: The whole fleet, as it was.
            instances: Those that are shown.
            usage: What these added up to.
            groups_of: Knows the groups of that moment.
        """
        return self._make(model, state, instances, usage, groups_of)

    def _make(
        self,
        model: AuditModel,
        state: FleetState,
        instances: Sequence[InstanceState],
        usage: Usage,
        groups_of: GroupsOf | None = None,
    ) -> AuditView:
        return make_audit_view(
            model,
            state,
            instances,
            usage=usage,
            by=self.by,
            window=self.window,
            budget_usd=self._budget_usd,
            groups_of=groups_of,
        )
