"""A pane that changes as its agent works: a growing transcript, and what is below it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from logging_core.demo.looks import Look
from logging_core.demo.story import Step

_WORD_S = 9.0
_CONTEXT = 96


class Pane:
    """The terminal of one instance.

    Nothing here runs on a timer: `render` draws the pane as of the given time, whatever was drawn
    before.

    Args:
        look: The program that draws.
        height: Rows.
    """

    def __init__(self, look: Look, height: int) -> None:
        self.look = look
        self._height = height
        self._lines = look.welcome()
        self._pending: Sequence[str] = ()
        self._pending_from_s = 0.0
        self._pending_over_s = 1.0
        self._words: Sequence[str] = ()
        self._busy_since_s: float | None = None
        self._question: Sequence[str] = ()
        self._frozen_s = float("inf")
        self._exited = False
        self._turns = 0
        self._input = look.input(_CONTEXT)

    def request(self, text: str, words: Sequence[str], now_s: float) -> None:
        """Show a request, and a spinner that cycles through `words` from now on."""
        self._append(self.look.request(text))
        self._words = words
        self._busy_since_s = now_s
        self._turns += 1
        self._input = self.look.input(_CONTEXT - self._turns * 3 % 88)

    def play(self, lines: Sequence[str], now_s: float, over_s: float) -> None:
        """Let lines appear one after another, the last one `over_s` seconds from now."""
        self._append(())
        self._pending, self._pending_from_s, self._pending_over_s = lines, now_s, over_s

    def hold(self, step: Step) -> None:
        """Show a permission prompt for an edit, until `play` or `rest`."""
        self._append(())
        self._question = self.look.question(step)

    def rest(self) -> None:
        """Stop the spinner; only the input box is left below."""
        self._append(())
        self._busy_since_s = None

    def freeze(self, now_s: float) -> None:
        """Stop changing, like a program that hangs."""
        self._frozen_s = now_s

    def exit(self, lines: Iterable[str]) -> None:
        """End the program; `lines` are what the shell prints after it."""
        self._append(lines)
        self._exited = True

    def render(self, now_s: float) -> str:
        """Return what the pane shows at `now_s`."""
        now_s = min(now_s, self._frozen_s)
        share = min(1.0, max(0.0, (now_s - self._pending_from_s) / self._pending_over_s))
        shown = self._pending[: int(len(self._pending) * share)]
        lines = [*self._lines, *shown]
        below = self._below(now_s)
        if below and lines[-1]:
            lines.append("")
        lines += below
        return "\n".join(lines[-self._height :])

    def _below(self, now_s: float) -> Sequence[str]:
        if self._exited:
            return ()
        if self._question:
            return self._question
        status: list[str] = []
        if self._busy_since_s is not None:
            elapsed_s = max(0.0, now_s - self._busy_since_s)
            word = self._words[int(elapsed_s / _WORD_S) % len(self._words)]
            status = self.look.busy(word, elapsed_s)
        return [*status, *self._input]

    def _append(self, lines: Iterable[str]) -> None:
        self._lines = [*self._lines, *self._pending, *lines][-self._height :]
        self._pending = ()
        self._question = ()
