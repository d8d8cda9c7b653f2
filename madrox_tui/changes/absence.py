"""When a person looked last, and other moments since when changes may be asked for. Pure."""

from __future__ import annotations

AWAY_S = 120.0
"""Who presses no key and moves no mouse for so long has looked away."""

STEPS_S = (5 * 60.0, 15 * 60.0, 3600.0)
"""How long before the present the other moments are, besides the start of the program."""


class Absence:
    """Notes when a person was there.

    Args:
        began_s: When the program was started, in seconds since the epoch.

    Attributes:
        began_s: As given.
        looked_s: When the last input came before the newest pause of `AWAY_S` or more; the start
            of the program if there was none.
    """

    def __init__(self, began_s: float) -> None:
        self.began_s = self.looked_s = self._touched_s = began_s

    def touched(self, at_s: float) -> None:
        """Note a key or a movement of the mouse."""
        if at_s - self._touched_s >= AWAY_S:
            self.looked_s = self._touched_s
        self._touched_s = at_s

    def before(self, now_s: float) -> float:
        """Return since when changes up to a moment are asked for at first.

        That is when somebody looked last; if the moment is not after that, the shortest time
        before it.
        """
        return self.looked_s if self.looked_s < now_s else now_s - STEPS_S[0]

    def step(self, since_s: float, steps: int, now_s: float) -> float | None:
        """Return the next moment since when changes may be asked for; `None` if there is no other.

        Args:
            since_s: The moment to step from.
            steps: 1 for the next later one, -1 for the next earlier one.
            now_s: The present: no moment is later.
        """
        moments = {self.began_s, self.looked_s, *(now_s - step_s for step_s in STEPS_S)}
        if steps < 0:
            return max((m for m in moments if m < since_s), default=None)
        return min((m for m in moments if since_s < m < now_s), default=None)
