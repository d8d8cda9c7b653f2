"""Panel 2: what the selected instance's terminal shows, and what it showed at any time before."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import ClassVar

from textual.binding import Binding, BindingType

from logging_core.analyse.state import InstanceState
from madrox_tui import format as fmt
from madrox_tui.frames import FrameSource
from madrox_tui.seek import Goal, Kind
from madrox_tui.widgets.frame_view import Mode
from madrox_tui.widgets.replay_view import ReplayView


class ReplayPanel(ReplayView):
    """One pane as it is, following, or as it was; below it a line to go through its time.

    Args:
        source: Where earlier frames come from.
        now: A clock that never goes back, in seconds: for playing.
    """

    HELP = "The selected instance's terminal: as it is now, or any capture of it from before."

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("[", "step(-1)", "Frame before", show=False, id="pane.previous"),
        Binding("]", "step(1)", "Next frame", show=False, id="pane.next"),
        Binding(
            "{", "differ(-1)", "Previous different frame", show=False, id="pane.differ_previous"
        ),
        Binding("}", "differ(1)", "Next different frame", show=False, id="pane.differ_next"),
        Binding("<", "speed(-1)", "Slower", show=False, id="pane.slower"),
        Binding(">", "speed(1)", "Faster", show=False, id="pane.faster"),
        Binding("d", "mode", "All, what is new, or both", show=False, id="pane.mode"),
        Binding("w", "wrap", "Break long lines, or not", show=False, id="pane.wrap"),
    ]

    def __init__(
        self,
        source: FrameSource,
        *,
        now: Callable[[], float] = time.monotonic,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(source, now=now, id=id)
        self.entitle("Pane")
        self._at_s = 0.0

    # --- what the screen says and asks ---------------------------------------

    def show_instance(self, instance: InstanceState | None, at_s: float) -> None:
        """Say whose pane this is, what is known of it, and what time it is."""
        before = self.instance_id
        self._instance, self._at_s = instance, at_s
        if self.instance_id != before:
            self._begin()
        elif self.follow:
            self._follow_newest()
        self._entitle()

    def show_at(self, time_s: float | None) -> None:
        """Show the frame of a moment, in seconds since the epoch; `None`: the newest, following."""
        self._moment_s = time_s
        if time_s is None:
            self.action_last()
        else:
            self._go(Goal(Kind.MOMENT, time_s))

    def toggle_play(self) -> bool:
        """Play, or pause, when looking at the past; whether that was what `Space` meant."""
        if self.rewound and self.pane is not None:
            self.playing = not self.playing
            return True
        return False

    def nothing(self) -> str:
        """Why there is no frame."""
        if self._instance is None:
            return "no instance selected"
        if self._instance.newest_frame is None:
            missing = "no capture of this pane yet: log_tmux_output() writes one"
            return "" if self._seeking else missing
        if self._gone:
            return "the file of this capture is gone"
        if self.pane is None:
            return "no capture of this pane before that moment" if self.rewound else ""
        return "nothing new since the frame before" if self.pane.texts else "a blank screen"

    # --- keys ----------------------------------------------------------------

    def action_step(self, frames: int) -> None:
        """Show the frame so many on."""
        if frames < 0 or not self.follow:
            self._go(Goal(Kind.STEP, frames))

    def action_differ(self, direction: int) -> None:
        """Show the nearest frame that differs."""
        if direction < 0 or not self.follow:
            self._go(Goal(Kind.DIFFERING, direction))

    def action_speed(self, steps: int) -> None:
        """Play faster, or slower."""
        self._playback.change_speed(steps)
        if self.playing:
            self._play()
        self._entitle()

    def action_first(self) -> None:
        """Show the first frame that was captured."""
        self._go(Goal(Kind.FIRST))

    # --- what the border says --------------------------------------------------

    def _entitle(self) -> None:
        """Say whose pane it is, which frame is shown, and what is going on."""
        title = "Pane" if self._instance is None else f"Pane  {self._instance.label}"
        if self.mode is not Mode.FULL:
            title += f" · {self.mode.value}"
        self.entitle(title, " · ".join(filter(None, self._facts())))

    def _facts(self) -> Iterator[str]:
        if self._place is None or self._instance is None:
            return
        yield from self._place.facts(self._at_s)
        if self._gone:
            yield "file gone"
        # At an earlier moment nothing is new: how many frames there were then is not the same.
        new = self._instance.frames - self._seen if self._moment_s is None else 0
        yield from self._progress(new)

    def _progress(self, new: int) -> Iterator[str]:
        if self.follow:
            yield "following"
            return
        if self.rewound:
            sign = "▶" if self.playing else "‖"
            yield f"{sign} {self._playback.speed}x"
        if new > 0:
            yield f"{fmt.count(new)} new"
