"""The pane panel alone, on a real capture file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from builders import TreeBuilder
from keyboard import KEYS
from logging_core.analyse.state import InstanceState, State
from logging_core.read.frames import read_frame
from logging_core.read.panes import PaneFile
from madrox_tui.colours.themes import THEMES, fallback_variables
from madrox_tui.panels.pane.frame_source import FrameSource
from madrox_tui.panels.pane.panel import ReplayPanel
from onlooker import Onlooker

NOW_S = TreeBuilder.epoch(600)


def frames_of(root: Path) -> FrameSource:
    """The frames of a tree."""
    return FrameSource(
        lambda instance_id: PaneFile(root, instance_id), lambda ref: read_frame(root, ref)
    )


def instance(root: Path, instance_id: str, name: str = "atlas") -> InstanceState:
    """What the fleet model would say of an instance now."""
    frames = PaneFile(root, instance_id).newest(1_000)
    return InstanceState(
        instance_id=instance_id,
        instance_name=name,
        state=State.BUSY,
        frames=len(frames),
        newest_frame=frames[-1] if frames else None,
    )


class PaneApp(App[None]):
    """Shows the pane of one instance, as the dashboard does: `Space` is offered to it first."""

    CSS_PATH = Path("../madrox_tui/madrox.tcss")
    BINDINGS = [("space", "play")]  # noqa: RUF012 - as Textual declares it

    def __init__(
        self, root: Path, now: Callable[[], float] = monotonic, at_s: float = NOW_S
    ) -> None:
        super().__init__()
        for ours in THEMES:
            self.register_theme(ours)
        self.theme = THEMES[0].name
        self.root = root
        self.at_s = at_s
        self.panel = ReplayPanel(KEYS, frames_of(root), now=now, id="pane")
        self.panel.styles.border = ("round", "gray")

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our colours."""
        return fallback_variables(dark=True)

    def compose(self) -> ComposeResult:
        """The panel, on the whole screen."""
        yield self.panel

    def on_mount(self) -> None:
        """It has the keys."""
        self.panel.focus()

    def action_play(self) -> None:
        """Offer `Space` to the panel."""
        self.panel.toggle_play()

    def look(self, instance_id: str = "a1", name: str = "atlas") -> None:
        """Tell the panel what the tree holds now."""
        self.panel.show_instance(instance(self.root, instance_id, name), self.at_s)

    @property
    def text(self) -> str:
        """What is on the screen, a line per row."""
        strips = self.screen._compositor.render_strips()
        return "\n".join(strip.text for strip in strips)


class PanePerson(Onlooker):
    """A person at the panel."""

    app: PaneApp

    def __init__(self, app: PaneApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.panel = app.panel
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        await self.pilot.press(*keys)

    async def counts(self, said: str) -> None:
        """Wait until that is said of how many hits there are."""
        await self.until(lambda: self.panel.find_count == said, said)


@asynccontextmanager
async def at_pane(root: Path, size: tuple[int, int] = (80, 24)) -> AsyncIterator[PanePerson]:
    """A person at the pane of `a1`."""
    app = PaneApp(root)
    async with app.run_test(size=size) as pilot:
        app.look()
        yield PanePerson(app, pilot)
