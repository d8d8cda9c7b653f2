"""The instances of the demo's fleet, their prices, and the scripted events of each."""

from __future__ import annotations

from typing import NamedTuple

from logging_core.demo import tasks_build, tasks_check
from logging_core.demo.story import Task

PRICES = {
    "claude-opus-4-1": (15.0, 75.0),
    "claude-sonnet-4-5": (3.0, 15.0),
    "claude-haiku-4-5": (1.0, 5.0),
    "gpt-5-codex": (1.25, 10.0),
}
"""US dollars per million tokens read and written. A model that is missing has no price."""


class Cue(NamedTuple):
    """A scripted event in the life of an instance.

    Attributes:
        kind: `ask`, `dismiss`, `fail`, `hang`, `reconnect` or `suspend`; see `agent`.
        ago_s: When it begins, in seconds before the end of the history.
        for_s: How long it lasts, in seconds.
        every_s: It repeats after this many seconds, forever; `None`: once.
    """

    kind: str
    ago_s: float
    for_s: float = 0.0
    every_s: float | None = None


class Profile(NamedTuple):
    """One instance of the fleet.

    Attributes:
        name: Its name, unique in the fleet.
        role: Its role.
        instance_type: The program that it runs.
        model: The model.
        parent: The name of the instance that spawned it; `None` for the head of the fleet.
        tasks: Its requests, cycled through in order.
        born_s: When it is spawned, in seconds after the start of the story.
        reply_s: Median response time in seconds.
        gap_s: Mean time between a reply and the next request, in seconds.
        cues: Its scripted events, in order.
        width: Columns of its pane.
        height: Rows of its pane.
    """

    name: str
    role: str
    instance_type: str
    model: str
    parent: str | None
    tasks: tuple[Task, ...]
    born_s: float
    reply_s: float
    gap_s: float
    cues: tuple[Cue, ...] = ()
    width: int = 80
    height: int = 30

    @property
    def price(self) -> tuple[float, float] | None:
        """US dollars per million tokens read and written; `None` if unknown."""
        return PRICES.get(self.model)


FLEET = (
    Profile(
        name="atlas",
        role="architect",
        instance_type="claude",
        model="claude-opus-4-1",
        parent=None,
        tasks=tasks_build.ARCHITECT,
        born_s=0.0,
        reply_s=34.0,
        gap_s=24.0,
        width=100,
        height=32,
    ),
    Profile(
        name="forge",
        role="backend_developer",
        instance_type="claude",
        model="claude-sonnet-4-5",
        parent="atlas",
        tasks=tasks_build.BACKEND,
        born_s=9.0,
        reply_s=27.0,
        gap_s=11.0,
        cues=(
            Cue("ask", ago_s=2700.0, for_s=25.0),
            Cue("ask", ago_s=1300.0, for_s=41.0),
            Cue("ask", ago_s=56.0, for_s=85.0, every_s=330.0),
        ),
    ),
    Profile(
        name="pixel",
        role="frontend_developer",
        instance_type="claude",
        model="claude-sonnet-4-5",
        parent="atlas",
        tasks=tasks_build.FRONTEND,
        born_s=14.0,
        reply_s=24.0,
        gap_s=15.0,
        cues=(Cue("fail", ago_s=290.0, for_s=52.0),),
    ),
    Profile(
        name="warden",
        role="security_analyst",
        instance_type="claude",
        model="claude-opus-4-1",
        parent="atlas",
        tasks=tasks_check.SECURITY,
        born_s=21.0,
        reply_s=31.0,
        gap_s=38.0,
        cues=(Cue("suspend", ago_s=1900.0, for_s=400.0),),
    ),
    Profile(
        name="scribe",
        role="technical_writer",
        instance_type="claude",
        model="claude-haiku-4-5",
        parent="atlas",
        tasks=tasks_check.WRITING,
        born_s=27.0,
        reply_s=14.0,
        gap_s=30.0,
        cues=(Cue("dismiss", ago_s=590.0, for_s=21.0),),
    ),
    Profile(
        name="harbor",
        role="devops",
        instance_type="claude",
        model="claude-haiku-4-5",
        parent="atlas",
        tasks=tasks_check.OPERATIONS,
        born_s=33.0,
        reply_s=19.0,
        gap_s=28.0,
        cues=(Cue("hang", ago_s=455.0, for_s=34.0),),
    ),
    Profile(
        name="probe",
        role="testing_specialist",
        instance_type="codex",
        model="gpt-5-codex",
        parent="forge",
        tasks=tasks_check.TESTING,
        born_s=58.0,
        reply_s=33.0,
        gap_s=9.0,
        cues=(Cue("ask", ago_s=2050.0, for_s=33.0),),
    ),
    Profile(
        name="anvil",
        role="backend_developer",
        instance_type="codex",
        model="gpt-oss-120b",
        parent="forge",
        tasks=tasks_build.DATABASE,
        born_s=71.0,
        reply_s=17.0,
        gap_s=19.0,
        cues=(Cue("reconnect", ago_s=2380.0, for_s=12.0),),
        width=96,
    ),
)
"""Parents before their children."""
