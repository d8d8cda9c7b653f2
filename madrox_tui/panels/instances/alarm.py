"""When to call a person, and with which words. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from logging_core.analyse.state import InstanceState, State
from madrox_tui.panels.instances.reasons import plainly
from madrox_tui.view import View

_NAMED = 3
_NEVER = -1.0
_VERBS = {State.WAITING: "waits", State.STUCK: "is stuck", State.ERROR: "failed"}


class Alarm:
    """Compares views, to tell which instances begin to need someone."""

    def __init__(self) -> None:
        self._needy: frozenset[str] | None = None
        self._since: dict[tuple[str, State], float | None] = {}  # of each such need the last

    def news(self, view: View) -> list[InstanceState]:
        """Return the instances that need someone and did not in the view before.

        What is found while the tree is read for the first time is nothing new, nor is a need that
        another record only hid: it began when it did.
        """
        if not view.is_read:
            self._needy = None
            return []
        before, since = self._needy, self._since
        needy = view.needy
        self._needy = frozenset(i.instance_id for i in needy)
        self._since = since | {(i.instance_id, i.state): i.since_s for i in needy}
        if before is None:
            return []
        news = [i for i in needy if since.get((i.instance_id, i.state), _NEVER) != i.since_s]
        return [i for i in news if i.instance_id not in before]


def call(news: Sequence[InstanceState], names: Mapping[str, str]) -> str:
    """Say in one line who needs a person, and why if that is one; `names` are those by id."""
    called = [names.get(i.instance_id, i.label) for i in news[:_NAMED]]
    if len(news) == 1:
        return f"{called[0]} {_VERBS[news[0].state]}: {plainly(news[0].reason)}"
    more = "" if len(news) <= _NAMED else " …"
    return f"{len(news)} instances need you: {', '.join(called)}{more}"
