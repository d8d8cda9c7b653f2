"""What the screen shows at one moment: the fleet, and what the filter leaves of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cached_property

import msgspec
from rich.cells import cell_len

from logging_core.analyse.state import FleetState, InstanceState, State, Usage
from madrox_tui.audit_view import NOTHING_SUMMED, AuditView
from madrox_tui.filters import Filter

HUES = 8
"""How many colours tell instances apart: `hue-0` … of `cell_styles`."""


class View(msgspec.Struct, frozen=True, eq=False, dict=True):
    """One immutable look; all panels are given the same one.

    Attributes:
        state: The whole fleet.
        filter: What narrows it.
        scope: The only instance shown (`i`), or `None` for all.
        instances: The instances that pass filter and scope, in the fleet's order.
        usage: What these add up to; the whole fleet's if nothing narrows.
        activity: Records per minute of the last minutes, oldest first, by instance id.
        moment_s: The earlier moment that is shown; `None` for the newest.
        events_per_s: How many records come, smoothed; 0 when it is quiet.
        lag_s: For how long the files have held more than is shown; 0 when all is shown.
        audit: Their rates, their series, and their groups.
    """

    state: FleetState
    filter: Filter
    scope: str | None
    instances: tuple[InstanceState, ...]
    usage: Usage
    activity: Mapping[str, tuple[int, ...]] = msgspec.field(default_factory=dict)
    audit: AuditView = NOTHING_SUMMED
    moment_s: float | None = None
    events_per_s: float = 0.0
    lag_s: float = 0.0

    @property
    def narrowed(self) -> bool:
        """Whether anything is left out."""
        return bool(self.filter) or self.scope is not None

    def later(self, state: FleetState, *, events_per_s: float, lag_s: float) -> View:
        """The same look a moment later: what was worked out of it holds.

        Args:
            state: The fleet then; only its moment is another.
            events_per_s: As of then, and so is the next.
            lag_s: As of then.
        """
        view = msgspec.structs.replace(self, state=state, events_per_s=events_per_s, lag_s=lag_s)
        vars(view).update(vars(self))
        return view

    def is_later(self, before: View | None) -> bool:
        """Whether it shows what a view before it does, and only time has passed."""
        return (
            before is not None
            and all(getattr(self, name) is getattr(before, name) for name in _LASTING)
            and all(getattr(self.state, n) is getattr(before.state, n) for n in _LASTING_OF_STATE)
        )

    @cached_property
    def counts(self) -> Counter[State]:
        """How many instances of the whole fleet are in each state."""
        return Counter(instance.state for instance in self.state.instances)

    @cached_property
    def by_id(self) -> dict[str, InstanceState]:
        """The instances that are shown, by id."""
        return {instance.instance_id: instance for instance in self.instances}

    def hue(self, instance_id: str) -> str:
        """The cell style of an instance's own colour: by creation, so that neighbours differ."""
        return f"hue-{self._places.get(instance_id, 0) % HUES}"

    @cached_property
    def labels(self) -> dict[str, str]:
        """What a person calls each instance of the whole fleet, by id."""
        return {i.instance_id: i.label for i in self.state.instances}

    @cached_property
    def label_width(self) -> int:
        """Cells of the longest of the `labels`."""
        return max(map(cell_len, self.labels.values()), default=0)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {i.instance_id: place for place, i in enumerate(self.state.instances)}


_LASTING = tuple(set(View.__struct_fields__) - {"state", "events_per_s", "lag_s"})
_LASTING_OF_STATE = tuple(set(FleetState.__struct_fields__) - {"at_s"})
"""What stays the same object while only time passes."""
