"""The person in front of the screen: when they looked last, and what they missed since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from madrox_tui.view import View

if TYPE_CHECKING:
    from madrox_tui.changes.absence import Absence
    from madrox_tui.changes.screen import ChangesScreen, States
    from madrox_tui.changes.spells import SpellLog
    from madrox_tui.key_names import KeysInForce
    from madrox_tui.view import Narrowing


class Onlooker:
    """Notes when somebody was there, and who needed them; before `begin` nothing is noted."""

    def __init__(self) -> None:
        self._noted: tuple[Absence, SpellLog] | None = None

    def begin(self, now_s: float) -> None:
        """Begin once the screen is painted: what notes it is imported now."""
        from madrox_tui.changes.absence import Absence
        from madrox_tui.changes.spells import SpellLog

        self._noted = Absence(now_s), SpellLog()

    def touched(self, now_s: float) -> None:
        """Note a key or a movement of the mouse."""
        if self._noted is not None:
            self._noted[0].touched(now_s)

    def shown(self, view: View) -> None:
        """Note who needs somebody in the newest view."""
        if self._noted is not None:
            self._noted[1].look(view)

    def changes(
        self, view: View, narrowing: Narrowing, states: States, keys: KeysInForce
    ) -> ChangesScreen | None:
        """Return the list of what changed up to a view; `None` before `begin`."""
        from madrox_tui.changes.screen import ChangesScreen

        if self._noted is None:
            return None
        absence, spells = self._noted
        return ChangesScreen(view, narrowing, states, keys, absence=absence, spells=spells)
