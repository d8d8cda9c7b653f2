"""One simulated instance: what it is asked, what it shows, and what happens to it."""

from __future__ import annotations

import math
import random
import uuid
from collections.abc import Iterator

from logging_core.demo.claude import ClaudeLook
from logging_core.demo.clock import SimulatedClock
from logging_core.demo.codex import CodexLook
from logging_core.demo.features import Feature
from logging_core.demo.fleet import Cue, Profile
from logging_core.demo.pane import Pane
from logging_core.demo.recorder import Exchange, Recorder
from logging_core.demo.story import Scene, compose, feature_at, remark
from logging_core.demo.tasks_check import GUIDANCE, HANDOVER, OUT_OF_MEMORY, REPORTS, STATE_LOCK

UNCHANGED_S = 20.0
"""Seconds after which an unchanged pane is captured again."""

LOOKS = {"claude": ClaudeLook, "codex": CodexLook}

Process = Iterator[float]
"""A simulated process: each item is the number of seconds to wait before its next step."""


class Agent:
    """One instance of the fleet.

    Args:
        profile: Its name, role and habits.
        recorder: Writes what it does.
        clock: The simulation's clock.
        seed: Seed of its random numbers; the same seed gives the same life.
    """

    def __init__(
        self, profile: Profile, recorder: Recorder, clock: SimulatedClock, seed: int
    ) -> None:
        self._profile = profile
        self._record = recorder
        self._clock = clock
        self._rng = random.Random(f"{seed}/{profile.name}")
        self._look = LOOKS[profile.instance_type](profile.width, profile.model)
        self._pane = Pane(self._look, profile.height)
        self._captured = ""
        self._captured_s = -math.inf
        self._spawned = False
        self._over = False

    def live(self) -> Process:
        """Run its whole life, from its spawn."""
        yield self._profile.born_s
        self._record.spawned()
        self._spawned = True
        yield self._clock.paced(self._rng.uniform(2.5, 6.0))
        self._record.ready()
        for at_s, cue in self._cues():
            yield from self._work(until_s=at_s)
            yield from self._play(cue)
            if self._over:
                return
        yield from self._work(until_s=math.inf)

    def watch(self) -> Process:
        """Capture its pane periodically: about every 18 seconds, when live about every second."""
        while not self._over:
            if self._spawned:
                self._capture()
            if self._clock.live:
                yield self._clock.paced(self._rng.uniform(0.5, 2.0))
            else:
                to_live_s = self._clock.live_from_s - self._clock.now_s
                yield min(self._rng.uniform(14.0, 22.0), to_live_s + self._rng.uniform(0.0, 1.0))

    def _capture(self) -> None:
        now_s = self._clock.now_s
        text = self._pane.render(now_s)
        if text != self._captured or now_s - self._captured_s >= UNCHANGED_S:
            self._record.pane(text)
            self._captured, self._captured_s = text, now_s

    # --- work ------------------------------------------------------------------

    def _work(self, until_s: float) -> Process:
        """Answer one request after another, the last one before `until_s`."""
        clock, profile = self._clock, self._profile
        while True:
            gap_s = clock.paced(2.0 + self._rng.expovariate(1.0 / profile.gap_s))
            reply_s = self._rng.lognormvariate(math.log(profile.reply_s), 0.45)
            reply_s = clock.paced(min(max(reply_s, 3.0), 105.0))
            if clock.now_s + gap_s + reply_s >= until_s:
                break
            yield gap_s
            task = profile.tasks[self._record.requests % len(profile.tasks)]
            yield from self._answer(compose(task, self._feature, self._rng), reply_s)
            self._chat()
        yield max(0.0, until_s - clock.now_s)

    def _answer(self, scene: Scene, reply_s: float) -> Process:
        exchange = self._ask(scene)
        self._pane.play(self._transcript(scene), self._clock.now_s, reply_s)
        yield reply_s
        self._reply(exchange, scene)

    def _ask(self, scene: Scene) -> Exchange:
        message_id = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        self._pane.request(scene.ask, scene.verbs, self._clock.now_s)
        self._capture()
        return self._record.sent(message_id, scene.ask)

    def _reply(self, exchange: Exchange, scene: Scene) -> None:
        took_s = self._clock.now_s - exchange.sent_s
        read = self._rng.randint(1800, 7500)
        written = len(scene.reply) // 4 + int(took_s * self._rng.uniform(22.0, 55.0))
        self._record.received(exchange, scene.reply, read, written)
        self._pane.rest()
        self._capture()

    def _transcript(self, scene: Scene, first_step: int = 0) -> list[str]:
        steps = self._look.steps(scene.steps[first_step:])
        return [*steps, *self._look.say(scene.reply), ""]

    def _chat(self) -> None:
        """Now and then, let parent or child say something that needs no reply."""
        dice = self._rng.random()
        if self._profile.parent is None or dice > 0.2:
            return
        direction, kind, templates = ("inbound", "status_report", REPORTS)
        if dice < 0.07:
            direction, kind, templates = ("outbound", "guidance", GUIDANCE)
        text = remark(self._rng.choice(templates), self._feature, self._rng)
        self._record.said(direction, kind, text)

    @property
    def _feature(self) -> Feature:
        return feature_at(self._clock.now_s - self._clock.start_s)

    # --- scripted events -------------------------------------------------------

    def _cues(self) -> Iterator[tuple[float, Cue]]:
        """Yield the scripted events and their times, without those the history is too short for."""
        clock = self._clock
        for cue in self._profile.cues:
            at_s = clock.live_from_s - cue.ago_s
            if at_s - clock.start_s < 0.1 * (clock.live_from_s - clock.start_s):
                continue
            yield at_s, cue
            while cue.every_s is not None:
                yield clock.now_s + clock.paced(cue.every_s), cue

    def _play(self, cue: Cue) -> Process:
        acts = {
            "ask": self._want_permission,
            "dismiss": self._be_dismissed,
            "fail": self._fail,
            "hang": self._hang,
            "reconnect": self._reconnect,
            "suspend": self._sleep,
        }
        return acts[cue.kind](cue.for_s)

    def _want_permission(self, for_s: float) -> Process:
        """Work up to an edit, wait for a person to approve it, and finish."""
        scene = compose(self._profile.tasks[0], self._feature, self._rng)
        edit = next(index for index, step in enumerate(scene.steps) if step.kind == "edit")
        exchange = self._ask(scene)
        think_s = self._clock.paced(20.0)
        self._pane.play(self._look.steps(scene.steps[:edit]), self._clock.now_s, think_s)
        yield think_s
        self._pane.hold(scene.steps[edit])
        self._capture()
        yield self._clock.paced(for_s)
        finish_s = self._clock.paced(8.0)
        self._pane.play(self._transcript(scene, edit), self._clock.now_s, finish_s)
        yield finish_s
        self._reply(exchange, scene)

    def _hang(self, for_s: float) -> Process:
        """Take a request, get as far as a command that never returns, and stop changing."""
        scene = compose(STATE_LOCK, self._feature, self._rng)
        self._ask(scene)
        self._pane.play(self._look.steps(scene.steps), self._clock.now_s, for_s * 0.8)
        yield for_s
        self._pane.freeze(self._clock.now_s)
        yield math.inf

    def _fail(self, for_s: float) -> Process:
        """Take a request and crash while working on it."""
        scene = compose(OUT_OF_MEMORY, self._feature, self._rng)
        self._ask(scene)
        self._pane.play(self._look.steps(scene.steps), self._clock.now_s, for_s)
        yield for_s
        self._leave(["Killed"])
        error = "agent process exited with code 137 (killed, out of memory)"
        self._record.vanished(error)
        yield 2.0
        self._record.failed(error)

    def _be_dismissed(self, for_s: float) -> Process:
        """Answer a last request and be terminated."""
        yield from self._answer(compose(HANDOVER, self._feature, self._rng), for_s)
        yield 9.0
        self._leave([])
        self._record.terminated()

    def _leave(self, last_words: list[str]) -> None:
        self._pane.exit([*last_words, f"dev@{self._profile.name}:/srv/paylane$ "])
        self._capture()
        self._over = True

    def _sleep(self, for_s: float) -> Process:
        """Be suspended for a while."""
        self._record.suspended()
        yield for_s
        self._record.resumed()

    def _reconnect(self, for_s: float) -> Process:
        """Lose the connection and get it back."""
        self._record.lost()
        yield for_s
        self._record.reconnected()
