"""What the records of one tree add up to: of all time, and by time."""

from __future__ import annotations

from collections.abc import Sequence

from logging_core.analyse.columns import Columns
from logging_core.analyse.counts import Counts
from logging_core.analyse.series import Series
from logging_core.analyse.summary import Totals
from logging_core.records import AuditEvent


class Sums:
    """The sums of exchanges, each of which is to come once, and the numbers of all else.

    Args:
        by_time: Keep what is asked of a window; else there is nothing in any.

    Attributes:
        totals: Of the exchanges of all time.
        series: The same by time.
        events: How often each event type was met; of exchanges it is not kept by time there.
        errors: How often each error was met.
    """

    __slots__ = ("_by_time", "errors", "events", "series", "totals")

    def __init__(self, *, by_time: bool) -> None:
        self._by_time = by_time
        self.totals = Totals()
        self.series = Series()
        self.events = Counts(by_time=by_time)
        self.errors = Counts(by_time=by_time)

    def add(self, exchange: AuditEvent, at_s: float | None) -> None:
        """Count an exchange that was decoded singly; without a time it is in no window."""
        self.totals.add(exchange)
        if self._by_time and at_s is not None:
            self.series.add(exchange, at_s)

    def extend(self, instance_id: str | None, exchanges: Columns) -> None:
        """Count as one instance's what was decoded in bulk; then all of it is to be `add_up`ed."""
        self.totals.extend(instance_id, exchanges)

    def add_up(self, instance_ids: Sequence[str | None], exchanges: Columns) -> None:
        """Count as the fleet's, and by time, what `extend` counted of all instances.

        Args:
            instance_ids: Whose each exchange is.
            exchanges: All.
        """
        self.totals.add_up(exchanges)
        if self._by_time:
            self.series.extend(instance_ids, exchanges)
