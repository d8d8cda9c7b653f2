"""What the screen shows at one time: the fleet, and the part that passes the filter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec
from rich.cells import cell_len

from logging_core.analyse.state import FleetState, InstanceState, State, Usage
from logging_core.text import safe_line
from madrox_tui import format as fmt
from madrox_tui.filters import Filter, filter_words
from madrox_tui.names import names_of
from madrox_tui.panels.audit.view import NOTHING_SUMMED, AuditView
from madrox_tui.scope import Scope
from madrox_tui.states import NEEDS_YOU

if TYPE_CHECKING:
    from madrox_tui.key_names import KeysInForce  # loads Textual

ACTIVITY_MINUTES = 10
"""Over how many minutes the activity of instances is shown."""

HUES = 24
"""How many colours distinguish instances: the cell styles `hue-0` …. The first eight, which are all
that a small fleet has, differ most."""


class Narrowing(msgspec.Struct, frozen=True):
    """Which instances the screen shows.

    Attributes:
        filter: Those that match this filter.
        scope: Of these, only those in this scope; `None` for all.
    """

    filter: Filter = Filter()
    scope: Scope | None = None

    def __bool__(self) -> bool:
        return bool(self.filter) or self.scope is not None

    def choose(self, fleet: Sequence[InstanceState]) -> tuple[InstanceState, ...]:
        """Return the instances of a fleet that are shown, in the same order."""
        chosen = self.filter.choose(fleet)
        return chosen if self.scope is None else self.scope.choose(chosen, fleet)


class View(msgspec.Struct, frozen=True, eq=False, dict=True):
    """One immutable snapshot, shared by all panels.

    Attributes:
        state: The whole fleet.
        narrowing: Which instances are shown.
        instances: These, in the fleet's order.
        usage: Their total usage.
        activity: Records per minute over the last `ACTIVITY_MINUTES`, oldest first, by instance id.
        audit: Their rates, series and groups.
        moment_s: The earlier time that is shown; `None` for the newest.
        missing: Why nothing is known of that time, in words; `None` if something is.
        records: How many records have arrived since the history of the tree was read.
        events_per_s: Records per second, smoothed; 0 when quiet.
        lag_s: How long the files have held more than is shown, in seconds; 0 when all is shown.
        is_whole: Whether the state is of the whole tree, not only of the ends of its logs.
        unread: What of the tree is still to be counted, in words; `None` if nothing is.
    """

    state: FleetState
    narrowing: Narrowing
    instances: tuple[InstanceState, ...]
    usage: Usage
    activity: Mapping[str, tuple[int, ...]] = msgspec.field(default_factory=dict)
    audit: AuditView = NOTHING_SUMMED
    moment_s: float | None = None
    missing: str | None = None
    records: int = 0
    events_per_s: float = 0.0
    lag_s: float = 0.0
    is_whole: bool = False
    unread: str | None = None

    @property
    def narrowed(self) -> bool:
        """Whether a filter or scope is active."""
        return bool(self.narrowing)

    @property
    def narrowed_to(self) -> str:
        """That not everybody is shown, to follow a title; `''` if everybody is."""
        return self.only or ("  filtered" if self.narrowed else "")

    @property
    def only(self) -> str:
        """Whom the screen is limited to, to follow a title; `''` if to nobody."""
        scope = self.narrowing.scope
        if scope is None:
            return ""
        label = self.names.get(scope.instance_id, scope.instance_id)
        return f"  only {label}" + (" and below" if scope.below else "")

    @property
    def errors(self) -> int:
        """The number of errors about the instances shown; of all if nobody is left out."""
        return self.state.errors_about(self.instances) if self.narrowed else self.state.errors

    @property
    def is_read(self) -> bool:
        """Whether all of the tree was read, so that what differs in the next view is news."""
        return self.state.caught_up and self.unread is None

    @property
    def counted_from_s(self) -> float | None:
        """Where older exchanges are still to be read, when the first one was that is counted.

        `None` if all are counted, as they are at an earlier moment.
        """
        return self.audit.counted_from_s if self.moment_s is None else None

    def counted_since(self, from_s: float | None = None) -> str:
        """Say since when is counted what adds up from a moment on; `''` if all of it is.

        Args:
            from_s: The moment, in seconds since the epoch; `None` for all time.
        """
        counted_s = self.counted_from_s
        if counted_s is None or (from_s is not None and from_s >= counted_s):
            return ""
        since = fmt.since(counted_s, self.state.at_s)
        return f"sums are of what was since {since}: older history is still to be read"

    def later(self, state: FleetState, *, events_per_s: float, lag_s: float) -> View:
        """Return the same view a little later; cached properties are carried over.

        Args:
            state: The fleet; only its time differs.
            events_per_s: The rate at that time.
            lag_s: The lag at that time.
        """
        view = msgspec.structs.replace(self, state=state, events_per_s=events_per_s, lag_s=lag_s)
        vars(view).update(vars(self))
        return view

    def is_later(self, before: View | None) -> bool:
        """Return whether only time has passed since an earlier view."""
        return (
            before is not None
            and all(getattr(self, name) is getattr(before, name) for name in _LASTING)
            and all(getattr(self.state, n) is getattr(before.state, n) for n in _LASTING_OF_STATE)
        )

    @cached_property
    def counts(self) -> Counter[State]:
        """The number of instances in each state, in the whole fleet."""
        return Counter(instance.state for instance in self.state.instances)

    @cached_property
    def needy(self) -> tuple[InstanceState, ...]:
        """The instances that need someone, of the whole fleet."""
        return tuple(i for i in self.state.instances if i.state in NEEDS_YOU)

    @property
    def silent_s(self) -> float:
        """How long no instance of the whole fleet has written anything; 0 if none ever did."""
        return 0.0 if self._heard_s is None else self.state.at_s - self._heard_s

    @cached_property
    def _heard_s(self) -> float | None:
        known = (i.last_activity_s for i in self.state.instances)
        return max((time_s for time_s in known if time_s is not None), default=None)

    def nobody(self, keys: KeysInForce) -> str:
        """Return why no instance is shown although there are some, and what shows them."""
        if self.narrowing.scope is not None and not self.narrowing.filter:
            press = f"press {keys.name('filter.only')} to show all"
            return f"the only instance to show is not there: {press}"
        wrong = [word for word in filter_words(self.narrowing.filter.text) if word.problem]
        why = "".join(f" ({safe_line(f'{w.text} ✗ {w.problem}')})" for w in wrong[:1])
        return f"no instance matches the filter{why}: press {keys.name('view.back')} to clear it"

    @cached_property
    def by_id(self) -> dict[str, InstanceState]:
        """The instances shown, by id."""
        return {instance.instance_id: instance for instance in self.instances}

    def hue(self, instance_id: str) -> str:
        """Return the cell style of an instance's colour, which differs between neighbours."""
        return f"hue-{self._places.get(instance_id, 0) % HUES}"

    @cached_property
    def labels(self) -> dict[str, str]:
        """The label of each instance in the whole fleet, by id."""
        return {i.instance_id: i.label for i in self.state.instances}

    @cached_property
    def names(self) -> dict[str, str]:
        """What each instance in the whole fleet is called on the screen, by id."""
        return names_of(self.state.instances)

    @cached_property
    def name_width(self) -> int:
        """Cells of the longest name."""
        return max(map(cell_len, self.names.values()), default=0)

    @cached_property
    def shown_name_width(self) -> int:
        """The same of those shown; of all if nobody is left out."""
        if not self.narrowed:
            return self.name_width
        return max((cell_len(self.names[instance_id]) for instance_id in self.by_id), default=0)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {i.instance_id: place for place, i in enumerate(self.state.instances)}


_LASTING = tuple(set(View.__struct_fields__) - {"state", "events_per_s", "lag_s"})
_LASTING_OF_STATE = tuple(set(FleetState.__struct_fields__) - {"at_s"})
"""The fields that stay the same object while only time passes."""


def team(view: View | None) -> frozenset[str]:
    """Return the folded branch that a view is limited to, by the id of its root; empty if none."""
    scope = view.narrowing.scope if view is not None else None
    return frozenset({scope.instance_id} if scope is not None and scope.below else ())
