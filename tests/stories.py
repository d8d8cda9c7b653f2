"""What a fleet did, line by line: its tree can be written in any order of its files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from builders import TreeBuilder

APART_S = 12.0
"""Errors of one instance are so far apart: no report can be of two of them."""

WAITS_S = (0, 0.1, 0.3, 0.5, 1, 2, 3, 4, 6, 10, 30)
ASKS = "Do you want to make this edit?\n❯ 1. Yes\n  2. No"


class Write(NamedTuple):
    """One line, or one file as a whole; `step` is which deed it tells of."""

    step: int
    relative: str
    data: bytes
    is_whole: bool = False


class Deed(NamedTuple):
    """What an instance did, `wait_s` after the deed before; `pick` chooses among its variants."""

    kind: str
    who: str
    message_id: str
    wait_s: float
    pick: int


class Story(TreeBuilder):
    """Keeps what the builder writes.

    Args:
        deeds: What happened.
        no_repeats: No exchange has the id of one before: of two, the one that is read first counts.

    Attributes:
        writes: In the order of time.
        times: Of each deed, in seconds after `START`.
    """

    def __init__(self, deeds: Iterable[Deed], *, no_repeats: bool = False) -> None:
        self.writes: list[Write] = []
        self.times: list[float] = []
        self._failed: dict[str, float] = {}
        at, exchanged = 10.0, set[tuple[str, str]]()
        for told in deeds:
            deed = told
            at = max(1.0, at + deed.wait_s)
            if deed.kind in _ERRORS:
                at = max([at, *(then + APART_S for then in self._failed.values())])
                self._failed[deed.who] = at
            at = round(at, 6)
            self.times.append(at)
            if no_repeats and deed.kind in _EXCHANGES:
                if (deed.who, deed.message_id) in exchanged:
                    deed = told._replace(message_id=f"{told.message_id}-{len(self.times)}")
                exchanged.add((deed.who, deed.message_id))
            _DEEDS[deed.kind](self, deed, at)

    def line(self, relative: str, data: bytes) -> None:
        self.writes.append(Write(len(self.times) - 1, relative, data))

    def lifecycle(self, instance_id: str, text: str, *, at: float = 0, level: str = "INFO") -> None:
        """No two lines are the same: a file that begins as another did may be a copy of it."""
        if level == "INFO":
            text = f"{text} #{len(self.writes)}"
        super().lifecycle(instance_id, text, at=at, level=level)

    def metadata(self, instance_id: str, name: str | None, *, at: float = 0, **extra: Any) -> None:
        record = {"instance_id": instance_id, "instance_name": name, "created_at": self.when(at)}
        relative = f"instances/{instance_id}/metadata.json"
        data = json.dumps({**record, **extra}).encode()
        self.writes.append(Write(len(self.times) - 1, relative, data, is_whole=True))

    @property
    def end_s(self) -> float:
        """A moment after all of it."""
        return self.epoch(max(self.times, default=0.0) + 50)


def put(root: Path, writes: Sequence[Write]) -> None:
    """Write lines to the ends of their files."""
    (root / "instances").mkdir(parents=True, exist_ok=True)
    (root / "audit").mkdir(exist_ok=True)
    for write in writes:
        path = root / write.relative
        path.parent.mkdir(exist_ok=True)
        with path.open("wb" if write.is_whole else "ab") as file:
            file.write(write.data)


def deeds(
    waits: Sequence[float] = WAITS_S,
) -> st.SearchStrategy[list[Deed]]:
    """What two instances did."""
    one = st.builds(
        Deed,
        st.sampled_from(KINDS),
        st.sampled_from("ab"),
        st.sampled_from(("m1", "m2", "m3", "m4")),
        st.sampled_from(waits),
        st.integers(0, 11),
    )
    return st.lists(one, min_size=1, max_size=40)


# --- deeds -------------------------------------------------------------------


def _spawn(story: Story, deed: Deed, at: float) -> None:
    model = None if deed.pick % 2 else "opus"
    story.spawn(deed.who, f"n{deed.pick % 3}", at=at, role="qa", model=model, ready=False)


def _ready(story: Story, deed: Deed, at: float) -> None:
    story.lifecycle(deed.who, "Instance initialization completed successfully", at=at)


def _send(story: Story, deed: Deed, at: float) -> None:
    story.send(deed.who, deed.message_id, f"ask {deed.pick}", at=at)


def _reply(story: Story, deed: Deed, at: float) -> None:
    story.receive(
        deed.who,
        deed.message_id,
        f"say {deed.pick}",
        at=at,
        tokens=None if deed.pick % 3 else deed.pick,
        cost=None if deed.pick % 4 else 1 / 3,
        response_time=None if deed.pick % 5 else deed.pick / 7,
    )


def _exchange(story: Story, deed: Deed, at: float) -> None:
    """In the audit trail only; without an id at times."""
    details = {"message_id": deed.message_id, "tokens": 3, "cost": 0.5}
    if deed.pick % 2:
        del details["message_id"]
    story.audit("message_exchange", deed.who, details, at=at)


def _fail(story: Story, deed: Deed, at: float) -> None:
    """A request failed, as the audit trail tells, and the instance's log at times."""
    error = _error(deed)
    details = {"message_id": deed.message_id, "error": error}
    story.audit("request_failed", deed.who, details, at=at, level="ERROR")
    if deed.pick % 3:
        _log_error(story, deed, at, f"Request {deed.message_id} failed: {error}")


def _break(story: Story, deed: Deed, at: float) -> None:
    """An error that is told of in one to three files."""
    error, where = _error(deed), deed.pick % 7 + 1
    if where & 1:
        story.audit("instance_error", deed.who, {"error": error}, at=at, level="ERROR")
    if where & 2:
        _log_error(story, deed, at, f"Instance failed: {error}")
    if where & 4:
        gist = f"Instance {deed.who} failed: {error.splitlines()[0]}"
        story.orchestrator(gist, at=at, level="ERROR", instance_id=deed.who)


def _log_error(story: Story, deed: Deed, at: float, text: str) -> None:
    story.lifecycle(deed.who, text.replace("\n", "\n    "), at=at, level="ERROR")


def _error(deed: Deed) -> str:
    return ("boom", "TimeoutError: no reply", "KeyError: 'x'\nTraceback\n  line 1")[deed.pick % 3]


def _daemon(story: Story, deed: Deed, at: float) -> None:
    details = {"affected_instances": ["a", "b"], "failure_reason": "no tmux"}
    story.audit("manager_daemon_failure", None, details, at=at, level="ERROR")
    if deed.pick % 2:
        story.orchestrator("manager daemon: no tmux", at=at, level="ERROR")


def _end(story: Story, deed: Deed, at: float) -> None:
    story.terminate(deed.who, at=at)


def _end_in_error(story: Story, deed: Deed, at: float) -> None:
    """Which another file calls by its name at times."""
    state = {"force": True, "final_state": "error"}
    story.audit("instance_terminate", deed.who, state, at=at)
    story.lifecycle(deed.who, "Instance terminated (force=True)", at=at)
    if deed.pick % 2:
        _log_error(story, deed, at, f"Instance failed: {_error(deed)}")


def _change(story: Story, deed: Deed, at: float) -> None:
    what = ("suspended", "resumed", "reconnected", "recovered")[deed.pick % 4]
    story.audit(f"instance_{what}", deed.who, {"instance_name": deed.who}, at=at)
    story.lifecycle(deed.who, f"Instance {what}", at=at)


def _capture(story: Story, deed: Deed, at: float) -> None:
    story.frame(deed.who, ("$ make", "12 passed", ASKS, "Proceed? [y/N]")[deed.pick % 4], at=at)


def _tell(story: Story, deed: Deed, at: float) -> None:
    record = {
        "timestamp": story.when(at),
        "event_type": "communication",
        "direction": "outbound",
        "content": f"report {deed.pick}",
        "message_type": "report",
        "parent_id": ("a", "b", None)[deed.pick % 3],
    }
    story.json(f"instances/{deed.who}/communication.jsonl", record)


_DEEDS: dict[str, Callable[[Story, Deed, float], None]] = {
    "break": _break,
    "capture": _capture,
    "change": _change,
    "daemon": _daemon,
    "end": _end,
    "end in error": _end_in_error,
    "exchange": _exchange,
    "fail": _fail,
    "ready": _ready,
    "reply": _reply,
    "send": _send,
    "spawn": _spawn,
    "tell": _tell,
}
_EXCHANGES = frozenset({"exchange", "reply"})
_ERRORS = frozenset({"break", "daemon", "end in error", "fail"})
KINDS = tuple(_DEEDS)
