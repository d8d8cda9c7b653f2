"""What an instance did from its creation to its end, as far as its end tells of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MAX_OPEN = 1000
"""Open requests that are remembered per instance; beyond that, the oldest are forgotten."""

MAX_REPLIED = 1024
"""Replied ids that are remembered per instance, so that a reply recorded twice counts once."""


@dataclass(slots=True)
class Life:
    """The totals of an instance from its creation to its end.

    Attributes:
        born_s: When it began, seconds since the epoch.
        requests: Replies that count.
        tokens: Their tokens; `None` when none says.
        cost_usd: Their cost; `None` when none says.
        ended: Whether it is over.
        open: By message id, when each open request was sent, and its length in characters.
        replied: The ids of the newest replies, in their order.
    """

    born_s: float
    requests: int = 0
    tokens: int | None = None
    cost_usd: float | None = None
    ended: bool = False
    open: dict[str, tuple[float, int]] = field(default_factory=dict)
    replied: dict[str, None] = field(default_factory=dict)

    def ask(self, message_id: str, sent_s: float, length: int) -> None:
        """A request was sent."""
        self.open[message_id] = (sent_s, length)
        _keep_newest(self.open, MAX_OPEN)

    def count(self, message_id: str, tokens: int | None, cost_usd: float | None) -> None:
        """A reply came; one that came before under its id adds nothing."""
        if message_id in self.replied:
            return
        self.replied[message_id] = None
        _keep_newest(self.replied, MAX_REPLIED)
        self.requests += 1
        if tokens is not None:
            self.tokens = (self.tokens or 0) + tokens
        if cost_usd is not None:
            # Beyond 12 decimal places there is only floating-point noise.
            self.cost_usd = round((self.cost_usd or 0.0) + cost_usd, 12)


def _keep_newest(known: dict[str, Any], most: int) -> None:
    """Forget the oldest, at any step of which a signal handler may do the same."""
    if len(known) > most:
        for key in list(known)[:-most]:
            known.pop(key, None)
