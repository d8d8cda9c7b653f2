"""The demo fleet: the promised fates and believable panes."""

from __future__ import annotations

import hashlib
import json
import random
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from logging_core.demo import write_history
from logging_core.demo.claude import ClaudeLook
from logging_core.demo.codex import CodexLook
from logging_core.demo.features import FEATURES
from logging_core.demo.fleet import FLEET
from logging_core.demo.looks import Look
from logging_core.demo.pane import Pane
from logging_core.demo.simulation import Simulation
from logging_core.demo.story import compose
from logging_core.demo.tasks_check import HANDOVER, OUT_OF_MEMORY, STATE_LOCK
from logging_core.text import safe_pane

END_S = datetime(2026, 11, 23, 13, 0, 0).timestamp()
HEADER = re.compile(r"\n={80}\n\[([^\]\n]+)\]\n={80}\n")
SGR = re.compile("\x1b\\[[0-9;]*m")
TASKS = [task for profile in FLEET for task in profile.tasks]
TASKS += [HANDOVER, OUT_OF_MEMORY, STATE_LOCK]
LOOKS = [ClaudeLook(80, "claude-sonnet-4-5"), CodexLook(96, "gpt-5-codex")]


class Tree:
    """A tree as its raw files tell it, without any reader of ours."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.audit = [
            event for path in sorted((root / "audit").iterdir()) for event in self.lines(path)
        ]
        self.spawned = {
            event["details"]["instance_name"]: event
            for event in self.audit
            if event["event_type"] == "instance_spawn"
        }
        self.names = {event["instance_id"]: name for name, event in self.spawned.items()}

    @staticmethod
    def lines(path: Path) -> list[dict[str, Any]]:
        return [json.loads(line) for line in path.read_text().splitlines()]

    def events(self, name: str, event_type: str) -> list[dict[str, Any]]:
        instance_id = self.spawned[name]["instance_id"]
        return [
            event
            for event in self.audit
            if (event["instance_id"], event["event_type"]) == (instance_id, event_type)
        ]

    def directory(self, name: str) -> Path:
        return self.root / "instances" / str(self.spawned[name]["instance_id"])

    def messages(self, name: str) -> list[dict[str, Any]]:
        return self.lines(self.directory(name) / "communication.jsonl")

    def frames(self, name: str) -> list[tuple[float, str]]:
        first, *parts = HEADER.split((self.directory(name) / "tmux_output.log").read_text())
        assert first == ""
        pairs = zip(parts[::2], parts[1::2], strict=True)
        return [(datetime.fromisoformat(at).timestamp(), text[:-1]) for at, text in pairs]


def age_s(record: dict[str, Any]) -> float:
    return END_S - datetime.fromisoformat(record["timestamp"]).timestamp()


def digest(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(
            path.read_bytes().replace(str(root).encode(), b"<root>")
        ).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    root = tmp_path_factory.mktemp("demo") / "tree"
    write_history(root, until_s=END_S)
    return Tree(root)


# --- the tree --------------------------------------------------------------------


def test_same_seed_same_bytes(hour: Tree, tmp_path: Path) -> None:
    """The same seed and the same end give the same tree, byte for byte, but for its path."""
    write_history(tmp_path / "again", until_s=END_S)
    assert digest(tmp_path / "again") == digest(hour.root)


def test_another_seed_another_fleet(hour: Tree, tmp_path: Path) -> None:
    """Another seed gives other ids and other messages."""
    write_history(tmp_path / "other", until_s=END_S, seconds=600, seed=8)
    assert not Tree(tmp_path / "other").names.keys() & hour.names.keys()


def test_hierarchy(hour: Tree) -> None:
    """Eight instances with roles and models: a head, its children and two grandchildren."""
    assert set(hour.spawned) == {profile.name for profile in FLEET}
    assert len(hour.spawned) == 8
    parents = {
        name: hour.names.get(event["details"]["parent_instance_id"])
        for name, event in hour.spawned.items()
    }
    assert [name for name, parent in parents.items() if parent is None] == ["atlas"]
    grandchildren = [name for name, parent in parents.items() if parent not in {None, "atlas"}]
    assert sorted(grandchildren) == ["anvil", "probe"]
    for event in hour.spawned.values():
        assert event["details"]["role"]
        assert event["details"]["model"]


def test_every_line_is_json_of_the_hour(hour: Tree) -> None:
    """Every line of every JSON file parses, is inside the hour, and each file is in order."""
    files = [hour.root / "orchestrator.log", *hour.root.rglob("*.jsonl")]
    assert len(files) == 10
    for path in files:
        ages = [age_s(line) for line in hour.lines(path)]
        assert ages == sorted(ages, reverse=True)
        assert all(0 <= age <= 3600 for age in ages)


def test_requests_and_replies(hour: Tree) -> None:
    """Each reply belongs to a request, took as long as it says, and has its audit event."""
    for name in hour.spawned:
        messages = hour.messages(name)
        asked = {m["message_id"]: m for m in messages if m["event_type"] == "message_sent"}
        replies = [m for m in messages if m["event_type"] == "message_received"]
        events = [event["details"] for event in hour.events(name, "message_exchange")]
        exchanges = {details["message_id"]: details for details in events}
        assert len(replies) >= 20
        assert len(exchanges) == len(replies)
        for reply in replies:
            request, details = asked[reply["message_id"]], exchanges[reply["message_id"]]
            assert age_s(request) - age_s(reply) == pytest.approx(reply["response_time"], abs=0.01)
            assert details["response_time_seconds"] == reply["response_time"]
            assert details["message_length"] == len(request["content"])
            assert details["response_length"] == len(reply["content"])
            assert details["tokens"] == reply["tokens"] > 0


def test_cost_is_unknown_where_there_is_no_price(hour: Tree) -> None:
    """Exchanges with a model without a price carry no cost; all others a plausible one."""
    for profile in FLEET:
        costs = [e["details"].get("cost") for e in hour.events(profile.name, "message_exchange")]
        if profile.model == "gpt-oss-120b":
            assert set(costs) == {None}
        else:
            assert all(cost is not None and 0.001 < cost < 1.0 for cost in costs)


# --- how the hour ends -----------------------------------------------------------


def test_one_is_stuck(hour: Tree) -> None:
    """One (harbor) has had a request open for seven minutes, and its pane stands still."""
    last = hour.messages("harbor")[-1]
    assert last["event_type"] == "message_sent"
    assert 420 <= age_s(last) <= 480
    recent = [text for at_s, text in hour.frames("harbor") if at_s > END_S - 400]
    assert len(recent) >= 5  # heartbeats of a pane that does not change
    assert len(set(recent)) == 1
    assert "Acquiring state lock" in recent[0]


def test_one_waits_for_permission(hour: Tree) -> None:
    """The pane of one (forge) asks whether an edit may be made; its request is young."""
    last = hour.messages("forge")[-1]
    assert last["event_type"] == "message_sent"
    assert age_s(last) < 120
    shown = SGR.sub("", hour.frames("forge")[-1][1])
    assert "Do you want to make this edit to challenges.py?" in shown
    assert "❯ 1. Yes" in shown


def test_one_died_of_an_error(hour: Tree) -> None:
    """The last event of one (pixel) is an error, and the orchestrator's log reports it too."""
    (failed,) = hour.events("pixel", "instance_failed")
    assert "out of memory" in failed["details"]["error"]
    assert hour.messages("pixel")[-1]["event_type"] == "message_sent"
    entries = hour.lines(hour.root / "orchestrator.log")
    (error,) = (entry for entry in entries if entry["level"] == "ERROR")
    assert error["instance_id"] == failed["instance_id"]
    assert max(at_s for at_s, _ in hour.frames("pixel")) <= END_S - age_s(failed)


def test_one_is_terminated(hour: Tree) -> None:
    """One (scribe) was terminated, and its last event has the totals of all its exchanges."""
    (ended,) = hour.events("scribe", "instance_terminate")
    exchanges = [event["details"] for event in hour.events("scribe", "message_exchange")]
    details = ended["details"]
    assert details["final_state"] == "terminated"
    assert details["total_requests"] == len(exchanges)
    assert details["total_tokens"] == sum(exchange["tokens"] for exchange in exchanges)
    assert details["total_cost"] == pytest.approx(sum(e["cost"] for e in exchanges))


def test_the_others_work(hour: Tree) -> None:
    """Everybody else was heard of just now, busy or idle; warden was asleep for a while."""
    doing = set()
    for name in ("atlas", "warden", "probe", "anvil"):
        assert hour.frames(name)[-1][0] > END_S - 30
        last = [m for m in hour.messages(name) if m["event_type"] != "communication"][-1]
        assert age_s(last) < 120
        doing.add(last["event_type"])
    assert doing == {"message_sent", "message_received"}
    asleep = age_s(hour.events("warden", "instance_suspended")[0])
    awake = age_s(hour.events("warden", "instance_resumed")[0])
    assert asleep - awake == pytest.approx(400)


@pytest.mark.parametrize("seconds", [0.0, 30.0, 900.0])
def test_a_short_history(tmp_path: Path, seconds: float) -> None:
    """A history of any length is a valid tree, without what there is no room for."""
    write_history(tmp_path / "tree", until_s=END_S, seconds=seconds)
    tree = Tree(tmp_path / "tree")
    assert len(tree.spawned) == sum(profile.born_s <= seconds for profile in FLEET)


def test_a_long_sleep_is_not_made_up_for(tmp_path: Path) -> None:
    """After the machine slept for a night, the fleet goes on; it does not write the night."""
    simulation = Simulation(tmp_path, start_s=END_S - 300, live_from_s=END_S)
    try:
        simulation.run(END_S)
        before = {name: len(Tree(tmp_path).frames(name)) for name in Tree(tmp_path).spawned}
        simulation.keep_up(END_S + 8 * 3600)
    finally:
        simulation.close()
    after = Tree(tmp_path)
    for name, frames in before.items():
        assert frames <= len(after.frames(name)) <= frames + 4
    assert simulation.next_s > END_S + 8 * 3600


# --- the panes -------------------------------------------------------------------


def test_panes_fit_and_close_their_colours(hour: Tree) -> None:
    """A pane fits its size, holds SGR only, resets on every line, and needs no sanitising."""
    for profile in FLEET:
        frames = hour.frames(profile.name)
        assert len(frames) > 150
        for _, text in frames:
            lines = text.split("\n")
            assert len(lines) <= profile.height
            assert safe_pane(text) == text
            for line in lines:
                plain = SGR.sub("", line)
                assert cell_len(plain) == len(plain) <= profile.width
                assert "\x1b" not in plain
                assert not SGR.findall(line) or SGR.findall(line)[-1] == "\x1b[0m"


@given(
    task=st.sampled_from(TASKS),
    feature=st.sampled_from(FEATURES),
    look=st.sampled_from(LOOKS),
    seed=st.integers(0, 1000),
)
def test_every_scene_can_be_drawn(task: Any, feature: Any, look: Look, seed: int) -> None:
    """Every task fits every feature: no slot is left open, and each line fits the pane."""
    scene = compose(task, feature, random.Random(seed))
    lines = [*look.request(scene.ask), *look.steps(scene.steps), *look.say(scene.reply)]
    assert all(len(SGR.sub("", line)) <= look.width for line in lines)
    for slot in ("{mod}", "{func}", "{table}", "{n}", "{X}"):
        assert slot not in "\n".join(lines)
    assert "  " not in scene.ask


def test_a_busy_pane_moves_on() -> None:
    """A busy pane shows more each second; one that hangs stays; one at rest has no spinner."""
    scene = compose(TASKS[0], FEATURES[0], random.Random(1))
    pane = Pane(LOOKS[0], 30)
    pane.request(scene.ask, scene.verbs, 0.0)
    pane.play(LOOKS[0].steps(scene.steps), 0.0, 30.0)
    seen = [pane.render(at_s) for at_s in range(30)]
    assert len(set(seen)) == 30
    assert "to interrupt" in seen[-1]
    pane.freeze(20.0)
    assert pane.render(25.0) == pane.render(400.0)
    pane.rest()
    assert "to interrupt" not in pane.render(500.0)
