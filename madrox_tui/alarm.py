"""When to call a person. Pure."""

from __future__ import annotations

from madrox_tui.panels.look import NEEDS_YOU
from madrox_tui.view import View


class Alarm:
    """Compares views, to tell when an instance begins to need someone."""

    def __init__(self) -> None:
        self._needy: frozenset[str] | None = None

    def is_due(self, view: View) -> bool:
        """Return whether an instance needs someone that did not in the view before.

        What is found while the tree is read for the first time is nothing new.
        """
        if not view.state.caught_up or view.unread is not None:
            self._needy = None
            return False
        before = self._needy
        self._needy = frozenset(i.instance_id for i in view.state.instances if i.state in NEEDS_YOU)
        return before is not None and bool(self._needy - before)
