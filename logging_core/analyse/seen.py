"""Which exchanges are repeated: written twice, they count once."""

from __future__ import annotations

import math

from logging_core.analyse.columns import Columns
from logging_core.analyse.recent import Recent
from logging_core.records import AuditEvent

RECENT_IDS = 1_024
"""So many message ids of an instance are remembered at least, to count a repeated one once."""

MAX_IDS = 1 << 15
"""So many are remembered of all together: of a thousand instances, 32 of each."""

MAX_PAST_LIVES = 256
"""Of so many lives besides the newest of each instance ids are remembered."""


class Seen:
    """The exchanges that were met, by their message ids.

    One whose id its instance had before in the same life is repeated, as far back as the newest
    `recent_ids` ids of the instance reach, or of very many instances its share of `MAX_IDS`. One
    without an id never is.
    """

    __slots__ = ("_newest_s", "_past", "_recent", "_recent_ids")

    def __init__(self, *, recent_ids: int = RECENT_IDS) -> None:
        self._recent_ids = recent_ids
        self._recent: dict[tuple[str | None, float], Recent] = {}  # by life
        self._newest_s: dict[str | None, float] = {}  # when the newest life of each began
        self._past: dict[tuple[str | None, float], None] = {}  # the other lives

    def is_new(self, exchange: AuditEvent, begun_s: float = -math.inf) -> bool:
        """Whether an exchange is met for the first time.

        Args:
            exchange: The event.
            begun_s: When the life began that it is of.
        """
        recent = self._recent_of(exchange.instance_id, begun_s)
        time_s = -math.inf if exchange.time_s is None else exchange.time_s
        recent.oldest_s = min(recent.oldest_s, time_s)
        return not self._is_repeated(recent, exchange.message_id)

    def new_of(
        self, instance_id: str | None, exchanges: Columns, begun_s: float = -math.inf
    ) -> Columns:
        """Those of many exchanges of one life of an instance that are met for the first time."""
        recent = self._recent_of(instance_id, begun_s)
        recent.oldest_s = min(recent.oldest_s, min(exchanges.times, default=math.inf))
        ids = exchanges.message_ids
        if recent.add_new(ids):
            return exchanges
        return exchanges.only(
            [row for row, i in enumerate(ids) if not self._is_repeated(recent, i)]
        )

    def split_life(self, instance_id: str | None, begun_s: float, at_s: float) -> None:
        """A life was two, as a spawn shows that is read after what came later: an older file's.

        Args:
            instance_id: Whose.
            begun_s: When the life began.
            at_s: When it ended, and the next one began.
        """
        recent = self._recent.get((instance_id, begun_s))
        if recent is not None and recent.oldest_s > at_s:
            del self._recent[instance_id, begun_s]
            self._remember(instance_id, at_s, recent)

    def _recent_of(self, instance_id: str | None, begun_s: float) -> Recent:
        recent = self._recent.get((instance_id, begun_s))
        if recent is None:
            recent = Recent(self._recent_ids)
            self._remember(instance_id, begun_s, recent)
        recent.window = min(self._recent_ids, max(1, MAX_IDS // len(self._recent)))
        return recent

    def _remember(self, instance_id: str | None, begun_s: float, recent: Recent) -> None:
        """Know the ids of one more life, and forget those of the past one known for longest."""
        self._recent[instance_id, begun_s] = recent
        newest_s = self._newest_s.setdefault(instance_id, begun_s)
        if newest_s == begun_s:
            return
        self._newest_s[instance_id] = max(newest_s, begun_s)
        self._past[instance_id, min(newest_s, begun_s)] = None
        if len(self._past) > MAX_PAST_LIVES:
            past = next(iter(self._past))
            del self._past[past]
            self._recent.pop(past, None)

    @staticmethod
    def _is_repeated(recent: Recent, message_id: str | None) -> bool:
        if message_id is None:
            return False
        if message_id in recent:
            return True
        recent.add(message_id)
        return False
