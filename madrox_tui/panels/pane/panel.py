"""Panel 2: what the selected instance's terminal shows now, or showed at any earlier time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import ClassVar

from textual.binding import Binding, BindingType

from logging_core.analyse.state import InstanceState
from madrox_tui import format as fmt
from madrox_tui.key_names import KeysInForce, at_once
from madrox_tui.panels.pane.frame_source import FrameSource
from madrox_tui.panels.pane.frame_view import Mode
from madrox_tui.panels.pane.search_view import SearchView
from madrox_tui.panels.pane.seek import Goal, GoalKind, facts

NOT_BEFORE = "no capture of this pane before that time"


class ReplayPanel(SearchView):
    """One pane, live or rewound, with a scrubber below it.

    Args:
        keys: The keys in force.
        source: Where earlier frames come from.
        now: A monotonic clock, in seconds, for playback.
    """

    HELP = "The selected instance's terminal: the newest capture, or any earlier one."

    BINDINGS: ClassVar[list[BindingType]] = [
        *at_once(
            Binding("[", "step(-1)", "Frame", id="pane.previous", tooltip="Go to previous frame"),
            Binding("]", "step(1)", "Frame", id="pane.next", tooltip="Go to next frame"),
            Binding(
                "{",
                "differ(-1)",
                "Differing",
                id="pane.differ_previous",
                tooltip="Go to previous differing frame",
            ),
            Binding(
                "}",
                "differ(1)",
                "Differing",
                id="pane.differ_next",
                tooltip="Go to next differing frame",
            ),
            Binding(
                "<",
                "speed(-1)",
                "Speed",
                id="pane.slower",
                tooltip="Play slower; 1x is real time, but waits are cut to 1s",
            ),
            Binding(">", "speed(1)", "Speed", id="pane.faster", tooltip="Play faster"),
            Binding("d", "mode", "Diff", id="pane.mode", tooltip="Cycle full / new text / diff"),
            Binding("w", "wrap", "Wrap", id="pane.wrap", tooltip="Toggle wrap"),
        )
    ]

    def __init__(
        self,
        keys: KeysInForce,
        source: FrameSource,
        *,
        now: Callable[[], float] = time.monotonic,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(keys, source, now=now, id=id)
        self.entitle("Pane")
        self._at_s = 0.0
        self._missing: str | None = None
        self._called = ""

    # --- called by the screen ------------------------------------------------

    def show_instance(
        self,
        instance: InstanceState | None,
        at_s: float,
        missing: str | None = None,
        *,
        name: str | None = None,
    ) -> None:
        """Show an instance's pane.

        Args:
            instance: The instance; `None` if none is selected.
            at_s: The time that ages are counted to, in seconds since the epoch.
            missing: Why there is nothing to select, see `View`.
            name: What it is called on the screen; `None`: its label.
        """
        before = self.instance_id
        self._instance, self._at_s, self._missing = instance, at_s, missing
        self._called = name or (instance.label if instance else "")
        if self.instance_id != before:
            self._begin()
        elif instance is None:
            self.refresh_changed()  # why there is none
        elif self.follow:
            self._follow_newest()
        elif self.course is not None and instance.newest_frame is not None:
            self.survey(instance.newest_frame)
        self.count_hits()
        self._entitle()

    def show_at(self, time_s: float | None) -> None:
        """Show the frame of a time, in seconds since the epoch; `None` follows the newest."""
        if time_s is not None and time_s == self.moment_s:
            return  # it took the screen there itself
        self.moment_s = time_s
        if time_s is None:
            self.action_last()
        else:
            self._go(Goal(GoalKind.MOMENT, time_s))

    def toggle_play(self) -> bool:
        """Play or pause if the pane is rewound; return whether it was."""
        if self.rewound and (self.pane is not None or self._seeking):
            self.playing = not self.playing
            return True
        return False

    def nothing(self) -> str:
        """Say why there is no frame."""
        if self._instance is None:
            return (
                self._missing
                or "no instance selected: the newest capture of its terminal appears here"
            )
        if self._instance.newest_frame is None:
            return "" if self._seeking else self._no_capture
        if self._gone:
            return "this capture's file is gone"
        if self.pane is None:
            return NOT_BEFORE if self.rewound else ""
        return "nothing new since the previous frame" if self.pane.texts else "blank screen"

    @property
    def _no_capture(self) -> str:
        if self.moment_s is not None:
            return NOT_BEFORE
        if self._homeless:
            return f"no captures: instances/{self.instance_id} does not exist (any more)"
        return "no capture of this pane yet: log_tmux_output() writes one"

    # --- keys ----------------------------------------------------------------

    def action_step(self, frames: int) -> None:
        """Step a number of frames, back if negative."""
        if frames < 0 or not self.follow:
            self._go(Goal(GoalKind.STEP, frames))

    def action_differ(self, direction: int) -> None:
        """Skip to the nearest frame that differs."""
        if direction < 0 or not self.follow:
            self._go(Goal(GoalKind.DIFFERING, direction))

    def action_speed(self, steps: int) -> None:
        """Play faster, or slower if negative."""
        changed, speed = self._playback.change_speed(steps), f"{self._playback.speed}x"
        if not changed:
            self.notify(f"{speed} is the {'fastest' if steps > 0 else 'slowest'}", markup=False)
        elif not self.rewound:  # its border has no speed
            self.notify(f"{speed} from now on, where the pane is rewound", markup=False)
        elif self.playing:
            self._play()
        self._entitle()

    def action_first(self) -> None:
        """Show the first frame."""
        self._go(Goal(GoalKind.FIRST))

    # --- the border ----------------------------------------------------------

    def _entitle(self) -> None:
        """Show the instance, the frame and the playback state in the border."""
        title = "Pane" if self._instance is None else f"Pane  {self._called}"
        if self.mode is not Mode.FULL:
            title += f" · {self.mode.value}"
        self.entitle(title, " · ".join(filter(None, self._facts())))

    def _facts(self) -> Iterator[str]:
        if self._shown is None or self._instance is None:
            return
        yield from facts(self._shown, self._at_s)
        if self._gone:
            yield "file gone"
        # At an earlier time nothing is new, and the instance had a different number of frames.
        new = self._instance.frames - self._seen if self.moment_s is None else 0
        yield from self._progress(new)

    def _progress(self, new: int) -> Iterator[str]:
        if self.follow:
            yield "following"
            return
        if self.rewound:
            speed = f"{self._playback.speed}x"
            yield f"▶ {speed}, gaps cut" if self.playing else f"‖ {speed}"
        if new > 0:
            yield f"{fmt.count(new)} new"
